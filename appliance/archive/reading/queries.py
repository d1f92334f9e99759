"""SQL of lists and pages. Times leave as aware instants."""

from enum import StrEnum

from appliance.archive.reading.rows import (
    Conflict,
    Position,
    QuarantinedFile,
    SeriesRow,
    StudyRow,
)
from appliance.clock import instant
from appliance.dicom.completeness import Completeness
from appliance.store.transactions import ReadTransaction, Row

STUDY_COLUMNS = """SELECT s.study_key, s.patient_key, p.patient_name, p.patient_id, p.patient_birth_date,
    p.patient_sex, s.study_date, s.study_time, s.study_id, s.study_description, s.accession_number,
    s.referring_physician_name, s.modalities, s.series_count, s.instance_count, s.first_arrived_at, s.last_arrived_at,
    s.gappy_series, s.odd_series, s.unchecked_series, s.further_versions,
    (SELECT count(*) FROM identity_conflicts c WHERE c.resolved_at IS NULL AND c.study_key = s.study_key)
    + (SELECT count(*) FROM identity_conflicts c
       WHERE c.resolved_at IS NULL AND c.study_key IS NULL AND c.patient_key = s.patient_key)
    + (SELECT count(*) FROM identity_conflicts c
       WHERE c.resolved_at IS NULL AND c.study_key IS NULL AND c.other_patient_key = s.patient_key)"""
_STUDY = f"{STUDY_COLUMNS} FROM studies s JOIN patients p USING (patient_key)"
_PAGE = "ORDER BY s.last_arrived_at DESC, s.study_key DESC LIMIT :limit"
_AFTER = "(s.last_arrived_at, s.study_key) < (:arrived, :key)"
_FEW = 1000  # matches; the page of more is met soon on the way from the latest arrival on
_TOP = Position(2**62, 0)


class Finding(StrEnum):
    """The two ways to the page of a search; both give the same studies, and how many match says which is fast."""

    BY_MATCH = "study_search f CROSS JOIN studies s ON s.study_key = f.rowid WHERE f.study_search MATCH :match"
    BY_ARRIVAL = """studies s INDEXED BY studies_by_arrival
      WHERE s.study_key IN (SELECT rowid FROM study_search WHERE study_search MATCH :match)"""


class Entries(StrEnum):
    """Which entries of the quarantine are meant."""

    WAITING = "q.resolved_at IS NULL"
    DISMISSED = "q.dismissal_reason IS NOT NULL"
    ALL = "1"


def studies(tx: ReadTransaction, limit: int, after: Position | None) -> list[StudyRow]:
    """The latest arrivals first."""
    rows = tx.rows(f"{_STUDY} WHERE {_AFTER} {_PAGE}", limit=limit, **_place(after))
    return [study_row(row) for row in rows]


def studies_matching(tx: ReadTransaction, match: str, limit: int, after: Position | None) -> list[StudyRow]:
    """The same among studies that an FTS5 expression matches."""
    finding = Finding.BY_MATCH if _count_matches(tx, match) < _FEW else Finding.BY_ARRIVAL
    return studies_found(tx, finding, match, limit, after)


def studies_found(
    tx: ReadTransaction, finding: Finding, match: str, limit: int, after: Position | None
) -> list[StudyRow]:
    """The same, found in one of the two ways."""
    rows = tx.rows(found_sql(finding), match=match, limit=limit, **_place(after))
    return [study_row(row) for row in rows]


def found_sql(finding: Finding) -> str:
    """Give the statement, so that a test can look at its plan. What a page does not show is not read."""
    page = f"SELECT s.study_key FROM {finding} AND {_AFTER} {_PAGE}"  # noqa: S608  constants of this file
    return f"""{STUDY_COLUMNS} FROM ({page}) page CROSS JOIN studies s USING (study_key)
      CROSS JOIN patients p USING (patient_key) {_PAGE}"""


def _count_matches(tx: ReadTransaction, match: str) -> int:
    """Count the matches, up to `_FEW`."""
    sql = "SELECT count(*) FROM (SELECT 1 FROM study_search WHERE study_search MATCH :match LIMIT :most)"
    return _int(tx.rows(sql, match=match, most=_FEW)[0][0])


def _place(after: Position | None) -> dict[str, object]:
    here = after or _TOP
    return {"arrived": here.last_arrived_at, "key": here.study_key}


def study(tx: ReadTransaction, study_key: int) -> StudyRow | None:
    """One study."""
    rows = tx.rows(f"{_STUDY} WHERE s.study_key = :key", key=study_key)
    return study_row(rows[0]) if rows else None


def latest_study(tx: ReadTransaction, study_instance_uid: str) -> int | None:
    """Give the key of the study with this UID, the one that something arrived for last where there are several."""
    rows = tx.rows(
        "SELECT study_key FROM studies WHERE study_instance_uid = :uid ORDER BY last_arrived_at DESC, study_key DESC "
        "LIMIT 1",
        uid=study_instance_uid,
    )
    return int(rows[0][0]) if rows else None


def patient_of_study(tx: ReadTransaction, study_key: int) -> int | None:
    """The patient of a study."""
    rows = tx.rows("SELECT patient_key FROM studies WHERE study_key = :key", key=study_key)
    return int(rows[0][0]) if rows else None


def study_of_series(tx: ReadTransaction, series_key: int) -> int | None:
    """The study of a series."""
    rows = tx.rows("SELECT study_key FROM series WHERE series_key = :key", key=series_key)
    return int(rows[0][0]) if rows else None


def has_patient(tx: ReadTransaction, patient_key: int) -> bool:
    """Whether there is such a patient."""
    return bool(tx.rows("SELECT 1 FROM patients WHERE patient_key = :key", key=patient_key))


def count_arrived_since(tx: ReadTransaction, since_microseconds: int) -> int:
    """How many studies had something arrive since then."""
    sql = "SELECT count(*) FROM studies WHERE last_arrived_at >= :since"
    return _int(tx.rows(sql, since=since_microseconds)[0][0])


_CHANGE_MARK = """
  SELECT coalesce((SELECT max(last_arrived_at) FROM studies), 0), coalesce((SELECT max(study_key) FROM studies), 0),
    (SELECT coalesce(sum(unchecked_series), 0) FROM
      (SELECT unchecked_series FROM studies ORDER BY last_arrived_at DESC, study_key DESC LIMIT 50))"""


def change_mark(tx: ReadTransaction) -> tuple[int, int, int]:
    """Numbers that change when the list does: latest arrival, newest study, series of late studies not checked yet."""
    latest, newest, unchecked = tx.rows(_CHANGE_MARK)[0]
    return _int(latest), _int(newest), _int(unchecked)


_SERIES = """
  SELECT e.series_key, e.study_key, e.modality, e.series_number, e.series_description, e.body_part_examined,
    e.laterality, e.manufacturer, e.manufacturer_model_name, e.instance_count, e.frame_count, e.viewable_count,
    e.further_versions, e.last_arrived_at, e.completeness, e.findings
  FROM series e"""


def series_of_study(tx: ReadTransaction, study_key: int) -> list[SeriesRow]:
    """The series of a study, as numbered by the scanner."""
    order = "ORDER BY e.series_number IS NULL, e.series_number, e.series_key"
    return [_series(row) for row in tx.rows(f"{_SERIES} WHERE e.study_key = :key {order}", key=study_key)]


def series(tx: ReadTransaction, series_key: int) -> SeriesRow | None:
    """One series."""
    rows = tx.rows(f"{_SERIES} WHERE e.series_key = :key", key=series_key)
    return _series(rows[0]) if rows else None


_OPEN_CONFLICTS = "SELECT conflict_key FROM identity_conflicts WHERE resolved_at IS NULL AND"


def conflicts(tx: ReadTransaction, study_key: int, patient_key: int) -> list[Conflict]:
    """Open findings about the identity of a study or its patient."""
    rows = tx.rows(
        f"""SELECT c.kind, c.found_at, p.patient_id FROM identity_conflicts c
           LEFT JOIN patients p
             ON p.patient_key = CASE WHEN c.patient_key = :patient THEN c.other_patient_key ELSE c.patient_key END
           WHERE c.conflict_key IN ({_OPEN_CONFLICTS} study_key = :study
             UNION ALL {_OPEN_CONFLICTS} study_key IS NULL AND patient_key = :patient
             UNION ALL {_OPEN_CONFLICTS} study_key IS NULL AND other_patient_key = :patient)
           ORDER BY c.conflict_key""",  # noqa: S608  a constant of this file
        study=study_key,
        patient=patient_key,
    )
    return [Conflict(str(kind), instant(_int(at)), None if other is None else str(other)) for kind, at, other in rows]


def open_conflicts(tx: ReadTransaction, limit: int) -> list[dict[str, object]]:
    """Every open finding about identity, by row keys alone: nothing of a patient."""
    names = ("conflict_key", "kind", "patient_key", "other_patient_key", "study_key")
    rows = tx.rows(
        f"""SELECT {", ".join(names)}, found_at FROM identity_conflicts
            WHERE resolved_at IS NULL ORDER BY conflict_key LIMIT :limit""",  # noqa: S608  # the columns are written in this function
        limit=limit,
    )
    return [dict(zip(names, row, strict=False)) | {"found_at": instant(_int(row[-1]))} for row in rows]


def quarantined(
    tx: ReadTransaction, limit: int, before_key: int | None, which: Entries = Entries.WAITING
) -> list[QuarantinedFile]:
    """Files of the quarantine, the latest first."""
    rows = tx.rows(
        f"""SELECT q.quarantine_key, q.reason, coalesce(a.calling_ae_title, ''), coalesce(a.address, ''),
             q.dataset_bytes, q.arrived_at, q.file_id IS NOT NULL, q.resolved_at, q.resolved_by, q.dismissal_reason
           FROM quarantine q LEFT JOIN associations a USING (association_id)
           WHERE {which} AND q.quarantine_key < :before ORDER BY q.quarantine_key DESC LIMIT :limit""",  # noqa: S608  a constant of this file
        before=2**62 if before_key is None else before_key,
        limit=limit,
    )
    return [_quarantined(row) for row in rows]


def count_dismissed(tx: ReadTransaction) -> int:
    """How many files of the quarantine a person has dismissed."""
    return _int(tx.rows("SELECT count(*) FROM quarantine WHERE dismissal_reason IS NOT NULL")[0][0])


def count_quarantined(tx: ReadTransaction) -> int:
    """How many files wait for a person."""
    return _int(tx.rows("SELECT count(*) FROM quarantine WHERE resolved_at IS NULL")[0][0])


_DAMAGED = "FROM damaged_files d JOIN versions v USING (file_id)"  # an erased file's mark means nothing any more


def count_damaged(tx: ReadTransaction) -> int:
    """How many stored files were found damaged while they were read."""
    return _int(tx.rows(f"SELECT count(*) {_DAMAGED}")[0][0])


def damaged_of_study(tx: ReadTransaction, study_key: int) -> list[int]:
    """The instances of a study whose files are damaged, by their row keys."""
    rows = tx.rows(f"SELECT DISTINCT d.instance_key {_DAMAGED} WHERE d.study_key = :key ORDER BY 1", key=study_key)
    return [_int(key) for (key,) in rows]


def study_row(row: Row) -> StudyRow:
    """Name the columns of `STUDY_COLUMNS`."""
    modalities, series_count, instance_count, first_arrived_at, last_arrived_at = row[12:17]
    return StudyRow(  # type: ignore[call-arg]  # mypy cannot count a row's slice
        *row[:12],
        tuple(filter(None, modalities.split("\\"))),
        series_count,
        instance_count,
        instant(first_arrived_at),
        instant(last_arrived_at),
        *row[17:22],
        Position(last_arrived_at, row[0]),
    )


def _quarantined(row: Row) -> QuarantinedFile:
    """Name the columns of `quarantined`."""
    arrived_at, has_file, resolved_at = row[5:8]
    ended = None if resolved_at is None else instant(resolved_at)
    return QuarantinedFile(*row[:5], instant(arrived_at), bool(has_file), ended, *row[8:])  # type: ignore[call-arg]  # mypy cannot count a row's slice


def _series(row: Row) -> SeriesRow:
    """Name the columns of `_SERIES`."""
    return SeriesRow(*row[:13], instant(row[13]), Completeness(row[14]), row[15])  # type: ignore[call-arg]  # mypy cannot count a slice


def _int(value: object) -> int:
    if not isinstance(value, int):
        raise TypeError("an integer column holds something else")
    return value


def all_digests(tx: ReadTransaction) -> list[tuple[bytes, int | None, bytes | None]]:
    """Every stored file: its id and, if a version is kept in it, where the dataset begins and its SHA-256."""
    rows = tx.rows(
        "SELECT f.file_id, v.dataset_offset, v.dataset_sha256 FROM files f LEFT JOIN versions v USING (file_id) "
        "ORDER BY f.created_at, f.file_id"
    )
    return [(bytes(file_id), offset, digest) for file_id, offset, digest in rows]
