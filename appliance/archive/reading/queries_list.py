"""SQL of the filtered and sorted study list.

Every filter is a set of study keys that one index gives. A set of few members
is read whole and put in order; else the list is walked in the order of an
index, asking the sets, until a page is full. Only a page's own rows are read.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from appliance.archive.reading.queries import STUDY_COLUMNS, study_row
from appliance.archive.reading.rows import StudyRow
from appliance.archive.reading.wanted import Device, Order, Standing, Wanted
from appliance.store.transactions import ReadTransaction

_FEW = 1000  # members; putting so many in order costs less than walking far
_CHECK = """SELECT study_key FROM studies WHERE gappy_series + odd_series + further_versions > 0
  UNION SELECT study_key FROM identity_conflicts WHERE resolved_at IS NULL AND study_key IS NOT NULL
  UNION SELECT t.study_key FROM identity_conflicts c CROSS JOIN studies t ON t.patient_key = c.patient_key
    WHERE c.resolved_at IS NULL AND c.study_key IS NULL
  UNION SELECT t.study_key FROM identity_conflicts c CROSS JOIN studies t ON t.patient_key = c.other_patient_key
    WHERE c.resolved_at IS NULL AND c.study_key IS NULL"""
_UNCHECKED = "SELECT study_key FROM studies WHERE unchecked_series > 0"


@dataclass(frozen=True, slots=True)
class _Way:
    """One order: the tables that are walked in it, how it is written, and how a page goes on after a study."""

    walked: str
    order: str
    after: str
    place: str


_WAYS: Mapping[Order, _Way] = {
    Order.ARRIVED: _Way(
        "studies s INDEXED BY studies_by_arrival",
        "s.last_arrived_at DESC, s.study_key DESC",
        "(s.last_arrived_at, s.study_key) < (:a, :key)",
        "SELECT last_arrived_at, 0, 0 FROM studies WHERE study_key = :key",
    ),
    Order.TAKEN: _Way(
        "studies s INDEXED BY studies_by_date",
        "s.study_date DESC, s.study_key DESC",
        "(s.study_date, s.study_key) < (:a, :key)",
        "SELECT study_date, 0, 0 FROM studies WHERE study_key = :key",
    ),
    Order.NAME: _Way(
        "patients p INDEXED BY patients_by_name CROSS JOIN studies s ON s.patient_key = p.patient_key",
        "p.patient_name_folded, p.patient_birth_date, p.patient_key, s.study_key DESC",
        "(p.patient_name_folded, p.patient_birth_date, p.patient_key) >= (:a, :b, :c) "
        "AND (p.patient_key <> :c OR s.study_key < :key)",
        "SELECT p.patient_name_folded, p.patient_birth_date, p.patient_key FROM studies s "
        "JOIN patients p USING (patient_key) WHERE s.study_key = :key",
    ),
}


def find_studies(
    tx: ReadTransaction, wanted: Wanted, limit: int, after: int | None, few: int = _FEW
) -> list[StudyRow] | None:
    """A page of the studies that are wanted, after the study of that key; None when that one is gone.

    Sets of fewer than `few` members are read whole; what is found is the same.
    """
    way, place = _WAYS[wanted.order], {}
    if after is not None:
        rows = tx.rows(way.place, key=after)
        if not rows:
            return None
        place = dict(zip("abc", rows[0], strict=True)) | {"key": after}
    sets, left_out, values = _sets(wanted)
    values |= {name: value for name, value in place.items() if f":{name}" in way.after}
    driving = next((one for one in sets if _is_small(tx, one, values, few)), None)
    sql = page_sql(way, sets, left_out, driving, goes_on=after is not None)
    return [study_row(row) for row in tx.rows(sql, limit=limit, **values)]


def page_sql(way: _Way, sets: list[str], left_out: list[str], driving: str | None, *, goes_on: bool) -> str:
    """Give the statement, so that a test can look at its plan."""
    tests = [f"s.study_key IN ({one})" for one in sets if one is not driving]
    tests += [f"s.study_key NOT IN ({one})" for one in left_out]
    tests += [way.after] if goes_on else []
    tables = way.walked
    if driving is not None:
        tables = (
            f"({driving}) d CROSS JOIN studies s ON s.study_key = d.study_key "
            "CROSS JOIN patients p ON p.patient_key = s.patient_key"
        )
    where = f"WHERE {' AND '.join(tests)}" if tests else ""
    page = f"SELECT s.study_key FROM {tables} {where} ORDER BY {way.order} LIMIT :limit"  # noqa: S608  constants of this file
    return f"""{STUDY_COLUMNS} FROM ({page}) page CROSS JOIN studies s USING (study_key)
      CROSS JOIN patients p USING (patient_key) ORDER BY {way.order}"""


def _sets(wanted: Wanted) -> tuple[list[str], list[str], dict[str, object]]:
    """Give the sets in which a wanted study is, those in which it is not, and their values."""
    sets: list[str] = []
    left_out: list[str] = []
    values: dict[str, object] = {}
    if wanted.words:
        sets.append("SELECT rowid AS study_key FROM study_search WHERE study_search MATCH :match")
        values["match"] = " ".join(f'"{word}"*' for word in wanted.words)
    if wanted.arrived_since is not None:
        sets.append("SELECT study_key FROM studies WHERE last_arrived_at >= :since")
        values["since"] = wanted.arrived_since
    if wanted.modality:
        sets.append("SELECT DISTINCT study_key FROM series WHERE modality = :modality")
        values["modality"] = wanted.modality
    if wanted.device is not None:
        sets.append(
            "SELECT DISTINCT study_key FROM series WHERE manufacturer = :maker AND manufacturer_model_name = :model"
        )
        values |= {"maker": wanted.device.manufacturer, "model": wanted.device.manufacturer_model_name}
    sets += {Standing.CHECK: [_CHECK], Standing.UNCHECKED: [_UNCHECKED]}.get(wanted.standing, [])
    left_out += {Standing.UNCHECKED: [_CHECK], Standing.WHOLE: [_CHECK, _UNCHECKED]}.get(wanted.standing, [])
    return sets, left_out, values


def _is_small(tx: ReadTransaction, one: str, values: Mapping[str, object], few: int) -> bool:
    """Say whether a set has few members, counting no further."""
    own = {name: value for name, value in values.items() if f":{name}" in one}
    rows = tx.rows(f"SELECT count(*) FROM (SELECT 1 FROM ({one}) LIMIT :most)", most=few, **own)  # noqa: S608  constants of this file
    return int(rows[0][0]) < few


def modalities(tx: ReadTransaction) -> list[str]:
    """Every modality that series have, each found by one step in an index."""
    rows = tx.rows(
        """WITH RECURSIVE m (modality) AS (
             SELECT min(modality) FROM series
             UNION ALL SELECT (SELECT min(modality) FROM series WHERE modality > m.modality) FROM m
             WHERE m.modality IS NOT NULL)
           SELECT modality FROM m WHERE modality <> ''"""
    )
    return [str(row[0]) for row in rows]


_DEVICE = "SELECT series_key, manufacturer, manufacturer_model_name FROM series"
_BY_DEVICE = "ORDER BY manufacturer, manufacturer_model_name, study_key LIMIT 1"


def devices(tx: ReadTransaction, most: int) -> list[Device]:
    """What took pictures, each found by one step in an index; at most so many."""
    found: list[Device] = []
    maker, model = "", ""
    for _ in range(most):
        rows = tx.rows(
            f"{_DEVICE} WHERE (manufacturer, manufacturer_model_name) > (:maker, :model) {_BY_DEVICE}",
            maker=maker,
            model=model,
        )
        if not rows:
            break
        found.append(Device(int(rows[0][0]), str(rows[0][1]), str(rows[0][2])))
        maker, model = found[-1].manufacturer, found[-1].manufacturer_model_name
    return found


def find_device(tx: ReadTransaction, series_key: int) -> Device | None:
    """The device that a series is of."""
    rows = tx.rows(f"{_DEVICE} WHERE series_key = :key", key=series_key)
    return Device(int(rows[0][0]), str(rows[0][1]), str(rows[0][2])) if rows else None


def studies_of_patient(tx: ReadTransaction, patient_key: int, limit: int) -> list[StudyRow]:
    """The studies of a patient, the latest first."""
    rows = tx.rows(
        f"""{STUDY_COLUMNS} FROM studies s CROSS JOIN patients p USING (patient_key) WHERE s.patient_key = :key
            ORDER BY s.study_date DESC, s.study_time DESC, s.study_key DESC LIMIT :limit""",
        key=patient_key,
        limit=limit,
    )
    return [study_row(row) for row in rows]


def conflicts_of_patient(tx: ReadTransaction, patient_key: int) -> list[tuple[str, int | None]]:
    """Kind, and the other patient, of each open finding about who a patient is."""
    rows = tx.rows(
        """SELECT kind, other_patient_key FROM identity_conflicts
             WHERE resolved_at IS NULL AND study_key IS NULL AND patient_key = :key
           UNION SELECT kind, patient_key FROM identity_conflicts
             WHERE resolved_at IS NULL AND study_key IS NULL AND other_patient_key = :key""",
        key=patient_key,
    )
    return [(str(kind), None if other is None else int(other)) for kind, other in rows]


def count_studies(tx: ReadTransaction, patient_key: int) -> int:
    """How many studies a patient has."""
    return int(tx.rows("SELECT count(*) FROM studies WHERE patient_key = :key", key=patient_key)[0][0])
