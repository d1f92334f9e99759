"""Byte ranges of a body whose parts and whole length are known.

A body is a row of pieces: literal bytes, a stretch of a stored instance, or
bytes that depend on what was read before them.
Cutting it touches no stored byte, so a range costs only what it sends.

Source: RFC 9110 14 (one range is served; several are answered whole).
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from appliance.archive.located import Readable
from appliance.dicom.deidentifying.copies import Blanks, blanks_within

_ONE_RANGE = re.compile(r"\s*bytes\s*=\s*(\d{0,19})\s*-\s*(\d{0,19})\s*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Some bytes of the plaintext of a stored instance, or of a pack."""

    located: Readable
    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class Late:
    """Bytes that are made once all pieces before them were read."""

    length: int
    make: Callable[[], bytes]


Piece = bytes | Stretch | Late


def length_of(piece: Piece) -> int:
    """Give a piece's length in bytes."""
    return len(piece) if isinstance(piece, bytes) else piece.length


def total(pieces: Iterable[Piece]) -> int:
    """Give the body's length in bytes."""
    return sum(map(length_of, pieces))


class Unsatisfiable(Exception):
    """The range begins past the end: 416."""


def parse_range(header: str, total_bytes: int) -> tuple[int, int] | None:
    """Read one byte range as (start, stop), stop exclusive; None serves the whole.

    Raises:
        Unsatisfiable: The range lies outside the body.
    """
    found = _ONE_RANGE.fullmatch(header)
    if not found or found.groups() == ("", ""):
        return None
    first, last = found.groups()
    if not first:
        if int(last) == 0 or total_bytes == 0:
            raise Unsatisfiable
        return max(0, total_bytes - int(last)), total_bytes
    start = int(first)
    stop = min(total_bytes, int(last) + 1) if last else total_bytes
    if last and int(last) < start:
        return None  # RFC 9110 14.1.1: an invalid range is ignored
    if start >= total_bytes:
        raise Unsatisfiable
    return start, stop


def cut(pieces: Sequence[Piece], start: int, stop: int) -> Iterator[Piece]:
    """Give the pieces of the body's bytes from `start` to before `stop`."""
    position = 0
    for piece in pieces:
        end = position + length_of(piece)
        if end > start and position < stop:
            yield _part(piece, max(0, start - position), min(end, stop) - position)
        position = end


def without(pieces: Sequence[Piece], blanks: Blanks) -> list[Piece]:
    """Give zeros in place of those bytes of stored instances that are blanks."""
    return [part for piece in pieces for part in (_without(piece, blanks) if isinstance(piece, Stretch) else [piece])]


def _without(stretch: Stretch, blanks: Blanks) -> Iterator[Piece]:
    at, end = stretch.offset, stretch.offset + stretch.length
    for first, last in blanks_within(blanks, at, end):
        if at < first:
            yield replace(stretch, offset=at, length=first - at)
        yield bytes(last - first)
        at = last
    if at < end:
        yield replace(stretch, offset=at, length=end - at)


def _part(piece: Piece, begin: int, end: int) -> Piece:
    if isinstance(piece, Stretch):
        return replace(piece, offset=piece.offset + begin, length=end - begin)
    if isinstance(piece, Late):
        make = piece.make
        return Late(end - begin, lambda: make()[begin:end])
    return piece[begin:end]
