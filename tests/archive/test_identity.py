"""Two people are never taken for one; one person written twice is recognised."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.archive.identity import same_person, same_subject, usable_patient_id
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
