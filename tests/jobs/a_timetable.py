"""A box whose time is a test's, and a timetable that runs what it orders at once."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

from appliance.jobs import queries
from appliance.jobs.job import Job
from appliance.jobs.queries import RunRow
from appliance.jobs.running import Runner
from appliance.jobs.schedule import Schedule
from appliance.jobs.timetable import Timetable
from tests.store.a_box import ABox

MADRID = ZoneInfo("Europe/Madrid")
START = datetime(2026, 1, 10, 9, tzinfo=UTC)


class StepClock:
    """Time passes when a test lets it; the clock may be set besides."""

    def __init__(self, at: datetime = START) -> None:
        self._passed = 0.0
        self._began_at = at

    def now(self) -> datetime:
        return self._began_at + timedelta(seconds=self._passed)

    def monotonic(self) -> float:
        return self._passed

    def let_pass(self, span: timedelta) -> None:
        self._passed += span.total_seconds()

    def set_by(self, span: timedelta) -> None:
        self._began_at += span


class Works:
    """One box with its jobs."""

    def __init__(self, folder: Path, jobs: Sequence[Job], zone: tzinfo = MADRID) -> None:
        self.clock = StepClock()
        self.box = ABox(folder).create()
        self.jobs, self.zone = jobs, zone
        self.is_ending = False
        self.restart()

    def restart(self) -> None:
        """Begin as a process that was just started does."""
        self.timetable = Timetable(self.jobs, self.zone, self.box.database, self.clock)
        self.runner = Runner(self.box.database, self.clock, lambda: self.is_ending)
        self.timetable.open()

    def turn(self) -> list[str]:
        """Do what is to be done now, one after the other; give which jobs those were."""
        orders = self.timetable.orders()
        for order in orders:
            self.runner.run(order.job, self.runner.begin(order.job, order.asked_by))
            self.timetable.done(order.job)
        return [order.job.name for order in orders]

    def let_pass(self, span: timedelta, step: timedelta = timedelta(minutes=10)) -> list[str]:
        """Let time pass, looking at each step; give what was done."""
        done = []
        for _ in range(int(span / step)):
            self.clock.let_pass(step)
            done += self.turn()
        return done

    def runs(self, job: str) -> list[RunRow]:
        """Give a job's runs in the order in which they began."""
        with self.box.database.read() as tx:
            return queries.runs_of(tx, job, 100_000)[::-1]


def a_job(name: str, schedule: Schedule, **more: object) -> Job:
    """Give a job that does nothing."""
    return Job(name, schedule, lambda run: run.progress(1, 1), **more)  # type: ignore[arg-type]  # fields of its own
