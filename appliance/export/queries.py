"""SQL of exports: what belongs to a package, and the row that tells of each export."""

from appliance.store.transactions import ReadTransaction, Row, WriteTransaction

_OF_STUDY = """SELECT st.patient_key, p.patient_id, p.patient_name, p.patient_birth_date, p.patient_sex,
    st.study_key, st.study_instance_uid, st.study_date, st.study_time, st.study_id, st.study_description,
    st.accession_number, st.referring_physician_name, st.further_versions
  FROM studies st CROSS JOIN patients p ON p.patient_key = st.patient_key"""
_INSTANCES = """SELECT se.series_key, se.series_instance_uid, se.modality, se.series_number, se.series_description,
    se.body_part_examined, se.manufacturer,
    i.instance_key, i.sop_instance_uid, i.sop_class_uid, i.instance_number,
    v.file_id, v.transfer_syntax_uid, v.rows_, v.columns_, v.number_of_frames, f.plaintext_bytes,
    d.file_id IS NOT NULL OR EXISTS (SELECT 1 FROM integrity_faults x
      WHERE x.place = 'vault' AND x.file_id = v.file_id AND x.repaired_at IS NULL)
  FROM series se CROSS JOIN instances i ON i.series_key = se.series_key
  CROSS JOIN versions v ON v.instance_key = i.instance_key AND v.version_number = 1
  CROSS JOIN files f ON f.file_id = v.file_id
  LEFT JOIN damaged_files d ON d.file_id = v.file_id
  WHERE se.study_key = :study_key
  ORDER BY se.series_number IS NULL, se.series_number, se.series_key,
    i.instance_number IS NULL, i.instance_number, i.sop_instance_uid"""


def study(tx: ReadTransaction, study_key: int) -> list[Row]:
    """Give the study of that key with its patient, if it is there."""
    return tx.rows(f"{_OF_STUDY} WHERE st.study_key = :key", key=study_key)


def studies_of_patient(tx: ReadTransaction, patient_key: int) -> list[Row]:
    """Give a patient's studies, the oldest first."""
    order = "ORDER BY st.study_date, st.study_time, st.study_key"
    return tx.rows(f"{_OF_STUDY} WHERE st.patient_key = :key {order}", key=patient_key)


def instances(tx: ReadTransaction, study_key: int) -> list[Row]:
    """Give the shown version of each instance of a study, in the order of series and images."""
    return tx.rows(_INSTANCES, study_key=study_key)


def begin(tx: WriteTransaction, **values: object) -> int:
    """Add the row of an export that begins, and give its key."""
    names, places = ", ".join(values), ", ".join(f":{name}" for name in values)
    return int(tx.rows(f"INSERT INTO exports ({names}) VALUES ({places}) RETURNING export_key", **values)[0][0])  # noqa: S608  the names are written in this package


def count(tx: WriteTransaction, export_key: int, file_count: int, total_bytes: int) -> None:
    """Note how much an export is, once that is known."""
    sql = "UPDATE exports SET file_count = :count, bytes = :bytes WHERE export_key = :key"
    tx.change(sql, count=file_count, bytes=total_bytes, key=export_key)


def finish(tx: WriteTransaction, export_key: int, at: int) -> None:
    """Note when an export ended well."""
    tx.change("UPDATE exports SET finished_at = :at WHERE export_key = :key", at=at, key=export_key)


def exports(tx: ReadTransaction, limit: int) -> list[Row]:
    """Give the latest exports, by row keys alone."""
    return tx.rows(
        "SELECT export_key, scope, subject_key, form, made_at, made_by, file_count, bytes, finished_at "
        "FROM exports ORDER BY export_key DESC LIMIT :limit",
        limit=limit,
    )
