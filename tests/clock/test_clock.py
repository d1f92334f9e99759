"""What is done once an hour is done then, and when somebody sets the clock."""

from datetime import timedelta

import pytest

from appliance.clock import Hourly, is_ahead
from tests.assembly.a_calendar import Calendar


def test_what_is_hourly_is_due_at_once_and_an_hour_later() -> None:
    clock = Calendar()
    hourly, due = Hourly(clock), []
    for _ in range(7):
        due.append(hourly.is_due())
        clock.at += timedelta(minutes=20)
    assert due == [True, False, False, True, False, False, True]


@pytest.mark.parametrize(("step", "is_due"), [(-50, False), (50, False), (-61, True), (61, True), (3e8, True)])
def test_what_is_hourly_is_due_once_more_when_the_clock_was_set(step: float, is_due: bool) -> None:
    clock = Calendar()
    hourly = Hourly(clock)
    assert hourly.is_due()
    clock.stepped = timedelta(seconds=step)
    assert [hourly.is_due(), hourly.is_due()] == [is_due, False]


def test_only_what_lies_further_ahead_than_drift_is_ahead() -> None:
    now = Calendar().now()
    steps = (-3600, 0, 60, 61)
    assert [is_ahead(now + timedelta(seconds=one), now) for one in steps] == [False, False, False, True]
