"""The receiver's side of the inbox: sealed files that are durable before Success.

Guards: when `ArrivalWriter.commit` returns, the association's sealed key, the
sealed file and both folder entries survive a power cut; what a disk refused is
never acknowledged. Only bytes that were sealed are ever written. A record is
whole from the moment it bears its name: intake may look at any time. The end
is the one thing that a power cut may take: its count is then unknown. While an
association lasts its folder is held, so that intake takes it for cut off only once
this process let go of it or died, whatever clocks and times of change say.
Leaves out: sweeping. A file is unlinked here only by the hand that was still
writing it, never once its last chunk is written: intake may have found it.
"""

from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from appliance.clock import Clock
from appliance.dicom.part10 import ArrivalNames, ArrivalOrigin, FileMetaWriter
from appliance.identifiers import FileId
from appliance.inbox.association import (
    ASSOCIATION_NAME,
    END_NAME,
    AssociationEnd,
    AssociationFacts,
    Outcome,
    association_info,
    encode_association,
    encode_end,
    end_file,
)
from appliance.inbox.public_key import InboxPublicKey
from appliance.keys.inbox_seal import end_mac, instance_key, seal_association_key
from appliance.keys.secret import SecretKey
from appliance.keys.stream import Buffer, SealBuffers, StreamSealer
from appliance.store.blocks import BlockMemory, BlockWriter
from appliance.store.files import Draft, FileLayer, replace_lazily, storage_faults

FOLDER_MODE = 0o770  # on a box intake moves files out, by its group; the process's umask narrows it elsewhere
FILE_MODE = 0o640


class InboxWriter:
    """Opens associations in the inbox; safe for several threads."""

    def __init__(self, folder: Path, public_key: Callable[[], InboxPublicKey], files: FileLayer, clock: Clock) -> None:
        """Write into `folder`, which exists.

        Args:
            folder: The inbox.
            public_key: Gives the current key; raises `Unavailable`.
            files: The disk.
            clock: The time.
        """
        self._folder = folder
        self._public_key = public_key
        self._files = files
        self._clock = clock

    def public_key(self) -> InboxPublicKey:
        """Give the key that arrivals are sealed to.

        Raises:
            Unavailable: There is none.
        """
        return self._public_key()

    def open_association(self, facts: AssociationFacts) -> "AssociationWriter":
        """Give the writer of an association; nothing is on disk before its first file."""
        return AssociationWriter(self._folder, self._public_key, self._files, self._clock, facts)


class AssociationWriter:
    """Writes one association's files, one after the other."""

    def __init__(
        self,
        inbox: Path,
        public_key: Callable[[], InboxPublicKey],
        files: FileLayer,
        clock: Clock,
        facts: AssociationFacts,
    ) -> None:
        self._inbox = inbox
        self._public_key = public_key
        self._files = files
        self._clock = clock
        self._facts = facts
        self._meta = FileMetaWriter(ArrivalNames(facts.calling_ae_title.value, facts.called_ae_title.value))
        self._key: SecretKey | None = None
        self._place: _Place | None = None
        self._buffers: _Buffers | None = None
        self._sequence = 0
        self._committed = 0
        self._beside: ThreadPoolExecutor | None = None  # made with the first file, ended by `end`

    @property
    def folder(self) -> Path:
        """Where the files are; it exists once the first file was begun."""
        return self._inbox / str(self._facts.association_id)

    @property
    def committed_count(self) -> int:
        """How many files are durable."""
        return self._committed

    @property
    def record_sha256(self) -> bytes:
        """The digest of the association's record, by which whoever reads it can tell it from a forged one.

        Raises:
            ValueError: No file was begun yet.
        """
        if self._place is None:
            raise ValueError("an association has its record with its first file")
        return self._place.record_sha256

    def begin(self, sop_class_uid: str, sop_instance_uid: str, transfer_syntax_uid: str) -> "ArrivalWriter":
        """Begin the next file; its head is written from these names.

        The one before must have ended, for they share their buffers.

        Raises:
            Unavailable: The disk refused (`OutOfSpace` when it is full), or there is no public key.
        """
        origin = ArrivalOrigin(self._facts.association_id, self._sequence + 1, self._clock.now())
        with storage_faults():
            key, place, beside, buffers = self._opened()
            place.prepare(beside)
            file_id = FileId.new()
            file = NewFile(self._files, place, file_id, beside, buffers.block)
            arrival = ArrivalWriter(file, instance_key(key, file_id), buffers.seal, self._count)
        self._sequence += 1
        arrival.write(self._meta.head(sop_class_uid, sop_instance_uid, transfer_syntax_uid, origin))
        return arrival

    def end(self, outcome: Outcome) -> None:
        """Write down how the association ended and how many files it brought, under a MAC.

        If no file was ever begun, nothing is on disk, and nothing is written now.

        Raises:
            Unavailable: The disk refused; the count then stays unknown.
        """
        try:
            self._write_end(outcome)
        finally:
            self.let_go()

    def let_go(self) -> None:
        """Hold the folder no longer; without an `end` it then looks as after the death of this process."""
        if self._place is not None:
            self._place.let_go()

    def _write_end(self, outcome: Outcome) -> None:
        beside, self._beside = self._beside, None
        if beside is not None:
            beside.shutdown()
        if self._key is None or self._place is None or self._place.was_given_up():
            return
        record = encode_end(
            AssociationEnd(self._facts.association_id, outcome, self._committed, self._clock.now()),
        )
        with storage_faults():  # not synced: nothing that was promised depends on it
            replace_lazily(self._files, self.folder / END_NAME, end_file(record, end_mac(self._key, record)), FILE_MODE)

    def _opened(self) -> tuple[SecretKey, "_Place", Executor, "_Buffers"]:
        if self._key is None or self._place is None or self._buffers is None:
            public, self._key = self._public_key(), SecretKey.new()
            info = association_info(self._facts, public.number)
            record = encode_association(info, seal_association_key(public.public_key, info, self._key))
            self._place, self._buffers = _Place(self._files, self.folder, record), _Buffers()
        if self._beside is None:
            self._beside = ThreadPoolExecutor(1, thread_name_prefix="folder-sync")
        return self._key, self._place, self._beside, self._buffers

    def _count(self) -> None:
        self._committed += 1


class _Buffers:
    """The memory that an association's files use one after the other."""

    def __init__(self) -> None:
        self.seal, self.block = SealBuffers(), BlockMemory()


class _Place:
    """An association's folder and record: made with the first file, durable with its commit.

    The record is synced and named beside, while the first object still comes. A record that failed
    is tried again with the next object; folders that failed are not: the kernel may have dropped them.
    """

    def __init__(self, files: FileLayer, folder: Path, record: bytes) -> None:
        self.folder = folder
        self.record_sha256 = sha256(record).digest()
        self._files = files
        self._record = record
        self._is_made = False
        self._held: int | None = None
        self._named: Future[None] | None = None
        self._is_durable = False
        self._fault: OSError | None = None

    def prepare(self, beside: Executor) -> None:
        """Make the folder, write the record and begin to sync it, unless that was done."""
        if self._fault is not None:
            raise self._fault
        if not self._is_made:
            self._files.make_folder(self.folder, FOLDER_MODE)
            self._is_made = True
        if self._held is None:
            self._held = self._files.hold_folder(self.folder)
        if self._named is None or self._failed():
            draft = Draft(self._files, self.folder / ASSOCIATION_NAME, self._record, FILE_MODE)
            self._named = beside.submit(draft.publish, synced=True)

    def make_durable(self) -> None:
        """Sync the entries of the folder, and at first those that lead to it; called in the thread beside."""
        if self._named is not None:
            self._named.result()
        try:
            self._files.fsync_folder(self.folder)
            if not self._is_durable:
                self._files.fsync_folder(self.folder.parent)
                self._is_durable = True
        except OSError as error:
            if not self._is_durable:
                self._fault = error
            raise

    def let_go(self) -> None:
        """Hold the folder no longer."""
        held, self._held = self._held, None
        if held is not None:
            self._files.close(held)

    def was_given_up(self) -> bool:
        """Say whether its record never got its name, once nobody works beside; the folder goes if it can."""
        if self._named is not None and not self._failed():
            return False
        with suppress(OSError):
            self._files.remove_folder(self.folder)
        return True

    def is_seen(self) -> bool:
        """Say whether intake may have looked in: there is, or may yet come, a record."""
        return self._named is not None and not self._failed()

    def _failed(self) -> bool:
        return self._named is not None and self._named.done() and self._named.exception() is not None


class NewFile:
    """A file that did not exist before and is only appended to."""

    def __init__(self, files: FileLayer, place: _Place, file_id: FileId, beside: Executor, memory: BlockMemory) -> None:
        """Create it.

        Args:
            files: The disk.
            place: Where; it exists.
            file_id: Its name.
            beside: A thread that syncs the folder while this one syncs the file: both then wait for
                the same commit of the file system's journal.
            memory: For its blocks.
        """
        self._beside = beside
        self.file_id = file_id
        self._files = files
        self._place = place
        self._path = place.folder / str(file_id)
        self._descriptor = files.create_exclusive(self._path, FILE_MODE)
        self._open = True
        self._reading: BinaryIO | None = None
        self._blocks = BlockWriter(files, self._descriptor, memory)

    def append(self, data: memoryview) -> None:
        """Take all of `data` for the end of the file."""
        self._blocks.append(data)

    def read_back(self, offset: int, length: int) -> bytes:
        """Give bytes that were appended, before `finish`; fewer only at the end."""
        if self._reading is None:
            self._reading = self._files.open_read(self._path)
        return self._blocks.read_back(self._reading, offset, length)

    def finish(self) -> None:
        """Let the file hold all that was appended, and no more."""
        self._blocks.finish()

    def make_durable(self) -> None:
        """Sync the file, its folder entry, and with the first file all that leads to it."""
        entry = self._beside.submit(self._place.make_durable)
        try:
            self._files.fsync(self._descriptor)
        finally:
            entry.result()

    def close(self) -> None:
        """Give the descriptor back, once."""
        if self._reading is not None:
            self._reading.close()
        if self._open:
            self._open = False
            self._files.close(self._descriptor)

    def is_seen(self) -> bool:
        """Say whether intake may have looked in."""
        return self._place.is_seen()

    def remove(self) -> None:
        """Take the file's name away."""
        self._files.unlink(self._path)


class ArrivalWriter:
    """Writes one file. One `commit` or `abandon` ends it."""

    def __init__(self, file: NewFile, data_key: SecretKey, buffers: SealBuffers, on_commit: Callable[[], None]) -> None:
        self._file = file
        self._sealer = StreamSealer(data_key, file.file_id, file.append, buffers=buffers)
        self._on_commit = on_commit
        self._whole = False

    def write(self, data: Buffer) -> None:
        """Take plaintext; it is sealed in memory before it is written.

        Raises:
            Unavailable: The disk refused (`OutOfSpace` when it is full). Abandon the file then.
        """
        with storage_faults():
            self._sealer.write(data)

    @property
    def written_bytes(self) -> int:
        """How long the file is so far, its head included."""
        return self._sealer.written_bytes

    def read_back(self, offset: int, length: int) -> bytes:
        """Give plaintext that was written, before `commit`, for whoever decides by it; fewer only at the end.

        Raises:
            Tampered: The disk holds something else than was written.
            Unavailable: The disk refused.
        """
        with storage_faults():
            return self._sealer.read_back(offset, length, self._file.read_back)

    def commit(self) -> None:
        """Write the last chunk and make file and folder entry durable.

        Raises:
            Unavailable: The disk refused. Abandon the file then, and do not say Success.
        """
        with storage_faults():
            self._sealer.finish()
            self._file.finish()
            self._whole = True
            self._file.make_durable()
            self._file.close()
        self._on_commit()

    def abandon(self) -> None:
        """Give up: close the file, and remove it unless intake may have found it whole.

        Raises:
            Unavailable: The disk refused even that; intake sweeps what is left.
        """
        with storage_faults():
            self._file.close()
            if not (self._whole and self._file.is_seen()):
                self._file.remove()
