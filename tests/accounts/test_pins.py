"""A PIN lets its person back in at one browser, for half a day after a whole sign-in there, five wrong ones at most."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from appliance.accounts import login, own, pins, queries_devices
from appliance.accounts.account import Account
from appliance.accounts.devices import device_token, hash_device
from appliance.accounts.errors import SignInRefused, TooManyAttempts
from appliance.accounts.queries import revoke_sessions_of
from appliance.accounts.service import change_own_password, sign_out_everywhere
from appliance.accounts.sessions import Session, find_session, let_in
from appliance.audit.events import OPERATOR
from appliance.deidentify import leaving
from appliance.errors import Unsuitable
from appliance.keys.passphrases import hash_password
from tests.web.a_clinic import PASSWORD, AClinic

ADDRESS = "192.0.2.10"
PIN = "2580"


@pytest.fixture
def clinic(tmp_path: Path) -> AClinic:
    return AClinic(tmp_path)


@pytest.fixture
def device(clinic: AClinic) -> str:
    return device_token(clinic.accounts, "")


def came_in(clinic: AClinic, person: Account, device: str) -> tuple[str, Session]:
    """Let a person in whole in this browser; give the session's token and the session."""
    with clinic.database.write() as tx:
        token = let_in(tx, clinic.accounts, person, ADDRESS, device)
    session = find_session(clinic.accounts, token)
    assert session is not None
    return token, session


def with_pin(clinic: AClinic, person: Account, device: str, pin: str = PIN) -> str:
    token, session = came_in(clinic, person, device)
    pins.set_pin(clinic.accounts, session, device, (PASSWORD, pin), ADDRESS)
    return token


def switched(clinic: AClinic, person: Account, device: str, pin: str = PIN) -> bool:
    """Come in by a PIN, each time from another address."""
    address = f"198.51.100.{len(clinic.events())}"
    token = pins.switch_to(clinic.accounts, None, person.account_key, (device, pin), address)
    return find_session(clinic.accounts, token) is not None


def test_two_people_change_places_and_each_has_a_session_of_their_own(clinic: AClinic, device: str) -> None:
    one, other = clinic.person(), clinic.person(user_name="other", display_name="Berta Prueba")
    with_pin(clinic, one, device)
    token = with_pin(clinic, other, device, "1397")
    assert [each.display_name for each in pins.familiar_people(clinic.accounts, device)] == [
        "Ana Prueba",
        "Berta Prueba",
    ]
    there = find_session(clinic.accounts, token)
    back = pins.switch_to(clinic.accounts, there, one.account_key, (device, PIN), ADDRESS)
    assert find_session(clinic.accounts, token) is None, "whoever was there is out"
    session = find_session(clinic.accounts, back)
    assert session is not None
    assert session.account.account_key == one.account_key
    assert [code for code, _ in clinic.events()][-2:] == ["logged out", "logged in"]


def test_a_pin_opens_no_other_browser_and_nobody_else(clinic: AClinic, device: str) -> None:
    one, other = clinic.person(), clinic.person(user_name="other")
    with_pin(clinic, one, device)
    elsewhere = device_token(clinic.accounts, "")
    came_in(clinic, one, elsewhere)
    came_in(clinic, other, device)
    for person, place in ((one, elsewhere), (one, ""), (one, "made up"), (other, device)):
        with pytest.raises(SignInRefused):
            switched(clinic, person, place)
    assert switched(clinic, one, device)


def test_a_pin_works_for_half_a_day_after_a_whole_sign_in_and_does_not_prolong_itself(
    clinic: AClinic, device: str
) -> None:
    person = clinic.person()
    with_pin(clinic, person, device)
    clinic.clock.pass_time(hours=11)
    assert switched(clinic, person, device)
    clinic.clock.pass_time(hours=1)
    assert pins.familiar_people(clinic.accounts, device) == []
    with pytest.raises(SignInRefused):
        switched(clinic, person, device)
    came_in(clinic, person, device)
    assert switched(clinic, person, device)
    clinic.clock.step(days=-2)
    with pytest.raises(SignInRefused):
        switched(clinic, person, device)


def test_five_wrong_ones_in_a_row_and_it_is_forgotten(clinic: AClinic, device: str) -> None:
    person = clinic.person()
    with_pin(clinic, person, device)
    for _ in range(2):
        for _ in range(4):
            with pytest.raises(SignInRefused):
                switched(clinic, person, device, "0000")
        assert switched(clinic, person, device)
        clinic.clock.pass_time(hours=1, seconds=1)  # so many an hour are heard of one account
    for _ in range(5):
        with pytest.raises(SignInRefused):
            switched(clinic, person, device, "0000")
    with pytest.raises(SignInRefused):
        switched(clinic, person, device)
    assert pins.familiar_people(clinic.accounts, device) == []
    assert [code for code, _ in clinic.events()].count("pin dropped") == 1


def test_a_right_pin_that_comes_beside_too_many_wrong_ones_is_not_heard(clinic: AClinic, device: str) -> None:
    person = clinic.person()
    with_pin(clinic, person, device)
    with clinic.database.write() as tx:
        tx.change("UPDATE known_devices SET pin_failures = :most", most=pins.MOST_WRONG)
    with pytest.raises(SignInRefused):
        switched(clinic, person, device)


def test_wrong_ones_are_slowed_by_address_too(clinic: AClinic, device: str) -> None:
    person = clinic.person()
    for _ in range(5):
        with pytest.raises(SignInRefused):
            pins.switch_to(clinic.accounts, None, person.account_key, (device, PIN), ADDRESS)
    with pytest.raises(TooManyAttempts):
        pins.switch_to(clinic.accounts, None, person.account_key, (device, PIN), ADDRESS)


@pytest.mark.parametrize("address", [ADDRESS, "2001:db8:1:1::7"])
def test_a_colleagues_slips_and_those_of_a_private_window_keep_nobody_from_their_own_pin(
    clinic: AClinic, device: str, address: str
) -> None:
    one, other = clinic.person(), clinic.person(user_name="other")
    with_pin(clinic, one, device)
    with_pin(clinic, other, device, "1397")
    for place, person in (("", one), ("made up", one), (device, other), (device, clinic.person(user_name="third"))):
        for _ in range(20):
            with suppress(SignInRefused, TooManyAttempts):
                pins.switch_to(clinic.accounts, None, person.account_key, (place, "0000"), address)
    assert pins.switch_to(clinic.accounts, None, one.account_key, (device, PIN), address)


def test_a_pin_counts_among_the_guesses_at_its_account_and_leaves_the_last_to_the_password(
    clinic: AClinic, device: str
) -> None:
    person = clinic.person()
    with_pin(clinic, person, device)
    for number in range(6):
        with pytest.raises(SignInRefused):
            login.sign_in(clinic.accounts, person.user_name, "wrong", f"198.51.100.{number}")
    for _ in range(2):
        with pytest.raises(SignInRefused):
            switched(clinic, person, device, "0000")
    with pytest.raises(TooManyAttempts):
        switched(clinic, person, device)
    with pytest.raises(SignInRefused):
        login.sign_in(clinic.accounts, person.user_name, "a slip", ADDRESS, device)
    assert login.sign_in(clinic.accounts, person.user_name, PASSWORD, ADDRESS, device)
    clinic.clock.pass_time(hours=1)
    assert switched(clinic, person, device)


def drops(clinic: AClinic, person: Account, device: str) -> None:
    pins.drop_pin(clinic.accounts, came_in(clinic, person, device)[1], device, ADDRESS)


def takes_another(clinic: AClinic, person: Account, device: str) -> None:
    with clinic.database.write() as tx:
        assert queries_devices.set_pin(tx, hash_device(device), person.account_key, hash_password("1397"))


def signs_out(clinic: AClinic, person: Account, _device: str) -> None:
    sign_out_everywhere(clinic.accounts, person.account_key, OPERATOR)


def leaves(clinic: AClinic, person: Account, _device: str) -> None:
    leaving.close_account(clinic.accounts, person.account_key, OPERATOR)


@pytest.mark.parametrize("meanwhile", [drops, takes_another, signs_out, leaves])
def test_a_pin_that_ends_while_it_is_compared_opens_nothing(
    clinic: AClinic, device: str, meanwhile: Callable[[AClinic, Account, str], None]
) -> None:
    person = clinic.person()
    with_pin(clinic, person, device)
    with clinic.database.write() as tx:
        revoke_sessions_of(tx, person.account_key, clinic.clock.now())
    slow = PasswordHasher(time_cost=8, memory_cost=64 * 1024, parallelism=1).hash(PIN)
    with clinic.database.write() as tx:
        queries_devices.set_pin(tx, hash_device(device), person.account_key, slow)
    with ThreadPoolExecutor(1) as thread:
        coming = thread.submit(switched, clinic, person, device)
        while not counted(clinic):  # from here on it compares, which takes a hash's time
            time.sleep(0.001)
        meanwhile(clinic, person, device)
        with pytest.raises(SignInRefused):
            coming.result()
    with clinic.database.read() as tx:
        assert tx.rows("SELECT 1 FROM sessions WHERE revoked_at IS NULL AND address <> :here", here=ADDRESS) == []


def counted(clinic: AClinic) -> bool:
    with clinic.database.read() as tx:
        return bool(tx.rows("SELECT 1 FROM known_devices WHERE pin_failures > 0"))


@pytest.mark.parametrize("pin", ["", "123", "12a4", "0000", "1234", "4321", "7890", "1" * 13, "١٣٩٧", "3333333"])
def test_what_is_no_pin_or_is_tried_first_is_refused(clinic: AClinic, device: str, pin: str) -> None:
    _, session = came_in(clinic, clinic.person(), device)
    with pytest.raises(Unsuitable):
        pins.set_pin(clinic.accounts, session, device, (PASSWORD, pin), ADDRESS)


def test_a_pin_is_chosen_with_the_password_where_one_came_in_and_dropped_at_will(clinic: AClinic, device: str) -> None:
    person = clinic.person()
    _, session = came_in(clinic, person, device)
    with pytest.raises(SignInRefused):
        pins.set_pin(clinic.accounts, session, device, ("wrong", PIN), ADDRESS)
    with pytest.raises(Unsuitable):
        pins.set_pin(clinic.accounts, session, "another browser", (PASSWORD, PIN), ADDRESS)
    assert not pins.has_pin(clinic.accounts, person, device)
    pins.set_pin(clinic.accounts, session, device, (PASSWORD, PIN), ADDRESS)
    assert pins.has_pin(clinic.accounts, person, device)
    pins.drop_pin(clinic.accounts, session, device, ADDRESS)
    with pytest.raises(SignInRefused):
        switched(clinic, person, device)


def test_a_new_password_ends_every_pin(clinic: AClinic, device: str) -> None:
    person = clinic.person()
    with_pin(clinic, person, device_token(clinic.accounts, ""))
    token, here = with_pin(clinic, person, device), device
    session = find_session(clinic.accounts, token)
    assert session is not None
    change_own_password(clinic.accounts, session, PASSWORD, "otter velvet crane 77", ADDRESS)
    assert not pins.familiar_people(clinic.accounts, here)
    with pytest.raises(SignInRefused):
        switched(clinic, person, here)


def test_signing_out_everywhere_else_ends_the_pins_there(clinic: AClinic, device: str) -> None:
    person, elsewhere = clinic.person(), device_token(clinic.accounts, "")
    _, there = came_in(clinic, person, elsewhere)
    pins.set_pin(clinic.accounts, there, elsewhere, (PASSWORD, PIN), ADDRESS)
    session = find_session(clinic.accounts, with_pin(clinic, person, device))
    assert session is not None
    own.end_other_sessions(clinic.accounts, session, device, ADDRESS)
    assert pins.has_pin(clinic.accounts, person, device)
    assert not pins.has_pin(clinic.accounts, person, elsewhere)
    assert clinic.events()[-1][0] == "session ended"
    with pytest.raises(SignInRefused):
        switched(clinic, person, elsewhere)


def test_a_closed_account_comes_back_by_no_pin(clinic: AClinic, device: str) -> None:
    person = clinic.person()
    with_pin(clinic, person, device)
    leaving.close_account(clinic.accounts, person.account_key, OPERATOR)
    with pytest.raises(SignInRefused):
        switched(clinic, person, device)
