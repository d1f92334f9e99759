"""What the box did by itself, and how that ended."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from appliance.clock import instant, microseconds
from appliance.store.transactions import ReadTransaction, WriteTransaction


class RunOutcome(StrEnum):
    """How a run ended."""

    DONE = "done"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True)
class LastRuns:
    """When a job was last begun, and when the last that was done was begun; None for never.

    The last one is the one begun last, whatever its clock said.
    """

    begun_at: datetime | None
    done_at: datetime | None


def last_runs(tx: ReadTransaction, job: str) -> LastRuns:
    """Say when a job last ran."""
    rows = tx.rows(
        "SELECT (SELECT started_at FROM runs WHERE job = :job ORDER BY run_key DESC LIMIT 1), "
        "(SELECT started_at FROM runs WHERE job = :job AND outcome = 'done' ORDER BY run_key DESC LIMIT 1)",
        job=job,
    )
    begun, done = (None if at is None else instant(int(at)) for at in rows[0])
    return LastRuns(begun, done)


def begin_run(tx: WriteTransaction, job: str, at: datetime) -> int:
    """Note that a job begins; one that never ended was interrupted. Gives the run's key."""
    tx.change(
        "UPDATE runs SET outcome = 'interrupted', finished_at = :at WHERE job = :job AND outcome IS NULL",
        job=job, at=microseconds(at),
    )  # fmt: skip
    rows = tx.rows(
        "INSERT INTO runs (job, started_at, done_count, failed_count) VALUES (:job, :at, 0, 0) RETURNING run_key",
        job=job, at=microseconds(at),
    )  # fmt: skip
    return int(rows[0][0])


def end_run(tx: WriteTransaction, run_key: int, at: datetime, done_count: int, failed_count: int) -> None:
    """Note how a run ended: it failed if anything of it did."""
    outcome = RunOutcome.FAILED if failed_count else RunOutcome.DONE
    tx.change(
        "UPDATE runs SET outcome = :outcome, finished_at = :at, done_count = :done, failed_count = :failed "
        "WHERE run_key = :run_key",
        run_key=run_key, outcome=outcome.value, at=microseconds(at), done=done_count, failed=failed_count,
    )  # fmt: skip
