"""Fetches stored files from targets into a new vault, and counts a file only when all of it verified.

The engine writes to a folder beside the vault; every file is decrypted in
memory and its dataset's digest compared while the engine goes on with others.
What verified is moved into the vault after a sync, so a file in the vault is
one that verified and is durable, whatever moment cut the restore off.
Guards: only files that a row names come into the vault; whatever else a
snapshot holds (erased, or of a later catalogue) is removed with the folder it
arrived in. Leaves out: rows, tombstones, and what is said of files that no
target has.
"""

import hashlib
import os
import shutil
import threading
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from appliance.assembly.restoring_shelves import ArrivingShelves
from appliance.assembly.rooms import Rooms
from appliance.backup.engine import Repository, Snapshot, short
from appliance.backup.faults import BackupFailed, Fault, GaveUp
from appliance.clock import microseconds
from appliance.errors import ApplianceError, NotFound, OutOfSpace, Tampered
from appliance.identifiers import FileId
from appliance.integrity.reading import sealed_bytes
from appliance.keys.stream import SealedStream
from appliance.recovery.queries_restore import ToFetch
from appliance.store.files import FILE_MODE, RealFiles, storage_faults, sync_disk
from appliance.store.stored_files import unseal_row

_Answer = TypeVar("_Answer")
_VAULT = "vault"
_NO_FILES = {"tombstones", "anchor"}  # the tags of snapshots that hold no files
_ARRIVALS = "arrivals"  # the tag of those that hold only what was new
_ARRIVALS_ASKED = 3  # the first after a file came has it, unless that run was cut off
_SECOND = 1_000_000  # microseconds: a snapshot's time is cut to the second
_LOOK_SECONDS = 0.5  # between two looks at what has come: looking without a pause takes a core from the engine
_MOST_SHELVES = 256
_AT_ONCE = 1000  # files by name in one call: each name is compared with each of the shelves' files
_MOST_IN_VAIN = 0.1  # of what a call by shelves writes, so much may be here already
_SPARE_BYTES = 64 << 20  # beside what is fetched: the catalogue's own growth


@dataclass
class Told:
    """How far fetching has come, for whoever shows it.

    Attributes:
        files_total, bytes_total: All files that rows name, as they lie on the disk.
        files_done, bytes_done: Those that verified.
    """

    files_total: int
    bytes_total: int
    files_done: int = 0
    bytes_done: int = 0


@dataclass
class Fetching:
    """One vault that fills.

    Attributes:
        rooms: The restored catalogue, with the keys that open its files.
        arriving: Where the engine writes.
        on_progress: Hears about once a second.
        known: Files without a row that are accounted for: they were erased, or wait in the inbox.
        later: What the targets hold beside them: files that came after the catalogue, whose keys are lost.
    """

    rooms: Rooms
    arriving: Path
    on_progress: Callable[[Told], None]
    known: Collection[FileId] = ()
    later: set[FileId] = field(default_factory=set)
    _wanted: dict[FileId, ToFetch] = field(default_factory=dict)
    _sound: set[FileId] = field(default_factory=set)

    def run(self, wanted: Sequence[ToFetch], repositories: Sequence[Repository]) -> list[FileId]:
        """Fetch what is not there yet, from the first repository that has it whole; give what none has.

        Raises:
            OutOfSpace: The disk is too small for all of it.
            Unavailable: A target, or the disk, refused; what was fetched stays.
        """
        self._told = Told(len(wanted), sum(sealed_bytes(one.plaintext_bytes) for one in wanted))
        self._wanted = {one.file_id: one for one in wanted}
        self._leave_out(self.rooms.vault.stored_ids())
        if self.arriving.exists():
            self._take_sound(self._wanted)
        with storage_faults():
            shutil.rmtree(self.arriving, ignore_errors=True)  # what is not whole comes again, and needs the room
        self._check_space()
        known = {one.file_id for one in wanted} | set(self.known)
        for place, repository in enumerate(repositories):
            if self._wanted or not place:
                self._fetch_from(repository, known)
        with storage_faults():
            shutil.rmtree(self.arriving, ignore_errors=True)
        return sorted(self._wanted)

    def _fetch_from(self, repository: Repository, known: set[FileId]) -> None:
        """Ask the newest snapshot, then older ones for what is still wanted; nobody waits for what is gone."""
        snapshots = [one for one in repository.snapshots() if one.tag not in _NO_FILES]
        lost: Mapping[str, set[str]] | None = None
        for snapshot in self._worth_asking(sorted(snapshots, key=lambda one: one.taken_at, reverse=True)):
            there = file_ids_in(self._names(repository, snapshot))
            self.later |= there - known
            if self._ask(repository, snapshot, there, gone_from(lost, snapshot)):
                continue
            lost = lost_in(repository) if lost is None else lost
            if not self._ask(repository, snapshot, there, gone_from(lost, snapshot)):
                self._ask(repository, snapshot, there, gone_from(lost, snapshot), waits=True)

    def _worth_asking(self, snapshots: Sequence[Snapshot]) -> Iterator[Snapshot]:
        """Give the newest, then others while something is wanted; of what arrived before a night what may have it."""
        first: set[str] | None = None
        is_before_a_night = False
        for place, snapshot in enumerate(snapshots):
            if not self._wanted and place:
                return
            if snapshot.tag == _ARRIVALS and is_before_a_night:
                first = self._first_with_wanted(snapshots) if first is None else first
                if snapshot.snapshot_id not in first:
                    continue
            is_before_a_night = is_before_a_night or snapshot.tag != _ARRIVALS
            yield snapshot

    def _first_with_wanted(self, snapshots: Sequence[Snapshot]) -> set[str]:
        """Give the first copies of what arrived after each wanted file came: hundreds of others have none of them."""
        arrived = [one for one in reversed(snapshots) if one.tag == _ARRIVALS]
        taken_at = [microseconds(one.taken_at) for one in arrived]
        places = {bisect_left(taken_at, one.created_at - _SECOND) for one in self._wanted.values()}
        return {one.snapshot_id for place in places for one in arrived[place : place + _ARRIVALS_ASKED]}

    def _names(self, repository: Repository, snapshot: Snapshot) -> Iterable[str]:
        """List a snapshot; one that is too damaged for that has nothing."""
        return unless_damaged(lambda: repository.names(snapshot.snapshot_id), {})

    def _ask(
        self, repository: Repository, snapshot: Snapshot, there: set[FileId], lost: set[FileId], *, waits: bool = False
    ) -> bool:
        """Fetch what a snapshot has; give False where it gave up, for something is gone that was not known to be."""
        held = (self._wanted.keys() & there) - lost
        try:
            for include, files in asked_around(held, there, lost):
                self._restore(repository, snapshot, include, files, waits=waits)
        except GaveUp:
            return False
        return True

    def _restore(
        self, repository: Repository, snapshot: Snapshot, include: Sequence[str], held: Collection[FileId], *,
        waits: bool,
    ) -> None:  # fmt: skip
        """Let the engine write while another thread verifies what has come.

        What is damaged there may be whole in another snapshot, or on another target.
        """
        ended = threading.Event()
        verifier = threading.Thread(target=self._verify_arriving, args=(held, ended), daemon=True)
        verifier.start()
        try:
            with disk_faults():
                unless_damaged(lambda: repository.restore(
                    snapshot.snapshot_id, self.arriving, include, lambda _: self.on_progress(self._told), waits=waits
                ), None)  # fmt: skip
        finally:
            ended.set()
            verifier.join()
            self._take_sound(held)

    def _verify_arriving(self, held: Collection[FileId], ended: threading.Event) -> None:
        """Verify files as soon as they have their length; one that is still being written is looked at again."""
        lengths = {one: sealed_bytes(self._wanted[one].plaintext_bytes) for one in held}
        shelves = ArrivingShelves(self.arriving / _VAULT, lengths)
        try:
            while shelves.is_waiting() and not ended.wait(_LOOK_SECONDS):
                for file_id in shelves.come():
                    if ended.is_set():
                        return
                    if self._is_sound(file_id):
                        shelves.take(file_id)
        finally:
            self.rooms.database.close()

    def _is_sound(self, file_id: FileId) -> bool:
        one = self._wanted[file_id]
        try:
            self._verify(one, arriving_path(self.arriving, file_id))
        except (OSError, Tampered, NotFound):
            return False
        self._sound.add(file_id)
        self._count(one)
        return True

    def _verify(self, one: ToFetch, path: Path) -> None:
        """Decrypt a file whole and compare its dataset's digest.

        What is read goes to the disk meanwhile, and is not left for the sync at the end.

        Raises:
            Tampered: It is not what was stored, or not all of it yet.
            OSError: The disk refused.
        """
        with self.rooms.database.read() as tx:
            sealed = unseal_row(tx, self.rooms.rotating_keys, one.file_id)
        offset, read = one.dataset_offset or 0, hashlib.sha256()
        with path.open("rb", buffering=0) as file:
            stream = SealedStream(sealed.data_key, one.file_id, file.fileno(), one.plaintext_bytes)
            for chunk in stream.chunks():
                read.update(memoryview(chunk)[offset:])
                offset = max(0, offset - len(chunk))
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)  # the disk begins to write it
        if one.dataset_sha256 is not None and read.digest() != one.dataset_sha256:
            raise Tampered("the dataset is not the one that arrived")

    def _take_sound(self, held: Collection[FileId]) -> None:
        """Verify what was not yet, make it durable, and move it into the vault."""
        for file_id in held:
            if file_id in self._wanted and file_id not in self._sound:
                self._is_sound(file_id)
                self.on_progress(self._told)
        if self._sound:
            with storage_faults():
                sync_disk(self.arriving)
            self._move_in()

    def _leave_out(self, here: Iterable[FileId]) -> None:
        """Count what came before this restore was cut off, and want it no longer."""
        for file_id in here:
            if (one := self._wanted.pop(file_id, None)) is not None:
                self._count(one)

    def _move_in(self) -> None:
        files = RealFiles()
        with storage_faults():
            for shelf in sorted({self.rooms.vault.path_of(file_id).parent for file_id in self._sound}):
                with suppress(FileExistsError):
                    files.make_folder(shelf)
            for file_id in self._sound:
                with suppress(FileNotFoundError):  # moved before
                    path = arriving_path(self.arriving, file_id)
                    path.chmod(FILE_MODE)
                    path.rename(self.rooms.vault.path_of(file_id))
            sync_disk(self.arriving)
        for file_id in self._sound:
            del self._wanted[file_id]
        self._sound.clear()

    def _count(self, one: ToFetch) -> None:
        self._told.files_done += 1
        self._told.bytes_done += sealed_bytes(one.plaintext_bytes)

    def _check_space(self) -> None:
        needed = self._told.bytes_total - self._told.bytes_done + _SPARE_BYTES
        with storage_faults():
            free = shutil.disk_usage(self.rooms.folders.data).free
        if free < needed:
            raise OutOfSpace(
                f"the disk has {free >> 20} MiB free, and needs {needed >> 20} MiB for what is still to be fetched and"
                " for working: make room and give the same line again, or begin on a larger disk"
            )


def asked_for(held: Collection[FileId], there: Collection[FileId]) -> Iterator[tuple[list[str], Collection[FileId]]]:
    """Give what to ask the engine for, a call each: whole shelves, or some files by name where most are here already.

    A restore that goes on must not need room for what it has.
    """
    shelves = {str(file_id)[:2] for file_id in held}
    on_them = sum(str(file_id)[:2] in shelves for file_id in there)
    if held and on_them - len(held) <= _MOST_IN_VAIN * on_them:
        yield [f"/{_VAULT}/{shelf}" for shelf in sorted(shelves)] if len(shelves) < _MOST_SHELVES else [], held
        return
    yield from _by_name(held)


def asked_around(
    held: Collection[FileId], there: Collection[FileId], lost: Collection[FileId]
) -> Iterator[tuple[list[str], Collection[FileId]]]:
    """Give what to ask the engine for, as `asked_for`, and no shelf with a file on it whose bytes are gone."""
    shelves = {str(file_id)[:2] for file_id in lost}
    beside = {file_id for file_id in held if str(file_id)[:2] in shelves}
    whole = [file_id for file_id in there if str(file_id)[:2] not in shelves]
    yield from asked_for(set(held) - beside, whole)
    yield from _by_name(beside)


def _by_name(held: Collection[FileId]) -> Iterator[tuple[list[str], Collection[FileId]]]:
    ordered = sorted(held)
    for first in range(0, len(ordered), _AT_ONCE):
        files = ordered[first : first + _AT_ONCE]
        yield [f"/{_VAULT}/{str(file_id)[:2]}/{file_id}" for file_id in files], files


@contextmanager
def disk_faults() -> Iterator[None]:
    """Say of a full disk which one is full: a restore writes to none but the new box's own."""
    try:
        yield
    except BackupFailed as failed:
        if failed.fault is Fault.FULL:
            raise OutOfSpace("the disk is full: make room on it, or begin anew on a larger one") from None
        raise


def unless_damaged(work: Callable[[], _Answer], otherwise: _Answer) -> _Answer:
    """Do something with a copy; a damaged one counts as one that lacks what is damaged. That it gave up is told."""
    try:
        return work()
    except GaveUp:
        raise
    except BackupFailed as failed:
        if failed.fault is not Fault.DAMAGED:
            raise
        return otherwise


def lost_in(repository: Repository) -> Mapping[str, set[str]]:
    """Give what is gone from a repository, by snapshot; nothing where it is too damaged to say."""
    return unless_damaged(repository.lost, {})


def gone_from(lost: Mapping[str, set[str]] | None, snapshot: Snapshot) -> set[FileId]:
    """Give the files of a snapshot whose bytes are gone, by what `lost_in` found."""
    return set() if lost is None else file_ids_in(lost.get(short(snapshot.snapshot_id), ()))


def arriving_path(arriving: Path, file_id: FileId) -> Path:
    """Give where the engine writes a file."""
    name = str(file_id)
    return arriving / _VAULT / name[:2] / name


def file_ids_in(names: Iterable[str]) -> set[FileId]:
    """Give the ids of a snapshot's files; other names are passed over."""
    found = set()
    for name in names:
        with suppress(ApplianceError):
            found.add(FileId.parse(name.rpartition("/")[2]))
    return found
