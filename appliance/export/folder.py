"""A package written into a folder: a USB stick, a disk, a share of the clinic's network.

Guards: only an empty folder is written to, or one that bears this same package's own note of being unfinished; nothing
that lay there is ever replaced or removed. The note goes last, when every file was synced, read back from the medium
and found to be what it should be: a stick that was pulled out, a full one, a dead machine leave the note, and the next
run goes on. Whole files that a cut-off run left are kept if they are the same byte for byte.
Leaves out: encrypting. A folder is in clear; whoever hands out a stick is told so.
"""

import hashlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from appliance.errors import Refused, Unavailable, Unsuitable
from appliance.export.entries import SUMS, Entry, digest_read_back
from appliance.export.places import check_room, make_name_durable, put_by_somebody
from appliance.export.whole import state_of
from appliance.store.files import DurableFolders, FileLayer, create_durably, storage_faults

NOTE = "INCOMPLETE.TXT"
_TEXT = (
    "This package is not whole yet. Run the same export into this folder again to finish it,\r\n"
    "or delete the folder.\r\n\r\n"
)
_SPARE_BYTES = 1024 * 1024  # for folders and rounding
Progress = Callable[[int, int], None]  # bytes done, of how many


class FolderWriter:
    """Writes one package's entries into one folder."""

    def __init__(
        self, folder: Path, files: FileLayer, on_progress: Progress = lambda _done, _total: None, reserve_bytes: int = 0
    ) -> None:
        """Write to a folder, and leave so many bytes free there."""
        self._folder = folder
        self._files = files
        self._folders = DurableFolders(files)
        self._on_progress = on_progress
        self._reserve_bytes = reserve_bytes

    def write(self, entries: Sequence[Entry], identity: bytes) -> None:
        """Write them all, and read all of them back.

        Args:
            entries: The last lists the checksums of the others.
            identity: What is the same whenever this package is exported again.

        Raises:
            Unsuitable: The folder holds something else, or cannot be written to.
            OutOfSpace: They do not fit.
            Unavailable: The medium refused, or gave back other bytes than were written. Run it again.
            Tampered, NotFound: From an entry.
        """
        note = f"{_TEXT}{hashlib.sha256(identity).hexdigest()}\r\n".encode()
        with storage_faults():
            self._begin(note)
            self._check_room(entries)
            self._write_all(entries)
            self._files.unlink(self._folder / NOTE)
            self._files.fsync_folder(self._folder)

    def _begin(self, note: bytes) -> None:
        """Leave the note in an empty folder, or find it.

        A note that is cut short was never followed by anything: it is written anew.
        """
        try:
            names = put_by_somebody(self._files.listdir(self._folder))
        except FileNotFoundError:
            self._folder.mkdir()
            names = []
        except NotADirectoryError:
            raise Unsuitable("the place to export to is no folder") from None
        found = (self._folder / NOTE).read_bytes() if NOTE in names else b""
        if found == note:
            return
        if names and not (names == [NOTE] and note.startswith(found)):
            raise Unsuitable("the folder is not empty: give an empty one, or the one of this export that was cut off")
        if not names:
            make_name_durable(self._files, self._folder)
        else:
            self._files.unlink(self._folder / NOTE)
        create_durably(self._files, self._folder / NOTE, note)

    def _check_room(self, entries: Sequence[Entry]) -> None:
        there = sum(_size(self._folder / entry.name) for entry in entries)
        needed = sum(entry.size for entry in entries) + _SPARE_BYTES - there
        check_room(self._folder, needed, self._reserve_bytes)

    def _write_all(self, entries: Sequence[Entry]) -> None:
        total, done = sum(entry.size for entry in entries), 0
        self._on_progress(done, total)
        digests = {}
        for entry in entries:
            digests[entry.name] = self._write_one(entry)
            done += entry.size
            self._on_progress(done, total)
        for entry in entries:
            if digest_read_back(self._folder / entry.name) != digests[entry.name]:
                raise Unavailable("the medium gave back other bytes than were written: use another one")

    def _write_one(self, entry: Entry) -> str:
        """Write a file unless it is there already, byte for byte; give the digest that it should have."""
        path = self._folder / entry.name
        self._make_folders(path.parent)
        if entry.size and _size(path) == entry.size:
            digest = hashlib.sha256()
            for piece in entry.pieces():
                digest.update(piece)
            if digest_read_back(path) == digest.hexdigest():
                return digest.hexdigest()
        with suppress(FileNotFoundError):
            self._files.unlink(path)
        return self._write_anew(entry, path)

    def _write_anew(self, entry: Entry, path: Path) -> str:
        digest = hashlib.sha256()
        descriptor = self._files.create_exclusive(path)
        try:
            for piece in entry.pieces():
                digest.update(piece)
                self._files.write(descriptor, piece)
            self._files.fsync(descriptor)
        finally:
            self._files.close(descriptor)
        self._files.fsync_folder(path.parent)
        return digest.hexdigest()

    def _make_folders(self, folder: Path) -> None:
        if folder != self._folder:
            self._make_folders(folder.parent)
            self._folders.make(folder)


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except (FileNotFoundError, NotADirectoryError):
        return 0


def check_folder(folder: Path) -> int:
    """Compare every file of a package with its checksums, and give how many there are.

    Raises:
        Refused: One is missing or is not what was exported, or the package is not whole.
        Unsuitable: This is no package.
    """
    with storage_faults():
        if (folder / NOTE).exists() or state_of(folder) not in {None, "whole"}:
            raise Refused("this export is not whole: run it again into this folder")
        if not (folder / SUMS).is_file():
            raise Unsuitable("there is no export in this folder")
        count = 0
        with (folder / SUMS).open(encoding="utf-8") as lines:
            for line in lines:
                digest, _space, name = line.rstrip("\n").partition("  ")
                path = folder / name
                if not path.is_file() or digest_read_back(path) != digest:
                    raise Refused("a file of this export is missing, or is not what was exported")
                count += 1
    return count
