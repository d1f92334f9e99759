"""Splits stored 16-bit words into a plane of low bytes and one of high bytes, which pack and come apart fast.

Guards: what is written gives back the stored bytes whatever the bounds say,
for it is split by arithmetic alone: nothing here believes that the words are
pixels. Memory stays at one block and the deflated plane.

Source: docs/storage-format.md, "series stream", coding 1; RFC 1951.
"""

import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from appliance.dicom.source import Source

BLOCK_BYTES = 1024 * 1024  # even
MOST_DEFLATED_BYTES = 128 * 1024 * 1024  # kept in memory; beyond that a file stays as it is
_PAYS = 0.9  # of its own length, at most, that a plane may take deflated
_BOUNDS = struct.Struct("<IIII")
_LEVEL, _MEMORY = 6, 9
_MOST_WORDS = 0xFFFFFFFF


@dataclass(frozen=True)
class Bounds:
    """Where the words of a file lie: `offset` in bytes from its beginning, and how many there are."""

    offset: int
    words: int


@dataclass(frozen=True)
class Split:
    """A file that is about to be written as coding 1; `high` is its deflated high plane."""

    bounds: Bounds
    high: bytes
    length: int


def prepare(source: Source, bounds: Bounds) -> Split | None:
    """Deflate a file's high plane; None where that does not pay, or the bounds lie outside the file."""
    end = bounds.offset + 2 * bounds.words
    if bounds.offset < 0 or not 0 < bounds.words <= _MOST_WORDS or end > source.total_bytes:
        return None
    most = min(int(bounds.words * _PAYS), MOST_DEFLATED_BYTES)
    high = _deflated((block[1::2] for block in _blocks(source, bounds.offset, end)), most)
    if high is None:
        return None
    return Split(bounds, high, _BOUNDS.size + source.total_bytes - bounds.words + len(high))


def write(source: Source, split: Split, sink: Callable[[bytes], object]) -> None:
    """Write a file split: its bounds, its head, the low plane plain, the high one deflated, the rest."""
    offset, words = split.bounds.offset, split.bounds.words
    end = offset + 2 * words
    sink(_BOUNDS.pack(offset, words, words, len(split.high)))
    for block in _blocks(source, 0, offset):
        sink(block)
    for block in _blocks(source, offset, end):
        sink(block[0::2])
    sink(split.high)
    for block in _blocks(source, end, source.total_bytes):
        sink(block)


def copy(source: Source, sink: Callable[[bytes], object]) -> None:
    """Write a file as it is."""
    for block in _blocks(source, 0, source.total_bytes):
        sink(block)


def split_words(head: bytes, data: bytes) -> bytes:
    """Give words that are at hand as coding 1 has them, both planes deflated where that pays, without a rest."""
    words = len(data) // 2
    planes = [data[0 : 2 * words : 2], data[1 : 2 * words : 2]]
    stored = [_deflated(iter([plane]), int(words * _PAYS), zlib.Z_DEFAULT_STRATEGY) or plane for plane in planes]
    return _BOUNDS.pack(len(head), words, len(stored[0]), len(stored[1])) + head + b"".join(stored)


def _blocks(source: Source, start: int, stop: int) -> Iterator[bytes]:
    for offset in range(start, stop, BLOCK_BYTES):
        yield source.read(offset, min(BLOCK_BYTES, stop - offset))


def _deflated(blocks: Iterator[bytes], most: int, strategy: int = zlib.Z_RLE) -> bytes | None:
    """Deflate; None where more than `most` bytes come of it. By runs alone: measured in docs/decisions/0042."""
    deflater = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS, _MEMORY, strategy)
    parts, length = [], 0
    for block in blocks:
        parts.append(deflater.compress(block))
        length += len(parts[-1])
        if length > most:
            return None
    parts.append(deflater.flush())
    return b"".join(parts) if length + len(parts[-1]) <= most else None
