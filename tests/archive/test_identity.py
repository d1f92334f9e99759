"""Two people are never taken for one; one person written twice is recognised."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.archive.identity import (
    compatible,
    completed,
    find_person,
    find_subject,
    same_person,
    same_subject,
    usable_patient_id,
)
from appliance.dicom.facts import PatientFacts

JOSE = PatientFacts("P-1", "", "Núñez^José^Ángel", "19700102", "M")


@pytest.mark.parametrize(
    "changes",
    [
        {"patient_name": "NUNEZ^JOSE^ANGEL"}, {"patient_name": "Núñez^José^Ángel^^"},
        {"patient_name": " núñez ^José Ángel"},
        {"patient_name": "José^Núñez^Ángel"}, {"patient_name": "José Ángel Núñez"},
        {"patient_name": "Ｎúñez^José^Ángel"},
        {"patient_name": "Nu\u0301n\u0303ez^Jose\u0301^A\u0301ngel"}, {"patient_name": "Núñez^José^Ángel=努涅斯^何塞"},
        {"patient_id": " p-1 "}, {"patient_birth_date": "1970.01.02"}, {"patient_sex": "m"},
        {"issuer_of_patient_id": "CLINIC"},
    ],
)  # fmt: skip
def test_one_person_written_otherwise_is_one_person(changes: dict[str, str]) -> None:
    other = replace(JOSE, **changes)
    assert same_person(JOSE, other)
    assert same_person(other, JOSE)
    assert same_subject(JOSE, other)


@pytest.mark.parametrize(
    "changes",
    [
        {"patient_name": "Núñez^María"}, {"patient_name": "Núñez^José"}, {"patient_name": ""},
        {"patient_birth_date": "19700103"}, {"patient_birth_date": ""}, {"patient_sex": "F"}, {"patient_sex": ""},
        {"patient_id": "P-2"}, {"patient_id": ""}, {"patient_id": "0"},
    ],
)  # fmt: skip
def test_whatever_differs_keeps_people_apart(changes: dict[str, str]) -> None:
    other = replace(JOSE, **changes)
    assert not same_person(JOSE, other)
    assert not same_person(other, JOSE)


def test_two_issuers_may_give_one_number_to_two_people() -> None:
    assert not same_person(replace(JOSE, issuer_of_patient_id="A"), replace(JOSE, issuer_of_patient_id="B"))


@pytest.mark.parametrize("nobody", ["", "0", "000", " 0 ", "-", "0-0", "０"])
def test_an_id_that_names_nobody_joins_nothing(nobody: str) -> None:
    assert usable_patient_id(nobody) == ""
    assert not same_person(replace(JOSE, patient_id=nobody), replace(JOSE, patient_id=nobody))


def test_an_id_alone_joins_nothing() -> None:
    bare = PatientFacts("P-1", "", "", "", "")
    assert not same_person(bare, bare)
    assert same_subject(bare, bare)


@given(st.builds(PatientFacts, *[st.text(max_size=6)] * 5), st.builds(PatientFacts, *[st.text(max_size=6)] * 5))
def test_matching_does_not_depend_on_the_order(one: PatientFacts, other: PatientFacts) -> None:
    assert same_person(one, other) == same_person(other, one)
    assert same_subject(one, other) == same_subject(other, one)


@pytest.mark.parametrize(
    "changes",
    [
        {"patient_sex": ""}, {"patient_birth_date": ""}, {"patient_birth_date": "", "patient_sex": ""},
        {"patient_sex": "", "patient_name": "NUNEZ^JOSE^ANGEL"}, {"patient_birth_date": "?", "patient_id": "p-1"},
    ],
)  # fmt: skip
def test_what_one_scanner_leaves_out_keeps_nobody_apart(changes: dict[str, str]) -> None:
    other = replace(JOSE, **changes)
    assert find_person([(1, replace(JOSE, patient_name="Ñandú")), (2, JOSE)], other) == 2
    assert find_person([(2, other)], JOSE) == 2
    assert find_subject([(2, other)], JOSE) == 2
    assert completed(other, JOSE).patient_birth_date == JOSE.patient_birth_date
    assert completed(other, JOSE).patient_sex == JOSE.patient_sex


@pytest.mark.parametrize(
    "changes",
    [
        {"patient_birth_date": "19700103"}, {"patient_birth_date": "00000000"}, {"patient_name": "Núñez^María"},
        {"patient_name": "Núñez^José^Ángel=努涅斯^何塞"}, {"patient_name": ""}, {"patient_id": "0"},
        {"patient_id": "P-2"}, {"issuer_of_patient_id": "CLINIC"},
    ],
)  # fmt: skip
def test_what_is_left_out_excuses_nothing_that_differs(changes: dict[str, str]) -> None:
    other = replace(JOSE, patient_sex="", **changes)
    assert find_person([(1, JOSE)], other) is None
    assert find_person([(1, other)], JOSE) is None


@pytest.mark.parametrize("name", ["Anonymous", "TEST^PATIENT", "No^Name", "unknown"])
def test_a_name_that_is_nobodys_joins_nothing_that_is_left_out(name: str) -> None:
    held = replace(JOSE, patient_name=name)
    assert find_person([(1, held)], replace(held, patient_birth_date="")) is None


def test_of_two_who_could_be_meant_neither_is() -> None:
    """A father and a son of one name under the family's number: a scan without a birth date is nobody's yet."""
    father, son = JOSE, replace(JOSE, patient_birth_date="20000304")
    unsaid = replace(JOSE, patient_birth_date="")
    assert find_person([(1, father), (2, son)], unsaid) is None
    assert find_subject([(1, father), (2, son)], unsaid) is None
    assert find_person([(1, father), (2, son), (3, unsaid)], unsaid) == 3
    assert find_person([(1, father), (2, replace(son, patient_sex="F"))], replace(unsaid, patient_sex="F")) == 2


MIXED = st.builds(
    PatientFacts, st.sampled_from(["P-1", "p-1 ", "P-2", "0"]), st.sampled_from(["", "A", "B"]),
    st.sampled_from(["Smith^John", "SMITH^JOHN", "Smith^Joan", "Test", "", "Smith^John=山田"]),
    st.sampled_from(["", "19700102", "1970.01.02", "20000304", "?"]), st.sampled_from(["", "M", "m", "F", "O"]),
)  # fmt: skip


@given(st.lists(MIXED, max_size=12))
def test_no_two_who_say_different_things_are_ever_joined(arrivals: list[PatientFacts]) -> None:
    """Not in any order, and not through a third one that says less."""
    held: list[tuple[int, PatientFacts]] = []
    members: dict[int, list[PatientFacts]] = {}
    for arrival in arrivals:
        found = find_person(held, arrival)
        key = len(held) if found is None else found
        held = [(k, completed(one, arrival) if k == key else one) for k, one in held]
        held += [(key, arrival)] if found is None else []
        members.setdefault(key, []).append(arrival)
    for joined in members.values():
        for told in ("patient_birth_date", "patient_sex"):
            values = {"".join(filter(str.isalnum, getattr(one, told))).upper() for one in joined} - {""}
            assert len(values) < 2
        assert len({one.patient_name.upper().split("=")[0] for one in joined}) == 1


@given(MIXED, MIXED)
def test_who_is_compatible_does_not_depend_on_the_order(one: PatientFacts, other: PatientFacts) -> None:
    assert compatible(one, other) == compatible(other, one)
