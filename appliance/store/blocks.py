"""A new file written in large aligned blocks, past the page cache.

A scan is written once and rarely read soon: a copy of it in the page cache
costs the processor more than sealing it, and drives out what is read often
(docs/ingest-profile.md). Guards: what was appended, and nothing else, is the
file's content once `finish` returned; bytes of another file that used the same
memory never reach the disk. Leaves out: durability, which is `fsync`'s.
"""

import mmap
import os
from typing import BinaryIO

from appliance.store.files import ALIGNED_BYTES, FileLayer

BLOCK_BYTES = 1 << 20  # one write for most slices; what 32 associations hold is still little


class BlockMemory:
    """Aligned memory for one block, to be used again for the next file; one writer at a time may use it."""

    def __init__(self) -> None:
        self.view = memoryview(mmap.mmap(-1, BLOCK_BYTES))


class BlockWriter:
    """Appends to one new, empty file."""

    def __init__(self, files: FileLayer, descriptor: int, memory: BlockMemory) -> None:
        self._files = files
        self._descriptor = descriptor
        self._block = memory.view
        self._filled = 0
        self._written = 0
        files.pass_cache(descriptor)

    def append(self, data: memoryview) -> None:
        """Take all of `data`; it reaches the disk a block at a time.

        Raises:
            OSError: The disk refused.
        """
        taken = 0
        while taken < len(data):
            count = min(len(data) - taken, BLOCK_BYTES - self._filled)
            self._block[self._filled : self._filled + count] = data[taken : taken + count]
            taken += count
            self._filled += count
            if self._filled == BLOCK_BYTES:
                self._write(BLOCK_BYTES)

    def read_back(self, file: BinaryIO, offset: int, length: int) -> bytes:
        """Give bytes that were appended, before `finish`, some from the disk and some from memory.

        Args:
            file: The same file, opened to read.
            offset: Of the first byte.
            length: How many; fewer are given only at the end.

        Raises:
            OSError: The disk refused.
        """
        on_disk = min(length, max(0, self._written - offset))
        start = offset + on_disk - self._written
        rest = self._block[start : min(self._filled, start + length - on_disk)] if on_disk < length else b""
        return os.pread(file.fileno(), on_disk, offset) + bytes(rest)

    def finish(self) -> None:
        """Write the rest, to the byte.

        Raises:
            OSError: The disk refused.
        """
        size = self._written + self._filled
        padding = -self._filled % ALIGNED_BYTES
        self._block[self._filled : self._filled + padding] = bytes(padding)
        if self._filled:
            self._write(self._filled + padding)
        if padding:
            self._files.truncate(self._descriptor, size)

    def _write(self, count: int) -> None:
        self._files.write(self._descriptor, self._block[:count])
        self._written += count
        self._filled = 0
