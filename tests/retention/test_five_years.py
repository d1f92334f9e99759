"""Five years of nights on a clock that is stepped: nothing goes early by the true calendar, all of it in its time.

The jobs are those of the box, begun by its own timetable; two people propose
and approve whatever is listed as due, as soon as it is. The ends are worked out
here by hand or by counting days, not by the rules under test.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import pytest

from appliance.accounts.account import Account
from appliance.jobs.clock_marks import has_jumped
from appliance.jobs.running import Runner
from appliance.jobs.timetable import Timetable
from appliance.retention.context import Retention
from appliance.retention.ends import due_page
from appliance.retention.erasing import ErasingParts
from appliance.retention.holds import set_hold
from appliance.retention.jobs import retention_jobs
from appliance.retention.policy import choose_jurisdiction
from appliance.retention.proposals import approve, propose
from appliance.retention.queries_decisions import HoldReason, Kind, Scope
from appliance.store.files import RealFiles
from tests.retention.a_keeper import ADULT, AKeeper, actor_of

MADRID = ZoneInfo("Europe/Madrid")
BEGIN = datetime(2026, 1, 10, 11, tzinfo=UTC)
DAYS = 5 * 365 + 2
DAY, STEP = timedelta(days=1), timedelta(hours=12)
FORWARDS, BACK, OFF = "a day forwards", "a day back", "a month without power"
# What happens to the clock, by day of the run; the clock is a day ahead, or behind, until it is set right again.
MISHAPS = {
    60: FORWARDS, 66: BACK, 400: BACK, 430: FORWARDS, 800: OFF, 1150: FORWARDS, 1190: BACK, 1500: BACK, 1503: FORWARDS,
}  # fmt: skip
DOUBTED_DAYS, OFF_DAYS = 9, 31


@dataclass(frozen=True)
class Kept:
    """A study and the last day on which German rules keep it, worked out by hand."""

    born: str
    taken: str
    until: date


BY_HAND = (
    Kept("19600101", "20160229", date(2026, 3, 1)),  # ten years from a 29 February
    Kept("19600101", "20160310", date(2026, 3, 10)),
    Kept("20000229", "20100715", date(2028, 2, 29)),  # a leap day's child: 28 years later there is one
    Kept("19990301", "20160401", date(2027, 3, 1)),  # seventeen: until the 28th birthday
    Kept("19980228", "20160227", date(2026, 2, 27)),  # a day before coming of age: the 28th birthday is a day later
    Kept("19980228", "20160228", date(2026, 2, 28)),
    Kept("", "20160501", date(2044, 5, 1)),  # nobody knows the birth date: a minor
    Kept("19700101", "", date(2030, 6, 1)),  # no date: as old as its arrival on 1 June 2020
    Kept("19700101", "20991231", date(2030, 6, 1)),
    Kept("19700101", "20260320", date(2036, 3, 20)),
)
BY_HAND = (*BY_HAND[:4], replace(BY_HAND[4], until=date(2026, 2, 28)), *BY_HAND[5:])


def some_adults(random: Random) -> Iterator[Kept]:
    """Give adults whose studies end on all kinds of days of the five years, those around a mishap among them."""
    around = [(BEGIN + DAY * (day + more)).date() for day in MISHAPS for more in range(-3, 10, 2)]
    spread = [(BEGIN + DAY * random.randrange(30, DAYS - 60)).date() for _each in range(40)]
    for until in [*around, *spread]:
        taken = until.replace(year=until.year - 10) if (until.month, until.day) != (2, 29) else None
        if taken is not None:
            yield Kept("19650505", taken.strftime("%Y%m%d"), until)


class FiveYears:
    """A box that is stepped; `true_now` is what the time truly is, whatever the box's clock says."""

    def __init__(self, folder: Path) -> None:
        self.keeper = AKeeper(folder, MADRID)
        self.clock = self.keeper.clock
        self.clock.at = self.true_now = BEGIN
        self.room = Retention(
            self.keeper.database, self.keeper.clinic.accounts.audit, self.clock, MADRID,
            lambda tx: has_jumped(tx, self.clock),
        )  # fmt: skip
        audit, erasing_files = self.keeper.clinic.accounts.audit, RealFiles()
        self.erasing = ErasingParts(folder, self.keeper.database, audit, erasing_files, self.clock)
        self.start()

    def start(self) -> None:
        """Begin as the process does after power came back."""
        jobs = retention_jobs(self.room, self.erasing)
        self.timetable = Timetable(jobs, MADRID, self.keeper.database, self.clock)
        self.runner = Runner(self.keeper.database, self.clock, lambda: False)
        self.timetable.open()

    def turn(self) -> None:
        while orders := self.timetable.orders():
            for order in orders:
                self.runner.run(order.job, self.runner.begin(order.job, order.asked_by))
                self.timetable.done(order.job)

    def let_pass(self, span: timedelta) -> None:
        self.clock.pass_time(seconds=span.total_seconds())
        self.true_now += span

    def meet(self, mishap: str) -> None:
        if mishap == OFF:
            self.let_pass(DAY * OFF_DAYS)
            self.start()
        else:
            self.clock.step(days=1 if mishap == FORWARDS else -1)

    def decide(self, one: Account, other: Account) -> None:
        """Propose and approve all that the page lists."""
        with self.keeper.database.read() as tx:
            open_ones = {row[0] for row in tx.rows("SELECT subject_key FROM erasure_proposals WHERE done_at IS NULL")}
            due = [study.study_key for study in due_page(tx, self.room, count=200).studies if not study.barriers]
        due = [study_key for study_key in due if study_key not in open_ones]
        if due:
            keys = propose(self.room, Scope.STUDY, due, Kind.DUE, self.keeper.confirmed(one))
            assert approve(self.room, keys, self.keeper.confirmed(other)) == []
            self.true_now += timedelta(seconds=62)  # two codes


def latest(until: date) -> date:
    """Give the last day by which it is gone: two days of margin, one to decide, a night; doubt puts it off."""
    day = max(until + DAY * 5, BEGIN.date() + DAY * 33)
    for start, what in sorted(MISHAPS.items()):
        since = (BEGIN + DAY * start).date()
        over = since + DAY * (DOUBTED_DAYS + (OFF_DAYS if what == OFF else 0))
        if since - DAY <= day <= over:
            day = over + DAY
    return day


@pytest.mark.slow
def test_five_years_purge_nothing_early_and_all_of_it_in_its_time(tmp_path: Path) -> None:
    box = FiveYears(tmp_path)
    keeper = box.keeper
    ana, bea = keeper.somebody("ana"), keeper.somebody("bea")
    choose_jurisdiction(box.room, "de", actor_of(ana))
    until: dict[int, date] = {}
    for kept in (*BY_HAND, *some_adults(Random(20261121))):  # noqa: S311  a seeded source, so that a failure can be repeated
        taken = kept.taken if kept.taken and kept.taken < "2026" else "20200601"
        arrived_on = datetime.strptime(taken, "%Y%m%d").date()  # noqa: DTZ007  a date has no zone
        until[keeper.study(replace(ADULT, born=kept.born), kept.taken, arrived_on)] = kept.until
    held = keeper.study(ADULT, "20160701", date(2016, 7, 1))
    set_hold(box.room, Scope.STUDY, held, (HoldReason.LITIGATION, "2026/3"), actor_of(ana))

    gone: dict[int, date] = {}
    for day in range(DAYS):
        if day in MISHAPS:
            box.meet(MISHAPS[day])
        while (box.true_now - BEGIN) // DAY <= day:
            box.let_pass(STEP)
            box.turn()
            box.decide(ana, bea)
            today = box.true_now.astimezone(MADRID).date()
            gone |= dict.fromkeys(set(until) - set(keeper.studies()) - set(gone), today)

    early = {key: (day, until[key]) for key, day in gone.items() if day <= until[key]}
    assert early == {}
    last = box.true_now.astimezone(MADRID).date()
    assert set(gone) == {key for key, day in until.items() if day < last - DAY * 6}
    assert len(gone) > 80
    assert held in keeper.studies()
    late = {key: (until[key], day) for key, day in gone.items() if day > latest(until[key])}
    assert late == {}
