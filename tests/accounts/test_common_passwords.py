"""The list of common passwords is what its source makes it, and refuses the top 3,000 of each length asked for."""

import subprocess

import pytest

from appliance.accounts.errors import PasswordTooWeak
from appliance.accounts.password_rules import MINIMUM_ALONE, PasswordPolicy, Rule, check_password
from tools.common_passwords import LEAKED, LENGTHS, LIST, OURS, leaked, list_of, most_common

ASKED = 3000


@pytest.fixture(scope="module")
def words() -> list[str]:
    """Give the leaked passwords, fetched where nobody has yet."""
    if not LEAKED.exists():
        subprocess.run(["npm", "ci", "--ignore-scripts"], cwd=LEAKED.parents[3], check=True, capture_output=True)
    return leaked()


def ours() -> list[str]:
    return OURS.read_text(encoding="utf-8").split()


def rule_against(password: str, characters: int) -> Rule | None:
    """Say by which rule a password is refused, where the clinic asks for so many characters."""
    try:
        check_password(password, second_factor=characters < MINIMUM_ALONE, policy=PasswordPolicy(characters=characters))
    except PasswordTooWeak as fault:
        return Rule(fault.rule)
    return None


@pytest.mark.peer("npm")
def test_the_list_is_made_of_its_source_and_of_nothing_else(words: list[str]) -> None:
    assert LIST.read_text(encoding="utf-8") == list_of(words, ours()), "python -m tools.common_passwords makes it anew"


@pytest.mark.peer("npm")
@pytest.mark.parametrize("characters", LENGTHS)
def test_the_3000_most_common_of_each_length_that_may_be_asked_for_are_refused(
    words: list[str], characters: int
) -> None:
    first = most_common(words, characters, ASKED)
    assert len(first) == ASKED
    assert {rule_against(word, characters) for word in first} <= {Rule.COMMON, Rule.REPETITIVE}


def test_the_words_of_clinics_and_their_languages_are_refused() -> None:
    whole = [word if len(word) >= LENGTHS[0] else f"{word}2026!" for word in ours()]
    assert {rule_against(word, LENGTHS[0]) for word in whole} <= {Rule.COMMON, Rule.REPETITIVE}
    assert rule_against("Odontología2026", 8) is Rule.COMMON


@pytest.mark.parametrize(
    "password",
    [
        "clinica2026", "Clinica.2026", "monkey123456", "dragon2024!!", "Dental#2026", "Enero2026", "setembro-2026",
        "Verano2026!", "qwerty!!2026", "colocolo1925", "Flamengo2019", "C@mila2026", "luna20262026", "pr1ncesa2026",
    ],
)  # fmt: skip
def test_a_word_that_people_build_passwords_on_with_digits_and_signs_behind_it_is_refused(password: str) -> None:
    assert rule_against(password, 8) is Rule.COMMON


@pytest.mark.parametrize(
    "password",
    [
        "monkey dragon clinica", "verano en la playa", "seven dental monkeys", "enero luna tigre 2026",
        "clinicamonkeydragon", "luna-verde-tren-91",
    ],
)  # fmt: skip
def test_a_passphrase_of_several_such_words_is_allowed(password: str) -> None:
    assert rule_against(password, 8) is None


@pytest.mark.parametrize(
    "password", ["seven green kettles", "kR9#vv2!q", "pájaro túnel 91", "12345678!?", "\n\n\n\nx9Zq"]
)
def test_what_is_only_part_of_a_line_or_two_lines_is_not_on_the_list(password: str) -> None:
    assert rule_against(password, 8) is None
