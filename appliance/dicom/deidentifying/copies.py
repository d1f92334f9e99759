"""What is asked of a copy without its patient, and what such a copy is.

A UID of the recipient's own is put in by whoever holds the key. Until then a mark stands in its place: `2.25.`, a nonce
and the number of the UID, as long as every UID that is put in, so that no length changes.
"""

from dataclasses import dataclass

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
        pixel_offset: Where the pixels, unchanged, lie in the original's plaintext.
        pixel_bytes: How long they are, with all that closes them.
        uids: The UIDs that the marks stand for, by number.
    """

    dataset: bytes
    pixel_offset: int
    pixel_bytes: int
    uids: tuple[str, ...]
