"""What is run when: after nights without power, clocks that are set, runs that were cut off, and when asked."""

from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from appliance.errors import NotFound
from appliance.jobs import queries
from appliance.jobs.asking import ask_run
from appliance.jobs.clock_marks import believe_clock, has_jumped
from appliance.jobs.job import Job, Run
from appliance.jobs.schedule import Daily, Every, Monthly
from appliance.store.runs import RunOutcome
from tests.jobs.a_timetable import MADRID, START, Works, a_job

NIGHT = Daily(time(2))
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def nightly(folder: Path) -> Works:
    return Works(folder, [a_job("backup", NIGHT)])


def local_hours(works: Works) -> list[str]:
    return [f"{run.started_at.astimezone(MADRID):%m-%d %H:%M}" for run in works.runs("backup")]


def test_a_nightly_job_runs_each_night_once(tmp_path: Path) -> None:
    works = nightly(tmp_path)
    works.let_pass(3 * DAY)
    assert local_hours(works) == ["01-11 02:00", "01-12 02:00", "01-13 02:00"]


def test_a_job_by_distance_runs_at_once_and_then_as_often_as_it_says(tmp_path: Path) -> None:
    works = Works(tmp_path, [a_job("copy arrivals", Every(timedelta(minutes=10)))])
    assert works.turn() == ["copy arrivals"]
    assert works.turn() == []
    assert len(works.let_pass(HOUR)) == 6


def test_after_a_week_without_power_it_runs_once(tmp_path: Path) -> None:
    works = nightly(tmp_path)
    works.let_pass(DAY)
    works.clock.let_pass(7 * DAY)
    works.restart()
    assert works.turn() == ["backup"]
    assert works.let_pass(6 * HOUR) == []
    works.let_pass(DAY)
    assert local_hours(works) == ["01-11 02:00", "01-18 10:00", "01-19 02:00"]


def test_a_new_job_waits_for_its_first_night(tmp_path: Path) -> None:
    works = nightly(tmp_path)
    assert works.turn() == []
    with works.box.database.read() as tx:
        (plan,) = queries.plans(tx)
    assert plan.next_at == datetime(2026, 1, 11, 1, tzinfo=UTC)


def test_a_job_of_an_older_release_is_forgotten_and_its_runs_stay(tmp_path: Path) -> None:
    works = Works(tmp_path, [a_job("backup", NIGHT), a_job("gone", Every(HOUR))])
    works.turn()
    works.jobs = works.jobs[:1]
    works.restart()
    with works.box.database.read() as tx:
        assert [plan.job for plan in queries.plans(tx)] == ["backup"]
    assert len(works.runs("gone")) == 1


@pytest.mark.parametrize("back", [timedelta(minutes=30), HOUR, 13 * HOUR, DAY, 40 * DAY, 4000 * DAY])
@pytest.mark.parametrize("is_off", [False, True])
def test_a_clock_that_is_set_back_neither_repeats_a_night_nor_leaves_one_out(
    tmp_path: Path, back: timedelta, *, is_off: bool
) -> None:
    works = nightly(tmp_path)
    works.let_pass(2 * DAY + timedelta(hours=16, minutes=10))
    before = len(works.runs("backup"))
    passed: list[float] = [works.clock.monotonic()]
    works.clock.set_by(-back)
    if is_off:
        works.restart()
    assert works.turn() == [], "it ran 10 minutes ago"
    for _ in range(6 * 24 * 6):
        works.clock.let_pass(timedelta(minutes=10))
        if works.turn():
            passed.append(works.clock.monotonic())
    assert len(works.runs("backup")) - before >= 4
    gaps = [(later - earlier) / 3600 for earlier, later in pairwise(passed)]
    assert all(11 <= gap <= 37 for gap in gaps[:1]), "by the time that really passed"
    assert all(23 <= gap <= 25 for gap in gaps[1:])


def test_a_clock_that_is_set_forward_makes_good_what_it_passed_over_once(tmp_path: Path) -> None:
    works = nightly(tmp_path)
    works.let_pass(DAY)
    works.clock.set_by(DAY)
    assert works.turn() == ["backup"]
    assert works.let_pass(12 * HOUR) == []
    works.let_pass(DAY)
    assert local_hours(works) == ["01-11 02:00", "01-12 10:00", "01-13 02:00"]


def test_a_clock_that_was_ten_years_ahead_and_is_set_right_stops_nothing(tmp_path: Path) -> None:
    works = Works(tmp_path, [a_job("backup", NIGHT), a_job("forecast disk", Every(HOUR))])
    works.clock.set_by(3650 * DAY)
    works.let_pass(2 * DAY)
    works.clock.set_by(-3650 * DAY)
    done = works.let_pass(2 * DAY)
    assert (done.count("backup"), done.count("forecast disk")) == (2, 48)


def test_a_job_that_never_ran_is_due_by_the_new_time(tmp_path: Path) -> None:
    works = nightly(tmp_path)
    works.clock.set_by(-400 * DAY)
    assert works.let_pass(DAY) == ["backup"]


def test_a_run_that_was_cut_off_is_made_good_soon_and_less_often_each_time(tmp_path: Path) -> None:
    works = nightly(tmp_path)
    works.let_pass(16 * HOUR - timedelta(minutes=10))
    begun = []
    for _ in range(4):
        for _ in range(200):
            works.clock.let_pass(timedelta(minutes=1))
            orders = works.timetable.orders()
            if orders:
                works.runner.begin(orders[0].job, None)
                begun.append(works.clock.monotonic())
                break
        works.restart()
    assert [round((later - earlier) / 60) for earlier, later in pairwise(begun)] == [1, 2, 4]
    assert [run.outcome for run in works.runs("backup")] == [RunOutcome.INTERRUPTED] * 4
    works.clock.let_pass(HOUR)
    assert works.turn() == ["backup"]
    assert works.let_pass(12 * HOUR) == [], "it is made good, and the next night is the next"


def test_whoever_is_asked_for_runs_now_and_says_who_asked(tmp_path: Path) -> None:
    works = nightly(tmp_path)
    with works.box.database.write() as tx:
        ask_run(tx, "backup", works.clock.now(), 7)
        ask_run(tx, "backup", works.clock.now(), 8)
    assert works.turn() == ["backup"]
    assert works.turn() == []
    assert [run.asked_by for run in works.runs("backup")] == [7]


def test_what_is_asked_for_while_it_runs_runs_once_more(tmp_path: Path) -> None:
    works = nightly(tmp_path)
    asked = works.box.database

    def ask(run: Run) -> None:
        if len(works.runs("backup")) == 1:
            with asked.write() as tx:
                ask_run(tx, "backup", run.clock.now())

    works.jobs = [Job("backup", NIGHT, ask)]
    works.restart()
    with asked.write() as tx:
        ask_run(tx, "backup", works.clock.now())
    assert (works.turn(), works.turn(), works.turn()) == (["backup"], ["backup"], [])


def test_an_unknown_job_cannot_be_asked_for(tmp_path: Path) -> None:
    works = nightly(tmp_path)
    with pytest.raises(NotFound, match="no job 'bakcup'"), works.box.database.write() as tx:
        ask_run(tx, "bakcup", works.clock.now())


def test_a_job_is_in_hand_once_and_so_is_a_lane(tmp_path: Path) -> None:
    every = Every(HOUR)
    works = Works(tmp_path, [a_job("one", every, lane="disk"), a_job("two", every, lane="disk"), a_job("three", every)])
    first = works.timetable.orders()
    assert [order.job.name for order in first] == ["one", "three"]
    works.clock.let_pass(2 * HOUR)
    assert works.timetable.orders() == []
    works.timetable.done(first[0].job)
    assert [order.job.name for order in works.timetable.orders()] in (["one"], ["two"])


def test_lanes_take_turns_so_that_nobody_waits_for_ever(tmp_path: Path) -> None:
    every = Every(HOUR)
    works = Works(tmp_path, [a_job("one", every, lane="disk"), a_job("two", every, lane="disk")])
    done = works.let_pass(10 * HOUR, timedelta(hours=1))
    assert done.count("two") >= 4


def test_the_clock_is_in_doubt_for_a_week_after_a_jump_or_until_somebody_says_it_is_right(tmp_path: Path) -> None:
    works = nightly(tmp_path)
    database, clock = works.box.database, works.clock

    def doubts() -> bool:
        with database.read() as tx:
            return has_jumped(tx, clock)

    assert not doubts()
    clock.set_by(HOUR)
    works.turn()
    assert doubts()
    works.let_pass(6 * DAY)
    assert doubts()
    works.let_pass(DAY)
    assert not doubts()
    clock.set_by(-DAY)
    assert doubts(), "it is behind what it was known to say, before anybody noted that"
    works.turn()
    assert doubts()
    with database.write() as tx:
        believe_clock(tx, clock)
    assert not doubts()
    clock.let_pass(30 * DAY)
    assert doubts(), "a month without power, or a clock that was set"
    works.restart()
    works.turn()
    assert doubts()
    works.let_pass(7 * DAY)
    assert not doubts()


def test_a_night_without_power_puts_the_clock_in_no_doubt(tmp_path: Path) -> None:
    works = nightly(tmp_path)
    works.turn()
    works.clock.let_pass(DAY)
    works.restart()
    works.turn()
    with works.box.database.read() as tx:
        assert not has_jumped(tx, works.clock)


def test_before_anything_is_known_of_the_clock_it_is_in_doubt(tmp_path: Path) -> None:
    works = nightly(tmp_path)
    with works.box.database.write() as tx:
        tx.change("DELETE FROM clock_marks")
        assert has_jumped(tx, works.clock)


def test_what_a_clock_is_set_right_by_after_a_cold_start_puts_nothing_in_doubt(tmp_path: Path) -> None:
    works = nightly(tmp_path)
    database, clock = works.box.database, works.clock

    def doubts_after(set_by: timedelta) -> bool:
        clock.set_by(set_by)
        works.turn()
        with database.read() as tx:
            return has_jumped(tx, clock)

    assert not doubts_after(timedelta(minutes=50))
    assert doubts_after(timedelta(minutes=20)), "many small steps are a large one"
    assert not doubts_after(timedelta(minutes=-30))
    assert doubts_after(3650 * DAY)
    assert not doubts_after(-3650 * DAY), "it is where it was"
    assert doubts_after(-DAY)
    works.let_pass(8 * DAY, HOUR)
    assert not doubts_after(timedelta(minutes=50)), "that was long ago"


def test_a_slow_drift_of_the_clock_is_no_jump(tmp_path: Path) -> None:
    works = nightly(tmp_path)
    works.clock.set_by(timedelta(seconds=20))
    works.turn()
    with works.box.database.read() as tx:
        assert not has_jumped(tx, works.clock)


def test_a_month_and_a_night_of_each_lie_where_they_should(tmp_path: Path) -> None:
    works = Works(tmp_path, [a_job("remind of drill", Monthly(31, time(9)))])
    works.let_pass(60 * DAY, HOUR)
    assert [run.started_at.date().isoformat() for run in works.runs("remind of drill")] == ["2026-01-31", "2026-02-28"]
    assert START.date().isoformat() == "2026-01-10"


def test_a_job_that_cannot_be_begun_is_tried_ever_more_seldom(tmp_path: Path) -> None:
    works = nightly(tmp_path)
    works.clock.let_pass(DAY)
    tried = []
    for second in range(15 * 60):
        for order in works.timetable.orders():
            tried.append(second)
            works.timetable.left_off(order.job)
        works.clock.let_pass(timedelta(seconds=1))
    assert tried == [0, 60, 180, 420]
    works.clock.let_pass(8 * 60 * timedelta(seconds=1))
    assert works.turn() == ["backup"]
    works.clock.let_pass(DAY)
    assert [order.job.name for order in works.timetable.orders()] == ["backup"], "what went well begins anew"


def test_a_run_whose_end_could_not_be_noted_is_made_good_within_minutes(tmp_path: Path) -> None:
    works = nightly(tmp_path)
    works.clock.let_pass(DAY)
    (order,) = works.timetable.orders()
    works.runner.begin(order.job, None)
    works.timetable.left_off(order.job)
    assert works.turn() == []
    assert works.let_pass(timedelta(minutes=10), timedelta(minutes=1)) == ["backup"]
    assert [run.outcome for run in works.runs("backup")] == [RunOutcome.INTERRUPTED, RunOutcome.DONE]
