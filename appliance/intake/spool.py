"""Takes the receiver's own events into the catalogue: refused senders and the audit trail.

Guards: an event and the note that it was taken are one transaction, so none
is taken twice and none is lost.
"""

from collections.abc import Mapping
from contextlib import suppress
from logging import getLogger
from pathlib import Path

from appliance.audit.events import Event, EventCode, Outcome, Subject, SubjectKind
from appliance.clock import microseconds
from appliance.errors import Tampered
from appliance.inbox.spool import SpooledEvent, SpoolEvent, read_spool, remove_imported
from appliance.intake import queries, trail
from appliance.intake.parts import IntakeParts
from appliance.store.transactions import WriteTransaction

SPOOL = "receiver"
log = getLogger(__name__)


class SpoolImport:
    """Imports one numbered spool."""

    def __init__(self, parts: IntakeParts) -> None:
        self._parts = parts
        self._folder = parts.data_folder / "spool" / SPOOL
        self._last: int | None = None

    def step(self) -> int:
        """Import what is new and give how many events that were."""
        if not self._folder.is_dir():
            return 0
        if self._last is None:
            with self._parts.database.read() as tx:
                self._last = queries.last_imported(tx, SPOOL)
        events, last = _readable(self._folder, self._last)
        if events:
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
        if event.event is SpoolEvent.ASSOCIATION_REFUSED:
            key, new = queries.note_unknown_sender(tx, **_sender(event))
            subject = Subject(SubjectKind.SENDER, key)
            if new:
                self._parts.audit.record(tx, Event(EventCode.SENDER_UNKNOWN, actor, Outcome.FAILURE, subject=subject))
        refused = Event(EventCode.ASSOCIATION_REFUSED, actor, Outcome.FAILURE, subject=subject, number=event.count)
        self._parts.audit.record(tx, refused)


def _readable(folder: Path, after: int) -> tuple[list[SpooledEvent], int]:
    """Give the events up to the first that is not whole; a file that the receiver did not write is passed over."""
    events: list[SpooledEvent] = []
    try:
        events.extend(read_spool(folder, after))
    except Tampered:
        log.exception("a spooled event is not what the receiver wrote")
    return events, events[-1].number if events else after


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
