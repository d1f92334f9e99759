"""Times of day by the clinic's calendar: summer time, short months, skipped days."""

from contextlib import suppress
from datetime import UTC, datetime, time, timedelta, tzinfo
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import Unsuitable
from appliance.jobs.schedule import Daily, Every, MadeUp, Monthly, Schedule, parse_schedule, zone_of

MADRID = ZoneInfo("Europe/Madrid")
ZONES = [
    "Europe/Madrid", "America/Sao_Paulo", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia",
    "Africa/Cairo", "America/Santiago", "UTC",
]  # fmt: skip
instants = st.datetimes(datetime(2005, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  hypothesis adds the zone
times = st.times().map(lambda at: at.replace(second=0, microsecond=0))


def local(at: datetime, zone: tzinfo = MADRID) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}"


def some(schedule: Schedule, after: datetime, count: int, zone: tzinfo = MADRID) -> list[str]:
    """Give its next instants as the clinic's clocks show them."""
    found = []
    for _ in range(count):
        after = schedule.next_after(after, zone)
        found.append(local(after, zone))
    return found


def test_a_time_that_summer_time_leaves_out_falls_on_the_first_instant_after() -> None:
    found = some(Daily(time(2, 30)), datetime(2026, 3, 28, tzinfo=UTC), 3)
    assert found == ["2026-03-28 02:30", "2026-03-29 03:00", "2026-03-30 02:30"]


def test_a_time_that_comes_twice_counts_once() -> None:
    schedule = Daily(time(2, 30))
    first = schedule.next_after(datetime(2026, 10, 24, 20, tzinfo=UTC), MADRID)
    assert first == datetime(2026, 10, 25, 0, 30, tzinfo=UTC), "02:30 in summer time"
    assert local(schedule.next_after(first, MADRID)) == "2026-10-26 02:30"


def test_a_day_that_a_month_lacks_is_its_last_also_in_leap_years() -> None:
    found = some(Monthly(29, time(4)), datetime(2027, 12, 30, tzinfo=UTC), 4)
    assert found == ["2028-01-29 04:00", "2028-02-29 04:00", "2028-03-29 04:00", "2028-04-29 04:00"]
    found = some(Monthly(31, time(4)), datetime(2027, 1, 1, tzinfo=UTC), 4)
    assert found == ["2027-01-31 04:00", "2027-02-28 04:00", "2027-03-31 04:00", "2027-04-30 04:00"]


def test_a_day_that_a_country_skipped_has_no_instant() -> None:
    apia = ZoneInfo("Pacific/Apia")
    found = some(Daily(time(2)), datetime(2011, 12, 29, tzinfo=UTC), 3, apia)
    assert found == ["2011-12-29 02:00", "2011-12-31 02:00", "2012-01-01 02:00"]


def test_midnight_that_summer_time_leaves_out_is_still_of_that_day() -> None:
    sao_paulo = ZoneInfo("America/Sao_Paulo")
    found = some(Daily(time(0, 0)), datetime(2018, 11, 3, 12, tzinfo=UTC), 2, sao_paulo)
    assert found == ["2018-11-04 01:00", "2018-11-05 00:00"]


@given(instants, times, st.sampled_from(ZONES))
def test_a_day_has_one_instant_and_the_next_is_about_a_day_later(after: datetime, at: time, name: str) -> None:
    zone, schedule = ZoneInfo(name), Daily(at)
    found = [after]
    for _ in range(4):
        found.append(schedule.next_after(found[-1], zone))
    assert all(earlier < later for earlier, later in pairwise(found))
    assert len({one.astimezone(zone).date() for one in found[1:]}) == 4
    assert all(timedelta(hours=21) < later - earlier <= timedelta(hours=49) for earlier, later in pairwise(found[1:]))
    assert all(one.astimezone(zone).time() >= at for one in found[1:])


@given(instants, st.integers(1, 31), times, st.sampled_from(ZONES))
def test_every_month_has_one_instant(after: datetime, day: int, at: time, name: str) -> None:
    zone, schedule = ZoneInfo(name), Monthly(day, at)
    first = schedule.next_after(after, zone)
    second = schedule.next_after(first, zone)
    months = [one.astimezone(zone).year * 12 + one.astimezone(zone).month for one in (first, second)]
    assert after < first < second
    assert months[1] - months[0] == 1


@given(instants, times, st.sampled_from(ZONES))
def test_what_lies_before_an_instant_has_it_as_its_next(after: datetime, at: time, name: str) -> None:
    zone, schedule = ZoneInfo(name), Daily(at)
    found = schedule.next_after(after, zone)
    assert schedule.next_after(found - timedelta(seconds=1), zone) == found
    assert schedule.next_after(found, zone) > found


@given(st.one_of(
    st.builds(Daily, times), st.builds(Monthly, st.integers(1, 31), times),
    st.builds(Every, st.integers(1, 10**7).map(lambda seconds: timedelta(seconds=seconds))),
))  # fmt: skip
def test_what_is_written_is_read_back(schedule: Schedule) -> None:
    assert parse_schedule(schedule.text()) == schedule


@given(st.text(max_size=30))
def test_any_other_text_is_refused_or_is_a_schedule(text: str) -> None:
    with suppress(Unsuitable):
        assert parse_schedule(parse_schedule(text).text()).text() == parse_schedule(text).text()


@pytest.mark.parametrize(
    "text", ["", "daily", "daily 25:00", "monthly 0 02:00", "monthly 32 02:00", "every 0", "every"]
)
def test_what_is_no_schedule_is_refused(text: str) -> None:
    with pytest.raises(Unsuitable):
        parse_schedule(text)


def test_a_zone_is_named_or_the_machines_own() -> None:
    assert zone_of("Europe/Madrid") == MADRID
    here = zone_of("")
    if Path("/etc/localtime").exists():
        now = datetime(2026, 7, 1, tzinfo=UTC)
        assert now.astimezone(here).utcoffset() == now.astimezone().utcoffset()
    with pytest.raises(Unsuitable, match="no time zone 'Nowhere/Town'"):
        zone_of("Nowhere/Town")


@given(instants, times, st.sampled_from(ZONES))
def test_what_was_missed_is_made_up_for_soon_and_never_later_than_planned(at: datetime, of: time, name: str) -> None:
    zone, planned = ZoneInfo(name), Daily(of)
    schedule = MadeUp(planned, timedelta(hours=1))
    assert schedule.next_after(at, zone) == planned.next_after(at, zone)
    schedule.is_behind = True
    assert schedule.next_after(at, zone) == min(planned.next_after(at, zone), at + timedelta(hours=1))
    assert (schedule.text(), schedule.spacing) == (planned.text(), planned.spacing)
