"""What a search asks: each key's value as the one kind of matching it means.

Wildcards and names are compared folded (case, accents, width, punctuation),
which PS3.4 leaves to the provider for names and which finds more, never less.

Source: DICOM PS3.4 C.2.2.2 (attribute matching), PS3.18 8.3.4.1.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from appliance.dicom.names import fold
from appliance.errors import Unsuitable
from appliance.identifiers import is_uid

MOST_UIDS = 500
LONGEST_VALUE = 256
PAGE_LIMIT = 1000
DEFAULT_LIMIT = 200
_DATE = re.compile(r"(\d{8})?(-)?(\d{8})?")
_TIME = re.compile(r"(\d{2,6}(?:\.\d{1,6})?)?(-)?(\d{2,6}(?:\.\d{1,6})?)?")


class Level(StrEnum):
    """What one result is."""

    STUDY = "study"
    SERIES = "series"
    INSTANCE = "instance"


class Key(StrEnum):
    """The attributes that a search may match, by keyword."""

    PATIENT_NAME = "PatientName"
    PATIENT_ID = "PatientID"
    ISSUER_OF_PATIENT_ID = "IssuerOfPatientID"
    PATIENT_BIRTH_DATE = "PatientBirthDate"
    PATIENT_SEX = "PatientSex"
    STUDY_DATE = "StudyDate"
    STUDY_TIME = "StudyTime"
    STUDY_ID = "StudyID"
    STUDY_DESCRIPTION = "StudyDescription"
    ACCESSION_NUMBER = "AccessionNumber"
    REFERRING_PHYSICIAN_NAME = "ReferringPhysicianName"
    MODALITIES_IN_STUDY = "ModalitiesInStudy"
    STUDY_INSTANCE_UID = "StudyInstanceUID"
    SERIES_INSTANCE_UID = "SeriesInstanceUID"
    MODALITY = "Modality"
    SERIES_NUMBER = "SeriesNumber"
    SERIES_DESCRIPTION = "SeriesDescription"
    BODY_PART_EXAMINED = "BodyPartExamined"
    MANUFACTURER = "Manufacturer"
    SOP_INSTANCE_UID = "SOPInstanceUID"
    SOP_CLASS_UID = "SOPClassUID"
    INSTANCE_NUMBER = "InstanceNumber"


SERIES_KEYS = frozenset(
    {
        Key.SERIES_INSTANCE_UID, Key.MODALITY, Key.SERIES_NUMBER, Key.SERIES_DESCRIPTION, Key.BODY_PART_EXAMINED,
        Key.MANUFACTURER,
    }
)  # fmt: skip
INSTANCE_KEYS = frozenset({Key.SOP_INSTANCE_UID, Key.SOP_CLASS_UID, Key.INSTANCE_NUMBER})
_UID_KEYS = frozenset({Key.STUDY_INSTANCE_UID, Key.SERIES_INSTANCE_UID, Key.SOP_INSTANCE_UID, Key.SOP_CLASS_UID})
_NUMBER_KEYS = frozenset({Key.SERIES_NUMBER, Key.INSTANCE_NUMBER})


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Equal to one of these, by the letter."""

    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NumberIs:
    """Equal to this number."""

    value: int


@dataclass(frozen=True, slots=True)
class Between:
    """Within these bounds, both included; an empty one is open. Text of equal form, so text order holds."""

    low: str
    high: str


@dataclass(frozen=True, slots=True)
class Pattern:
    """A text, literal up to its first wildcard; folded where the key is the patient's name.

    Args:
        prefix: What every match begins with.
        glob: SQLite's GLOB pattern, or "" when the prefix says it all.
        whole: Nothing may follow the prefix.
    """

    prefix: str
    glob: str
    whole: bool


@dataclass(frozen=True, slots=True)
class Words:
    """Fuzzy name matching: every word begins a word of the name."""

    words: tuple[str, ...]


Match = AnyOf | NumberIs | Between | Pattern | Words


@dataclass(frozen=True, slots=True)
class Search:
    """One search: what a result is, what it must match, and which page of results."""

    level: Level
    matches: Mapping[Key, Match] = field(default_factory=dict)
    limit: int = DEFAULT_LIMIT
    offset: int = 0


def match_for(key: Key, value: str, *, fuzzy: bool = False) -> Match | None:
    """Read a key's value; an empty one matches everything and gives None.

    Raises:
        Unsuitable: The value cannot be one of this key.
    """
    value = value.strip()
    if len(value) > LONGEST_VALUE and key not in _UID_KEYS:
        raise Unsuitable(f"the value of {key} is too long")
    if value in ("", "*"):
        return None
    if key in _UID_KEYS:
        return _uids(key, value)
    if key in _NUMBER_KEYS:
        return _number(key, value)
    return _text_match(key, value, fuzzy=fuzzy)


def _text_match(key: Key, value: str, *, fuzzy: bool) -> Match | None:
    if key in (Key.STUDY_DATE, Key.PATIENT_BIRTH_DATE):
        return _between(key, value.replace(".", ""), _DATE)
    if key is Key.STUDY_TIME:
        return _between(key, value.replace(":", ""), _TIME, "999999.999999")
    if key is Key.PATIENT_NAME and fuzzy:
        words = tuple(re.findall(r"[^\W_]+", fold(value)))
        return Words(words) if words else AnyOf(())  # nothing that could be a name: no name is it
    if key is Key.PATIENT_NAME:
        return _pattern(value, folded=True)
    return _pattern(value, folded=False) if "*" in value or "?" in value else AnyOf(tuple(value.split("\\")))


def _uids(key: Key, value: str) -> AnyOf:
    uids = tuple(dict.fromkeys(part.strip() for part in re.split(r"[,\\]", value) if part.strip()))
    if not uids or len(uids) > MOST_UIDS or not all(map(is_uid, uids)):
        raise Unsuitable(f"{key} takes a list of UIDs")
    return AnyOf(uids)


def _number(key: Key, value: str) -> NumberIs:
    if not re.fullmatch(r"[+-]?\d{1,12}", value, re.ASCII):
        raise Unsuitable(f"{key} takes a number")
    return NumberIs(int(value))


def _between(key: Key, value: str, form: re.Pattern[str], last: str = "") -> Between:
    found = form.fullmatch(value)
    if not found or not value.isascii() or not (found.group(1) or found.group(3)):
        raise Unsuitable(f"{key} takes a value or a range")
    low, dash, high = found.group(1) or "", found.group(2), found.group(3) or ""
    if not dash:
        low, high = low or high, low or high
    if last and high:
        high += last[len(high) :]  # a time stands for all that it leaves out
    return Between(low, high)


def _pattern(value: str, *, folded: bool) -> Pattern | None:
    """Keep the wildcards, and fold between them where the column is folded."""
    parts = [part for part in re.split(r"([*?])", value) if part]
    pieces = [part if part in ("*", "?") or not folded else _fold_inside(parts, at) for at, part in enumerate(parts)]
    literal = pieces[0] if pieces[0] not in ("*", "?") else ""
    if all(piece in ("*", "") for piece in pieces):
        return None
    if len(pieces) == 1:
        return Pattern(literal, "", whole=True)
    if pieces[1:] == ["*"]:
        return Pattern(literal, "", whole=False)
    return Pattern(literal, "".join(_glob(piece) for piece in pieces), whole=False)


def _fold_inside(parts: list[str], at: int) -> str:
    """Fold a piece, keeping the word break that stands next to a wildcard."""
    bare = fold(parts[at])
    before = " " if at and not fold(parts[at][0]) else ""
    after = " " if at + 1 < len(parts) and not fold(parts[at][-1]) else ""
    return before + bare + after if bare else before or after


def _glob(piece: str) -> str:
    return piece if piece in ("*", "?") else re.sub(r"([*?\[])", r"[\1]", piece)
