"""A laboratory's names are its own, always the same, and say nothing."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.deidentify.pseudonyms import MOST_DAYS, Pseudonyms
from appliance.deidentify.remains import pattern_of
from appliance.identifiers import is_standard_uid
from appliance.keys.secret import SecretKey

KEY = SecretKey(bytes(range(32)))
NAMES = Pseudonyms(KEY, 7)


def test_the_same_patient_always_has_the_same_name_and_another_laboratory_another() -> None:
    assert NAMES.patient(3) == Pseudonyms(KEY, 7).patient(3)
    others = {Pseudonyms(KEY, 8).patient(3), Pseudonyms(SecretKey(bytes(32)), 7).patient(3), NAMES.patient(4)}
    assert NAMES.patient(3) not in others
    assert len(others) == 3
    assert re.fullmatch(r"P-[0-9A-HJKMNP-TV-Z]{10}", NAMES.patient(3))
    assert re.fullmatch(r"S-[0-9A-HJKMNP-TV-Z]{10}", NAMES.study(3))
    assert NAMES.patient(3)[2:] != NAMES.study(3)[2:]


@given(st.text(max_size=80))
def test_every_uid_becomes_a_standard_one_of_one_length(original: str) -> None:
    if not original or original.startswith("1.2.840.10008."):
        assert NAMES.uid(original) == original
    else:
        assert len(NAMES.uid(original)) == 44
        assert is_standard_uid(NAMES.uid(original))
        assert NAMES.uid(original) != Pseudonyms(KEY, 8).uid(original)


@given(st.integers(0, 2**62))
def test_dates_move_by_one_day_to_a_year(patient_key: int) -> None:
    assert 1 <= NAMES.shift_days(patient_key) <= MOST_DAYS


@pytest.mark.parametrize(
    ("known", "text", "found"),
    [
        ("Canaria^Zilda", b"LO zilda ", True),
        ("Canaria^Zilda", b"Zildane", False),
        ("CL-20418", b"x CL-20418 x", True),
        ("123", b"123", False),
        ("19810312", b" 19810312 ", True),
        ("山田^太郎", "様山田様".encode(), True),
        ("山田^太郎", "山田".encode("shift_jis"), True),
        ("Núñez", "NÚÑEZ".lower().encode("latin-1"), True),
    ],
)
def test_what_the_catalogue_knows_is_found_in_whatever_character_set(known: str, text: bytes, found: bool) -> None:
    pattern = pattern_of([known])
    assert (pattern is not None and pattern.search(text) is not None) is found


def test_nothing_known_is_nothing_to_look_for() -> None:
    assert pattern_of(["", "X", "12345"]) is None
