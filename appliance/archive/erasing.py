"""Removes instances from the archive with everything that stands on them, in the caller's one transaction.

Guards: what is erased goes with every file that ever held its bytes: further versions, second copies that were put
away, rotten copies in quarantine, and what waits there under the same SOP Instance UID. Nothing is left above it: an
empty series, study or patient goes too, with its words in the search; what stays is counted and judged anew.
Leaves out: who may erase, tombstones and the trail (retention), and the files themselves.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from appliance.archive import queries, recording
from appliance.archive import queries_erasing as sql
from appliance.identifiers import AssociationId, FileId
from appliance.store.transactions import ReadTransaction, WriteTransaction


class ErasureScope(StrEnum):
    """What can be erased at once: a thing of the archive by its row key, what tombstones name, or the whole box."""

    INSTANCE = "instance"
    SERIES = "series"
    STUDY = "study"
    PATIENT = "patient"
    FILES = "files"
    BOX = "box"


@dataclass(frozen=True, slots=True)
class Removed:
    """What a removal took away.

    Attributes:
        file_ids: Every file that ever held bytes of it, also those that are gone already.
        stored_count: How many of them still had a row.
        stored_bytes: How long those were together, in clear.
        associations: Which brought them.
        packs: Files of packs that are leftovers now.
        study_keys: Studies that are gone.
        patient_keys: Patients who are gone.
    """

    file_ids: frozenset[FileId]
    stored_count: int
    stored_bytes: int
    associations: frozenset[AssociationId]
    packs: tuple[FileId, ...]
    study_keys: tuple[int, ...]
    patient_keys: tuple[int, ...]


def subject_of(tx: ReadTransaction, scope: ErasureScope, subject_key: int) -> tuple[int | None, int | None]:
    """Give whose it is: the patient's key, and the study's where it is not the whole patient; None when it is gone."""
    return sql.patient_and_study(tx, scope.value, subject_key)


def remove_within(tx: WriteTransaction, scope: ErasureScope, subject_key: int) -> Removed:
    """Remove every instance of an instance, series, study or patient; of nothing where it is gone."""
    instances = sql.instances_within(tx, scope.value, subject_key)
    files = sql.files_of_instances(tx, instances) | sql.quarantined_alike(tx, instances)
    return _remove(tx, instances, files)


def remove_files(tx: WriteTransaction, file_ids: Iterable[FileId]) -> Removed:
    """Remove what stands on these files, as far as it is here: what a tombstone names in an older catalogue."""
    files = {file_id.value for file_id in file_ids}
    return _remove(tx, sql.instances_of_files(tx, files), files)


def _remove(tx: WriteTransaction, instances: Sequence[int], files: set[bytes]) -> Removed:
    places = sql.places_of_instances(tx, instances)
    series = [one[0] for one in places]
    associations, packs = sql.associations_of_files(tx, files), sql.packs_of(tx, series)
    count, size = sql.stored_bytes_of(tx, files)
    sql.drop_packs(tx, series)
    sql.remove_files(tx, files)
    sql.remove_instances(tx, [one for one in instances if not _keeps_a_version(tx, one)])
    for series_key in series:
        if not sql.remove_series_if_empty(tx, series_key):
            recording.judge_series(tx, series_key, 0)
    studies = sorted({one[1] for one in places})
    gone_studies = tuple(key for key in studies if sql.remove_study_if_empty(tx, key))
    for study_key in set(studies) - set(gone_studies):
        queries.refresh_study(tx, study_key, 0)
    patients = sorted({one[2] for one in places})
    return Removed(
        file_ids=frozenset(map(FileId, files)),
        stored_count=count,
        stored_bytes=size,
        associations=frozenset(map(AssociationId, associations)),
        packs=tuple(map(FileId, packs)),
        study_keys=gone_studies,
        patient_keys=tuple(key for key in patients if sql.remove_patient_if_empty(tx, key)),
    )


def _keeps_a_version(tx: WriteTransaction, instance_key: int) -> bool:
    """Say whether an instance has a version left, and number what it has from 1 again: the first is shown."""
    left = sql.versions_left(tx, instance_key)
    for number, version_key in enumerate(left, start=1):
        sql.number_version(tx, version_key, number)
    if left:
        sql.count_versions(tx, instance_key, len(left))
    return bool(left)
