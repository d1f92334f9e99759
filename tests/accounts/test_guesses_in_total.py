"""Of an account ten wrong guesses an hour are judged in all: passwords, codes and PINs, whoever they are of."""

from base64 import b32encode
from contextlib import suppress
from pathlib import Path

import pyotp
import pytest

from appliance.accounts import login, throttle
from appliance.accounts.errors import TooManyAttempts
from appliance.accounts.sessions import find_session
from tests.accounts.test_throttle import DESK, DEVICE, STRANGER, knock, know, session_of
from tests.web.a_clinic import PASSWORD, AClinic
from tests.web.a_proof import SECRET


@pytest.fixture
def clinic(tmp_path: Path) -> AClinic:
    return AClinic(tmp_path)


def test_the_ten_of_an_hour_are_of_password_second_factor_and_pins_together(clinic: AClinic) -> None:
    person = clinic.person()
    know(clinic, person, DEVICE)
    session, accounts, judged = session_of(clinic, person), clinic.accounts, list[tuple[float, str]]()
    for second in range(0, 4 * 3600, 15):
        address = f"198.51.{second % 251}.{second % 241}"
        attempts = {
            "stranger's password": throttle.at_name(accounts, person.user_name, address),
            "stranger's code": throttle.at_code(accounts, person, address),
            "pin": throttle.at_pin(accounts, person, DESK, DEVICE),
            "decision": throttle.at_decision(accounts, person, DESK),
            "code": throttle.at_code(accounts, person, DESK, DEVICE),
            "password": throttle.at_name(accounts, person.user_name, DESK, DEVICE),
            "screen": throttle.at_session(accounts, session, DESK),
        }
        turns = list(attempts.items())
        for who, attempt in turns[second // 15 % len(turns) :] + turns[: second // 15 % len(turns)]:
            with suppress(TooManyAttempts):
                throttle.begin_attempt(accounts, attempt)
                judged.append((second, who))
        clinic.clock.pass_time(seconds=15)
    for start, _ in judged:
        within = [who for second, who in judged if start <= second < start + 3600]
        assert len(within) <= throttle.MOST_JUDGED == 10
        assert sum(who.startswith("stranger") for who in within) <= throttle.MOST_OF_STRANGERS
    assert len(judged) >= 4 * 9, "whoever may try again is heard"


def test_strangers_have_six_of_password_and_code_together(clinic: AClinic) -> None:
    person, judged = clinic.person(), 0
    for number in range(50):
        address = f"198.51.100.{number}"
        for attempt in (
            throttle.at_name(clinic.accounts, person.user_name, address),
            throttle.at_code(clinic.accounts, person, address),
        ):
            with suppress(TooManyAttempts):
                throttle.begin_attempt(clinic.accounts, attempt)
                judged += 1
    assert judged == throttle.MOST_OF_STRANGERS == 6


@pytest.mark.parametrize("pins_first", [True, False])
def test_whatever_strangers_and_pins_use_up_the_password_lets_its_person_in_after_a_slip(
    clinic: AClinic, *, pins_first: bool
) -> None:
    person = clinic.person()
    know(clinic, person, DEVICE)

    def wears_out(attempt: throttle.Attempt) -> None:
        for _ in range(40):
            with suppress(TooManyAttempts):
                throttle.begin_attempt(clinic.accounts, attempt)
            clinic.clock.pass_time(seconds=20)

    at = [
        throttle.at_pin(clinic.accounts, person, DESK, DEVICE),
        throttle.at_name(clinic.accounts, person.user_name, STRANGER),
    ]
    for attempt in at if pins_first else reversed(at):
        wears_out(attempt)
    for attempt in at:
        with pytest.raises(TooManyAttempts):
            throttle.begin_attempt(clinic.accounts, attempt)
    at_most = throttle.delay_seconds(throttle.MOST_JUDGED - 1, throttle.FREE_AT_PLACE)
    assert at_most == 32
    clinic.clock.pass_time(seconds=at_most)
    knock(clinic, person.user_name, DESK, DEVICE)
    clinic.clock.pass_time(seconds=at_most)
    assert login.sign_in(clinic.accounts, person.user_name, PASSWORD, DESK, DEVICE)


def test_of_ten_guesses_an_hour_a_right_password_takes_none_from_its_code(clinic: AClinic) -> None:
    person, accounts = clinic.person(totp_secret=SECRET), clinic.accounts
    know(clinic, person, DEVICE)
    for _ in range(throttle.MOST_JUDGED - 1):
        throttle.begin_attempt(accounts, throttle.at_name(accounts, person.user_name, DESK, DEVICE))
        clinic.clock.pass_time(seconds=throttle.LONGEST_SECONDS)
    session = find_session(accounts, login.sign_in(accounts, person.user_name, PASSWORD, DESK, DEVICE))
    assert session is not None
    with pytest.raises(TooManyAttempts):
        login.sign_in(accounts, person.user_name, PASSWORD, DESK, DEVICE)
    clinic.clock.pass_time(seconds=throttle.LONGEST_SECONDS)
    code = pyotp.TOTP(b32encode(SECRET).decode()).at(clinic.clock.now())
    assert find_session(accounts, login.finish_sign_in(accounts, session, code, DESK, DEVICE)) is not None
