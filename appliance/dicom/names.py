"""Folds names so that the same person, written differently, compares and sorts the same.

Folding loses information on purpose and is only for matching and searching;
what is shown is always the name as it was sent.

Source: DICOM PS3.5 6.2.1 (person names: groups by '=', components by '^').
"""

import re
import unicodedata

_SEPARATORS = re.compile(r"[\s^=,.;'’`´\-_/\\]+")
_SPECIAL = str.maketrans({"ß": "ss", "ø": "o", "đ": "d", "ł": "l", "æ": "ae", "œ": "oe", "ð": "d", "þ": "th", "ı": "i"})


def fold(text: str) -> str:
    """Give text without case, accents, width and punctuation, its words parted by single spaces."""
    wide = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    bare = "".join(character for character in wide if not unicodedata.combining(character))
    return _SEPARATORS.sub(" ", bare.translate(_SPECIAL)).strip()


def fold_name(person_name: str) -> str:
    """Give every group of a person name folded, for search."""
    return fold(person_name)


def identity_of(person_name: str) -> tuple[str, ...]:
    """Give a name as matching compares it: the first group that says anything, its words sorted.

    Order and empty components do not matter, for consoles disagree on both.
    """
    groups = [fold(group) for group in person_name.split("=")]
    first = next((group for group in groups if group), "")
    return tuple(sorted(first.split()))


def same_person_name(one: str, other: str) -> bool:
    """Say whether two names can be one name written twice.

    The alphabetic groups are compared; when only one has such a group, any
    group in common will do. An empty name is the same as no other.
    """
    first, second = _groups(one), _groups(other)
    if not first or not second:
        return False
    if 0 in first and 0 in second:
        return first[0] == second[0]
    return bool(set(first.values()) & set(second.values()))


def same_name_throughout(one: str, other: str) -> bool:
    """Say whether two names have the same groups, and each is the same; an empty name is the same as no other."""
    first = _groups(one)
    return bool(first) and first == _groups(other)


def _groups(person_name: str) -> dict[int, tuple[str, ...]]:
    folded = {at: tuple(sorted(fold(group).split())) for at, group in enumerate(person_name.split("=")[:3])}
    return {at: words for at, words in folded.items() if words}
