"""Who is named in a dataset, so that the same words are found where nobody expects them.

A second net behind the table: a technician may have typed the name into any text. Whatever text of the copy has one of
these words is emptied.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from appliance.dicom.elements import Elements
from appliance.dicom.names import fold
from appliance.dicom.text import CharacterSet

LEAST_LETTERS = 3  # of a word that counts; "de" and "da" are in every text
LEAST_SIGNS = 2  # of a word in another script
_NUMBERS = frozenset({
    0x00100020, 0x00100030, 0x00101000, 0x00101001, 0x00080050, 0x00200010, 0x00380010, 0x00102154, 0x00101040,
    0x00102160,
})  # fmt: skip  # identifiers, dates and addresses that tell who it is


@dataclass(frozen=True, slots=True)
class People:
    """The words of all names and numbers of people in a dataset, folded."""

    words: frozenset[str]

    @classmethod
    def of(cls, elements: Elements, characters: CharacterSet) -> "People":
        """Gather them from all levels."""
        return cls(frozenset(word for word in _words(elements, characters) if _counts(word)))

    def are_told_in(self, text: str) -> bool:
        """Say whether a text has one of the words; in scripts without spaces, anywhere."""
        folded = fold(text)
        spaceless = any(word in folded for word in self.words if not word.isascii())
        return spaceless or not self.words.isdisjoint(folded.split())


def _counts(word: str) -> bool:
    return len(word) >= (LEAST_LETTERS if word.isascii() else LEAST_SIGNS)


def _words(elements: Elements, characters: CharacterSet) -> Iterator[str]:
    for tag, element in elements.items():
        if element.items is not None:
            for item in element.items:
                yield from _words(item, characters)
        elif element.value and (element.vr == "PN" or tag in _NUMBERS):
            yield from fold(characters.decode(element.value.rstrip(b" \0"))[0]).split()
