"""Jobs from the command line: what there is, having one done, what was done."""

import json
from datetime import UTC, datetime, time
from pathlib import Path
from threading import Thread

from appliance.jobs import queries
from appliance.store.runs import RunOutcome
from tests.cli.test_trail import box
from tests.warm import run


def test_jobs_are_listed_asked_for_and_shown(tmp_path: Path) -> None:
    data, rooms = box(tmp_path)
    assert "has not run yet" in run("jobs", "list", "--data", data).stdout
    refused = run("jobs", "run", "backup", "--data", data)
    assert (refused.returncode, "no job 'backup'" in refused.stderr) == (12, True)
    with rooms.database.write() as tx:
        queries.plan(tx, "backup", f"daily {time(2):%H:%M}", datetime(2026, 11, 1, tzinfo=UTC))
    assert "begins it within seconds" in run("jobs", "run", "backup", "--data", data).stdout
    (listed,) = json.loads(run("jobs", "list", "--data", data, "--json").stdout)
    assert (listed["job"], listed["schedule"], listed["asked"], listed["last"]) == ("backup", "daily 02:00", True, None)
    with rooms.database.write() as tx:
        run_key = queries.begin(tx, "backup", datetime(2026, 11, 2, tzinfo=UTC), None)
        queries.end(tx, run_key, datetime(2026, 11, 2, 1, tzinfo=UTC), RunOutcome.FAILED, "unavailable", 1)
    (shown,) = json.loads(run("jobs", "runs", "--data", data, "--json").stdout)
    assert (shown["outcome"], shown["fault"], shown["failed"]) == ("failed", "unavailable", 1)
    assert json.loads(run("jobs", "list", "--data", data, "--json").stdout)[0]["asked"] is False
    assert "failed" in run("jobs", "runs", "backup", "--data", data).stdout
    with rooms.database.read() as tx:
        assert ("job asked",) in tx.rows("SELECT event FROM audit_events")
    rooms.database.close()


def test_waiting_for_a_job_tells_how_it_ended_or_that_nobody_runs_it(tmp_path: Path) -> None:
    data, rooms = box(tmp_path)
    with rooms.database.write() as tx:
        queries.plan(tx, "scrub", "every 3600", datetime(2026, 11, 1, tzinfo=UTC))
    nobody = run("jobs", "run", "scrub", "--wait", "0", "--data", data)
    assert (nobody.returncode, "was not begun" in nobody.stderr) == (20, True)

    def take() -> None:
        while True:
            with rooms.database.write() as tx:
                if queries.asked(tx):
                    run_key = queries.begin(tx, "scrub", rooms.clock.now(), None)
                    queries.end(tx, run_key, rooms.clock.now(), RunOutcome.FAILED, "out of space", 2)
                    break
        rooms.database.close()

    with rooms.database.write() as tx:
        tx.change("DELETE FROM jobs_asked")
    taker = Thread(target=take)
    taker.start()
    ended = run("jobs", "run", "scrub", "--wait", "60", "--data", data)
    taker.join(20)
    assert (ended.returncode, ended.stdout.strip()) == (3, "scrub: failed (out of space).")
    rooms.database.close()
