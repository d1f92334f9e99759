"""Which jobs are to be begun now: those that are due, and those that were asked for.

Guards: a job is in hand once at most, and so is a lane.
Leaves out: running them (`running`) and on which thread (`scheduler`).
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, tzinfo

from appliance.clock import Clock
from appliance.jobs import queries
from appliance.jobs.clock_marks import ClockWatch
from appliance.jobs.due import due_at, pause_after
from appliance.jobs.job import Job
from appliance.store.database import Database
from appliance.store.transactions import ReadTransaction

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Order:
    """A job to be begun now, and for whom; a job that is due by itself is asked by nobody."""

    job: Job
    asked_by: int | None = None


@dataclass
class Timetable:
    """Knows all jobs of this process, and which are in hand."""

    jobs: Sequence[Job]
    zone: tzinfo
    database: Database
    clock: Clock
    in_hand: set[str] = field(default_factory=set)
    _watch: ClockWatch = field(init=False)
    _next_at: datetime | None = None
    _version: int = -1
    _left_off: dict[str, tuple[int, float]] = field(default_factory=dict)  # how often in a row, and until when to wait

    def __post_init__(self) -> None:
        self._watch = ClockWatch(self.clock)

    def open(self) -> None:
        """Note which jobs there are, and that those a process before left open were cut off."""
        now, names = self.clock.now(), [job.name for job in self.jobs]
        with self.database.write() as tx:
            self._watch.look(tx)
            queries.interrupt_unended(tx, names, now)
            queries.drop_plans_but(tx, names)
            for job in self.jobs:
                queries.plan(tx, job.name, job.schedule.text(), now)
        self._next_at = None

    def orders(self) -> list[Order]:
        """Give what is to be begun now, and take it as in hand; whoever has done it says so to `done`.

        Cheap while nothing is due and nothing changed in the catalogue; it writes only where something is to be noted.
        """
        version = self.database.version()
        if self._watch.is_due():
            with self.database.write() as tx:
                jumped = self._watch.look(tx)
            if jumped:
                log.warning("the clock was set by %d s", jumped.total_seconds())
                self._next_at = None
        if version == self._version and self._next_at is not None and self.clock.now() < self._next_at:
            return []
        self._version = version
        orders = self._without_doubles(self._wanted())
        self.in_hand |= {order.job.name for order in orders}
        return orders

    def done(self, job: Job) -> None:
        """Say that a job is no longer in hand."""
        self._left_off.pop(job.name, None)
        self.in_hand.discard(job.name)
        self._next_at = None

    def left_off(self, job: Job) -> None:
        """Say that a job could not be begun, or its end not be noted: it is begun anew, later each time in a row."""
        times = self._left_off.get(job.name, (0, 0.0))[0] + 1
        self._left_off[job.name] = times, self.clock.monotonic() + pause_after(times).total_seconds()
        self.in_hand.discard(job.name)
        self._next_at = None

    def _resting(self) -> dict[str, timedelta]:
        """Give the jobs that were left off, and how long each still waits."""
        now = self.clock.monotonic()
        return {name: timedelta(seconds=until - now) for name, (_, until) in [*self._left_off.items()] if until > now}

    def _wanted(self) -> list[Order]:
        """Give what was asked for and what is due; note when everything is due next, and when to look again."""
        with self.database.read() as tx:
            asked = [(row.job, row.asked_by) for row in queries.asked(tx)]
            noted = {row.job: row for row in queries.plans(tx)}
            found = {job.name: self._due_at(tx, job, noted[job.name].since) for job in self.jobs}
        changed = {name: at for name, at in found.items() if noted[name].next_at != at}
        if changed:
            with self.database.write() as tx:
                for name, at in changed.items():
                    queries.plan_next(tx, name, at)
        now = self.clock.now()
        awaited = [*(at for at in found.values() if at > now), *(now + span for span in self._resting().values())]
        self._next_at = min(awaited, default=datetime.max.replace(tzinfo=UTC))
        by_name = {job.name: job for job in self.jobs}
        due = sorted((job for job in self.jobs if found[job.name] <= now), key=lambda job: found[job.name])
        return [*(Order(by_name[name], by) for name, by in asked if name in by_name), *(Order(job) for job in due)]

    def _due_at(self, tx: ReadTransaction, job: Job, since: datetime) -> datetime:
        history = queries.history(tx, job.name, since)
        if job.name in self._left_off:
            history = replace(history, cut_off=history.cut_off + 1)
        return due_at(job.schedule, self.zone, history)

    def _without_doubles(self, found: Sequence[Order]) -> list[Order]:
        lanes = {job.lane for job in self.jobs if job.lane and job.name in self.in_hand}
        taken: set[str] = self.in_hand | self._resting().keys()
        orders = []
        for order in found:
            if order.job.name in taken or order.job.lane in lanes:
                continue
            taken.add(order.job.name)
            lanes |= {order.job.lane} - {""}
            orders.append(order)
        return orders
