"""SQL of the archive's write side: what intake adds."""

from collections.abc import Mapping

from appliance.dicom.facts import PatientFacts
from appliance.store.transactions import ReadTransaction, Row, WriteTransaction

_PATIENT = "patient_id, issuer_of_patient_id, patient_name, patient_birth_date, patient_sex"
_PATIENT_OF_P = ", ".join(f"p.{column.strip()}" for column in _PATIENT.split(","))


def patients_with_id(tx: ReadTransaction, spellings: tuple[str, str, str]) -> list[tuple[int, PatientFacts]]:
    """Give the patients whose id is spelt in one of these ways, oldest first."""
    rows = tx.rows(
        f"SELECT patient_key, {_PATIENT} FROM patients WHERE patient_id IN (:a, :b, :c) ORDER BY patient_key",  # noqa: S608  a constant of this file
        a=spellings[0], b=spellings[1], c=spellings[2],
    )  # fmt: skip
    return [(int(row[0]), PatientFacts(*row[1:])) for row in rows]


def studies_with_uid(tx: ReadTransaction, study_instance_uid: str) -> list[tuple[int, int, PatientFacts]]:
    """Give the studies of that UID with their patients, oldest first."""
    rows = tx.rows(
        f"SELECT s.study_key, s.patient_key, {_PATIENT_OF_P} FROM studies s JOIN patients p USING (patient_key) "  # noqa: S608  a constant of this file
        "WHERE s.study_instance_uid = :uid ORDER BY s.study_key",
        uid=study_instance_uid,
    )
    return [(int(row[0]), int(row[1]), PatientFacts(*row[2:])) for row in rows]


def add_patient(tx: WriteTransaction, **values: object) -> int:
    """Add a patient and give its key."""
    return _insert(tx, "patients", "patient_key", values)


def patient(tx: ReadTransaction, patient_key: int) -> PatientFacts:
    """Give a patient as the row describes it."""
    rows = tx.rows(f"SELECT {_PATIENT} FROM patients WHERE patient_key = :key", key=patient_key)  # noqa: S608  a constant of this file
    return PatientFacts(*rows[0])


def complete_patient(tx: WriteTransaction, patient_key: int, patient: PatientFacts) -> None:
    """Write the birth date and sex that are known by now."""
    tx.change(
        "UPDATE patients SET patient_birth_date = :birth_date, patient_sex = :sex WHERE patient_key = :key",
        birth_date=patient.patient_birth_date, sex=patient.patient_sex, key=patient_key,
    )  # fmt: skip


def add_study(tx: WriteTransaction, search: tuple[str, str, str, str], **values: object) -> int:
    """Add a study with what it is found by (name, id, description, accession number, all folded)."""
    study_key = _insert(tx, "studies", "study_key", values)
    tx.change(
        "INSERT INTO study_search (rowid, patient_name, patient_id, study_description, accession_number, other) "
        "VALUES (:study_key, :name, :id, :description, :accession, '')",
        study_key=study_key, name=search[0], id=search[1], description=search[2], accession=search[3],
    )  # fmt: skip
    return study_key


def find_series(tx: ReadTransaction, study_key: int, series_instance_uid: str) -> int | None:
    """Give the key of a study's series, if it is there."""
    return _key(
        tx.rows(
            "SELECT series_key FROM series WHERE study_key = :study_key AND series_instance_uid = :uid",
            study_key=study_key,
            uid=series_instance_uid,
        )
    )


def add_series(tx: WriteTransaction, **values: object) -> int:
    """Add a series and give its key."""
    return _insert(tx, "series", "series_key", values)


def instances_with_uid(tx: ReadTransaction, sop_instance_uid: str) -> list[Row]:
    """Give instance_key, series_key, study_key, patient_key of every instance of that UID, oldest first."""
    return tx.rows(
        "SELECT i.instance_key, i.series_key, s.study_key, t.patient_key FROM instances i "
        "JOIN series s USING (series_key) JOIN studies t USING (study_key) "
        "WHERE i.sop_instance_uid = :uid ORDER BY i.instance_key",
        uid=sop_instance_uid,
    )


def has_bytes(tx: ReadTransaction, instance_key: int, dataset_sha256: bytes, transfer_syntax_uid: str) -> bool:
    """Say whether a version of an instance has exactly these dataset bytes."""
    rows = tx.rows(
        "SELECT 1 FROM versions WHERE instance_key = :instance_key AND dataset_sha256 = :digest "
        "AND transfer_syntax_uid = :syntax",
        instance_key=instance_key, digest=dataset_sha256, syntax=transfer_syntax_uid,
    )  # fmt: skip
    return bool(rows)


def held_version(tx: ReadTransaction, file_id: bytes, dataset_sha256: bytes | None, syntax: str) -> Row | None:
    """Give file_id, dataset_offset, version_key and NULL of the version that made an arrived file a duplicate."""
    rows = tx.rows(
        "SELECT v.file_id, v.dataset_offset, v.version_key, NULL FROM arrivals a JOIN versions v USING (instance_key) "
        "WHERE a.file_id = :file_id AND v.file_id <> :file_id AND v.dataset_sha256 = :digest "
        "AND v.transfer_syntax_uid = :syntax LIMIT 1",
        file_id=file_id, digest=dataset_sha256, syntax=syntax,
    )  # fmt: skip
    return rows[0] if rows else None


def held_in_quarantine(tx: ReadTransaction, **values: object) -> Row | None:
    """Give file_id, NULL, NULL and quarantine_key of the quarantined file that made an arrived one a duplicate."""
    rows = tx.rows(
        "SELECT q.file_id, NULL, NULL, q.quarantine_key FROM quarantine q JOIN files USING (file_id) "
        "WHERE q.file_id <> :file_id AND q.dataset_sha256 = :dataset_sha256 "
        "AND (q.resolved_at IS NULL OR q.dismissal_reason IS NOT NULL) "
        "AND q.sop_class_uid = :sop_class_uid AND q.sop_instance_uid = :sop_instance_uid "
        "AND q.transfer_syntax_uid = :transfer_syntax_uid "
        "ORDER BY q.resolved_at IS NOT NULL, q.quarantine_key LIMIT 1",
        **values,
    )
    return rows[0] if rows else None


def replace_copy(tx: WriteTransaction, **values: object) -> None:
    """Let a version's bytes be read from another file that holds them too."""
    tx.change(
        "UPDATE versions SET file_id = :file_id, dataset_offset = :dataset_offset, pixel_offset = :pixel_offset, "
        "frame_index = :frame_index WHERE version_key = :version_key",
        **values,
    )


def replace_quarantined(tx: WriteTransaction, quarantine_key: int | None, file_id: bytes) -> None:
    """Let a quarantined file's bytes be read from another file that holds them too."""
    tx.change("UPDATE quarantine SET file_id = :id WHERE quarantine_key = :key", id=file_id, key=quarantine_key)


def set_arrival_outcome(tx: WriteTransaction, file_id: bytes, outcome: str) -> None:
    """Change what became of a file."""
    tx.change("UPDATE arrivals SET outcome = :outcome WHERE file_id = :id", outcome=outcome, id=file_id)


def add_instance(tx: WriteTransaction, **values: object) -> int:
    """Add an instance and give its key."""
    return _insert(tx, "instances", "instance_key", values)


def next_version_number(tx: WriteTransaction, instance_key: int) -> int:
    """Count one version more and give its number."""
    rows = tx.rows(
        "UPDATE instances SET version_count = version_count + 1 WHERE instance_key = :key RETURNING version_count",
        key=instance_key,
    )
    return int(rows[0][0])


def add_version(tx: WriteTransaction, **values: object) -> int:
    """Add a version and give its key."""
    return _insert(tx, "versions", "version_key", values)


def add_conflict(tx: WriteTransaction, **values: object) -> int | None:
    """Add an open identity conflict and give its key; None when it is listed already."""
    listed = tx.rows(
        "SELECT 1 FROM identity_conflicts WHERE kind = :kind AND patient_key = :patient_key "
        "AND other_patient_key IS :other_patient_key AND study_key IS :study_key",
        **{name: values[name] for name in ("kind", "patient_key", "other_patient_key", "study_key")},
    )
    return None if listed else _insert(tx, "identity_conflicts", "conflict_key", values)


def find_quarantined(tx: ReadTransaction, **values: object) -> int | None:
    """Give the key of a file that waits in quarantine with the same bytes under the same names, if there is one."""
    return _key(
        tx.rows(
            "SELECT quarantine_key FROM quarantine WHERE dataset_sha256 = :dataset_sha256 AND resolved_at IS NULL "
            "AND file_id IS NOT NULL AND sop_class_uid = :sop_class_uid AND sop_instance_uid = :sop_instance_uid "
            "AND transfer_syntax_uid = :transfer_syntax_uid LIMIT 1",
            **values,
        )
    )


def add_quarantined(tx: WriteTransaction, **values: object) -> int:
    """Add a file to quarantine and give the row's key."""
    return _insert(tx, "quarantine", "quarantine_key", values)


def quarantine_entry(tx: ReadTransaction, quarantine_key: int) -> Row | None:
    """Give an entry's columns from file_id to arrived_at, its sender's calling_ae_title and address, and its end.

    Its reason comes before its names, as in the table; its end is resolved_at, resolved_by and dismissal_reason.
    """
    rows = tx.rows(
        "SELECT q.file_id, q.association_id, q.reason, q.sop_class_uid, q.sop_instance_uid, q.transfer_syntax_uid, "
        "q.dataset_bytes, q.dataset_sha256, q.arrived_at, coalesce(a.calling_ae_title, ''), "
        "coalesce(a.address, ''), q.resolved_at, q.resolved_by, q.dismissal_reason "
        "FROM quarantine q LEFT JOIN associations a USING (association_id) "
        "WHERE q.quarantine_key = :key",
        key=quarantine_key,
    )
    return rows[0] if rows else None


def set_quarantine_reason(tx: WriteTransaction, quarantine_key: int, reason: str) -> None:
    """Change why a file waits."""
    tx.change("UPDATE quarantine SET reason = :reason WHERE quarantine_key = :key", reason=reason, key=quarantine_key)


def resolve_quarantined(tx: WriteTransaction, quarantine_key: int, **end: object) -> None:
    """Note that an entry waits no longer: `resolved_at`, `resolved_by`, and `dismissal_reason` if it was dismissed."""
    tx.change(
        "UPDATE quarantine SET resolved_at = :resolved_at, resolved_by = :resolved_by, "
        "dismissal_reason = :dismissal_reason WHERE quarantine_key = :key",
        key=quarantine_key, **{"dismissal_reason": None, **end},
    )  # fmt: skip


def reopen_quarantined(tx: WriteTransaction, quarantine_key: int) -> bool:
    """Let a dismissed entry wait again; give whether it was dismissed."""
    sql = (
        "UPDATE quarantine SET resolved_at = NULL, resolved_by = NULL, dismissal_reason = NULL "
        "WHERE quarantine_key = :key AND dismissal_reason IS NOT NULL"
    )
    return bool(tx.change(sql, key=quarantine_key))


def change_arrival(tx: WriteTransaction, file_id: bytes, outcome: str, instance_key: int | None) -> None:
    """Change what became of a file, and of which instance it is."""
    tx.change(
        "UPDATE arrivals SET outcome = :outcome, instance_key = :instance_key WHERE file_id = :id",
        outcome=outcome, instance_key=instance_key, id=file_id,
    )  # fmt: skip


def release_forged(tx: WriteTransaction, file_id: bytes) -> None:
    """Let the file that bears an id have it, which a forged one was listed under; that stays listed without it."""
    tx.change("UPDATE quarantine SET file_id = NULL WHERE file_id = :id", id=file_id)
    tx.change("DELETE FROM arrivals WHERE file_id = :id AND outcome = 'forged'", id=file_id)


def is_listed(tx: ReadTransaction, association_id: bytes, reason: str) -> bool:
    """Say whether quarantine tells of an association, for that reason, without a file's id."""
    rows = tx.rows(
        "SELECT 1 FROM quarantine WHERE association_id = :id AND file_id IS NULL AND reason = :reason LIMIT 1",
        id=association_id, reason=reason,
    )  # fmt: skip
    return bool(rows)


def add_arrival(tx: WriteTransaction, **values: object) -> None:
    """Add the row that says what became of a file; raises when the file has one."""
    columns, places = ", ".join(values), ", ".join(f":{name}" for name in values)
    tx.change(f"INSERT INTO arrivals ({columns}) VALUES ({places})", **values)  # noqa: S608  names of our own code


def arrivals_of(tx: ReadTransaction, association_id: bytes) -> dict[bytes, str]:
    """Give the outcome of every file of an association, by file id."""
    rows = tx.rows("SELECT file_id, outcome FROM arrivals WHERE association_id = :id", id=association_id)
    return dict(rows)


def arrival_outcome(tx: ReadTransaction, file_id: bytes) -> str | None:
    """Give what became of a file, whichever association brought it."""
    rows = tx.rows("SELECT outcome FROM arrivals WHERE file_id = :id", id=file_id)
    return str(rows[0][0]) if rows else None


def members(tx: ReadTransaction, series_key: int) -> list[Row]:
    """Give instance_number, rows, columns, frames, geometry, viewable and version_count of each instance."""
    return tx.rows(
        "SELECT i.instance_number, v.rows_, v.columns_, v.number_of_frames, v.geometry, v.viewable, i.version_count "
        "FROM instances i JOIN versions v ON v.instance_key = i.instance_key AND v.version_number = 1 "
        "WHERE i.series_key = :key",
        key=series_key,
    )


def refresh_series(tx: WriteTransaction, **values: object) -> None:
    """Write what was found of a series: counts, completeness, findings, last arrival."""
    tx.change(
        "UPDATE series SET instance_count = :instance_count, frame_count = :frame_count, "
        "viewable_count = :viewable_count, further_versions = :further_versions, completeness = :completeness, "
        "judged_count = :instance_count, findings = :findings, last_arrived_at = max(last_arrived_at, :arrived_at) "
        "WHERE series_key = :series_key",
        **values,
    )


def count_in(tx: WriteTransaction, **values: object) -> tuple[int, int]:
    """Add to a series' counts what came; give how many instances it has, and of how many it was judged."""
    rows = tx.rows(
        "UPDATE series SET instance_count = instance_count + :instances, frame_count = frame_count + :frames, "
        "viewable_count = viewable_count + :viewable, further_versions = further_versions + :versions, "
        "last_arrived_at = max(last_arrived_at, :arrived_at) WHERE series_key = :series_key "
        "RETURNING instance_count, judged_count",
        **values,
    )
    return int(rows[0][0]), int(rows[0][1])


def unjudged_series(tx: ReadTransaction) -> list[int]:
    """Give the series that hold other instances than when they were judged."""
    return [int(row[0]) for row in tx.rows("SELECT series_key FROM series WHERE judged_count <> instance_count")]


def find_study_of(tx: ReadTransaction, series_key: int) -> int | None:
    """Give the study of a series, if the series is there."""
    return _key(tx.rows("SELECT study_key FROM series WHERE series_key = :key", key=series_key))


def refresh_study(tx: WriteTransaction, study_key: int, arrived_at: int) -> None:
    """Bring a study's counts, modalities and last arrival up to its series."""
    tx.change(
        "UPDATE studies SET (series_count, instance_count, gappy_series, odd_series, unchecked_series, "
        "further_versions) = (SELECT count(*), coalesce(sum(instance_count), 0), "
        "coalesce(sum(completeness = 'gaps'), 0), coalesce(sum(completeness = 'odd geometry'), 0), "
        "coalesce(sum(completeness = 'unchecked'), 0), coalesce(sum(further_versions), 0) "
        "FROM series WHERE study_key = :key), "
        r"modalities = (SELECT coalesce(group_concat(modality, '\'), '') FROM (SELECT DISTINCT modality FROM series "
        "WHERE study_key = :key AND modality <> '' ORDER BY modality)), "
        "last_arrived_at = max(last_arrived_at, :arrived_at) WHERE study_key = :key",
        key=study_key, arrived_at=arrived_at,
    )  # fmt: skip


def _insert(tx: WriteTransaction, table: str, key: str, values: Mapping[str, object]) -> int:
    """Insert a row under a key that no row of the table ever had, also none that was erased.

    Table and columns are names of this package's code, never of the outside.
    """
    columns, places = ", ".join(values), ", ".join(f":{name}" for name in values)
    rows = tx.rows(
        f"INSERT INTO {table} ({key}, {columns}) VALUES (max(coalesce((SELECT max({key}) FROM {table}), 0), "  # noqa: S608  names of our own code, as said above
        f"coalesce((SELECT highest FROM erased_keys WHERE kind = '{table}'), 0)) + 1, {places}) RETURNING {key}",
        **values,
    )
    return int(rows[0][0])


def _key(rows: list[Row]) -> int | None:
    return int(rows[0][0]) if rows else None
