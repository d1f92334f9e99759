"""Text as a drawing needs it: Arabic letters joined, one plain line, and the script that a character belongs to.

Leaves out: scripts whose letters change places when they are joined (those of India and further
South-East Asia): each letter is drawn, but not as a reader of them would write it.
"""

import unicodedata
from collections.abc import Mapping
from enum import StrEnum
from functools import cache

_PRESENTATION_FORMS = range(0xFE80, 0xFEFD)  # Unicode, Arabic Presentation Forms-B: one code for each form of a letter
_ALEFS = {"آ": "ﻵ", "أ": "ﻷ", "إ": "ﻹ", "ا": "ﻻ"}  # after a lam: one sign, alone; the next code is its final form
_LAM = "ل"
_TATWEEL = "ـ"


class Form(StrEnum):
    """The forms of a joined letter, as Unicode's decompositions call them."""

    ISOLATED = "<isolated>"
    FINAL = "<final>"
    INITIAL = "<initial>"
    MEDIAL = "<medial>"


def plain(text: str) -> str:
    """Give text composed, without control characters, each run of blanks one blank."""
    composed = unicodedata.normalize("NFC", text)
    return " ".join("".join(" " if unicodedata.category(one) == "Cc" else one for one in composed).split())


def script_of(character: str) -> str:
    """Give the word that a character's Unicode name begins with: LATIN, CJK, HIRAGANA, HEBREW; '' for one without."""
    return unicodedata.name(character, "").partition(" ")[0]


def is_right_to_left(text: str) -> bool:
    """Say whether any letter of it is written from right to left."""
    return any(unicodedata.bidirectional(one) in {"R", "AL"} for one in text)


def joined(text: str) -> str:
    """Give Arabic letters the forms that their neighbours ask for; any other text as it is.

    Source: Unicode 15, 9.2 (Arabic, cursive joining).
    """
    letters = _ligatures(text)
    visible = [one for one in letters if not unicodedata.combining(one[0])]
    shaped, place = [], 0
    for one in letters:
        if unicodedata.combining(one[0]):
            shaped.append(one)
            continue
        before = visible[place - 1] if place else ""
        after = visible[place + 1] if place + 1 < len(visible) else ""
        shaped.append(_shape(before, one, after))
        place += 1
    return "".join(shaped)


def _ligatures(text: str) -> list[str]:
    """Cut text into letters; a lam and an alef after it are one."""
    letters: list[str] = []
    for one in text:
        if letters and letters[-1] == _LAM and one in _ALEFS:
            letters[-1] = _LAM + one
        else:
            letters.append(one)
    return letters


def _shape(before: str, letter: str, after: str) -> str:
    from_before, to_after = (
        _joins_after(before) and _joins_before(letter),
        _joins_after(letter) and _joins_before(after),
    )
    if len(letter) == 2:
        alone = _ALEFS[letter[1]]
        return chr(ord(alone) + 1) if from_before else alone
    forms = _forms().get(letter)
    if forms is None:
        return letter
    beside = (Form.FINAL, Form.MEDIAL) if from_before else (Form.ISOLATED, Form.INITIAL)
    wanted = beside[to_after]
    return forms.get(wanted, letter)


def _joins_after(letter: str) -> bool:
    """Say whether a letter reaches the one after it."""
    return letter == _TATWEEL or Form.INITIAL in _forms().get(letter, {})


def _joins_before(letter: str) -> bool:
    """Say whether a letter reaches the one before it."""
    return letter == _TATWEEL or len(letter) == 2 or Form.FINAL in _forms().get(letter, {})


@cache
def _forms() -> Mapping[str, Mapping[Form, str]]:
    """Give the forms of each Arabic letter, as Unicode's own table has them."""
    found: dict[str, dict[Form, str]] = {}
    for code in _PRESENTATION_FORMS:
        kind, *letters = unicodedata.decomposition(chr(code)).split()
        if len(letters) == 1:
            found.setdefault(chr(int(letters[0], 16)), {})[Form(kind)] = chr(code)
    return found
