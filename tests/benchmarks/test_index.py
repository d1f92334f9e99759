"""The table of look-ups says which of them are slower than is wanted."""

from pathlib import Path

from appliance.clock import SystemClock
from appliance.keys.secret import SecretKey
from appliance.store.database import Database
from benchmarks.index import LIMIT_MS, Measured, table, timed


def test_a_look_up_that_is_too_slow_is_marked_and_no_other() -> None:
    lines = table([Measured("quick", 0.4, LIMIT_MS, 50), Measured("slow", 0.9, LIMIT_MS + 0.01, 2)])
    assert lines[0] == "A p99 of at most 1 ms is wanted: 1 of 2 look-ups have it."
    assert lines[-2:] == ["| quick | 0.400 | 1.000 | yes | 50 |", "| slow | 0.900 | 1.010 | **no** | 2 |"]
    assert {line.count("|") for line in lines[2:]} == {6}


def test_one_slow_look_up_in_fifty_is_in_the_measure(tmp_path: Path) -> None:
    database = Database(tmp_path / "catalogue.db", SecretKey.new(), SystemClock())
    database.create_or_migrate()
    sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :most) SELECT max(i) FROM n"
    measured = timed(database, "one in fifty", lambda tx, n: tx.rows(sql, most=100_000 if n % 50 == 7 else 1), 100)
    database.close()
    assert measured.rows == 1
    assert measured.p50_ms < LIMIT_MS < measured.p99_ms
