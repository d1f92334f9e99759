"""Runs of long ago are forgotten, but never a job's last ones nor what a proof rests on."""

from datetime import timedelta
from pathlib import Path

from appliance.jobs import queries
from appliance.jobs.schedule import Every
from tests.jobs.a_timetable import Works, a_job

DAY = timedelta(days=1)


def test_old_runs_go_but_each_jobs_last_ones_stay(tmp_path: Path) -> None:
    works = Works(tmp_path, [a_job("often", Every(DAY / 4)), a_job("seldom", Every(9 * DAY))])
    works.let_pass(30 * DAY, DAY / 4)
    before = len(works.runs("often"))
    kept = works.runs("often")[5].run_key
    with works.box.database.write() as tx:
        tx.change(
            "INSERT INTO backup_targets (target_key, target_id, name, kind, location, append_only, schedule, "
            "warn_after_seconds, alarm_after_seconds, created_at) "
            "VALUES (1, x'00', 'a', 'folder', '{}', 0, '{}', 1, 1, 1)"
        )
        tx.change(
            "INSERT INTO restore_tests (run_key, target_key, snapshot_id, is_full, started_at, audit_events, "
            "file_count, bytes, series_decoded, fault_count) VALUES (:kept, 1, 's', 0, 0, 0, 0, 0, 0, 0)",
            kept=kept,
        )
        gone = queries.thin_runs(tx, works.clock.now() - 10 * DAY, 3)
    often = works.runs("often")
    assert (len(often), gone) == (before - 78, 79), "of twenty days, but the one that a proof names"
    assert often[0].run_key == kept
    assert len(works.runs("seldom")) == 3
