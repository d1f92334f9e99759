"""Looks for what the catalogue knows of a patient in what is about to be given: the last net.

Guards: whatever the rules, the words of a dataset and the child that wrote the copy missed, a copy in which a name, a
number or a birth date of the catalogue stands as such is not given. Leaves out: short words and short numbers, which
are in every header by chance.
"""

import re
from collections.abc import Iterable

_PARTS = re.compile(r"[\s^=,.]+")
_CODECS = (
    "utf-8", "latin-1", "iso8859-2", "iso8859-5", "iso8859-6", "iso8859-7", "gb18030", "shift_jis", "iso2022_jp",
    "euc_kr",
)  # fmt: skip
LEAST_LETTERS, LEAST_DIGITS, LEAST_SIGNS = 4, 6, 2  # signs: of scripts other than Latin


def pattern_of(known: Iterable[str]) -> re.Pattern[bytes] | None:
    """Give what finds any of these values, whatever its case; None where there is nothing to look for."""
    words = {word for value in known for word in (value.strip(), *_PARTS.split(value)) if _counts(word)}
    forms = {form for word in words for form in _forms(word)}
    if not forms:
        return None
    either = b"|".join(re.escape(form) for form in sorted(forms, key=len, reverse=True))
    return re.compile(rb"(?<![A-Za-z0-9])(?:" + either + rb")(?![A-Za-z0-9])", re.IGNORECASE)


def _counts(word: str) -> bool:
    if not word.isascii():
        return len(word) >= LEAST_SIGNS
    return len(word) >= (LEAST_DIGITS if word.isdigit() else LEAST_LETTERS)


def _forms(word: str) -> set[bytes]:
    """Give a word as the usual character sets write it; a set that cannot write all of it writes none of it."""
    forms = set()
    for codec in _CODECS:
        try:
            forms.add(word.encode(codec))
        except UnicodeEncodeError:
            continue
    return forms
