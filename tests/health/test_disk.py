"""For how long the disk lasts: honest where little is known, deaf to one busy week, and said in stages."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import Unavailable
from appliance.health import queries
from appliance.health.disk import DiskParts, DiskState, Space, disk_jobs, disk_state, note_disk, read_disk, space_of
from appliance.health.forecast import DAYS_LEFT, FREE_PERCENT, Forecast, forecast, stage_of, weekly_growth
from appliance.health.queries import DiskReading
from appliance.notifications import queries as notices
from appliance.notifications.codes import NoticeCode, Severity
from appliance.store.runs import RunOutcome
from tests.jobs.a_timetable import Works

GB, DAY, HOUR = 10**9, timedelta(days=1), timedelta(hours=1)
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def clinic(days: int, a_workday: int = 2 * GB, total: int = 2000 * GB) -> list[DiskReading]:
    """Give readings of a clinic that scans on workdays."""
    stored, found = 100 * GB, []
    for day in range(days):
        at = NOW - DAY * (days - 1 - day)
        stored += a_workday if at.weekday() < 5 else 0
        found.append(DiskReading(at, total, total - stored, stored))
    return found


def test_nothing_is_foretold_from_less_than_two_whole_weeks() -> None:
    assert forecast([], 500 * GB, NOW) is None
    assert forecast(clinic(13), 500 * GB, NOW) is None
    assert forecast(clinic(16), 500 * GB, NOW) is not None


def test_a_clinic_that_is_closed_at_weekends_fills_the_disk_by_whole_weeks() -> None:
    known = forecast(clinic(100), 500 * GB, NOW)
    assert known is not None
    assert (known.week_bytes, known.days, known.weeks) == (10 * GB, 350, 13)
    assert (known.least_days, known.most_days) == (350, 350)


def test_one_week_of_bringing_an_archive_in_changes_the_range_and_not_the_days() -> None:
    readings = clinic(100)
    brought = [
        one if n < 50 else replace(one, stored_bytes=one.stored_bytes + 400 * GB) for n, one in enumerate(readings)
    ]
    known = forecast(brought, 500 * GB, NOW)
    assert known is not None
    assert known.days == 350
    assert known.least_days is not None
    assert known.least_days < 10


def test_a_disk_that_does_not_fill_has_no_last_day() -> None:
    known = forecast(clinic(60, a_workday=0), 500 * GB, NOW)
    assert known is not None
    assert (known.days, known.least_days, known.most_days) == (None, None, None)
    shrinking = [replace(one, stored_bytes=10**12 - one.stored_bytes) for one in clinic(60)]
    assert forecast(shrinking, 500 * GB, NOW).days is None  # type: ignore[union-attr]  # it knows enough


def test_weeks_without_power_and_readings_of_a_clock_ahead_say_nothing() -> None:
    readings = [one for n, one in enumerate(clinic(100)) if not 40 <= n < 70]
    assert len(weekly_growth(readings)) < 13
    known = forecast([*readings, DiskReading(NOW + 4000 * DAY, 1, 1, 10**15)], 500 * GB, NOW)
    assert known is not None
    assert known.days == 350


@given(
    st.lists(st.integers(0, 50 * GB), min_size=22, max_size=120), st.integers(-GB, 10**13)
)  # fmt: skip
def test_the_usual_pace_lies_within_its_range_and_never_before_today(daily: list[int], room: int) -> None:
    stored, readings = 0, []
    for day, grown in enumerate(daily):
        stored += grown
        readings.append(DiskReading(NOW - DAY * (len(daily) - 1 - day), 10**13, 10**13, stored))
    known = forecast(readings, room, NOW)
    assert known is not None
    ends = [end for end in (known.least_days, known.days, known.most_days) if end is not None]
    assert ends == sorted(ends)
    assert all(end >= 0 for end in ends)


def test_stages_rise_at_once_and_fall_only_when_it_is_a_tenth_better() -> None:
    before, said = None, []
    for percent in (30, 20, 19, 21, 21.9, 22.1, 10, 10.9, 11.1, 5, 5.4, 5.6, 50):
        before = stage_of(percent, FREE_PERCENT, before)
        said.append(before.value if before else "")
    advice, warning, alarm = "advice", "warning", "alarm"
    assert said == ["", advice, advice, advice, advice, "", warning, warning, advice, alarm, alarm, warning, ""]
    assert stage_of(None, DAYS_LEFT, Severity.ALARM) is None


def state(free: int, days: int | None = 400) -> DiskState:
    known = None if days is None else Forecast(13, GB, days, days, days)
    return DiskState(DiskReading(NOW, 100 * GB, free, 50 * GB), 0, free, known)


def test_what_fills_is_told_in_stages_and_ends_when_there_is_room_again(tmp_path: Path) -> None:
    works = Works(tmp_path, [])

    def told(free: int, days: int | None) -> dict[NoticeCode, tuple[Severity, int | None]]:
        with works.box.database.write() as tx:
            note_disk(tx, state(free, days), works.clock.now())
            return {one.code: (one.severity, one.number) for one in notices.open_notices(tx)}

    with works.box.database.write() as tx:
        note_disk(tx, None, works.clock.now())
    assert told(50 * GB, 400) == {}
    assert told(50 * GB, 100) == {NoticeCode.DISK_FILLS: (Severity.ADVICE, 100)}
    assert told(9 * GB, 13) == {
        NoticeCode.DISK_FILLS: (Severity.ALARM, 13), NoticeCode.DISK_LOW: (Severity.WARNING, 9),
    }  # fmt: skip
    assert told(4 * GB, None) == {NoticeCode.DISK_LOW: (Severity.ALARM, 4)}
    assert told(60 * GB, 3000) == {}


def test_the_disk_is_read_every_hour_and_readings_are_thinned_to_one_a_day(tmp_path: Path) -> None:
    works = Works(tmp_path, [])
    parts = DiskParts(tmp_path, works.box.database, works.clock, 2 * GB, lambda _: Space(1000 * GB, 800 * GB))
    works.jobs = disk_jobs(parts)
    works.restart()
    works.let_pass(2 * DAY, HOUR)
    with works.box.database.read() as tx:
        hourly = queries.readings(tx, NOW - 4000 * DAY)
        found = disk_state(tx, 2 * GB, works.clock.now())
    assert len(hourly) in {48, 49}
    assert found is not None
    assert (found.room_bytes, found.forecast, round(found.free_percent)) == (798 * GB, None, 80)
    works.clock.let_pass(40 * DAY)
    works.turn()
    with works.box.database.read() as tx:
        kept = queries.readings(tx, NOW - 4000 * DAY)
    assert len(kept) == 4, "one of each of three days long ago, and the last"
    assert all(run.outcome is RunOutcome.DONE for run in works.runs("forecast disk"))


def test_a_real_disk_says_what_statvfs_says_and_one_that_is_gone_says_nothing(tmp_path: Path) -> None:
    works = Works(tmp_path, [])
    reading = read_disk(DiskParts(tmp_path, works.box.database, works.clock, 0))
    assert 0 < reading.free_bytes <= reading.total_bytes
    assert reading.stored_bytes == 0
    with pytest.raises(Unavailable):
        space_of(tmp_path / "gone")
