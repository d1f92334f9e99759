"""Takes the receiver's own events into the catalogue: refused senders and the audit trail.

Guards: an event and the note that it was taken are one transaction, so none
is taken twice and none is lost. A file that is no event is recorded once and
keeps none behind it.
"""

from collections.abc import Mapping
from contextlib import suppress
from logging import getLogger

from appliance.audit.events import PROCESS, Event, EventCode, Outcome, Subject, SubjectKind
from appliance.clock import microseconds
from appliance.inbox.spool import SpooledEvent, SpoolEvent, read_spool, remove_imported
from appliance.intake import queries, trail
from appliance.intake.parts import IntakeParts
from appliance.store.files import storage_faults
from appliance.store.transactions import WriteTransaction

SPOOL = "receiver"
CARDS_OF_ADDRESS, CARDS_IN_ALL, CARD_DAYS = 8, 200, 30  # a stranger may make cards, not fill the catalogue with them
_DAY_MICROSECONDS = 86_400_000_000
log = getLogger(__name__)


class SpoolImport:
    """Imports one numbered spool."""

    def __init__(self, parts: IntakeParts) -> None:
        self._parts = parts
        self._folder = parts.data_folder / "spool" / SPOOL
        self._last: int | None = None

    def step(self) -> int:
        """Import what is new and give how many events that were.

        Raises:
            Unavailable: The disk refused the listing.
        """
        if not self._folder.is_dir():
            return 0
        if self._last is None:
            with self._parts.database.read() as tx:
                self._last = queries.last_imported(tx, SPOOL)
        with storage_faults():
            events = list(read_spool(self._folder, self._last))
        if events:
            last = events[-1].number
            with self._parts.database.write() as tx:
                for event in events:
                    self._take(tx, event)
                queries.note_imported(tx, SPOOL, last)
            self._last = last
            with suppress(OSError):  # the folder is the receiver's; what stays is passed over by its number
                remove_imported(self._folder, last)
        return len(events)

    def _take(self, tx: WriteTransaction, event: SpooledEvent) -> None:
        actor = trail.sender(None, event.facts.get("address", ""))
        subject = None
        if event.event is SpoolEvent.UNREADABLE:
            log.warning("a spooled event is not what the receiver wrote: number %d", event.number)
            self._parts.audit.record(tx, Event(EventCode.FILE_DAMAGED, PROCESS, Outcome.FAILURE, number=event.number))
            return
        if event.event is SpoolEvent.ASSOCIATION_REFUSED:
            key, new = queries.note_unknown_sender(tx, **_sender(event))
            expired = self._parts.now() - CARD_DAYS * _DAY_MICROSECONDS
            queries.forget_senders(tx, event.facts.get("address", ""), (CARDS_OF_ADDRESS, CARDS_IN_ALL), expired)
            subject = Subject(SubjectKind.SENDER, key)
            if new:
                self._parts.audit.record(tx, Event(EventCode.SENDER_UNKNOWN, actor, Outcome.FAILURE, subject=subject))
        refused = Event(EventCode.ASSOCIATION_REFUSED, actor, Outcome.FAILURE, subject=subject, number=event.count)
        self._parts.audit.record(tx, refused)


def _sender(event: SpooledEvent) -> Mapping[str, object]:
    facts = event.facts
    certificate = facts.get("certificate_sha256", "")
    fingerprint = None
    with suppress(ValueError):
        fingerprint = bytes.fromhex(certificate) or None
    names = ("calling_ae_title", "called_ae_title", "address", "implementation_class_uid")
    return {
        **{name: facts.get(name, "") for name in (*names, "implementation_version_name", "reason")},
        "certificate_sha256": fingerprint,
        "attempts": event.count,
        "at": microseconds(event.at),
    }
