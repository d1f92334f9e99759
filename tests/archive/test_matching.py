"""Search values become exactly the matching they mean, or are refused."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.archive.matching import AnyOf, Between, Key, NumberIs, Pattern, Words, match_for
from appliance.errors import Unsuitable


@pytest.mark.parametrize("value", ["", " ", "*"])
@pytest.mark.parametrize("key", list(Key))
def test_an_empty_value_matches_everything(key: Key, value: str) -> None:
    assert match_for(key, value) is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("20200131", Between("20200131", "20200131")),
        ("20200101-20201231", Between("20200101", "20201231")),
        ("-20201231", Between("", "20201231")),
        ("20200101-", Between("20200101", "")),
        ("2020.01.31", Between("20200131", "20200131")),
    ],
)
def test_a_date_is_a_day_or_a_range(value: str, expected: Between) -> None:
    assert match_for(Key.STUDY_DATE, value) == expected


@pytest.mark.parametrize("value", ["2020", "-", "20200101-2021", "2020*", "20200101--", "２０２００１０１"])
def test_what_is_no_date_is_refused(value: str) -> None:
    with pytest.raises(Unsuitable):
        match_for(Key.STUDY_DATE, value)


def test_a_time_stands_for_all_that_it_leaves_out() -> None:
    assert match_for(Key.STUDY_TIME, "10-11") == Between("10", "119999.999999")


def test_uids_come_as_a_list_and_must_be_uids() -> None:
    assert match_for(Key.STUDY_INSTANCE_UID, "1.2,1.3\\1.2") == AnyOf(("1.2", "1.3"))
    for value in ("1.2.-", "../1", ",", "1." * 40 + "1"):
        with pytest.raises(Unsuitable):
            match_for(Key.SOP_INSTANCE_UID, value)


def test_a_name_is_folded_between_its_wildcards() -> None:
    assert match_for(Key.PATIENT_NAME, "MÜLLER^*") == Pattern("muller ", "", whole=False)
    assert match_for(Key.PATIENT_NAME, "*Ño?o*") == Pattern("", "*no?o*", whole=False)
    assert match_for(Key.PATIENT_NAME, "Doe^Jane") == Pattern("doe jane", "", whole=True)
    assert match_for(Key.PATIENT_NAME, "DOE JÄNE", fuzzy=True) == Words(("doe", "jane"))
    assert match_for(Key.PATIENT_NAME, '")(', fuzzy=True) == AnyOf(())


def test_an_identifier_is_compared_by_the_letter() -> None:
    assert match_for(Key.PATIENT_ID, "Ab-1") == AnyOf(("Ab-1",))
    assert match_for(Key.PATIENT_ID, "Ab*") == Pattern("Ab", "", whole=False)
    assert match_for(Key.ACCESSION_NUMBER, "a[b?") == Pattern("a[b", "a[[]b?", whole=False)


def test_a_number_is_a_number() -> None:
    assert match_for(Key.INSTANCE_NUMBER, "+007") == NumberIs(7)
    with pytest.raises(Unsuitable):
        match_for(Key.SERIES_NUMBER, "7a")


@given(st.sampled_from(list(Key)), st.text(max_size=300), st.booleans())
def test_whatever_is_asked_is_read_or_refused(key: Key, value: str, fuzzy: bool) -> None:
    with suppress(Unsuitable):
        match_for(key, value, fuzzy=fuzzy)
