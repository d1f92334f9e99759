"""What is asked of a copy without its patient, and what such a copy is.

A UID of the recipient's own is put in by whoever holds the key. Until then a mark stands in its place: `2.25.`, a nonce
and the number of the UID, as long as every UID that is put in, so that no length changes.
"""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

Blanks = tuple[tuple[int, int], ...]  # offset and length in the original's plaintext, in order, apart
UID_ROOT = "2.25."  # PS3.5 B.2
NONCE_DIGITS, NUMBER_DIGITS = 31, 8  # 39 digits in all: those of a number of 128 bits from 10^38 on


@dataclass(frozen=True, slots=True)
class Wish:
    """What the copy is made for.

    Attributes:
        pseudonym: Stands as name and as id.
        shift_days: How far dates are moved back.
        nonce: Digits that no dataset can hold by chance; a UID's mark begins with them.
    """

    pseudonym: str
    shift_days: int
    nonce: str


@dataclass(frozen=True, slots=True)
class Copy:
    """A dataset without its patient.

    Attributes:
        dataset: Its bytes up to its pixels, with marks in place of UIDs.
        pixel_offset: Where the pixels lie in the original's plaintext.
        pixel_bytes: How long they are, with all that closes them.
        uids: The UIDs that the marks stand for, by number.
        blanks: Which of these bytes are no picture: the copy has zeros there.
    """

    dataset: bytes
    pixel_offset: int
    pixel_bytes: int
    uids: tuple[str, ...]
    blanks: Blanks = ()


def blanked(data: bytes, offset: int, blanks: Blanks) -> bytes:
    """Give bytes of the original as a copy has them.

    Args:
        data: What lies there in the original.
        offset: Where.
        blanks: Of the copy.
    """
    copy = bytearray(data)
    for first, last in blanks_within(blanks, offset, offset + len(data)):
        copy[first - offset : last - offset] = bytes(last - first)
    return bytes(copy)


def blanks_within(blanks: Blanks, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Give begin and end of each blank between two places, cut there."""
    for offset, length in islice(blanks, bisect_right(blanks, start, key=sum), None):
        if offset >= end:
            break
        yield max(start, offset), min(end, offset + length)
