"""Runs what is due, each job on a thread, so that a slow job holds up no other.

APScheduler's home: it owns the threads. What is due it is not asked, for it
reckons by the wall clock alone and knows nothing of earlier runs: `Timetable`
says that, once a second by the clock that nobody sets.
Guards: the watchdog is fed while this loop goes round, the catalogue answers
(one on a full disk does, and one that this process itself writes anew is not
asked), and no job has been silent for longer than its patience. What the
catalogue refuses is tried again ever more seldom.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Event, Lock

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.schedulers.background import BackgroundScheduler

from appliance.errors import ApplianceError, OutOfSpace
from appliance.jobs.job import Run
from appliance.jobs.running import Runner
from appliance.jobs.timetable import Order, Timetable

log = logging.getLogger(__name__)

_TICK_SECONDS, _LONGEST_TICK_SECONDS = 1.0, 30.0
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)  # due at once, also if the clock is set back before a thread is free


@dataclass
class Scheduler:
    """All jobs of one process."""

    timetable: Timetable
    runner: Runner
    beat: Callable[[], None] = lambda: None
    _running: dict[str, tuple[Run, timedelta]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)
    _refused_in_a_row: int = 0

    def run(self, stop: Event) -> None:
        """Run jobs until told to stop; those under way are waited for, and told to leave off by the runner."""
        threads = BackgroundScheduler(
            jobstores={"default": MemoryJobStore()},
            executors={"default": ThreadPoolExecutor(max(len(self.timetable.jobs), 1))},  # none waits for a thread
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
            timezone=UTC,
        )
        logging.getLogger("apscheduler").setLevel(logging.WARNING)  # it tells of each job that it does
        threads.start()
        try:
            while not stop.wait(min(_TICK_SECONDS * 2**self._refused_in_a_row, _LONGEST_TICK_SECONDS)):
                self._turn(threads)
        finally:
            threads.shutdown(wait=True)

    def _turn(self, threads: BackgroundScheduler) -> None:
        try:
            for order in self._orders():
                threads.add_job(self._do, "date", args=(order,), run_date=_LONG_AGO)
        except ApplianceError as fault:
            log.warning("no job can be begun: %s", fault)
            self._refused_in_a_row = min(self._refused_in_a_row + 1, 10)
            if not isinstance(fault, OutOfSpace):  # a new process would find the disk as full
                return  # the watchdog goes unfed if this stays
        else:
            self._refused_in_a_row = 0
        silent = self._silent()
        if silent:
            log.error("silent for longer than it may be: %s", ", ".join(silent))
            return
        self.beat()

    def _orders(self) -> Sequence[Order]:
        """Give what is to be begun now; nothing while a job has the catalogue to itself, for a bounded time."""
        with self.runner.database.gate.kept_open() as is_open:
            return self.timetable.orders() if is_open else []

    def _do(self, order: Order) -> None:
        job, ended = order.job, self.timetable.done
        try:
            if self.runner.is_ending():
                return
            run = self.runner.begin(job, order.asked_by)
            with self._lock:
                self._running[job.name] = run, job.patience
            self.runner.run(job, run)
        except ApplianceError as fault:
            log.warning("%s cannot be noted: %s", job.name, fault)
            ended = self.timetable.left_off
        finally:
            with self._lock:
                self._running.pop(job.name, None)
            ended(job)
            self.runner.database.close()

    def _silent(self) -> list[str]:
        now = self.runner.clock.monotonic()
        with self._lock:
            return [
                name
                for name, (run, patience) in self._running.items()
                if now - run.last_sign_at > patience.total_seconds()
            ]
