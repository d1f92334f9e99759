"""Takes the events of processes without a catalogue into it: refused senders, locking, the audit trail.

Guards: an event and the note that it was taken are one transaction, so none
is taken twice and none is lost. Where the numbers began again, as they do when
a spool was emptied or came back older, that is recorded and all is taken that
was not taken before. A file that is no event is recorded once and keeps none
behind it. What is missing between two numbers is recorded as a gap. Each spool
tells of its own matters only: the receiver cannot say that the box was unlocked.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from logging import getLogger

from appliance.audit.events import PROCESS, Actor, ActorKind, Event, EventCode, Outcome, Subject, SubjectKind
from appliance.clock import microseconds
from appliance.inbox.spool import (
    MAXIMUM_EVENTS,
    SpooledEvent,
    SpoolEvent,
    highest_number,
    read_spool,
    remove_imported,
)
from appliance.intake import queries, trail
from appliance.intake.parts import IntakeParts
from appliance.store.files import storage_faults
from appliance.store.transactions import WriteTransaction

RECEIVER, LOCKER = "receiver", "locker"
_LOCKING = {
    SpoolEvent.BOX_LOCKED: EventCode.BOX_LOCKED,
    SpoolEvent.BOX_UNLOCKED: EventCode.BOX_UNLOCKED,
    SpoolEvent.UNLOCK_FAILED: EventCode.UNLOCK_FAILED,
}
_LOCKERS = {kind.value: Actor(kind) for kind in (ActorKind.PROCESS, ActorKind.OPERATOR, ActorKind.NOBODY)}
CARDS_OF_ADDRESS, CARDS_IN_ALL, CARD_DAYS = 8, 200, 30  # a stranger may make cards, not fill the catalogue with them
_DAY_MICROSECONDS = 86_400_000_000
log = getLogger(__name__)


class SpoolImport:
    """Imports one numbered spool."""

    def __init__(self, parts: IntakeParts, spool: str = RECEIVER) -> None:
        """Import the spool of the receiver or of the locker."""
        self._parts = parts
        self._spool = spool
        self._folder = parts.data_folder / "spool" / spool
        self._last: int | None = None

    def step(self) -> int:
        """Import what is new and give how many events that were.

        Raises:
            Unavailable: The disk refused the listing.
        """
        if not self._folder.is_dir():
            return 0
        with storage_faults():
            last = self._place()
            events = list(read_spool(self._folder, last))
        if events:
            self._import(events)
        return len(events)

    def _place(self) -> int:
        """Give the number above which everything is new."""
        last = self._last
        if last is None:
            with self._parts.database.read() as tx:
                last = queries.last_imported(tx, self._spool)
                taken = queries.taken_events(tx, self._spool)
            if taken and any(one.digest not in taken for one in read_spool(self._folder) if one.number <= last):
                last = self._begin_again(last)
        self._last = self._begin_again(last) if highest_number(self._folder) < last else last
        return self._last

    def _begin_again(self, last: int) -> int:
        log.error("the numbers of the %s's events began again below %d", self._spool, last)
        with self._parts.database.write() as tx:
            event = Event(EventCode.SPOOL_BEGAN_AGAIN, PROCESS, Outcome.FAILURE, number=last)
            self._parts.audit.record(tx, event)
            queries.begin_spool_again(tx, self._spool)
        return 0

    def _import(self, events: Sequence[SpooledEvent]) -> None:
        last, before = events[-1].number, self._last or 0
        with self._parts.database.write() as tx:
            taken = queries.taken_events(tx, self._spool)
            for event in events:
                self._tell_gap(tx, event, before)
                before = event.number
                if event.digest not in taken:
                    self._take(tx, event)
            queries.note_imported(tx, self._spool, last)
            queries.note_taken(tx, self._spool, [event.digest for event in events], MAXIMUM_EVENTS)
        self._last = last
        with suppress(OSError):  # the folder is the receiver's; what stays is passed over by its number
            remove_imported(self._folder, last)

    def _tell_gap(self, tx: WriteTransaction, event: SpooledEvent, before: int) -> None:
        """Record how many events are missing between the one before and this; before the first, none can be known."""
        missing = event.number - before - 1 if before else 0
        if self._spool == RECEIVER:  # the locker's own events say what was left out
            missing += event.left_out
        if missing > 0:
            gap = Event(EventCode.SPOOL_GAP, PROCESS, Outcome.FAILURE, number=missing)
            self._parts.audit.record(tx, gap)

    def _take(self, tx: WriteTransaction, event: SpooledEvent) -> None:
        if event.event is SpoolEvent.UNREADABLE or (event.event in _LOCKING) != (self._spool == LOCKER):
            log.warning("a spooled event is not what the %s wrote: number %d", self._spool, event.number)
            self._parts.audit.record(tx, Event(EventCode.FILE_DAMAGED, PROCESS, Outcome.FAILURE, number=event.number))
        elif self._spool == LOCKER:
            self._take_locking(tx, event)
        else:
            self._take_refusal(tx, event)

    def _take_locking(self, tx: WriteTransaction, event: SpooledEvent) -> None:
        actor = _LOCKERS.get(event.facts.get("by", ""), Actor(ActorKind.NOBODY))
        outcome = Outcome.FAILURE if event.event is SpoolEvent.UNLOCK_FAILED else Outcome.SUCCESS
        left_out = event.left_out or None
        self._parts.audit.record(tx, Event(_LOCKING[event.event], actor, outcome, number=left_out, at=event.at))

    def _take_refusal(self, tx: WriteTransaction, event: SpooledEvent) -> None:
        actor = trail.sender(None, event.facts.get("address", ""))
        subject = None
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
