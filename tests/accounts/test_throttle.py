"""Guessing gets slower, never impossible, and never depends on whether a name exists."""

from pathlib import Path

import pytest

from appliance.accounts import throttle
from appliance.accounts.errors import TooManyAttempts
from tests.web.a_clinic import AClinic


@pytest.fixture
def clinic(tmp_path: Path) -> AClinic:
    return AClinic(tmp_path)


def fail(clinic: AClinic, name: str, address: str = "192.0.2.1") -> float:
    """Fail once, waiting as told; give how long that was."""
    try:
        throttle.begin_attempt(clinic.accounts, name, address)
    except TooManyAttempts as slowed:
        clinic.clock.pass_time(seconds=slowed.wait_seconds)
        throttle.begin_attempt(clinic.accounts, name, address)
        return slowed.wait_seconds
    return 0.0


def test_the_wait_doubles_and_ends_at_five_minutes(clinic: AClinic) -> None:
    waits = [fail(clinic, "ana") for _ in range(14)]
    assert waits == [0, 0, 0, 0, 0, 2, 4, 8, 16, 32, 64, 128, 256, 300]


def test_an_hour_later_all_is_forgotten(clinic: AClinic) -> None:
    for _ in range(8):
        fail(clinic, "ana")
    clinic.clock.pass_time(hours=1, seconds=1)
    assert fail(clinic, "ana") == 0


def test_one_address_guessing_many_names_is_slowed_too(clinic: AClinic) -> None:
    waits = [fail(clinic, f"name{number}") for number in range(22)]
    assert waits == [0] * 20 + [2, 4]
    assert fail(clinic, "ana", "192.0.2.2") == 0


def test_attempts_sent_at_once_do_not_slip_past_the_count(clinic: AClinic) -> None:
    for _ in range(5):
        throttle.begin_attempt(clinic.accounts, "ana", "192.0.2.1")
    with pytest.raises(TooManyAttempts):
        throttle.begin_attempt(clinic.accounts, "ana", "192.0.2.3")


def test_the_typed_name_is_not_kept(clinic: AClinic) -> None:
    fail(clinic, "my password by mistake")
    with clinic.database.read() as tx:
        rows = tx.rows("SELECT * FROM login_failures")
    assert "mistake" not in repr(rows)
    assert len(rows) == 1
