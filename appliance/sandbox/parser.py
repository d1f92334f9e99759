"""Has untrusted datasets read by a confined child.

Guards: the child comes from `birth`, with nothing of this environment and no inherited
descriptor, so it never held a key. It gets the first bytes of a plaintext and
what it asks for, within a deadline. Whatever it does, the worst is that one
file is not understood: any fault ends the child, and the next request gets a
new one. Nothing is refused by the word of a child that read something before:
it is asked again of a fresh one. One Parser serves one sender, or one reader's request.
"""

import json
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Self, TypeVar

from appliance.clock import Clock
from appliance.dicom.deidentifying.copies import Copy, Wish
from appliance.dicom.deidentifying.judging import Refusal
from appliance.dicom.facts import InstanceFacts
from appliance.dicom.faults import Fault, Unparsable
from appliance.dicom.part10 import FileMeta
from appliance.dicom.preview_plan import Plan, SmallVolume
from appliance.dicom.source import WINDOW_BYTES, Source
from appliance.sandbox.answers import decode_facts, decode_file_meta
from appliance.sandbox.birth import Birth, Confined, executed
from appliance.sandbox.copies import decode_copy, wish_members
from appliance.sandbox.previews import decode_preview, plan_members
from appliance.sandbox.wire import RANGE, Kind, Message, PatientPipe, two_parts

SECONDS_EACH = 10.0
PREFIX_BYTES = (
    WINDOW_BYTES  # from where the dataset begins: the walker's first read, so that most headers need no other
)
MAX_WANTED_BYTES = 16 * 1024 * 1024
REQUESTS_EACH = 2000  # then a new child, long before its CPU limit
_Answer = TypeVar("_Answer")
_DIED = frozenset({Fault.CRASHED, Fault.STALLED, Fault.NONSENSE})


class Parser:
    """Reads datasets, one after the other, in a child of its own.

    Args:
        clock: For the deadlines.
        seconds_each: How long one dataset may take.
        birth: Makes the child: a nursery's, or an execution; tests execute hostile ones.
    """

    def __init__(self, clock: Clock, seconds_each: float = SECONDS_EACH, birth: Birth | None = None) -> None:
        self._clock = clock
        self._seconds_each = seconds_each
        self._birth = birth or executed()
        self._child: Confined | None = None
        self._pipe: PatientPipe | None = None
        self._mode = ""
        self._served = 0
        self._has_died = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def facts(self, source: Source, dataset_offset: int, transfer_syntax_uid: str) -> InstanceFacts:
        """Read what the catalogue needs of the dataset at `dataset_offset`.

        Raises:
            Unparsable: It breaks a bound or its own structure, or a child that
                had read nothing before did not survive it.
            Tampered: From the source.
        """
        return self._ask("facts", Kind.FACTS, source, _dataset(dataset_offset, transfer_syntax_uid), decode_facts)

    def metadata(self, source: Source, dataset_offset: int, transfer_syntax_uid: str) -> bytes:
        """Give the dataset's DICOM JSON model without bulk data, as UTF-8.

        Raises:
            Unparsable: As `facts`.
            Tampered: From the source.
        """
        return self._ask("metadata", Kind.METADATA, source, _dataset(dataset_offset, transfer_syntax_uid), bytes)

    def preview(self, source: Source, plan: Plan) -> SmallVolume | None:
        """Make a volume small, None where that is not sure.

        Args:
            source: Every file of the volume, as the plan says where.
            plan: What to make small.

        Raises:
            Unparsable: A child that had read nothing before did not survive it, or took too long.
            Tampered: From the source.
        """
        return self._ask("preview", Kind.PREVIEW, source, plan_members(plan), lambda body: decode_preview(body, plan))

    def deidentify(self, source: Source, dataset_offset: int, transfer_syntax_uid: str, wish: Wish) -> Copy | Refusal:
        """Write a dataset anew without its patient, or say why not.

        Raises:
            Unparsable: As `facts`.
            Tampered: From the source.
        """
        about = _dataset(dataset_offset, transfer_syntax_uid) | wish_members(wish)
        total_bytes = source.total_bytes
        return self._ask("deidentify", Kind.DEIDENTIFY, source, about, lambda body: decode_copy(body, total_bytes))

    def file_meta(self, source: Source) -> FileMeta:
        """Read the head of a Part 10 file, in the child that gives facts; a UID that is none is empty.

        Raises:
            Unparsable: It has no such head, or as `facts`.
        """
        return self._ask("facts", Kind.FILE_META, source, _dataset(0, ""), decode_file_meta)

    @property
    def child_id(self) -> int | None:
        """Give the child's process id, None while there is none."""
        return self._child.process_id if self._child else None

    @property
    def has_died(self) -> bool:
        """Whether a child did not survive what it read, ever."""
        return self._has_died

    def close(self) -> None:
        """End the child."""
        child, self._child, self._pipe, self._served = self._child, None, None, 0
        if child is not None:
            child.end()

    def _ask(
        self, mode: str, kind: Kind, source: Source, about: Mapping[str, object], decode: Callable[[bytes], _Answer]
    ) -> _Answer:
        fresh = self._served == 0 or mode != self._mode
        try:
            return self._ask_once(mode, kind, source, about, decode)
        except Unparsable as error:
            self._has_died = self._has_died or error.fault in _DIED
            if fresh:
                raise
            self.close()
            return self._ask_once(mode, kind, source, about, decode)

    def _ask_once(
        self, mode: str, kind: Kind, source: Source, about: Mapping[str, object], decode: Callable[[bytes], _Answer]
    ) -> _Answer:
        pipe = self._ready(mode)
        try:
            pipe.allow(self._seconds_each)
            pipe.send(_request(kind, source, about))
            answer = _serve(pipe, source)
            if answer.kind is Kind.RESULT:
                read = decode(answer.body)
                self._served += 1
                return read
        except BaseException:
            self.close()
            raise
        self._served += 1
        fault = _fault(answer.body)
        if fault in _DIED:
            self.close()
        raise Unparsable(fault)

    def _ready(self, mode: str) -> PatientPipe:
        if mode != self._mode or self._served >= REQUESTS_EACH:
            self.close()
        if self._pipe is None:
            self._child, self._mode = self._birth(mode), mode
            self._pipe = PatientPipe(self._child.reading, self._child.writing, self._clock.monotonic)
        return self._pipe


def _dataset(dataset_offset: int, transfer_syntax_uid: str) -> dict[str, object]:
    return {"dataset_offset": dataset_offset, "transfer_syntax_uid": transfer_syntax_uid}


def _request(kind: Kind, source: Source, about: Mapping[str, object]) -> Message:
    head = {"total_bytes": source.total_bytes, **about}
    dataset_offset = about.get("dataset_offset")
    prefix = source.read(0, dataset_offset + PREFIX_BYTES) if isinstance(dataset_offset, int) else b""
    return Message(kind, two_parts(json.dumps(head).encode(), prefix))


def _serve(pipe: PatientPipe, source: Source) -> Message:
    """Give the child what it wants until it answers."""
    while (answer := pipe.receive()).kind is Kind.WANT:
        if len(answer.body) != RANGE.size:
            raise Unparsable(Fault.NONSENSE)
        offset, length = RANGE.unpack(answer.body)
        if length > MAX_WANTED_BYTES or offset + length > source.total_bytes:
            raise Unparsable(Fault.NONSENSE)
        pipe.send(Message(Kind.DATA, source.read(offset, length)))
    return answer


def _fault(code: bytes) -> Fault:
    try:
        return Fault(code.decode())
    except ValueError:
        return Fault.NONSENSE
