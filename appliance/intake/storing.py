"""Objects handed in over DICOMweb: judged, sealed and durable before anybody is told that they are stored.

Guards: what is called stored is a whole file of the inbox, as durable as one that a scanner got Success for. Its
dataset was read from what was sealed, before the last chunk was written, by a confined child and the very code that
intake has it read by: what intake could only put into quarantine, and what is of another study than was asked for, is
refused here and never kept. Who hands in stands in the catalogue, with the event of it, before intake can find a file.
Plaintext is in memory alone, never more than the head of a file and a chunk of it.
Leaves out: HTTP and its limits on a request; and what cataloguing finds afterwards (duplicates, versions, two people
under one id), which takes back nothing that was said here.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from logging import getLogger

from appliance.archive.arrivals import QuarantineReason
from appliance.archive.cataloguing import refusal
from appliance.audit.events import Actor, AuditLog, Event, EventCode
from appliance.clock import Clock, microseconds
from appliance.dicom.facts import InstanceFacts
from appliance.dicom.faults import Fault, Unparsable
from appliance.dicom.part10 import LARGEST_META_BYTES, FileMeta
from appliance.dicom.sop_classes import is_stored
from appliance.dicom.source import ByteSource
from appliance.errors import ApplianceError, OutOfSpace, Unavailable
from appliance.identifiers import AETitle, AssociationId
from appliance.inbox.association import AssociationFacts, Outcome, Transport
from appliance.inbox.writer import ArrivalWriter, InboxWriter
from appliance.intake import queries, senders
from appliance.sandbox.birth import Birth
from appliance.sandbox.parser import Parser
from appliance.store.database import Database
from appliance.store.transactions import ReadTransaction

CALLING_AE_TITLE = AETitle("STOW-RS")  # nobody names one over HTTP
LARGEST_PART_BYTES = 4 << 30
CHECK_SPACE_BYTES = 16 << 20
_CHILD = frozenset({Fault.CRASHED, Fault.STALLED, Fault.NONSENSE})
log = getLogger(__name__)


class NotStored(StrEnum):
    """Why an object is not stored. A closed list; the door has a code for each."""

    NOT_DICOM = "no part 10 file"
    UNREADABLE = "dataset cannot be read"
    UIDS = "a uid is absent, or is none"
    CLASS_NOT_KEPT = "no storage class"
    CLASS_DIFFERS = "class differs from the file's head"
    OTHER_STUDY = "of another study"
    NOT_WHOLE = "cut off"
    NOT_PERMITTED = "its sender may not any more"
    TOO_LARGE = "too large"
    NO_SPACE = "no space"
    NOT_NOW = "the box cannot now"
    FAILED = "internal failure"


@dataclass(frozen=True, slots=True)
class Handed:
    """What became of one object; its UIDs as far as they are known, empty where not."""

    sop_class_uid: str = ""
    sop_instance_uid: str = ""
    study_instance_uid: str = ""
    series_instance_uid: str = ""
    refused: NotStored | None = None


@dataclass(frozen=True)
class Reception:
    """What handing in works with; threads share it.

    Attributes:
        inbox: Takes the files.
        database: The catalogue.
        audit: The trail.
        clock: The time.
        birth: Makes the children that read datasets.
        check_space: Raises `OutOfSpace` when the disk has too little left.
        called_ae_title: What the box is called.
        largest_part_bytes: Of one object.
    """

    inbox: InboxWriter
    database: Database
    audit: AuditLog
    clock: Clock
    birth: Birth
    check_space: Callable[[], None]
    called_ae_title: AETitle
    largest_part_bytes: int = LARGEST_PART_BYTES

    def begin(self, actor: Actor, study_instance_uid: str = "") -> "HandIn":
        """Begin to take what one caller hands in; nothing is on disk before its first object.

        Args:
            actor: An account or a token, and its address.
            study_instance_uid: The one study that everything has to be of; empty takes any.

        Raises:
            Unavailable: The box can take nothing now (`OutOfSpace` when its disk is full).
        """
        self.check_space()
        facts = AssociationFacts(
            box_id=self.inbox.public_key().box_id,
            association_id=AssociationId.new(),
            started_at=self.clock.now(),
            calling_ae_title=CALLING_AE_TITLE,
            called_ae_title=self.called_ae_title,
            address="" if actor.address is None else str(actor.address),
            transport=Transport.HTTPS,
        )
        return HandIn(self, facts, actor, study_instance_uid)


class HandIn:
    """Takes one caller's objects, one after the other; for one thread at a time. `end` ends it."""

    def __init__(self, reception: Reception, facts: AssociationFacts, actor: Actor, study_instance_uid: str) -> None:
        self.handed: list[Handed] = []
        self._reception = reception
        self._facts = facts
        self._actor = actor
        self._study = study_instance_uid
        self._association = reception.inbox.open_association(facts)
        self._parser = Parser(reception.clock, birth=reception.birth)
        self._part: _Part | None = None
        self._is_registered = False

    @property
    def stored_count(self) -> int:
        """How many objects are durable."""
        return self._association.committed_count

    def begin_part(self) -> None:
        """Begin an object; the one before has ended."""
        self._part = _Part(self._reception, self._parser, self._opened)

    def write(self, data: memoryview) -> None:
        """Take a piece of the open object; what cannot be kept is dropped as it comes."""
        if self._part is not None:
            self._part.write(data)

    def end_part(self) -> None:
        """Judge the open object, and keep it or not."""
        part, self._part = self._part, None
        if part is not None:
            self.handed.append(part.finish(self._study))

    def refuse_rest(self, why: NotStored) -> None:
        """Drop the open object and whatever would have followed, for something that is wrong with the whole."""
        part, self._part = self._part, None
        self.handed.append(Handed(refused=why) if part is None else part.give_up(why))

    def end(self, outcome: Outcome) -> None:
        """Drop what did not end, and write down how it ended; what was stored stays."""
        part, self._part = self._part, None
        self._parser.close()
        if part is not None:
            part.give_up(NotStored.FAILED)
        try:
            self._association.end(outcome)
        except ApplianceError as fault:
            log.warning("how a hand-in ended was not written down: %s", fault)

    def _opened(self, meta: FileMeta) -> ArrivalWriter:
        """Begin the object's file; with the first one, say in the catalogue whose they are."""
        arrival = self._association.begin(meta.sop_class_uid, meta.sop_instance_uid, meta.transfer_syntax_uid)
        if not self._is_registered:
            try:
                self._register()
            except BaseException:
                arrival.abandon()
                raise
        return arrival

    def _register(self) -> None:
        reception = self._reception
        with reception.database.write() as tx:
            senders.register(tx, self._facts, self._association.record_sha256, self._actor)
            reception.audit.record(tx, Event(EventCode.STORING_BEGAN, self._actor))
        self._is_registered = True


def is_taken_in(tx: ReadTransaction, actor: Actor, since: datetime) -> bool:
    """Say whether all that this actor handed in since then is catalogued."""
    return not queries.has_unsettled_of(tx, actor.kind.value, actor.key or 0, microseconds(since))


class _Part:
    """One object: its head is gathered and read, then its dataset is sealed as it comes."""

    def __init__(self, reception: Reception, parser: Parser, open_file: Callable[[FileMeta], ArrivalWriter]) -> None:
        self._reception = reception
        self._parser = parser
        self._open_file = open_file
        self._head = bytearray()
        self._arrival: ArrivalWriter | None = None
        self._meta = FileMeta("", "", "", 0)
        self._dataset_offset = 0
        self._refused: NotStored | None = None
        self._bytes = 0
        self._unchecked_bytes = 0

    def write(self, data: memoryview) -> None:
        if self._refused is not None:
            return
        try:
            if self._arrival is not None:
                self._arrival.write(data)
            else:
                self._head += data
                if len(self._head) >= LARGEST_META_BYTES:
                    self._open()
            self._count(len(data))
        except Exception as fault:  # noqa: BLE001  becomes the object's refusal
            self.give_up(_why(fault))

    def finish(self, study: str) -> Handed:
        if self._refused is not None:
            return self._handed()
        try:
            arrival = self._arrival or self._open()
            facts = self._parser.facts(_Written(arrival), self._dataset_offset, self._meta.transfer_syntax_uid)
            why = _judged(facts, self._meta, study)
            if why is not None:
                return self.give_up(why)
            arrival.commit()
        except Exception as fault:  # noqa: BLE001  becomes the object's refusal
            return self.give_up(_why(fault))
        self._arrival = None
        return Handed(
            facts.sop_class_uid or "",
            facts.sop_instance_uid or "",
            facts.study.study_instance_uid or "",
            facts.series.series_instance_uid or "",
        )

    def give_up(self, why: NotStored) -> Handed:
        self._refused = self._refused or why
        self._head = bytearray()
        arrival, self._arrival = self._arrival, None
        if arrival is not None:
            with suppress(ApplianceError):  # intake sweeps what is left
                arrival.abandon()
        return self._handed()

    def _handed(self) -> Handed:
        return Handed(self._meta.sop_class_uid, self._meta.sop_instance_uid, refused=self._refused)

    def _open(self) -> ArrivalWriter:
        """Have the head read and begin the file.

        Raises:
            _Refused, Unparsable, Unavailable: It is not to be kept, or cannot be.
        """
        try:
            meta = self._parser.file_meta(ByteSource(bytes(self._head)))
        except Unparsable as fault:
            if fault.fault in _CHILD:
                raise
            raise _Refused(NotStored.NOT_DICOM) from fault
        self._meta = meta
        if not (meta.sop_class_uid and meta.sop_instance_uid and meta.transfer_syntax_uid):
            raise _Refused(NotStored.UIDS)
        if not is_stored(meta.sop_class_uid):
            raise _Refused(NotStored.CLASS_NOT_KEPT)
        self._reception.check_space()
        arrival = self._arrival = self._open_file(meta)
        self._dataset_offset = arrival.written_bytes
        arrival.write(memoryview(self._head)[meta.dataset_offset :])
        self._head = bytearray()
        return arrival

    def _count(self, length: int) -> None:
        self._bytes += length
        if self._bytes > self._reception.largest_part_bytes:
            raise _Refused(NotStored.TOO_LARGE)
        self._unchecked_bytes += length
        if self._unchecked_bytes >= CHECK_SPACE_BYTES:
            self._unchecked_bytes = 0
            self._reception.check_space()


class _Refused(ApplianceError):
    """An object that is not to be kept."""

    def __init__(self, why: NotStored) -> None:
        super().__init__(why.value)
        self.why = why


@dataclass(frozen=True, slots=True)
class _Written:
    """A file that is still being written, as the parser reads it."""

    arrival: ArrivalWriter

    @property
    def total_bytes(self) -> int:
        return self.arrival.written_bytes

    def read(self, offset: int, length: int) -> bytes:
        return self.arrival.read_back(offset, length)


def _judged(facts: InstanceFacts, meta: FileMeta, study: str) -> NotStored | None:
    reason = refusal(meta.sop_class_uid, facts)
    if reason is not None:
        return NotStored.CLASS_DIFFERS if reason is QuarantineReason.SOP_CLASS_DIFFERS else NotStored.UIDS
    return NotStored.OTHER_STUDY if study not in ("", facts.study.study_instance_uid) else None


def _why(fault: Exception) -> NotStored:
    """Give the refusal for whatever went wrong; a bug is logged and never called stored."""
    if isinstance(fault, _Refused):
        return fault.why
    if isinstance(fault, Unparsable):
        return NotStored.FAILED if fault.fault in _CHILD else NotStored.UNREADABLE
    if isinstance(fault, ApplianceError):
        log.warning("an object handed in was not stored: %s", fault)
        return next((why for kind, why in _FAULTS if isinstance(fault, kind)), NotStored.FAILED)
    log.error("a bug while storing", exc_info=fault)
    return NotStored.FAILED


_FAULTS: tuple[tuple[type[ApplianceError], NotStored], ...] = (  # subclasses above bases
    (OutOfSpace, NotStored.NO_SPACE),
    (Unavailable, NotStored.NOT_NOW),
)
