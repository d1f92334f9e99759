"""SQL of lists and pages. Times leave as aware instants."""

from appliance.archive.reading.rows import (
    Completeness,
    Conflict,
    Position,
    QuarantinedFile,
    SeriesRow,
    StudyRow,
)
from appliance.clock import instant
from appliance.store.transactions import ReadTransaction, Row

_STUDY = """
  SELECT s.study_key, s.patient_key, p.patient_name, p.patient_id, p.patient_birth_date, p.patient_sex,
    s.study_date, s.study_time, s.study_id, s.study_description, s.accession_number, s.referring_physician_name,
    s.modalities, s.series_count, s.instance_count, s.first_arrived_at, s.last_arrived_at,
    (SELECT count(*) FROM series e WHERE e.study_key = s.study_key AND e.completeness = 'gaps'),
    (SELECT count(*) FROM series e WHERE e.study_key = s.study_key AND e.completeness = 'odd geometry'),
    (SELECT count(*) FROM series e WHERE e.study_key = s.study_key AND e.completeness = 'unchecked'),
    (SELECT coalesce(sum(i.version_count - 1), 0) FROM series e JOIN instances i USING (series_key)
       WHERE e.study_key = s.study_key),
    (SELECT count(*) FROM identity_conflicts c WHERE c.resolved_at IS NULL
       AND (c.study_key = s.study_key
         OR (c.study_key IS NULL AND s.patient_key IN (c.patient_key, c.other_patient_key))))
  FROM studies s JOIN patients p USING (patient_key)"""
_PAGE = "ORDER BY s.last_arrived_at DESC, s.study_key DESC LIMIT :limit"
_AFTER = "(s.last_arrived_at, s.study_key) < (:arrived, :key)"
_TOP = Position(2**62, 0)


def studies(tx: ReadTransaction, limit: int, after: Position | None) -> list[StudyRow]:
    """The latest arrivals first."""
    here = after or _TOP
    rows = tx.rows(f"{_STUDY} WHERE {_AFTER} {_PAGE}", limit=limit, arrived=here.last_arrived_at, key=here.study_key)
    return [_study(row) for row in rows]


def studies_matching(tx: ReadTransaction, match: str, limit: int, after: Position | None) -> list[StudyRow]:
    """The same among studies that an FTS5 expression matches."""
    here = after or _TOP
    found = "s.study_key IN (SELECT rowid FROM study_search WHERE study_search MATCH :match)"
    rows = tx.rows(
        f"{_STUDY} WHERE {found} AND {_AFTER} {_PAGE}",
        match=match,
        limit=limit,
        arrived=here.last_arrived_at,
        key=here.study_key,
    )
    return [_study(row) for row in rows]


def study(tx: ReadTransaction, study_key: int) -> StudyRow | None:
    """One study."""
    rows = tx.rows(f"{_STUDY} WHERE s.study_key = :key", key=study_key)
    return _study(rows[0]) if rows else None


def count_arrived_since(tx: ReadTransaction, since_microseconds: int) -> int:
    """How many studies had something arrive since then."""
    sql = "SELECT count(*) FROM studies WHERE last_arrived_at >= :since"
    return _int(tx.rows(sql, since=since_microseconds)[0][0])


_UNCHECKED_OF_LATE = """
  SELECT count(*) FROM series WHERE completeness = 'unchecked' AND study_key IN
    (SELECT study_key FROM studies ORDER BY last_arrived_at DESC, study_key DESC LIMIT 50)"""


def change_mark(tx: ReadTransaction) -> tuple[int, int, int]:
    """Numbers that change when the list does: latest arrival, newest study, series of late studies not checked yet."""
    latest, count = tx.rows("SELECT coalesce(max(last_arrived_at), 0), coalesce(max(study_key), 0) FROM studies")[0]
    (unchecked,) = tx.rows(_UNCHECKED_OF_LATE)[0]
    return _int(latest), _int(count), _int(unchecked)


_SERIES = """
  SELECT e.series_key, e.study_key, e.modality, e.series_number, e.series_description, e.body_part_examined,
    e.laterality, e.manufacturer, e.manufacturer_model_name, e.instance_count,
    (SELECT coalesce(sum(coalesce(v.number_of_frames, 1)), 0) FROM instances i JOIN versions v USING (instance_key)
       WHERE i.series_key = e.series_key AND v.version_number = 1),
    (SELECT coalesce(sum(v.viewable), 0) FROM instances i JOIN versions v USING (instance_key)
       WHERE i.series_key = e.series_key AND v.version_number = 1),
    (SELECT coalesce(sum(i.version_count - 1), 0) FROM instances i WHERE i.series_key = e.series_key),
    e.last_arrived_at, e.completeness, e.findings
  FROM series e"""


def series_of_study(tx: ReadTransaction, study_key: int) -> list[SeriesRow]:
    """The series of a study, as numbered by the scanner."""
    order = "ORDER BY e.series_number IS NULL, e.series_number, e.series_key"
    return [_series(row) for row in tx.rows(f"{_SERIES} WHERE e.study_key = :key {order}", key=study_key)]


def series(tx: ReadTransaction, series_key: int) -> SeriesRow | None:
    """One series."""
    rows = tx.rows(f"{_SERIES} WHERE e.series_key = :key", key=series_key)
    return _series(rows[0]) if rows else None


def conflicts(tx: ReadTransaction, study_key: int, patient_key: int) -> list[Conflict]:
    """Open findings about the identity of a study or its patient."""
    rows = tx.rows(
        """SELECT c.kind, c.found_at, p.patient_id FROM identity_conflicts c
           LEFT JOIN patients p
             ON p.patient_key = CASE WHEN c.patient_key = :patient THEN c.other_patient_key ELSE c.patient_key END
           WHERE c.resolved_at IS NULL AND (c.study_key = :study
             OR (c.study_key IS NULL AND :patient IN (c.patient_key, c.other_patient_key)))
           ORDER BY c.conflict_key""",
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


def stored_versions(tx: ReadTransaction, study_key: int) -> tuple[int, int]:
    """How many versions a study has, and how many of them have their sealed file on this box."""
    rows = tx.rows(
        """SELECT count(*), count(f.file_id) FROM series e JOIN instances i USING (series_key)
           JOIN versions v USING (instance_key) LEFT JOIN files f USING (file_id) WHERE e.study_key = :key""",
        key=study_key,
    )
    return _int(rows[0][0]), _int(rows[0][1])


def quarantined(tx: ReadTransaction, limit: int, before_key: int | None) -> list[QuarantinedFile]:
    """Unresolved files, the latest first."""
    rows = tx.rows(
        """SELECT q.quarantine_key, q.reason, coalesce(a.calling_ae_title, ''), coalesce(a.address, ''),
             q.dataset_bytes, q.arrived_at
           FROM quarantine q LEFT JOIN associations a USING (association_id)
           WHERE q.resolved_at IS NULL AND q.quarantine_key < :before ORDER BY q.quarantine_key DESC LIMIT :limit""",
        before=2**62 if before_key is None else before_key,
        limit=limit,
    )
    return [
        QuarantinedFile(_int(key), str(reason), str(title), str(address), _int(size), instant(_int(at)))
        for key, reason, title, address, size, at in rows
    ]


def count_quarantined(tx: ReadTransaction) -> int:
    """How many files wait for a person."""
    return _int(tx.rows("SELECT count(*) FROM quarantine WHERE resolved_at IS NULL")[0][0])


def _study(row: Row) -> StudyRow:
    text = [str(value) for value in row]
    count = _Counts(row)
    return StudyRow(
        study_key=count[0],
        patient_key=count[1],
        patient_name=text[2],
        patient_id=text[3],
        patient_birth_date=text[4],
        patient_sex=text[5],
        study_date=text[6],
        study_time=text[7],
        study_id=text[8],
        study_description=text[9],
        accession_number=text[10],
        referring_physician_name=text[11],
        modalities=tuple(part for part in text[12].split("\\") if part),
        series_count=count[13],
        instance_count=count[14],
        first_arrived_at=instant(count[15]),
        last_arrived_at=instant(count[16]),
        gappy_series=count[17],
        odd_series=count[18],
        unchecked_series=count[19],
        further_versions=count[20],
        open_conflicts=count[21],
        position=Position(count[16], count[0]),
    )


def _series(row: Row) -> SeriesRow:
    text = [str(value) for value in row]
    count = _Counts(row)
    return SeriesRow(
        series_key=count[0],
        study_key=count[1],
        modality=text[2],
        series_number=None if row[3] is None else count[3],
        series_description=text[4],
        body_part_examined=text[5],
        laterality=text[6],
        manufacturer=text[7],
        manufacturer_model_name=text[8],
        instance_count=count[9],
        frame_count=count[10],
        viewable_count=count[11],
        further_versions=count[12],
        last_arrived_at=instant(count[13]),
        completeness=Completeness(text[14]),
        findings=text[15],
    )


class _Counts:
    """A row whose columns are read as integers."""

    def __init__(self, row: Row) -> None:
        self._row = row

    def __getitem__(self, column: int) -> int:
        return _int(self._row[column])


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
