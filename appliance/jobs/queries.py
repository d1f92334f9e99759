"""The SQL of jobs: their runs, what was asked for, their plans, and the jumps of the clock."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from appliance.clock import instant, microseconds
from appliance.jobs.due import History
from appliance.store.runs import RunOutcome
from appliance.store.transactions import ReadTransaction, WriteTransaction

_LONGEST_ROW_OF_CUT_OFFS = 20
_RUN = (
    "run_key, job, started_at, finished_at, outcome, done_count, total_count, failed_count, bytes_done, bytes_total, "
    "fault, asked_by"
)


@dataclass(frozen=True)
class RunRow:
    """One run; `outcome` is None while it is under way."""

    run_key: int
    job: str
    started_at: datetime
    finished_at: datetime | None
    outcome: RunOutcome | None
    done_count: int
    total_count: int | None
    failed_count: int
    bytes_done: int
    bytes_total: int | None
    fault: str | None
    asked_by: int | None


@dataclass(frozen=True)
class PlanRow:
    """What the process `jobs` last said of one of its jobs."""

    job: str
    schedule: str
    since: datetime
    next_at: datetime | None


@dataclass(frozen=True)
class AskedRow:
    """A job that somebody wants to run now; `asked_by` is an account, None an operator."""

    job: str
    asked_at: datetime
    asked_by: int | None


@dataclass(frozen=True)
class ClockMark:
    """What the clock was last known to say, and its last jump."""

    at: datetime
    jumped_at: datetime | None
    jumped_by: timedelta | None


def begin(tx: WriteTransaction, job: str, at: datetime, asked_by: int | None) -> int:
    """Note that a job begins, and that nobody waits for it any more. Gives the run's key."""
    interrupt_unended(tx, (job,), at)
    tx.change("DELETE FROM jobs_asked WHERE job = :job", job=job)
    rows = tx.rows(
        "INSERT INTO runs (job, started_at, done_count, failed_count, asked_by) "
        "VALUES (:job, :at, 0, 0, :asked_by) RETURNING run_key",
        job=job, at=microseconds(at), asked_by=asked_by,
    )  # fmt: skip
    return int(rows[0][0])


def note_progress(
    tx: WriteTransaction, run_key: int, counts: tuple[int, int | None], bytes_: tuple[int, int | None]
) -> None:
    """Note how far a run is: things done and in all, bytes done and in all."""
    tx.change(
        "UPDATE runs SET done_count = :done, total_count = :total, bytes_done = :bytes_done, "
        "bytes_total = :bytes_total WHERE run_key = :run_key AND outcome IS NULL",
        run_key=run_key, done=counts[0], total=counts[1], bytes_done=bytes_[0], bytes_total=bytes_[1],
    )  # fmt: skip


def end(
    tx: WriteTransaction, run_key: int, at: datetime, outcome: RunOutcome, fault: str | None, failed_count: int
) -> None:
    """Note how a run ended."""
    tx.change(
        "UPDATE runs SET outcome = :outcome, finished_at = :at, fault = :fault, failed_count = :failed "
        "WHERE run_key = :run_key",
        run_key=run_key, outcome=outcome.value, at=microseconds(at), fault=fault, failed=failed_count,
    )  # fmt: skip


def interrupt_unended(tx: WriteTransaction, jobs: Iterable[str], at: datetime) -> int:
    """Note that what never ended of these jobs was cut off; give how many."""
    return sum(
        tx.change(
            "UPDATE runs SET outcome = 'interrupted', finished_at = :at WHERE job = :job AND outcome IS NULL",
            job=job, at=microseconds(at),
        )
        for job in jobs
    )  # fmt: skip


def history(tx: ReadTransaction, job: str, since: datetime) -> History:
    """Give what is known of a job's runs."""
    last = tx.rows(
        "SELECT run_key, started_at, outcome FROM runs WHERE job = :job ORDER BY run_key DESC LIMIT :most",
        job=job, most=_LONGEST_ROW_OF_CUT_OFFS,
    )  # fmt: skip
    if not last:
        return History(since)
    cut_off = next((n for n, row in enumerate(last) if row[2] != RunOutcome.INTERRUPTED), len(last))
    back = tx.rows(
        "SELECT coalesce(sum(seconds), 0) FROM clock_jumps WHERE seconds < 0 AND last_run_key >= :run_key",
        run_key=last[0][0],
    )  # fmt: skip
    return History(since, instant(int(last[0][1])), timedelta(seconds=-int(back[0][0])), cut_off)


def runs_of(tx: ReadTransaction, job: str, most: int) -> list[RunRow]:
    """Give a job's last runs, the newest first."""
    found = tx.rows(
        f"SELECT {_RUN} FROM runs WHERE job = :job ORDER BY run_key DESC LIMIT :most",  # noqa: S608  our own columns
        job=job, most=most,
    )  # fmt: skip
    return [_run(row) for row in found]


def latest_runs(tx: ReadTransaction, most: int) -> list[RunRow]:
    """Give the last runs of all jobs, the newest first."""
    found = tx.rows(
        f"SELECT {_RUN} FROM runs ORDER BY run_key DESC LIMIT :most",  # noqa: S608  our own columns
        most=most,
    )
    return [_run(row) for row in found]


def notable_runs(tx: ReadTransaction, most: int) -> list[RunRow]:
    """Give the last runs but for those that are done every few minutes or hours and went well, the newest first."""
    found = tx.rows(
        f"SELECT {_RUN} FROM runs WHERE coalesce(outcome, '') <> 'done' "  # noqa: S608  our own columns
        "OR job NOT IN (SELECT job FROM job_plans WHERE schedule LIKE 'every %') ORDER BY run_key DESC LIMIT :most",
        most=most,
    )
    return [_run(row) for row in found]


def thin_runs(tx: WriteTransaction, before: datetime, most: int) -> int:
    """Forget runs of before a moment but for each job's last ones and those that a restore test names."""
    return tx.change(
        "DELETE FROM runs WHERE started_at < :before AND run_key NOT IN (SELECT run_key FROM restore_tests) "
        "AND run_key < coalesce((SELECT min(run_key) FROM (SELECT run_key FROM runs AS one WHERE one.job = runs.job "
        "ORDER BY run_key DESC LIMIT :most)), 0)",
        before=microseconds(before), most=most,
    )  # fmt: skip


def last_done(tx: ReadTransaction, job: str) -> RunRow | None:
    """Give a job's last run that was done."""
    found = tx.rows(
        f"SELECT {_RUN} FROM runs WHERE job = :job AND outcome = 'done' "  # noqa: S608  our own columns
        "ORDER BY run_key DESC LIMIT 1",
        job=job,
    )
    return _run(found[0]) if found else None


def failed_in_a_row(tx: ReadTransaction, job: str) -> int:
    """Count how many of a job's last runs failed one after the other; those that were cut off are passed over."""
    rows = tx.rows(
        "SELECT count(*) FROM runs WHERE job = :job AND outcome = 'failed' AND run_key > "
        "(SELECT coalesce(max(run_key), 0) FROM runs WHERE job = :job AND outcome = 'done')",
        job=job,
    )
    return int(rows[0][0])


def find_run(tx: ReadTransaction, run_key: int) -> RunRow | None:
    """Give one run."""
    found = tx.rows(
        f"SELECT {_RUN} FROM runs WHERE run_key = :run_key",  # noqa: S608  our own columns
        run_key=run_key,
    )
    return _run(found[0]) if found else None


def plans(tx: ReadTransaction) -> list[PlanRow]:
    """Give every job that the process `jobs` has."""
    found = tx.rows("SELECT job, schedule, since, next_at FROM job_plans ORDER BY job")
    return [
        PlanRow(job, schedule, instant(since), None if next_at is None else instant(next_at))
        for job, schedule, since, next_at in found
    ]


def plan(tx: WriteTransaction, job: str, schedule: str, at: datetime) -> None:
    """Note that there is a job."""
    tx.change(
        "INSERT INTO job_plans (job, schedule, since) VALUES (:job, :schedule, :at) "
        "ON CONFLICT (job) DO UPDATE SET schedule = :schedule",
        job=job, schedule=schedule, at=microseconds(at),
    )  # fmt: skip


def plan_next(tx: WriteTransaction, job: str, next_at: datetime) -> None:
    """Note when a job is due next."""
    tx.change(
        "UPDATE job_plans SET next_at = :next_at WHERE job = :job AND next_at IS NOT :next_at",
        job=job, next_at=microseconds(next_at),
    )  # fmt: skip


def drop_plans_but(tx: WriteTransaction, jobs: Iterable[str]) -> None:
    """Forget jobs that this release has not; their runs stay."""
    kept = set(jobs)
    for row in plans(tx):
        if row.job not in kept:
            tx.change("DELETE FROM job_plans WHERE job = :job", job=row.job)
            tx.change("DELETE FROM jobs_asked WHERE job = :job", job=row.job)


def ask(tx: WriteTransaction, job: str, at: datetime, asked_by: int | None) -> None:
    """Note that somebody wants a job to run now; who asked first stays named."""
    tx.change(
        "INSERT INTO jobs_asked (job, asked_at, asked_by) VALUES (:job, :at, :asked_by) ON CONFLICT (job) DO NOTHING",
        job=job, at=microseconds(at), asked_by=asked_by,
    )  # fmt: skip


def asked(tx: ReadTransaction) -> list[AskedRow]:
    """Give what was asked for, the first asked first."""
    found = tx.rows("SELECT job, asked_at, asked_by FROM jobs_asked ORDER BY asked_at, job")
    return [AskedRow(job, instant(at), by) for job, at, by in found]


def clock_mark(tx: ReadTransaction) -> ClockMark | None:
    """Give what the clock was last known to say."""
    for at, jumped_at, seconds in tx.rows("SELECT at, jumped_at, jumped_seconds FROM clock_marks"):
        by = None if seconds is None else timedelta(seconds=seconds)
        return ClockMark(instant(at), None if jumped_at is None else instant(jumped_at), by)
    return None


def mark_clock(tx: WriteTransaction, at: datetime) -> None:
    """Note what the clock says."""
    tx.change(
        "INSERT INTO clock_marks (only_one, at) VALUES (1, :at) ON CONFLICT (only_one) DO UPDATE SET at = :at",
        at=microseconds(at),
    )


def note_jump(tx: WriteTransaction, at: datetime, seconds: int, within: timedelta) -> None:
    """Note that the clock was set; a job that never ran is due by the new time.

    Jumps that follow each other within so much time that really passed are summed: one back makes one forward good.
    """
    tx.change(
        "INSERT INTO clock_jumps (at, seconds, last_run_key) "
        "VALUES (:at, :seconds, (SELECT coalesce(max(run_key), 0) FROM runs))",
        at=microseconds(at), seconds=seconds,
    )  # fmt: skip
    tx.change(
        "UPDATE clock_marks SET jumped_at = :at, jumped_seconds = :seconds + CASE WHEN "
        "jumped_at IS NOT NULL AND :at - :seconds * 1000000 - jumped_at <= :within THEN jumped_seconds ELSE 0 END",
        at=microseconds(at), seconds=seconds, within=round(within.total_seconds()) * 1_000_000,
    )  # fmt: skip
    tx.change("UPDATE job_plans SET since = :at WHERE since > :at", at=microseconds(at))


def forget_jump(tx: WriteTransaction) -> None:
    """Note that the clock is right; what jobs reckon with stays."""
    tx.change("UPDATE clock_marks SET jumped_at = NULL, jumped_seconds = NULL")


def _run(row: tuple[object, ...]) -> RunRow:
    run_key, job, started_at, finished_at, outcome, *rest = row
    return RunRow(
        run_key, job, instant(started_at),  # type: ignore[arg-type]  # the table is STRICT
        None if finished_at is None else instant(finished_at),  # type: ignore[arg-type]  # the table is STRICT
        None if outcome is None else RunOutcome(outcome), *rest,  # type: ignore[arg-type]  # the table is STRICT
    )  # fmt: skip
