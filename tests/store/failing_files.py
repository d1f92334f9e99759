"""A file layer one operation of which fails: the n-th of all, or the n-th of its name."""

import errno
import threading
from pathlib import Path
from typing import BinaryIO

from appliance.store.files import FILE_MODE, FOLDER_MODE, RealFiles


class FailingFiles:
    """Real files until the n-th operation (from 1), which raises and does nothing; 0 never fails.

    Where several threads work, the n-th of all is another one each time: give a name and its own number.
    A failing write leaves half of its bytes. Closing never fails, as on Linux file systems.
    """

    def __init__(self, fail_at: int | tuple[str, int] = 0, error: int = errno.EIO) -> None:
        self._real = RealFiles()
        self._fail_at = fail_at
        self._error = error
        self._lock = threading.Lock()
        self.done: list[str] = []

    def fail_next(self, nth: int) -> None:
        """Fail the nth operation from now."""
        self._fail_at = len(self.done) + nth

    def _step(self, name: str) -> None:
        with self._lock:
            self.done.append(name)
            numbers = (len(self.done), (name, self.done.count(name)))
        if self._fail_at in numbers:
            raise OSError(self._error, name)

    def create_exclusive(self, path: Path, mode: int = FILE_MODE) -> int:
        self._step("create_exclusive")
        return self._real.create_exclusive(path, mode)

    def write(self, descriptor: int, data: bytes | bytearray | memoryview) -> None:
        try:
            self._step("write")
        except OSError:
            self._real.write(descriptor, memoryview(data)[: len(data) // 2])
            raise
        self._real.write(descriptor, data)

    def pass_cache(self, descriptor: int) -> None:
        self._real.pass_cache(descriptor)

    def truncate(self, descriptor: int, size: int) -> None:
        self._step("truncate")
        self._real.truncate(descriptor, size)

    def fsync(self, descriptor: int) -> None:
        self._step("fsync")
        self._real.fsync(descriptor)

    def close(self, descriptor: int) -> None:
        self._real.close(descriptor)

    def make_folder(self, path: Path, mode: int = FOLDER_MODE) -> None:
        self._step("make_folder")
        self._real.make_folder(path, mode)

    def fsync_folder(self, path: Path) -> None:
        self._step("fsync_folder")
        self._real.fsync_folder(path)

    def hold_folder(self, path: Path) -> int:
        return self._real.hold_folder(path)

    def is_held(self, path: Path) -> bool:
        return self._real.is_held(path)

    def rename(self, source: Path, target: Path) -> None:
        self._step("rename")
        self._real.rename(source, target)

    def unlink(self, path: Path) -> None:
        self._step("unlink")
        self._real.unlink(path)

    def remove_folder(self, path: Path) -> None:
        self._step("remove_folder")
        self._real.remove_folder(path)

    def listdir(self, path: Path) -> list[str]:
        self._step("listdir")
        return self._real.listdir(path)

    def open_read(self, path: Path) -> BinaryIO:
        self._step("open_read")
        return self._real.open_read(path)
