"""Listing, searching and reading studies for people.

Search finds words and beginnings of words, whatever their case and accents.
What a person typed is never an FTS5 expression: every word becomes a quoted
prefix, so no typed character has a meaning of its own.
"""

from collections.abc import Sequence

from appliance.archive.reading import queries, queries_list
from appliance.archive.reading.rows import PatientDetails, Position, SeriesRow, StudyDetails, StudyRow
from appliance.archive.reading.wanted import Device, Wanted
from appliance.dicom.names import fold
from appliance.errors import NotFound
from appliance.store.transactions import ReadTransaction

LONGEST_SEARCH = 128
MOST_WORDS = 8
MOST_DEVICES = 30
MOST_OF_PATIENT = 200


def list_studies(tx: ReadTransaction, limit: int, after: Position | None = None) -> Sequence[StudyRow]:
    """Give a page of studies, the latest arrival first."""
    return queries.studies(tx, limit, after)


def search_studies(tx: ReadTransaction, typed: str, limit: int, after: Position | None = None) -> Sequence[StudyRow]:
    """Give a page of the studies that have every typed word, the latest arrival first."""
    words = search_words(typed)
    if not words:
        return []
    match = " ".join(f'"{word}"*' for word in words)
    return queries.studies_matching(tx, match, limit, after)


def find_studies(tx: ReadTransaction, wanted: Wanted, limit: int, after: int | None = None) -> Sequence[StudyRow]:
    """Give a page of the studies that are wanted, in their order, after the study of that key.

    Raises:
        NotFound: The study after which the page should begin is gone.
    """
    found = queries_list.find_studies(tx, wanted, limit, after)
    if found is None:
        raise NotFound("no such place in the list")
    return found


def modalities(tx: ReadTransaction) -> Sequence[str]:
    """Give what can be asked for by modality."""
    return queries_list.modalities(tx)


def devices(tx: ReadTransaction) -> Sequence[Device]:
    """Give what can be asked for by device: those that took what is stored, by maker and model."""
    return queries_list.devices(tx, MOST_DEVICES)


def get_device(tx: ReadTransaction, series_key: int) -> Device:
    """Give the device that took a series.

    Raises:
        NotFound: No such series.
    """
    device = queries_list.find_device(tx, series_key)
    if device is None:
        raise NotFound("no such device")
    return device


def get_patient(tx: ReadTransaction, patient_key: int) -> PatientDetails:
    """Give a patient's studies, the latest first, and what is odd about who it is.

    Raises:
        NotFound: No such patient, or one without a study.
    """
    rows = queries_list.studies_of_patient(tx, patient_key, MOST_OF_PATIENT)
    if not rows:
        raise NotFound("no such patient")
    return PatientDetails(
        tuple(rows),
        queries_list.count_studies(tx, patient_key),
        tuple(queries_list.conflicts_of_patient(tx, patient_key)),
    )


def get_study(tx: ReadTransaction, study_key: int) -> StudyDetails:
    """Give all that the study page shows.

    Raises:
        NotFound: No such study.
    """
    study = queries.study(tx, study_key)
    if study is None:
        raise NotFound("no such study")
    series = tuple(queries.series_of_study(tx, study_key))
    conflicts = tuple(queries.conflicts(tx, study_key, study.patient_key))
    return StudyDetails(study, series, conflicts, tuple(queries.damaged_of_study(tx, study_key)))


def find_study(tx: ReadTransaction, study_instance_uid: str) -> int | None:
    """Give the key of the study with this UID, None while there is none."""
    return queries.latest_study(tx, study_instance_uid)


def find_patient_of(tx: ReadTransaction, study_key: int) -> int | None:
    """Give the patient of a study, None where there is no such study."""
    return queries.patient_of_study(tx, study_key)


def find_study_of(tx: ReadTransaction, series_key: int) -> int | None:
    """Give the study of a series, None where there is no such series."""
    return queries.study_of_series(tx, series_key)


def has_patient(tx: ReadTransaction, patient_key: int) -> bool:
    """Say whether there is such a patient."""
    return queries.has_patient(tx, patient_key)


def get_series(tx: ReadTransaction, series_key: int) -> tuple[StudyRow, SeriesRow]:
    """Give a series with its study.

    Raises:
        NotFound: No such series.
    """
    series = queries.series(tx, series_key)
    study = None if series is None else queries.study(tx, series.study_key)
    if series is None or study is None:
        raise NotFound("no such series")
    return study, series


def search_words(typed: str) -> list[str]:
    """Cut what was typed into words of letters and digits, folded as the index is."""
    folded = fold(typed[:LONGEST_SEARCH])
    return "".join(character if character.isalnum() else " " for character in folded).split()[:MOST_WORDS]
