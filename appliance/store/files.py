"""File operations that survive a power cut, behind a layer that tests can make fail.

Guards: a file is created exclusively with its rights, and nothing here claims
that bytes are durable before both the file and its folder entry are synced.
Leaves out: retries. After a failed fsync the file is abandoned, never synced
again: the kernel may have dropped its pages.
"""

import ctypes
import errno
import fcntl
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex
from typing import BinaryIO, Protocol

from appliance.errors import ApplianceError, NoRight, OutOfSpace, Unavailable

# The most that a process's umask may leave: 0077 where one user runs everything, 0007 on a box, where a folder's group
# says which other process may enter it (systemd/enamel.tmpfiles.conf).
FILE_MODE = 0o640
FOLDER_MODE = 0o770
_LIBC = ctypes.CDLL(None)
ALIGNED_BYTES = 4096  # suits the logical blocks of every disk, and memory pages
_IN_MEMORY = frozenset({0x01021994, 0x858458F6})  # TMPFS_MAGIC, RAMFS_MAGIC, statfs(2)
_STATFS_BYTES = 256  # more than any struct statfs has; it begins with the type, a long
_DRAFT = re.compile(r"\..+\.[0-9a-f]{16}")  # as Draft names it
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_NO_RIGHT = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})  # EROFS: what systemd shows a unit as read-only
NO_FILE = frozenset({errno.ELOOP, errno.EISDIR, errno.ENXIO})  # what `open_read` says of a link, a folder, a pipe


class FileLayer(Protocol):
    """The operations by which this product changes its data folder. All raise OSError."""

    def create_exclusive(self, path: Path, mode: int = FILE_MODE) -> int:
        """Create a file that does not exist yet and give a descriptor to write to."""
        ...

    def write(self, descriptor: int, data: bytes | bytearray | memoryview) -> None:
        """Write all of `data`."""
        ...

    def pass_cache(self, descriptor: int) -> None:
        """Let aligned blocks go to the disk without a copy in the page cache, where the file system can.

        From then on what is written begins at a multiple of `ALIGNED_BYTES`, in memory as in the file, and is
        such a multiple long. Promises nothing: each block still needs `fsync`.

        Source: open(2), O_DIRECT.
        """
        ...

    def truncate(self, descriptor: int, size: int) -> None:
        """Cut a file to `size` bytes."""
        ...

    def fsync(self, descriptor: int) -> None:
        """Make the file's bytes durable."""
        ...

    def close(self, descriptor: int) -> None:
        """Close a descriptor."""
        ...

    def make_folder(self, path: Path, mode: int = FOLDER_MODE) -> None:
        """Create a folder that does not exist yet."""
        ...

    def fsync_folder(self, path: Path) -> None:
        """Make a folder's entries durable."""
        ...

    def hold_folder(self, path: Path) -> int:
        """Show every process that this one is at work in a folder, until the descriptor is closed or the process ends.

        Source: flock(2).
        """
        ...

    def is_held(self, path: Path) -> bool:
        """Say whether somebody holds a folder; one that is gone nobody holds."""
        ...

    def rename(self, source: Path, target: Path) -> None:
        """Give a file another name, replacing what had it."""
        ...

    def unlink(self, path: Path) -> None:
        """Remove a file's name."""
        ...

    def remove_folder(self, path: Path) -> None:
        """Remove an empty folder."""
        ...

    def listdir(self, path: Path) -> list[str]:
        """Give a folder's names, sorted."""
        ...

    def open_read(self, path: Path) -> BinaryIO:
        """Open a file to read, unbuffered, without ever waiting for it; nothing but a regular file is opened.

        Raises:
            OSError: With an errno of `NO_FILE` for a link, a folder, a pipe, a socket or a device.
        """
        ...


class RealFiles:
    """The machine's own files."""

    def create_exclusive(self, path: Path, mode: int = FILE_MODE) -> int:
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode)

    def write(self, descriptor: int, data: bytes | bytearray | memoryview) -> None:
        written = os.write(descriptor, data)
        while written < len(data):  # rare: a signal, or the disk just before it is full
            written += os.write(descriptor, memoryview(data)[written:])

    def pass_cache(self, descriptor: int) -> None:
        with suppress(OSError):  # a file system that cannot do it keeps to its cache
            fcntl.fcntl(descriptor, fcntl.F_SETFL, os.O_DIRECT)

    def truncate(self, descriptor: int, size: int) -> None:
        os.ftruncate(descriptor, size)

    def fsync(self, descriptor: int) -> None:
        os.fsync(descriptor)

    def close(self, descriptor: int) -> None:
        os.close(descriptor)

    def make_folder(self, path: Path, mode: int = FOLDER_MODE) -> None:
        path.mkdir(mode)

    def fsync_folder(self, path: Path) -> None:
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def hold_folder(self, path: Path) -> int:
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        return descriptor

    def is_held(self, path: Path) -> bool:
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except (FileNotFoundError, NotADirectoryError):
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False

    def rename(self, source: Path, target: Path) -> None:
        source.rename(target)

    def unlink(self, path: Path) -> None:
        path.unlink()

    def remove_folder(self, path: Path) -> None:
        path.rmdir()

    def listdir(self, path: Path) -> list[str]:
        return sorted(entry.name for entry in path.iterdir())

    def open_read(self, path: Path) -> BinaryIO:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        kind = stat.S_IFMT(os.fstat(descriptor).st_mode)
        if kind != stat.S_IFREG:
            os.close(descriptor)
            raise OSError(errno.EISDIR if kind == stat.S_IFDIR else errno.ENXIO, "not a regular file")
        return os.fdopen(descriptor, "rb", buffering=0)


def storage_fault(error: OSError) -> ApplianceError:
    """Say what a failed file operation means: `OutOfSpace`, `NoRight` or `Unavailable`. No path is named."""
    if error.errno == errno.EFBIG:
        return OutOfSpace("the disk takes no file as large as this one: FAT32 takes 4 GB at most")
    if error.errno in _FULL:
        return OutOfSpace("the disk is full")
    kind = NoRight if error.errno in _NO_RIGHT else Unavailable
    return kind(f"the disk refused: {errno.errorcode.get(error.errno or 0, 'unknown error')}")


@contextmanager
def storage_faults() -> Iterator[None]:
    """Turn every OSError inside into `OutOfSpace`, `NoRight` or `Unavailable`."""
    try:
        yield
    except OSError as error:
        raise storage_fault(error) from error


def is_in_memory(folder: Path) -> bool:
    """Whether what lies in a folder is gone with the power: a tmpfs or a ramfs.

    Raises:
        OSError: There is no such folder.

    Source: statfs(2).
    """
    told = ctypes.create_string_buffer(_STATFS_BYTES)
    folder.stat()
    _LIBC.statfs(os.fsencode(folder), told)
    return ctypes.c_ulong.from_buffer(told).value & 0xFFFFFFFF in _IN_MEMORY


def sync_disk(folder: Path) -> None:
    """Make all that was written to the disk of a folder durable, by whichever process; slow where much was.

    Raises:
        OSError: The disk refused.

    Source: syncfs(2).
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        sync_disk_of(descriptor)
    finally:
        os.close(descriptor)


def sync_disk_of(descriptor: int) -> None:
    """Make all durable that was written to the disk that a descriptor lies on.

    Raises:
        OSError: The disk refused.
    """
    if _LIBC.syncfs(descriptor) != 0:
        raise OSError(errno.EIO, "the disk could not be synced")


def create_durably(files: FileLayer, path: Path, content: bytes, mode: int = FILE_MODE) -> None:
    """Create a file that does not exist yet; when this returns it survives a power cut.

    Raises:
        OSError: It exists already, or the disk refused; then no file of that name is left.
    """
    _create_synced(files, path, content, mode)
    files.fsync_folder(path.parent)


def replace_durably(files: FileLayer, path: Path, content: bytes, mode: int = FILE_MODE) -> None:
    """Replace a small file in one step: a reader, or a power cut, finds the old one or the new.

    Raises:
        OSError: The disk refused; the old file is still there, or (only if the
            last sync failed) the new one.
    """
    Draft(files, path, content, mode).publish(synced=True)
    files.fsync_folder(path.parent)


def replace_lazily(files: FileLayer, path: Path, content: bytes, mode: int = FILE_MODE) -> None:
    """Replace a small file in one step for every reader; a power cut may lose it, or leave it cut.

    Raises:
        OSError: The disk refused; the old file is still there.
    """
    Draft(files, path, content, mode).publish(synced=False)


def clear_drafts(folder: Path, name: str = "*") -> None:
    """Remove what writers of small files left in a folder when they were cut off; nobody may write there now.

    Args:
        folder: Where.
        name: Of the file whose drafts are meant; all by default.

    Raises:
        OSError: The disk refused.
    """
    for path in folder.glob(f".{name}.*"):
        if _DRAFT.fullmatch(path.name):
            path.unlink()


class Draft:
    """A small file written under a name that begins with a dot, until it takes its own."""

    def __init__(self, files: FileLayer, path: Path, content: bytes, mode: int = FILE_MODE) -> None:
        """Write it; nothing of `path` changes yet.

        Raises:
            OSError: The disk refused; no draft is left.
        """
        self._files = files
        self._path = path
        self._draft = path.with_name(f".{path.name}.{token_hex(8)}")
        self._descriptor = files.create_exclusive(self._draft, mode)
        try:
            files.write(self._descriptor, content)
        except OSError:
            files.close(self._descriptor)
            files.unlink(self._draft)
            raise

    def publish(self, *, synced: bool) -> None:
        """Give it its name, once; from another thread if need be.

        Args:
            synced: Its bytes are durable first. Its name is only when its folder is synced.

        Raises:
            OSError: The disk refused; no draft is left.
        """
        try:
            try:
                if synced:
                    self._files.fsync(self._descriptor)
            finally:
                self._files.close(self._descriptor)
            self._files.rename(self._draft, self._path)
        except OSError:
            self._files.unlink(self._draft)
            raise


class DurableFolders:
    """Makes folders whose entries survive a power cut, and remembers them, so that each is synced once a process.

    A folder that is there already may have been made by a process that died before it synced: it is synced too.
    """

    def __init__(self, files: FileLayer) -> None:
        self._files = files
        self._durable: set[Path] = set()

    def make(self, path: Path, mode: int = FOLDER_MODE) -> None:
        """Create a folder unless it exists; when this returns its entry is durable.

        Raises:
            OSError: The disk refused.
        """
        try:
            self._files.make_folder(path, mode)
        except FileExistsError:
            if path in self._durable:
                return
        self._files.fsync_folder(path.parent)
        self._durable.add(path)


def _create_synced(files: FileLayer, path: Path, content: bytes, mode: int) -> None:
    descriptor = files.create_exclusive(path, mode)
    try:
        try:
            files.write(descriptor, content)
            files.fsync(descriptor)
        finally:
            files.close(descriptor)
    except OSError:
        files.unlink(path)
        raise
