"""Whether two descriptions are of one person. In doubt they are not: a person joins them, no rule does.

Guards: nothing merges on a Patient ID alone. A wrong join shows one patient's
jaw under another's name; a missed one shows a finding that somebody settles.
"""

import unicodedata

from appliance.dicom.facts import PatientFacts
from appliance.dicom.names import fold, same_person_name


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
        and fold(one.patient_sex)[:1] == fold(other.patient_sex)[:1]
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


def _digits(date: str) -> str:
    return "".join(character for character in unicodedata.normalize("NFKC", date) if character.isdigit())
