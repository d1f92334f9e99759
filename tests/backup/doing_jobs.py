"""Runs backup's jobs as their process would, on a clock that a test steps."""

from collections.abc import Sequence
from datetime import UTC, timedelta
from pathlib import Path

from appliance.backup import queries
from appliance.backup.jobs import Wait, backup_jobs
from appliance.backup.target import Target
from appliance.jobs.clock_marks import believe_clock
from appliance.jobs.job import Job
from appliance.jobs.running import Runner
from appliance.store.runs import RunOutcome
from tests.backup.a_backup import BackedUp


def whose_clock_is_right(folder: Path) -> BackedUp:
    """Make a clinic whose clock nobody doubts, in the morning: no night is due before much time is let pass."""
    one = BackedUp(folder / "data")
    one.pass_by(timedelta(hours=(9 - one.clock.now().hour) % 24))
    with one.database.write() as tx:
        believe_clock(tx, one.clock)
    return one


def do(clinic: BackedUp, name: str, wait: Wait = lambda _: None) -> tuple[RunOutcome, str | None]:
    """Run one job as a process would that was just started."""
    return do_of(clinic, backup_jobs(clinic.backup, UTC, wait), name)


def do_of(clinic: BackedUp, jobs: Sequence[Job], name: str) -> tuple[RunOutcome, str | None]:
    """Run one of a process's jobs."""
    job = next(job for job in jobs if job.name == name)
    runner = Runner(clinic.database, clinic.clock)
    run = runner.begin(job, None)
    return runner.run(job, run), run.fault


def row(clinic: BackedUp, target: Target) -> Target:
    with clinic.database.read() as tx:
        found = queries.find_target(tx, target.target_key)
    assert found is not None
    return found


def kinds(clinic: BackedUp, repository: str) -> list[object]:
    return [kind for (kind,) in clinic.rows(
        "SELECT kind FROM backup_snapshots WHERE repository = :name AND gone_at IS NULL ORDER BY snapshot_key",
        name=repository)]  # fmt: skip


def later(clinic: BackedUp, span: timedelta) -> None:
    """Let time pass that nobody doubts."""
    clinic.pass_by(span)
    with clinic.database.write() as tx:
        believe_clock(tx, clinic.clock)
