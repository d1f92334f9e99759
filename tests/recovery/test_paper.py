"""A share's paper, in each language: whoever holds it can bring the box back from it alone."""

import re
import subprocess
from collections.abc import Sequence
from dataclasses import fields
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from appliance.keys.recovery_shares import make_kit, root_from_shares
from appliance.keys.secret import SecretKey
from appliance.notifications.words import LANGUAGES
from appliance.recovery.paper import Share, as_pdf, as_text
from appliance.recovery.paper_words import COMMAND, PAPER_WORDS

TARGETS = (
    "folder:/mnt/usb (disk in the safe)", "sftp:backup@nas.example:/enamel (cellar)", "rest:https://copy.example",
)  # fmt: skip
ROOT = SecretKey.new()


def paper(number: int, language: str, targets: Sequence[str] = TARGETS, holder: str = "Dra. Ana Ruiz") -> Share:
    words = KIT.shares[number - 1]
    at = datetime(2026, 11, 21, tzinfo=UTC)
    return Share(number, words, KIT.identifier, holder, "Clínica Ñandú", "ab" * 16, at, targets, language)


KIT = make_kit(ROOT)


def printed(pdf: bytes) -> str:
    """Give what a reader sees of a PDF; a form feed ends each page."""
    asked = subprocess.run(["pdftotext", "-layout", "-", "-"], input=pdf, capture_output=True, check=True)
    return asked.stdout.decode()


def words_in(text: str) -> str:
    """Give the 33 words that stand behind their numbers, in the order of these."""
    found = {
        int(number): word
        for number, word in pairwise(text.split())
        if number.isdigit() and int(number) <= 33 and re.fullmatch("[a-z]{4,}", word)
    }
    return " ".join(found[number] for number in range(1, 34))


def test_papers_speak_the_languages_of_the_pages() -> None:
    assert set(PAPER_WORDS) == set(LANGUAGES)
    english = PAPER_WORDS["en"]
    for language in set(LANGUAGES) - {"en"}:
        words = PAPER_WORDS[language]
        same = [field.name for field in fields(words) if getattr(words, field.name) == getattr(english, field.name)]
        assert same == []


@pytest.mark.peer("pdftotext")
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("holder", ["", "Dra. Ana Ruiz"])
@pytest.mark.parametrize("targets", [(), TARGETS])
def test_two_papers_of_any_language_bring_the_root_back(language: str, holder: str, targets: tuple[str, ...]) -> None:
    both = [paper(number, language, targets, holder) for number in (1, 3)]
    for read in ([as_text(one) for one in both], [printed(as_pdf(one)) for one in both]):
        assert root_from_shares([words_in(text) for text in read]) == ROOT
        for text in read:
            flat = " ".join(text.split())
            assert all(target in flat for target in (*targets, COMMAND, "Clínica Ñandú", "ab" * 16, "2026-11-21"))
            assert "{" not in text
    assert [printed(as_pdf(one)).count("\f") for one in both] == [1, 1]  # a share is one page
    assert all(len(line) <= 80 for one in both for line in as_text(one).splitlines())


def test_another_language_does_not_change_a_word_of_the_share() -> None:
    assert len({words_in(as_text(paper(2, language))) for language in LANGUAGES}) == 1
    assert len({as_text(paper(2, language)) for language in LANGUAGES}) == 3
