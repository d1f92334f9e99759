"""Five years of jobs in one clinic: summer time, a 29 February, clocks that are set, months without power.

By the time that really passed no night is left out and none is run twice, and a deadline by the month lies where the
calendar has it.
"""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

import pytest

from appliance.jobs import queries
from appliance.jobs.schedule import Daily, Every, Monthly
from appliance.store.runs import RunOutcome
from tests.jobs.a_timetable import MADRID, StepClock, Works, a_job

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
YEARS = 5
JOBS = (
    a_job("backup", Daily(time(2, 30))),
    a_job("remind of drill", Monthly(31, time(9))),
    a_job("forecast disk", Every(3 * DAY)),
)
# What happens to the clock or the power, by the day: how far it is set, or how long there is no power.
SET = {100: DAY, 200: -DAY, 420: HOUR, 421: -HOUR, 700: -timedelta(minutes=90), 900: 3 * DAY, 903: -3 * DAY}
OFF = {300: 7 * DAY, 500: timedelta(hours=20), 779: 2 * DAY, 1000: 31 * DAY, 1400: timedelta(minutes=40)}


class Years(Works):
    """Looks whenever something falls due, and at each incident."""

    def live(self, days: int) -> dict[str, list[float]]:
        """Let days pass with all that happens in them; give when each job began, in hours that really passed."""
        began: dict[str, list[float]] = {job.name: [] for job in self.jobs}
        for day in [*sorted({*SET, *OFF}), days]:
            while self.clock.monotonic() < (until := day * 86_400.0 + self._without_power):
                for name in self.turn():
                    began[name].append(self.clock.monotonic() / 3600)
                self._sleep(until)
            self.clock.set_by(SET.get(day, timedelta()))
            if day in OFF:
                self.clock.let_pass(OFF[day])
                self._without_power += OFF[day].total_seconds()
                self.restart()
        return began

    _without_power = 0.0

    def _sleep(self, until: float) -> None:
        """Let time pass until the next job is due, as the catalogue says, or so much has passed."""
        with self.box.database.read() as tx:
            next_at = [plan.next_at for plan in queries.plans(tx)]
        waits = [(at - self.clock.now()).total_seconds() for at in next_at if at is not None]
        wait = max(1.0, min([*waits, until - self.clock.monotonic()]))
        self.clock.let_pass(timedelta(seconds=wait))


@pytest.fixture(scope="module")
def years() -> Iterator[tuple[Years, dict[str, list[float]]]]:
    in_memory = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108  quick to sync, and gone afterwards
    with TemporaryDirectory(dir=in_memory) as folder:
        works = Years(Path(folder), JOBS)
        yield works, works.live(YEARS * 365)


def real_days(works: Years) -> float:
    return works.clock.monotonic() / 86_400


def test_no_night_is_left_out_and_none_is_run_twice(years: tuple[Years, dict[str, list[float]]]) -> None:
    works, began = years
    without_power = {round(span / HOUR) for span in OFF.values()}
    gaps = [later - earlier for earlier, later in pairwise(began["backup"])]
    odd = [gap for gap in gaps if not 22.5 <= gap <= 25.5]
    assert len(odd) <= 2 * (len(SET) + len(OFF)), "only where the clock was set, or there was no power"
    assert min(gaps) >= 1.5, "never twice for one night"
    assert all(gap <= 37 or any(gap <= hours + 26 for hours in without_power if hours >= 20) for gap in gaps)
    nights = real_days(works) - sum(span / DAY for span in OFF.values())
    assert nights - 4 <= len(began["backup"]) <= nights + len(SET) + len(OFF)


def test_while_nobody_sets_the_clock_each_night_has_its_own_run(years: tuple[Years, dict[str, list[float]]]) -> None:
    works, _ = years
    runs = works.runs("backup")
    assert all(run.outcome is RunOutcome.DONE for run in runs)
    first = _after(works, 1000 * DAY + sum(OFF.values(), timedelta()))
    quiet = [run for run in runs if run.run_key > first]
    days = [run.started_at.astimezone(MADRID).date() for run in quiet if run.started_at.astimezone(MADRID).hour < 6]
    assert len(days) > 700
    assert all(later - earlier == DAY for earlier, later in pairwise(days[:350])), "over two changes of the hour"


def _after(works: Years, passed: timedelta) -> int:
    """Give the last run that began before so much had passed since the start."""
    from_start = StepClock().now() + passed
    return max((run.run_key for run in works.runs("backup") if run.started_at < from_start), default=0)


def test_every_months_deadline_lies_on_its_last_day(years: tuple[Years, dict[str, list[float]]]) -> None:
    works, _ = years
    days = [run.started_at.astimezone(MADRID) for run in works.runs("remind of drill")]
    on_time = [day for day in days if (day + DAY).month != day.month and day.hour == 9]
    assert datetime(2028, 2, 29).date() in {day.date() for day in days}  # noqa: DTZ001  a date has no zone
    assert len(days) - len(on_time) <= 2, "two fell into a time without power, and were made good after it"
    assert len({(day.year, day.month) for day in days}) >= YEARS * 12 - 1


def test_a_job_by_distance_keeps_its_distance_whatever_the_clock_says(
    years: tuple[Years, dict[str, list[float]]],
) -> None:
    _, began = years
    gaps = [later - earlier for earlier, later in pairwise(began["forecast disk"])]
    assert sum(abs(gap - 72) < 0.01 for gap in gaps) >= len(gaps) - len(SET) - len(OFF) - 1
    assert sum(gap < 70 for gap in gaps) <= sum(span > timedelta() for span in SET.values()), (
        "a day forward may be real"
    )


@pytest.mark.parametrize("seed", range(2))
def test_a_clock_that_is_set_at_random_never_makes_a_night_be_left_out(tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311  a test's dice are to fall the same each time
    works = Works(tmp_path, [a_job("backup", Daily(time(2, 30)))], ZoneInfo("America/Sao_Paulo"))
    last = works.clock.monotonic()
    for _ in range(60):
        for _ in range(8):
            works.clock.let_pass(3 * HOUR)
            if works.turn():
                last = works.clock.monotonic()
            assert works.clock.monotonic() - last <= 48 * 3600
        if dice.random() < 0.15:
            works.clock.set_by(timedelta(minutes=dice.randint(-3 * 24 * 60, 3 * 24 * 60)))
            if dice.random() < 0.5:
                works.restart()
    assert datetime(2026, 1, 20, tzinfo=UTC) < works.clock.now()
