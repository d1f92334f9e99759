"""Whether two descriptions are of one person. In doubt they are not: a person joins them, no rule does.

Guards: nothing merges on a Patient ID alone, and no two descriptions that say
different things are joined, not even through a third one that says less. A
wrong join shows one patient's jaw under another's name; a missed one shows a
finding that somebody settles.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from appliance.dicom.facts import PatientFacts
from appliance.dicom.names import fold, same_name_throughout, same_person_name

Key = TypeVar("Key")
_NOBODY = frozenset(
    {"anon", "anonymous", "anonymized", "emergency", "name", "no", "noname", "patient", "test", "unknown", "xx", "xxx"}
)


def find_person(held: Sequence[tuple[Key, PatientFacts]], patient: PatientFacts) -> Key | None:
    """Give the key of the patient who is this person; None when nobody is, or more than one could be."""
    exact = next((key for key, one in held if same_person(one, patient)), None)
    return _only(held, patient) if exact is None else exact


def find_subject(held: Sequence[tuple[Key, PatientFacts]], patient: PatientFacts) -> Key | None:
    """Give the key of the study, of one UID, that is of this person; None as in `find_person`."""
    exact = next((key for key, one in held if same_subject(one, patient)), None)
    return _only(held, patient) if exact is None else exact


def completed(held: PatientFacts, patient: PatientFacts) -> PatientFacts:
    """Give the held description with the birth date and sex that only the other one tells."""
    if not _digits(held.patient_birth_date) and _digits(patient.patient_birth_date):
        held = replace(held, patient_birth_date=patient.patient_birth_date)
    if not _sex(held) and _sex(patient):
        held = replace(held, patient_sex=patient.patient_sex)
    return held


def compatible(one: PatientFacts, other: PatientFacts) -> bool:
    """Say whether the two are one person although one of them leaves birth date or sex out, as many scanners do.

    Everything else must be the same: an id that identifies, its issuer, and
    every group of a name that is somebody's. What both tell must agree.
    """
    return (
        bool(usable_patient_id(one.patient_id))
        and usable_patient_id(one.patient_id) == usable_patient_id(other.patient_id)
        and fold(one.issuer_of_patient_id) == fold(other.issuer_of_patient_id)
        and same_name_throughout(one.patient_name, other.patient_name)
        and not set(fold(one.patient_name).split()) <= _NOBODY
        and _agree(_digits(one.patient_birth_date), _digits(other.patient_birth_date))
        and _agree(_sex(one), _sex(other))
    )


def usable_patient_id(patient_id: str) -> str:
    """Give an id as matching compares it, '' for one that identifies nobody ("", "0", "000")."""
    plain = unicodedata.normalize("NFKC", patient_id).strip().casefold()
    return plain if plain.strip("0 -_.") else ""


def spellings(patient_id: str) -> tuple[str, str, str]:
    """Give the ways in which an id may have been stored: as it is, and in either case."""
    plain = unicodedata.normalize("NFKC", patient_id).strip()
    return patient_id, plain.upper(), plain.lower()


def same_demographics(one: PatientFacts, other: PatientFacts) -> bool:
    """Say whether name, birth date and sex agree; what only one of them says does not."""
    names = same_person_name(one.patient_name, other.patient_name)
    nameless = not fold(one.patient_name) and not fold(other.patient_name)
    return (
        (names or nameless)
        and _digits(one.patient_birth_date) == _digits(other.patient_birth_date)
        and _sex(one) == _sex(other)
    )


def same_person(one: PatientFacts, other: PatientFacts) -> bool:
    """Say whether two studies may be listed under one patient.

    The ids must identify, and agree, and something besides them must agree too.
    """
    identified = bool(usable_patient_id(one.patient_id)) and same_patient_id(one, other)
    described = bool(fold(one.patient_name) or _digits(one.patient_birth_date))
    return identified and described and same_demographics(one, other)


def same_subject(one: PatientFacts, other: PatientFacts) -> bool:
    """Say whether instances of one study are of one patient: everything said agrees, emptiness included."""
    ids = usable_patient_id(one.patient_id), usable_patient_id(other.patient_id)
    return ids[0] == ids[1] and _same_issuer(one, other) and same_demographics(one, other)


def same_patient_id(one: PatientFacts, other: PatientFacts) -> bool:
    """Say whether the ids are the same number of the same issuer; an unnamed issuer may be any."""
    return usable_patient_id(one.patient_id) == usable_patient_id(other.patient_id) and _same_issuer(one, other)


def _same_issuer(one: PatientFacts, other: PatientFacts) -> bool:
    issuers = {fold(one.issuer_of_patient_id), fold(other.issuer_of_patient_id)} - {""}
    return len(issuers) < 2


def _only(held: Sequence[tuple[Key, PatientFacts]], patient: PatientFacts) -> Key | None:
    """Give the one that is compatible: of two that could be meant, neither."""
    found = [key for key, one in held if compatible(one, patient)]
    return found[0] if len(found) == 1 else None


def _agree(one: str, other: str) -> bool:
    return one == other or not one or not other


def _sex(patient: PatientFacts) -> str:
    return fold(patient.patient_sex)[:1]


def _digits(date: str) -> str:
    return "".join(character for character in unicodedata.normalize("NFKC", date) if character.isdigit())
