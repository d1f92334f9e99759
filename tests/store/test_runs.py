"""What ran is kept: when it began, how it ended, and that it was cut off."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from appliance.store.runs import LastRuns, begin_run, end_run, last_runs
from tests.store.a_box import ABox

FIRST = datetime(2026, 11, 1, tzinfo=UTC)


def test_the_last_run_and_the_last_that_was_done_are_told_apart(tmp_path: Path) -> None:
    box = ABox(tmp_path).create()
    with box.database.write() as tx:
        assert last_runs(tx, "rotation") == LastRuns(None, None)
        end_run(tx, begin_run(tx, "rotation", FIRST), FIRST + timedelta(minutes=1), done_count=3, failed_count=0)
        end_run(tx, begin_run(tx, "rotation", FIRST + timedelta(days=1)), FIRST + timedelta(days=1), 2, failed_count=1)
        begin_run(tx, "rotation", FIRST + timedelta(days=2))
        begin_run(tx, "another", FIRST + timedelta(days=9))
        assert last_runs(tx, "rotation") == LastRuns(FIRST + timedelta(days=2), FIRST)
        begin_run(tx, "rotation", FIRST + timedelta(days=3))
        outcomes = tx.rows("SELECT outcome, done_count, failed_count FROM runs WHERE job = 'rotation' ORDER BY run_key")
    assert outcomes == [("done", 3, 0), ("failed", 2, 1), ("interrupted", 0, 0), (None, 0, 0)]
