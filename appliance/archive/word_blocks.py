"""Packs stored 16-bit words in blocks of 8 x 8, which take few bits and come apart fast.

Guards: what is written gives back the stored bytes whatever the bounds say,
for it is packed by arithmetic alone: nothing here believes that the words are
pixels, and a stride that is none of a picture's costs room only. Memory stays
at some strips and three bytes a block.

Source: docs/storage-format.md, "series stream", coding 1; docs/decisions/0152.
"""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from appliance.dicom.source import ByteSource, Source

BLOCK_BYTES = 1024 * 1024  # of a file that are looked at in one go, or one strip
SIDE = 8
_PAYS = 0.95  # of its own length, at most, that words may take packed
_BOUNDS = struct.Struct("<IIII")
_LEAST_FILLED = 16  # words of a block's 64: what is known of each block stays in memory, so there are few for the words
_MOST_WORDS = 2**30
_MOST_OFFSET = 0xFFFFFFFF
_MOST_STRIDE = 65535  # what Columns can say (PS3.5 6.2, US); colours wider than a third of it stay as they are
_MOST_BITS = 16
Words = NDArray[np.uint16]
Bits = NDArray[np.uint8]


@dataclass(frozen=True)
class Bounds:
    """Where the words of a file lie: `offset` in bytes from its beginning, how many there are and make a row."""

    offset: int
    words: int
    stride: int

    @property
    def end(self) -> int:
        """Give the first byte behind them."""
        return self.offset + 2 * self.words

    @property
    def blocks(self) -> int:
        """Give how many blocks they make."""
        return -(-self.stride // SIDE) * -(-self.words // (SIDE * self.stride))


@dataclass(frozen=True)
class Packed:
    """A file that is about to be written as coding 1.

    Attributes:
        bounds: Where its words lie.
        least: The least word of each block, uint16[blocks], in strips of eight rows from left to right.
        bits: How many bits of each word the rest takes, uint8[blocks], 0 to 16.
        length: Of the record, in bytes.
    """

    bounds: Bounds
    least: Words
    bits: Bits
    length: int


def prepare(source: Source, bounds: Bounds) -> Packed | None:
    """Look at a file's words; None where packing does not pay, or the bounds lie outside the file."""
    if not 0 <= bounds.offset <= _MOST_OFFSET or not 0 < bounds.stride <= min(bounds.words, _MOST_STRIDE):
        return None
    if bounds.words > _MOST_WORDS or bounds.end > source.total_bytes or _LEAST_FILLED * bounds.blocks > bounds.words:
        return None
    packed = _measured(source, bounds)
    return packed if _taken(packed.bits) <= 2 * _PAYS * bounds.words else None


def write(source: Source, packed: Packed, sink: Callable[[bytes], object]) -> None:
    """Write a file packed: its bounds, its head, what each block is, the blocks, the rest."""
    bounds = packed.bounds
    sink(_BOUNDS.pack(bounds.offset, bounds.words, bounds.stride, SIDE * int(packed.bits.sum(dtype=np.int64))))
    for block in _blocks(source, 0, bounds.offset):
        sink(block)
    sink(packed.least.tobytes())
    sink(packed.bits.tobytes())
    done = 0
    for grid in _grids(source, bounds):
        some = slice(done, done + len(grid))
        sink(_joined(grid, packed.least[some], packed.bits[some]))
        done += len(grid)
    for block in _blocks(source, bounds.end, source.total_bytes):
        sink(block)


def copy(source: Source, sink: Callable[[bytes], object]) -> None:
    """Write a file as it is."""
    for block in _blocks(source, 0, source.total_bytes):
        sink(block)


def pack_words(head: bytes, data: bytes, stride: int) -> bytes:
    """Give words that are at hand, at least one row of them, as coding 1 has them, without a rest."""
    source = ByteSource(head + data)
    parts: list[bytes] = []
    write(source, _measured(source, Bounds(len(head), len(data) // 2, stride)), parts.append)
    return b"".join(parts)


def _measured(source: Source, bounds: Bounds) -> Packed:
    least, bits = np.empty(bounds.blocks, "<u2"), np.empty(bounds.blocks, np.uint8)
    done = 0
    for grid in _grids(source, bounds):
        some = slice(done, done + len(grid))
        least[some], bits[some] = _ends(grid)
        done += len(grid)
    return Packed(bounds, least, bits, _BOUNDS.size + source.total_bytes - 2 * bounds.words + _taken(bits))


def _taken(bits: Bits) -> int:
    """Say how many bytes blocks take, with what is said of each."""
    return 3 * len(bits) + SIDE * int(bits.sum(dtype=np.int64))


def _blocks(source: Source, start: int, stop: int) -> Iterator[bytes]:
    for offset in range(start, stop, BLOCK_BYTES):
        yield source.read(offset, min(BLOCK_BYTES, stop - offset))


def _grids(source: Source, bounds: Bounds) -> Iterator[Words]:
    """Give some strips after the other: uint16[blocks, row in the block, column in it]; what lacks repeats the edge."""
    strip = 2 * SIDE * bounds.stride
    some = strip * max(1, BLOCK_BYTES // strip)
    for offset in range(bounds.offset, bounds.end, some):
        words = np.frombuffer(source.read(offset, min(some, bounds.end - offset)), "<u2")
        rows = np.pad(words, (0, -len(words) % bounds.stride), "edge").reshape(-1, bounds.stride)
        whole = np.pad(rows, ((0, -len(rows) % SIDE), (0, -bounds.stride % SIDE)), "edge")
        cells = whole.reshape(len(whole) // SIDE, SIDE, -1, SIDE).swapaxes(1, 2)
        yield np.ascontiguousarray(cells).reshape(-1, SIDE, SIDE)


def _ends(grid: Words) -> tuple[Words, Bits]:
    """Find each block's least word and its bits, signed or not, as takes fewer: sums go round at 65536 in any case."""
    flat = grid.reshape(len(grid), -1)
    low, span = _span(flat)
    signed_low, signed_span = _span(flat.view(np.int16))
    is_signed = signed_span < span
    bits = np.frexp(np.where(is_signed, signed_span, span).astype(np.float32))[1]
    return np.where(is_signed, signed_low.view(np.uint16), low), bits.astype(np.uint8)


def _span(flat: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.int32]]:
    low = flat.min(axis=1)
    return low, flat.max(axis=1).astype(np.int32) - low


def _joined(grid: Words, least: Words, bits: Bits) -> bytes:
    """Give what the words of blocks lie above their least, block after block."""
    starts = np.cumsum(bits, dtype=np.int64) - bits
    rows = np.zeros(int(bits.sum(dtype=np.int64)), "<u8")
    for width in range(1, _MOST_BITS + 1):
        which = np.flatnonzero(bits == width)
        if len(which):
            lanes = _lanes(grid[which] - least[which, None, None], width)
            rows[starts[which, None] + np.arange(width)] = lanes.reshape(len(which), -1).view("<u8")
    return rows.tobytes()


def _lanes(above: Words, width: int) -> Bits:
    """Write each column, eight values of `width` bits, as bytes, lowest bits first: uint8[blocks, width, column]."""
    lanes = np.zeros((len(above), width, SIDE), np.uint8)
    for byte in range(width):
        for row in range(8 * byte // width, (8 * byte + 7) // width + 1):
            shift = 8 * byte - row * width
            part = above[:, row] >> shift if shift >= 0 else above[:, row] << -shift
            lanes[:, byte] |= part.astype(np.uint8)
    return lanes
