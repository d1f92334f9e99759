"""SQL that removes what is erased from the archive's tables, and finds what belongs to it."""

import json
from collections.abc import Iterable, Sequence

from appliance.store.transactions import ReadTransaction, WriteTransaction

_KEYS = "(SELECT value FROM json_each(:keys))"
_IDS = "(SELECT unhex(value) FROM json_each(:ids))"
_WITHIN = {
    "instance": "i.instance_key = :key",
    "series": "e.series_key = :key",
    "study": "s.study_key = :key",
    "patient": "s.patient_key = :key",
}


def instances_within(tx: ReadTransaction, scope: str, key: int) -> list[int]:
    """Give the instances of an instance, series, study or patient."""
    rows = tx.rows(
        "SELECT i.instance_key FROM studies s JOIN series e USING (study_key) JOIN instances i USING (series_key) "  # noqa: S608  a constant of this file
        f"WHERE {_WITHIN[scope]} ORDER BY i.instance_key",
        key=key,
    )
    return [int(row[0]) for row in rows]


def patient_and_study(tx: ReadTransaction, scope: str, key: int) -> tuple[int | None, int | None]:
    """Give whose it is: the patient's key, and the study's where it is not the whole patient."""
    rows = tx.rows(
        "SELECT s.patient_key, s.study_key FROM studies s LEFT JOIN series e USING (study_key) "  # noqa: S608  a constant of this file
        f"LEFT JOIN instances i USING (series_key) WHERE {_WITHIN[scope]} LIMIT 1",
        key=key,
    )
    if not rows:
        return None, None
    return int(rows[0][0]), None if scope == "patient" else int(rows[0][1])


def files_of_instances(tx: ReadTransaction, instance_keys: Sequence[int]) -> set[bytes]:
    """Give every file that ever held bytes of these instances: versions, second copies, rotten copies."""
    rows = tx.rows(
        f"SELECT file_id FROM versions WHERE instance_key IN {_KEYS} "  # noqa: S608  a constant of this file
        f"UNION SELECT file_id FROM arrivals WHERE instance_key IN {_KEYS}",
        keys=json.dumps(list(instance_keys)),
    )
    return {row[0] for row in rows}


def quarantined_alike(tx: ReadTransaction, instance_keys: Sequence[int]) -> set[bytes]:
    """Give the files in quarantine that came under the SOP Instance UID of one of these instances and of no other."""
    rows = tx.rows(
        "SELECT q.file_id FROM quarantine q WHERE q.file_id IS NOT NULL AND q.sop_instance_uid IN "  # noqa: S608  a constant of this file
        f"(SELECT sop_instance_uid FROM instances WHERE instance_key IN {_KEYS}) AND NOT EXISTS "
        "(SELECT 1 FROM instances o WHERE o.sop_instance_uid = q.sop_instance_uid "
        f"AND o.instance_key NOT IN {_KEYS})",
        keys=json.dumps(list(instance_keys)),
    )
    return {row[0] for row in rows}


def instances_of_files(tx: ReadTransaction, file_ids: Iterable[bytes]) -> list[int]:
    """Give the instances that have a version in one of these files."""
    rows = tx.rows(
        f"SELECT DISTINCT instance_key FROM versions WHERE file_id IN {_IDS} ORDER BY instance_key",  # noqa: S608  a constant of this file
        ids=_ids(file_ids),
    )
    return [int(row[0]) for row in rows]


def places_of_instances(tx: ReadTransaction, instance_keys: Sequence[int]) -> list[tuple[int, int, int]]:
    """Give series_key, study_key and patient_key of these instances, each place once."""
    rows = tx.rows(
        "SELECT DISTINCT e.series_key, s.study_key, s.patient_key FROM instances i JOIN series e USING (series_key) "  # noqa: S608  a constant of this file
        f"JOIN studies s USING (study_key) WHERE i.instance_key IN {_KEYS} ORDER BY e.series_key",
        keys=json.dumps(list(instance_keys)),
    )
    return [(int(row[0]), int(row[1]), int(row[2])) for row in rows]


def associations_of_files(tx: ReadTransaction, file_ids: Iterable[bytes]) -> set[bytes]:
    """Give the associations that brought these files."""
    rows = tx.rows(
        f"SELECT association_id FROM arrivals WHERE file_id IN {_IDS} UNION "  # noqa: S608  a constant of this file
        f"SELECT association_id FROM quarantine WHERE file_id IN {_IDS}",
        ids=_ids(file_ids),
    )
    return {row[0] for row in rows}


def stored_bytes_of(tx: ReadTransaction, file_ids: Iterable[bytes]) -> tuple[int, int]:
    """Give how many of these files have a row, and how long they are together."""
    sql = f"SELECT count(*), coalesce(sum(plaintext_bytes), 0) FROM files WHERE file_id IN {_IDS}"  # noqa: S608  a constant of this file
    rows = tx.rows(sql, ids=_ids(file_ids))
    return int(rows[0][0]), int(rows[0][1])


def drop_packs(tx: WriteTransaction, series_keys: Sequence[int]) -> None:
    """Drop the packs of these series; the schema takes their keys away and keeps their files as leftovers."""
    tx.change(f"DELETE FROM packs WHERE series_key IN {_KEYS}", keys=json.dumps(list(series_keys)))  # noqa: S608  a constant of this file


def remove_files(tx: WriteTransaction, file_ids: Iterable[bytes]) -> None:
    """Remove what stands on these files: marks, quarantine, versions, and each file's row with its key.

    The arrivals stay, without what they brought: that a file came once is not personal.
    """
    ids = _ids(file_ids)
    tx.change(f"UPDATE arrivals SET instance_key = NULL WHERE file_id IN {_IDS}", ids=ids)  # noqa: S608  a constant of this file
    for table in ("damaged_files", "quarantine", "versions", "files"):
        tx.change(f"DELETE FROM {table} WHERE file_id IN {_IDS}", ids=ids)  # noqa: S608  a constant of this file


def versions_left(tx: ReadTransaction, instance_key: int) -> list[int]:
    """Give the keys of the versions that an instance still has, the oldest first."""
    sql = "SELECT version_key FROM versions WHERE instance_key = :key ORDER BY version_number"
    return [int(row[0]) for row in tx.rows(sql, key=instance_key)]


def number_version(tx: WriteTransaction, version_key: int, number: int) -> None:
    """Give a version another number."""
    tx.change("UPDATE versions SET version_number = :n WHERE version_key = :key", n=number, key=version_key)


def count_versions(tx: WriteTransaction, instance_key: int, count: int) -> None:
    """Write how many versions an instance has."""
    tx.change("UPDATE instances SET version_count = :n WHERE instance_key = :key", n=count, key=instance_key)


def remove_instances(tx: WriteTransaction, instance_keys: Sequence[int]) -> None:
    """Remove instances that have no version any more."""
    keys = json.dumps(list(instance_keys))
    tx.change(f"UPDATE arrivals SET instance_key = NULL WHERE instance_key IN {_KEYS}", keys=keys)  # noqa: S608  a constant of this file
    tx.change(f"DELETE FROM damaged_files WHERE instance_key IN {_KEYS}", keys=keys)  # noqa: S608  a constant of this file
    tx.change(f"DELETE FROM instances WHERE instance_key IN {_KEYS}", keys=keys)  # noqa: S608  a constant of this file


def remove_series_if_empty(tx: WriteTransaction, series_key: int) -> bool:
    """Remove a series that holds no instance; give whether it was removed."""
    sql = (
        "DELETE FROM series WHERE series_key = :key "
        "AND NOT EXISTS (SELECT 1 FROM instances WHERE series_key = series.series_key)"
    )
    return bool(tx.change(sql, key=series_key))


def remove_study_if_empty(tx: WriteTransaction, study_key: int) -> bool:
    """Remove a study that holds no series, with its words and its conflicts; give whether it was removed."""
    if tx.rows("SELECT 1 FROM series WHERE study_key = :key LIMIT 1", key=study_key):
        return False
    for sql in (
        "DELETE FROM study_search WHERE rowid = :key",
        "DELETE FROM identity_conflicts WHERE study_key = :key",
        "DELETE FROM damaged_files WHERE study_key = :key",
    ):
        tx.change(sql, key=study_key)
    return bool(tx.change("DELETE FROM studies WHERE study_key = :key", key=study_key))


def remove_patient_if_empty(tx: WriteTransaction, patient_key: int) -> bool:
    """Remove a patient who has no study, and the conflicts that name him; give whether he was removed."""
    if tx.rows("SELECT 1 FROM studies WHERE patient_key = :key LIMIT 1", key=patient_key):
        return False
    tx.change("DELETE FROM identity_conflicts WHERE :key IN (patient_key, other_patient_key)", key=patient_key)
    return bool(tx.change("DELETE FROM patients WHERE patient_key = :key", key=patient_key))


def packs_of(tx: ReadTransaction, series_keys: Sequence[int]) -> list[bytes]:
    """Give the files of these series' packs."""
    sql = f"SELECT file_id FROM packs WHERE series_key IN {_KEYS}"  # noqa: S608  a constant of this file
    return [row[0] for row in tx.rows(sql, keys=json.dumps(list(series_keys)))]


def _ids(file_ids: Iterable[bytes]) -> str:
    return json.dumps([file_id.hex() for file_id in file_ids])
