"""SQL that finds stored instances: by the three UIDs, by series, by study."""

from collections.abc import Sequence

from appliance.archive.located import Image, Located, Place
from appliance.identifiers import AssociationId, FileId
from appliance.store.stored_files import StoredFile
from appliance.store.transactions import ReadTransaction, Row, WriteTransaction

_SELECT = """SELECT st.patient_key, st.study_key, se.series_key, i.instance_key, st.study_instance_uid,
  se.series_instance_uid, i.sop_instance_uid, i.sop_class_uid, i.instance_number,
  v.transfer_syntax_uid, v.dataset_offset,
  f.file_id, f.wrapped_key, f.wrapping_key_number, f.plaintext_bytes, f.association_id, f.place,
  v.rows_, v.columns_, v.number_of_frames, v.bits_allocated, v.samples_per_pixel,
  v.pixel_offset, v.pixel_bytes, v.frame_index, v.geometry"""
_FILE_JOIN = """CROSS JOIN versions v ON v.instance_key = i.instance_key AND v.version_number = 1
  CROSS JOIN files f ON f.file_id = v.file_id"""
_DOWN = f"""CROSS JOIN series se ON se.study_key = st.study_key
  CROSS JOIN instances i ON i.series_key = se.series_key {_FILE_JOIN}"""

_ONE = f"""{_SELECT} FROM instances i CROSS JOIN series se ON se.series_key = i.series_key
  CROSS JOIN studies st ON st.study_key = se.study_key {_FILE_JOIN}
  WHERE i.sop_instance_uid = :sop AND se.series_instance_uid = :series AND st.study_instance_uid = :study
  ORDER BY i.instance_key LIMIT 1"""
_STUDY = f"""{_SELECT} FROM studies st {_DOWN} WHERE st.study_instance_uid = :study
  ORDER BY se.series_number, se.series_key, i.instance_number, i.sop_instance_uid"""
_SERIES = f"""{_SELECT} FROM studies st {_DOWN}
  WHERE st.study_instance_uid = :study AND se.series_instance_uid = :series
  ORDER BY se.series_key, i.instance_number, i.sop_instance_uid"""
_SERIES_BY_KEY = f"""{_SELECT} FROM series se CROSS JOIN studies st ON st.study_key = se.study_key
  CROSS JOIN instances i ON i.series_key = se.series_key {_FILE_JOIN}
  WHERE se.series_key = :series_key ORDER BY i.instance_number, i.sop_instance_uid"""


def place_of(tx: ReadTransaction, file_id: FileId) -> Place | None:
    """Say whose a file is; None where no version of an instance is kept in it."""
    rows = tx.rows(
        "SELECT v.instance_key, st.study_key, st.patient_key FROM versions v JOIN instances i USING (instance_key) "
        "JOIN series se USING (series_key) JOIN studies st USING (study_key) WHERE v.file_id = :file_id",
        file_id=file_id.value,
    )
    return Place(file_id, *rows[0]) if rows else None


def damage_marks(tx: ReadTransaction) -> dict[bytes, int]:
    """Give the ids of the files that are marked as damaged, and since when."""
    return dict(tx.rows("SELECT file_id, found_at FROM damaged_files"))


def is_marked_damaged(tx: ReadTransaction, file_id: FileId) -> bool:
    """Say whether a file is marked as damaged."""
    return bool(tx.rows("SELECT 1 FROM damaged_files WHERE file_id = :file_id", file_id=file_id.value))


def clear_damaged(tx: WriteTransaction, file_id: FileId, found_at: int) -> bool:
    """Remove a file's mark that was made then; give whether it was there."""
    sql = "DELETE FROM damaged_files WHERE file_id = :file_id AND found_at = :found_at"
    return bool(tx.change(sql, file_id=file_id.value, found_at=found_at))


def mark_damaged(tx: WriteTransaction, place: Place, at: int) -> bool:
    """Mark the file of an instance as damaged; give whether it was not, and is not erased."""
    return bool(
        tx.change(
            "INSERT INTO damaged_files (file_id, instance_key, study_key, found_at) "
            "SELECT file_id, :instance_key, :study_key, :at FROM files WHERE file_id = :file_id "
            "ON CONFLICT DO NOTHING",
            file_id=place.file_id.value, instance_key=place.instance_key, study_key=place.study_key, at=at,
        )
    )  # fmt: skip


def one_instance(tx: ReadTransaction, study: str, series: str, sop: str) -> Located | None:
    """Find an instance by its three UIDs."""
    rows = tx.rows(_ONE, study=study, series=series, sop=sop)
    return _located(rows[0]) if rows else None


def study_instances(tx: ReadTransaction, study: str) -> list[Located]:
    """Find every instance under a study's UID."""
    return _all(tx.rows(_STUDY, study=study))


def series_instances(tx: ReadTransaction, study: str, series: str) -> list[Located]:
    """Find every instance of a series by its UIDs."""
    return _all(tx.rows(_SERIES, study=study, series=series))


def series_instances_by_key(tx: ReadTransaction, series_key: int) -> list[Located]:
    """Find every instance of a series by its row key."""
    return _all(tx.rows(_SERIES_BY_KEY, series_key=series_key))


def _all(rows: Sequence[Row]) -> list[Located]:
    return [_located(row) for row in rows]


def _located(row: Row) -> Located:
    """Name the columns of `_SELECT`."""
    file_id, wrapped_key, number, plaintext_bytes, association_id, place = row[11:17]
    association = None if association_id is None else AssociationId(association_id)
    file = StoredFile(FileId(file_id), wrapped_key, number, plaintext_bytes, association, place == "vault")
    image = Image(*row[17:26])
    return Located(*row[:11], file, image)  # type: ignore[call-arg]  # mypy cannot count a row's slice
