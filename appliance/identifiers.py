"""Identifiers that become types once, at the door."""

import re
import secrets
from dataclasses import dataclass
from typing import Self

from appliance.errors import Unsuitable

IDENTIFIER_BYTES = 16
_AE_TITLE = re.compile(r"[\x20-\x5b\x5d-\x7e]{1,16}")  # PS3.5 6.2: no backslash, no control character
_UID = re.compile(r"[0-9A-Za-z]+(\.[0-9A-Za-z]+)*")
_STANDARD_UID = re.compile(r"(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*))*")


@dataclass(frozen=True, slots=True, order=True)
class _RandomId:
    value: bytes

    def __post_init__(self) -> None:
        if len(self.value) != IDENTIFIER_BYTES:
            raise Unsuitable("an identifier has 16 bytes")

    @classmethod
    def new(cls) -> Self:
        """Draw 128 random bits."""
        return cls(secrets.token_bytes(IDENTIFIER_BYTES))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read 32 lower-case hexadecimal digits.

        Raises:
            Unsuitable: It is anything else.
        """
        if not re.fullmatch(r"[0-9a-f]{32}", text):
            raise Unsuitable("an identifier is 32 lower-case hexadecimal digits")
        return cls(bytes.fromhex(text))

    def __str__(self) -> str:
        return self.value.hex()


class FileId(_RandomId):
    """Names one stored file, from creation to erasure."""


class AssociationId(_RandomId):
    """Names one DICOM association that the receiver accepted."""


class BoxId(_RandomId):
    """Names one Enamel, so that nothing sealed for it opens elsewhere."""


@dataclass(frozen=True, slots=True)
class AETitle:
    """An application entity title, without its padding.

    Source: DICOM PS3.5 6.2 (AE), PS3.8 9.3.2.
    """

    value: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Strip the padding and check the characters.

        Raises:
            Unsuitable: Empty, longer than 16, or with a character an AE title may not have.
        """
        stripped = text.strip(" ")
        if not _AE_TITLE.fullmatch(stripped):
            raise Unsuitable("an AE title has 1 to 16 printable characters and no backslash")
        return cls(stripped)

    def matches(self, other: Self) -> bool:
        """Compare as consoles do: without regard to case."""
        return self.value.casefold() == other.value.casefold()

    def __str__(self) -> str:
        return self.value


def is_uid(text: str) -> bool:
    """Say whether `text` can be taken as a UID: at most 64 characters, letters and digits in parts between dots.

    Leading zeros and letters are tolerated, for scanners send them; nothing
    that means something in a path, a URL or a query is.

    Source: DICOM PS3.5 9.1 and annex B.
    """
    return len(text) <= 64 and _UID.fullmatch(text) is not None


def is_standard_uid(text: str) -> bool:
    """Say whether `text` is a UID by the letter of the standard.

    Source: DICOM PS3.5 9.1: digits only, no leading zero, at most 64 characters.
    """
    return len(text) <= 64 and _STANDARD_UID.fullmatch(text) is not None
