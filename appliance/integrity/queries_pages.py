"""SQL of what pages and metrics tell of proofs: the last tests, what is wrong, and how far the month's reading is."""

from dataclasses import dataclass
from datetime import datetime

from appliance.clock import instant, microseconds
from appliance.store.transactions import ReadTransaction, Row


@dataclass(frozen=True)
class TestRow:
    """One restore test; `verdict` is None while it runs, or where it was cut off."""

    test_key: int
    run_key: int
    target_key: int
    target_name: str
    snapshot_at: datetime | None
    is_full: bool
    started_at: datetime
    finished_at: datetime | None
    verdict: str | None
    audit_events: int
    file_count: int
    bytes: int
    series_decoded: int
    fault_count: int
    fault: str | None


@dataclass(frozen=True)
class FaultRow:
    """Something that was found wrong; `source_name` is the target that it was repaired from."""

    fault_key: int
    place: str
    target_name: str | None
    fault: str
    file_id: str | None
    thing: str | None
    found_by: str
    found_at: datetime
    repaired_at: datetime | None
    source_name: str | None


@dataclass(frozen=True)
class Reading:
    """How far the month's reading of the stored files is; `oldest_at` is None while one was never read."""

    file_count: int
    never_read: int
    oldest_at: datetime | None


_TEST = """SELECT r.test_key, r.run_key, r.target_key, t.name, r.snapshot_at, r.is_full, r.started_at, r.finished_at,
  r.verdict, r.audit_events, r.file_count, r.bytes, r.series_decoded, r.fault_count, r.fault
  FROM restore_tests r JOIN backup_targets t USING (target_key)"""


def latest_tests(tx: ReadTransaction, limit: int) -> list[TestRow]:
    """Give the latest tests of all targets, the newest first."""
    return [_test(row) for row in tx.rows(f"{_TEST} ORDER BY r.test_key DESC LIMIT :limit", limit=limit)]


def last_of_each(tx: ReadTransaction) -> list[TestRow]:
    """Give the last test that came to an end of each target that is copied to."""
    rows = tx.rows(
        f"""{_TEST} WHERE r.test_key IN (SELECT max(test_key) FROM restore_tests WHERE verdict IS NOT NULL
              GROUP BY target_key) AND t.removed_at IS NULL ORDER BY r.target_key"""  # noqa: S608  a constant of this file
    )
    return [_test(row) for row in rows]


def untested_targets(tx: ReadTransaction) -> list[str]:
    """Name the targets that are copied to and were never tested."""
    sql = """SELECT name FROM backup_targets WHERE removed_at IS NULL AND target_key NOT IN
      (SELECT target_key FROM restore_tests WHERE verdict IS NOT NULL) ORDER BY target_key"""
    return [str(row[0]) for row in tx.rows(sql)]


_FAULT = """SELECT f.fault_key, f.place, t.name, f.fault, lower(hex(f.file_id)), f.thing, f.found_by, f.found_at,
  f.repaired_at, s.name FROM integrity_faults f LEFT JOIN backup_targets t ON t.target_key = f.target_key
  LEFT JOIN backup_targets s ON s.target_key = f.repaired_from"""


def open_faults(tx: ReadTransaction, limit: int) -> list[FaultRow]:
    """Give what is wrong now, the latest first."""
    sql = f"{_FAULT} WHERE f.repaired_at IS NULL ORDER BY f.fault_key DESC LIMIT :limit"
    return [_fault(row) for row in tx.rows(sql, limit=limit)]


def ended_faults(tx: ReadTransaction, limit: int) -> list[FaultRow]:
    """Give what was wrong and no longer is, the latest first."""
    sql = f"{_FAULT} WHERE f.repaired_at IS NOT NULL ORDER BY f.repaired_at DESC, f.fault_key DESC LIMIT :limit"
    return [_fault(row) for row in tx.rows(sql, limit=limit)]


def count_open(tx: ReadTransaction) -> dict[str, int]:
    """Count what is wrong now, by place."""
    return dict(tx.rows("SELECT place, count(*) FROM integrity_faults WHERE repaired_at IS NULL GROUP BY place"))


def reading(tx: ReadTransaction) -> Reading:
    """Say how far the month's reading is."""
    rows = tx.rows(
        "SELECT count(*), count(*) FILTER (WHERE coalesce(s.read_at, 0) = 0), min(coalesce(s.read_at, 0)) "
        "FROM files f LEFT JOIN scrubbed_files s USING (file_id)"
    )
    count, never, oldest = rows[0]
    return Reading(int(count), int(never), instant(oldest) if oldest else None)


def count_late(tx: ReadTransaction, before: datetime) -> int:
    """Count the stored files that were there then and were not read since."""
    rows = tx.rows(
        "SELECT count(*) FROM files f LEFT JOIN scrubbed_files s USING (file_id) "
        "WHERE f.created_at < :before AND coalesce(s.read_at, 0) < :before",
        before=microseconds(before),
    )
    return int(rows[0][0])


def _test(row: Row) -> TestRow:
    snapshot_at, is_full, started_at, finished_at = row[4:8]
    return TestRow(
        row[0], row[1], row[2], row[3], _instant(snapshot_at), bool(is_full), instant(started_at),
        _instant(finished_at), *row[8:],
    )  # fmt: skip


def _fault(row: Row) -> FaultRow:
    return FaultRow(*row[:7], instant(row[7]), _instant(row[8]), row[9])  # type: ignore[call-arg]  # mypy cannot count a row's slice


def _instant(stored: int | None) -> datetime | None:
    return None if stored is None else instant(stored)
