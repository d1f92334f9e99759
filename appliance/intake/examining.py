"""Opens one whole arrival: verifies all of it, digests its dataset, has it parsed.

Guards: every chunk's tag is checked before anything is believed. The plaintext
goes to the digest and, in part, to a confined child; none of it to disk.
"""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from os import SEEK_END

from appliance.archive.arrivals import Arrival, QuarantineReason, reason_of
from appliance.clock import microseconds
from appliance.dicom.facts import InstanceFacts
from appliance.dicom.faults import Unparsable
from appliance.dicom.part10 import LARGEST_META_BYTES, FileMeta, read_file_meta
from appliance.errors import Tampered, Unsuitable
from appliance.identifiers import AssociationId, FileId
from appliance.inbox.reader import InboxReader, OpenAssociation
from appliance.intake.parts import IntakeParts
from appliance.keys.inbox_seal import instance_key
from appliance.keys.stream import CHUNK_BYTES, HEADER_BYTES, SealedStream
from appliance.sandbox.parser import Parser
from appliance.store.files import storage_faults
from appliance.store.stored_files import NewFile

_NO_META = FileMeta("", "", "", 0)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A whole file that waits to be catalogued: little, for there may be very many; `sequence` is -1 when unknown."""

    file_id: FileId
    plaintext_bytes: int
    sequence: int


@dataclass(frozen=True, slots=True)
class Examined:
    """An arrival with its facts, or with the reason why it has none."""

    arrival: Arrival
    facts: InstanceFacts | None
    reason: QuarantineReason | None


class _VerifiedSource:
    """The parser's view of a sealed stream; the first chunk is kept."""

    def __init__(self, stream: SealedStream) -> None:
        self._stream = stream
        self.head = stream.read(0, CHUNK_BYTES)

    @property
    def total_bytes(self) -> int:
        return self._stream.plaintext_bytes

    def read(self, offset: int, length: int) -> bytes:
        if offset + length <= len(self.head):
            return self.head[offset : offset + length]
        with storage_faults():  # else the parser would take the disk's refusal for its child's death
            return self._stream.read(offset, length)

    def chunks(self, offset: int) -> Iterator[bytes]:
        """Give everything from `offset`, each piece verified."""
        yield self.head[offset:]
        yield from self._stream.chunks(len(self.head))


def look(reader: InboxReader, association: OpenAssociation, file_id: FileId) -> Waiting:
    """Read a whole file's head.

    Raises:
        Tampered: It is not what the receiver wrote.
        Unavailable: The disk refused.
    """
    with storage_faults(), reader.open_file(association.association_id, file_id) as file:
        stream = SealedStream(instance_key(association.key, file_id), file_id, file.fileno())
        meta = None
        with suppress(Tampered):  # found again, and told, when all of it is read
            meta = _meta_of(stream.read(0, LARGEST_META_BYTES), association.association_id)
    return Waiting(file_id, stream.plaintext_bytes, meta.origin.sequence if meta and meta.origin else -1)


def examine(parts: IntakeParts, association: OpenAssociation, waiting: Waiting, parser: Parser) -> Examined:
    """Verify, digest and parse one whole file.

    Raises:
        Unavailable: The disk refused.
    """
    data_key, now = instance_key(association.key, waiting.file_id), parts.now()  # if it does not say when it came
    file = NewFile(waiting.file_id, data_key, waiting.plaintext_bytes, association.association_id, now)
    return examine_file(_opened(parts.reader, association, file), file, parser, now, parts.on_progress)


def examine_file(
    opening: AbstractContextManager[SealedStream],
    file: NewFile,
    parser: Parser,
    now: int,
    on_progress: Callable[[], object] = lambda: None,
) -> Examined:
    """Do the same with a file wherever it lies.

    Args:
        opening: Opens it, once.
        file: What is known of it, with the association that brought it.
        parser: Has it read.
        now: When it came, in microseconds, for one that does not say.
        on_progress: Called after each verified piece.

    Raises:
        Unavailable: The disk refused.
    """
    meta: FileMeta | None = None
    try:
        with storage_faults(), opening as stream:
            source = _VerifiedSource(stream)
            meta = _meta_of(source.head, file.association_id)
            digest = hashlib.sha256()
            for piece in source.chunks((meta or _NO_META).dataset_offset):
                digest.update(piece)
                on_progress()
            return _parsed(_arrival(file, meta, digest.digest(), now), meta, source, parser)
    except Tampered:
        return Examined(_arrival(file, meta, None, now), None, QuarantineReason.DAMAGED)


def unreadable(reader: InboxReader, association: OpenAssociation, file_id: FileId, now: int) -> Examined:
    """Describe a file that does not end well although the receiver counted it: to be kept with its key."""
    with storage_faults(), reader.open_file(association.association_id, file_id) as stored:
        stored_bytes = stored.seek(0, SEEK_END)
    data_key = instance_key(association.key, file_id)
    file = NewFile(file_id, data_key, max(0, stored_bytes - HEADER_BYTES), association.association_id, now)
    return Examined(_arrival(file, None, None, now), None, QuarantineReason.DAMAGED)


@contextmanager
def _opened(reader: InboxReader, association: OpenAssociation, file: NewFile) -> Iterator[SealedStream]:
    with reader.open_file(association.association_id, file.file_id) as stored:
        yield SealedStream(file.data_key, file.file_id, stored.fileno(), file.plaintext_bytes)


def _meta_of(head: bytes, association_id: AssociationId | None) -> FileMeta | None:
    """Read what a file's head says of it; None when that is not this association's."""
    with suppress(Tampered, Unsuitable):
        meta = read_file_meta(head)
        if meta.origin is not None and meta.origin.association_id == association_id:
            return meta
    return None


def _parsed(arrival: Arrival, meta: FileMeta | None, source: _VerifiedSource, parser: Parser) -> Examined:
    if meta is None:
        return Examined(arrival, None, QuarantineReason.NOT_A_FILE_OF_OURS)
    try:
        facts = parser.facts(source, arrival.dataset_offset, arrival.transfer_syntax_uid)
    except Unparsable as error:
        return Examined(arrival, None, reason_of(error.fault))
    return Examined(arrival, facts, None)


def _arrival(file: NewFile, found: FileMeta | None, digest: bytes | None, now: int) -> Arrival:
    meta = found or _NO_META
    if file.association_id is None:
        raise ValueError("an arrival lies in the inbox")
    return Arrival(
        file=file,
        association_id=file.association_id,
        sequence=meta.origin.sequence if meta.origin else -1,
        arrived_at=microseconds(meta.origin.arrived_at) if meta.origin else now,
        sop_class_uid=meta.sop_class_uid,
        sop_instance_uid=meta.sop_instance_uid,
        transfer_syntax_uid=meta.transfer_syntax_uid,
        dataset_offset=meta.dataset_offset,
        dataset_sha256=digest,
    )
