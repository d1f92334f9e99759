"""What an operator or a person can do with a file in quarantine: have it tried again, dismiss it, take its bytes out.

Guards: trying again goes through a confined child of its own and the same
rules as an arrival; whatever comes of it is one transaction with its event. No
byte is given out before its tag has verified, nor before its event is recorded.
A dismissed file stays and can be taken out; why it was dismissed is in no event.
Leaves out: erasing: a file that cannot be listed stays.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from logging import getLogger

from appliance.archive.arrivals import ArrivalOutcome, QuarantineReason
from appliance.archive.cataloguing import Catalogued, refusal
from appliance.archive.quarantine import (
    Entry,
    SecondLook,
    dismiss,
    dismissal_words,
    get_entry,
    get_waiting,
    give_reason,
    reopen,
)
from appliance.audit.events import Actor, ActorKind, AuditLog, Event, EventCode, Outcome, Subject, SubjectKind
from appliance.clock import Clock, microseconds
from appliance.dicom.part10 import LARGEST_META_BYTES, read_file_meta
from appliance.errors import ApplianceError, Refused
from appliance.intake import trail
from appliance.intake.examining import Examined, examine_file
from appliance.sandbox.birth import Birth
from appliance.sandbox.parser import Parser
from appliance.store.database import Database
from appliance.store.files import storage_faults
from appliance.store.rotating_keys import RotatingKeys
from appliance.store.stored_files import NewFile, SealedFile, unseal_row
from appliance.store.transactions import ReadTransaction, WriteTransaction
from appliance.store.vault import Vault

log = getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Retried:
    """What came of trying again; `reason` says why it still waits, `study_key` where it is listed."""

    reason: QuarantineReason | None
    outcome: ArrivalOutcome
    study_key: int | None = None


@dataclass(frozen=True, slots=True)
class Quarantine:
    """The quarantine of one box; `birth` makes the children that read, an interpreter for each unless it is given."""

    database: Database
    keys: RotatingKeys
    vault: Vault
    audit: AuditLog
    clock: Clock
    birth: Birth | None = None

    def retry(self, quarantine_key: int, actor: Actor) -> Retried:
        """Read a waiting file anew and list it, or say why it still waits.

        Raises:
            NotFound: There is no such entry.
            Refused: It was resolved, or the box holds no file of it.
            Unavailable: The disk refused, or no child can be made.
        """
        with self.database.read() as tx:
            entry = get_waiting(tx, quarantine_key)
            sealed = self._sealed(tx, entry)
        examined = self._examined(entry, sealed)
        try:
            return self._decide(entry, examined, actor)
        except ApplianceError:
            raise
        except Exception as error:  # noqa: BLE001  as in a batch: what cannot be listed stays in quarantine
            log.error("a file in quarantine could not be catalogued: %s", type(error).__name__)  # noqa: TRY400  its words could quote
            return self._decide(entry, Examined(examined.arrival, None, QuarantineReason.NOT_CATALOGUED), actor)

    def dismiss(self, quarantine_key: int, reason: str, actor: Actor) -> None:
        """Let an entry wait no longer. Nothing of it is erased; `reason` stays in the catalogue.

        Raises:
            NotFound: There is no such entry.
            Refused: It was resolved.
            Unsuitable: The reason is none.
        """
        words, now = dismissal_words(reason), microseconds(self.clock.now())
        with self.database.write() as tx:
            dismiss(tx, quarantine_key, words, now, _account_of(actor))
            self.audit.record(tx, _event(EventCode.QUARANTINE_DISMISSED, actor, quarantine_key))

    def reopen(self, quarantine_key: int, actor: Actor) -> None:
        """Let a dismissed entry wait again.

        Raises:
            NotFound: There is no such entry.
            Refused: It was not dismissed.
        """
        with self.database.write() as tx:
            reopen(tx, quarantine_key)
            self.audit.record(tx, _event(EventCode.QUARANTINE_REOPENED, actor, quarantine_key))

    def export(self, quarantine_key: int, actor: Actor, *, dataset_only: bool = False) -> Iterator[bytes]:
        """Give a file's bytes: the whole Part 10 file as it was kept, or the dataset as it came over the wire.

        The event is recorded when the first piece is asked for.

        Raises:
            NotFound: There is no such entry.
            Refused: The box holds no file of it.
            Unsuitable: The dataset alone is wanted of what is no file of the receiver's.
            Tampered: The rest is not what was stored; all pieces before it were.
        """
        with self.database.write() as tx:
            sealed = self._sealed(tx, get_entry(tx, quarantine_key))
            self.audit.record(tx, _event(EventCode.QUARANTINE_EXPORTED, actor, quarantine_key))
        with storage_faults(), sealed.open(self.vault) as stream:
            begin = read_file_meta(stream.read(0, LARGEST_META_BYTES)).dataset_offset if dataset_only else 0
            yield from stream.chunks(begin)

    def _sealed(self, tx: ReadTransaction, entry: Entry) -> SealedFile:
        if entry.file_id is None:
            raise Refused("there is no file here: the entry tells of an association that could not be opened")
        return unseal_row(tx, self.keys, entry.file_id)

    def _examined(self, entry: Entry, sealed: SealedFile) -> Examined:
        row = sealed.row
        file = NewFile(row.file_id, sealed.data_key, row.plaintext_bytes, entry.association_id, entry.arrived_at)
        with Parser(self.clock, birth=self.birth) as parser:
            return examine_file(sealed.open(self.vault), file, parser, entry.arrived_at)

    def _decide(self, entry: Entry, examined: Examined, actor: Actor) -> Retried:
        facts, reason = examined.facts, examined.reason
        if facts is not None and reason is None:
            reason = refusal(examined.arrival.sop_class_uid, facts)
        with self.database.write() as tx:
            get_waiting(tx, entry.quarantine_key)
            if facts is None or reason is not None:
                reason = reason or QuarantineReason.DAMAGED
                give_reason(tx, entry.quarantine_key, reason)
                event = _event(EventCode.QUARANTINE_RETRIED, actor, entry.quarantine_key, Outcome.FAILURE)
                self.audit.record(tx, event)
                return Retried(reason, ArrivalOutcome.QUARANTINED)
            look = SecondLook(tx, self.keys.current_wrapping_key(tx), microseconds(self.clock.now()))
            done = look.list_entry(entry, examined.arrival, facts, _account_of(actor))
            look.finish()
            self._tell(tx, entry, done, actor)
        return Retried(None, done.outcome, done.study_key)

    def _tell(self, tx: WriteTransaction, entry: Entry, done: Catalogued, actor: Actor) -> None:
        self.audit.record(tx, _event(EventCode.QUARANTINE_RETRIED, actor, entry.quarantine_key))
        resolved = Event(
            EventCode.QUARANTINE_RESOLVED, actor, subject=Subject(SubjectKind.QUARANTINE, entry.quarantine_key),
            patient_key=done.patient_key, study_key=done.study_key,
        )  # fmt: skip
        self.audit.record(tx, resolved)
        trail.tell_catalogued(self.audit, tx, actor, done)


def _event(code: EventCode, actor: Actor, quarantine_key: int, outcome: Outcome = Outcome.SUCCESS) -> Event:
    return Event(code, actor, outcome, Subject(SubjectKind.QUARANTINE, quarantine_key))


def _account_of(actor: Actor) -> int | None:
    return actor.key if actor.kind is ActorKind.ACCOUNT else None
