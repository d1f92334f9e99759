"""Runs one job once, and notes how that went.

Guards: whatever a job raises, its run is ended in the catalogue with a code;
only a process that dies leaves it open, and the next one closes it as cut off.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from appliance.clock import Clock
from appliance.errors import ApplianceError, KeysSealed, OutOfSpace, Refused, Tampered, Unavailable
from appliance.jobs import queries
from appliance.jobs.job import Job, Run, Stopped
from appliance.store.database import Database
from appliance.store.runs import RunOutcome
from appliance.store.transactions import WriteTransaction

log = logging.getLogger(__name__)

BUG = "internal fault"
# The first class that fits decides; subclasses stand above their bases.
FAULTS: tuple[tuple[type[ApplianceError], str], ...] = (
    (OutOfSpace, "out of space"),
    (KeysSealed, "box is locked"),
    (Unavailable, "unavailable"),
    (Tampered, "stored data is damaged"),
    (Refused, "refused"),
)

OnEnd = Callable[[WriteTransaction, Job, RunOutcome], None]


def _nothing(_tx: WriteTransaction, _job: Job, _outcome: RunOutcome) -> None:
    """Nobody wants to know."""


@dataclass(frozen=True)
class Runner:
    """What running a job takes.

    Attributes:
        database: The catalogue.
        clock: The time.
        is_ending: Whether this process was told to end.
        on_end: Hears, in the transaction that ends a run, how it ended.
    """

    database: Database
    clock: Clock
    is_ending: Callable[[], bool] = field(default=lambda: False)
    on_end: OnEnd = _nothing

    def begin(self, job: Job, asked_by: int | None) -> Run:
        """Note that a job begins.

        Raises:
            Unavailable: The catalogue cannot be written.
        """
        with self.database.write() as tx:
            run_key = queries.begin(tx, job.name, self.clock.now(), asked_by)
        sign_at, is_asked = self.clock.monotonic(), asked_by is not None
        return Run(run_key, self.clock, self.database, self.is_ending, last_sign_at=sign_at, is_asked=is_asked)

    def run(self, job: Job, run: Run) -> RunOutcome:
        """Do a job that was begun, and note how it ended.

        Raises:
            Unavailable: The catalogue cannot be written; the run stays open and counts as cut off.
        """
        log.info("%s begins", job.name)
        outcome = self._worked(job, run)
        with self.database.write() as tx:
            queries.end(tx, run.run_key, self.clock.now(), outcome, run.fault, run.failed_count)
            self.on_end(tx, job, outcome)
        log.info("%s ended: %s%s", job.name, outcome, f" ({run.fault})" if run.fault else "")
        return outcome

    def _worked(self, job: Job, run: Run) -> RunOutcome:
        try:
            job.work(run)
            run.flush()
        except Stopped:
            return RunOutcome.INTERRUPTED
        except ApplianceError as fault:
            log.warning("%s failed: %s", job.name, fault)
            run.failed(next((code for kind, code in FAULTS if isinstance(fault, kind)), BUG))
        except Exception:
            log.exception("%s failed by a bug", job.name)
            run.failed(BUG)
        if run.failed_count:
            return RunOutcome.FAILED
        return RunOutcome.INTERRUPTED if run.was_stopped else RunOutcome.DONE
