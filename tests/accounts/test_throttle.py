"""Guessing gets slower, never shuts the right person out, and never depends on whether a name exists."""

import time
from contextlib import suppress
from pathlib import Path
from statistics import median

import pytest

from appliance.accounts import invitations, login, pins, throttle
from appliance.accounts.account import Account
from appliance.accounts.emergency_codes import Opening, open_envelope
from appliance.accounts.errors import SignInRefused, TooManyAttempts
from appliance.accounts.knocks import MOST_COUNTED
from appliance.accounts.roles import Role
from appliance.accounts.service import change_own_password
from appliance.accounts.sessions import Session, Stage, find_session, let_in, start_session
from appliance.audit.events import OPERATOR
from tests.accounts.test_passkeys import enrolled, question, shown
from tests.web.a_clinic import PASSWORD, AClinic, somebody
from tests.web.an_emergency import WHY, drawn, with_app

STRANGER = "192.0.2.66"
DESK = "192.0.2.10"
DEVICE = "a browser's own token"


@pytest.fixture
def clinic(tmp_path: Path) -> AClinic:
    return AClinic(tmp_path)


def knock(clinic: AClinic, name: str, address: str = "192.0.2.1", device: str = "") -> None:
    """Fail once."""
    throttle.begin_attempt(clinic.accounts, throttle.at_name(clinic.accounts, name, address, device))


def know(clinic: AClinic, person: Account, device: str) -> None:
    """Let the browser with this token be one in which the person came in."""
    with clinic.database.write() as tx:
        let_in(tx, clinic.accounts, person, DESK, device)


def fail(clinic: AClinic, name: str, address: str = "192.0.2.1", device: str = "") -> float:
    """Fail once, waiting as told; give how long that was."""
    try:
        knock(clinic, name, address, device)
    except TooManyAttempts as slowed:
        clinic.clock.pass_time(seconds=slowed.wait_seconds)
        knock(clinic, name, address, device)
        return slowed.wait_seconds
    return 0.0


def session_of(clinic: AClinic, person: Account, address: str = DESK) -> Session:
    """Give a full session of this person."""
    with clinic.database.write() as tx:
        token = start_session(tx, person.account_key, Stage.FULL, address, clinic.clock.now())
    session = find_session(clinic.accounts, token)
    assert session is not None
    return session


def throttled(clinic: AClinic) -> list[tuple[object, ...]]:
    with clinic.database.read() as tx:
        sql = "SELECT address, number FROM audit_events WHERE event = 'login throttled' ORDER BY sequence"
        return tx.rows(sql)


def writes(clinic: AClinic) -> object:
    with clinic.database.read() as tx:
        return tx.rows("SELECT (SELECT count(*) FROM audit_events), (SELECT count(*) FROM login_failures)")[0]


def test_strangers_are_heard_six_times_an_hour_and_the_sixth_time_later(clinic: AClinic) -> None:
    assert [fail(clinic, "ana", f"192.0.2.{number % 2}") for number in range(7)] == [0, 0, 0, 0, 0, 0, 3600]
    assert [fail(clinic, "eva") for _ in range(7)] == [0, 0, 0, 0, 0, 2, 3598]


def test_guesses_in_a_known_browser_wait_longer_each_time_from_the_sixth_on(clinic: AClinic) -> None:
    person = clinic.person()
    know(clinic, person, DEVICE)
    waits = [fail(clinic, person.user_name, device=DEVICE) for _ in range(11)]
    assert waits == [0, 0, 0, 0, 0, 2, 4, 8, 16, 32, 3600 - 62]


def test_at_most_ten_wrong_guesses_of_an_account_are_judged_in_any_hour_wherever_they_come_from(
    clinic: AClinic,
) -> None:
    person = clinic.person()
    know(clinic, person, DEVICE)
    session, judged = session_of(clinic, person), list[tuple[float, str]]()
    for second in range(0, 4 * 3600, 15):
        attempts = {
            "stranger": throttle.at_name(clinic.accounts, person.user_name, f"198.51.{second % 251}.{second % 241}"),
            "browser": throttle.at_name(clinic.accounts, person.user_name, DESK, DEVICE),
            "screen": throttle.at_session(clinic.accounts, session, DESK),
        }
        for who, attempt in attempts.items():
            with suppress(TooManyAttempts):
                throttle.begin_attempt(clinic.accounts, attempt)
                judged.append((second, who))
        clinic.clock.pass_time(seconds=15)
    for start, _ in judged:
        within = [who for second, who in judged if start <= second < start + 3600]
        assert len(within) <= throttle.MOST_JUDGED == 10
        assert within.count("stranger") <= throttle.MOST_OF_STRANGERS < 10
    assert len(judged) >= 4 * 9, "whoever may try again is heard"


def test_while_strangers_guess_from_everywhere_a_known_browser_lets_its_person_in(clinic: AClinic) -> None:
    person = clinic.person()
    know(clinic, person, DEVICE)
    heard = 0
    for number in range(200):
        with suppress(TooManyAttempts):
            knock(clinic, person.user_name, f"198.51.100.{number}")
            heard += 1
    assert heard == throttle.MOST_OF_STRANGERS
    with pytest.raises(TooManyAttempts):
        login.sign_in(clinic.accounts, person.user_name, PASSWORD, DESK)
    for device in ("made up", "", DEVICE + "x"):
        with pytest.raises(TooManyAttempts):
            login.sign_in(clinic.accounts, person.user_name, PASSWORD, DESK, device)
    assert login.sign_in(clinic.accounts, person.user_name, PASSWORD, DESK, DEVICE)


def a_flood(clinic: AClinic) -> None:
    """Let strangers everywhere guess at any names until they are slowed all together."""
    for number in range(throttle.FREE_FOR_ALL + 9):
        with suppress(TooManyAttempts):
            knock(clinic, f"name{number}", f"198.51.100.{number}")
    with pytest.raises(TooManyAttempts):
        knock(clinic, "anybody", "203.0.113.9")


@pytest.mark.parametrize("shows", ["a passkey", "an invitation", "a sealed code", "a PIN in a known browser"])
def test_while_strangers_guess_from_everywhere_what_cannot_be_guessed_lets_in_at_once(
    clinic: AClinic, shows: str
) -> None:
    person = with_app(clinic, Role.ADMINISTRATOR)
    new = somebody(Role.DENTIST, image_right=False)
    code = invitations.invite(clinic.accounts, new, OPERATOR).code
    sealed, passkey = drawn(clinic, person), enrolled(clinic, person)
    know(clinic, person, DEVICE)
    pins.set_pin(clinic.accounts, session_of(clinic, person), DEVICE, (PASSWORD, "2580"), DESK)
    a_flood(clinic)
    if shows == "a passkey":
        assert shown(clinic, passkey.show(question(clinic)))
    elif shows == "an invitation":
        assert invitations.accept(clinic.accounts, code, "seven green kettles", DESK)
    elif shows == "a sealed code":
        assert open_envelope(clinic.accounts, Opening(sealed, "Nora", WHY), DESK)
    else:
        assert pins.switch_to(clinic.accounts, None, person.account_key, (DEVICE, "2580"), DESK)


def test_a_colleagues_browser_is_no_known_one(clinic: AClinic) -> None:
    person, colleague = clinic.person(), clinic.person(user_name="colleague")
    know(clinic, colleague, DEVICE)
    for number in range(throttle.MOST_OF_STRANGERS):
        knock(clinic, person.user_name, f"198.51.100.{number}")
    with pytest.raises(TooManyAttempts):
        login.sign_in(clinic.accounts, person.user_name, PASSWORD, DESK, DEVICE)


def test_strangers_at_many_names_from_many_addresses_are_slowed_all_together(clinic: AClinic) -> None:
    for number in range(throttle.FREE_FOR_ALL):
        knock(clinic, f"name{number}", f"198.51.100.{number}")
    person = clinic.person()
    with pytest.raises(TooManyAttempts) as slowed:
        login.sign_in(clinic.accounts, person.user_name, PASSWORD, DESK)
    assert slowed.value.wait_seconds <= throttle.LONGEST_FOR_ALL_SECONDS
    know(clinic, person, DEVICE)
    assert login.sign_in(clinic.accounts, person.user_name, PASSWORD, DESK, DEVICE)


def test_of_a_hundred_wrong_codes_ten_are_judged_and_a_decision_is_a_known_place(clinic: AClinic) -> None:
    person, judged = clinic.person(), 0
    for number in range(50):
        for attempt in (
            throttle.at_code(clinic.accounts, person, f"198.51.100.{number}"),
            throttle.at_decision(clinic.accounts, person, DESK),
        ):
            with suppress(TooManyAttempts):
                throttle.begin_attempt(clinic.accounts, attempt)
                judged += 1
        clinic.clock.pass_time(seconds=40)
    assert judged == throttle.MOST_JUDGED


def test_an_hour_later_all_is_forgotten(clinic: AClinic) -> None:
    for _ in range(6):
        fail(clinic, "ana")
    clinic.clock.pass_time(hours=1, seconds=1)
    assert fail(clinic, "ana") == 0


def test_a_clock_that_is_set_back_makes_nobody_wait_longer_than_the_longest(clinic: AClinic) -> None:
    person = clinic.person()
    for _ in range(6):
        fail(clinic, person.user_name)
    clinic.clock.step(hours=-24)
    clinic.clock.pass_time(minutes=30)
    with pytest.raises(TooManyAttempts) as slowed:
        login.sign_in(clinic.accounts, person.user_name, PASSWORD, "192.0.2.1")
    assert slowed.value.wait_seconds == throttle.WINDOW.total_seconds()
    assert clinic.events()[-1][0] == "login throttled"
    assert [code for code, _ in clinic.events()].count("clock set back") == 1
    clinic.clock.pass_time(seconds=slowed.value.wait_seconds)
    assert login.sign_in(clinic.accounts, person.user_name, PASSWORD, "192.0.2.1")


def test_one_wrong_attempt_before_the_clock_is_set_back_keeps_nobody_out(clinic: AClinic) -> None:
    person = clinic.person()
    knock(clinic, person.user_name)
    clinic.clock.step(hours=-24)
    assert login.sign_in(clinic.accounts, person.user_name, PASSWORD, "192.0.2.1")


def test_attempts_before_the_clock_was_set_back_are_forgotten_an_hour_later(clinic: AClinic) -> None:
    for _ in range(6):
        fail(clinic, "ana")
    clinic.clock.step(days=-3650)
    fail(clinic, "ana")
    clinic.clock.pass_time(hours=1, seconds=1)
    assert fail(clinic, "ana") == 0
    with clinic.database.read() as tx:
        assert tx.rows("SELECT count(*) FROM login_failures") == [(1,)]


def test_a_clock_that_is_set_back_hides_no_stranger_from_the_record(clinic: AClinic) -> None:
    for _ in range(5):
        knock(clinic, "ana", STRANGER)
    for _ in range(2):
        with pytest.raises(TooManyAttempts):
            knock(clinic, "ana", STRANGER)
    clinic.clock.step(hours=-24)
    clinic.clock.pass_time(minutes=6)
    throttle.record_unheard(clinic.accounts, clinic.clock.monotonic())
    assert throttled(clinic) == [(STRANGER, 1), (STRANGER, 1)]


def test_one_address_guessing_many_names_is_slowed_too(clinic: AClinic) -> None:
    waits = [fail(clinic, f"name{number}") for number in range(22)]
    assert waits == [0] * 20 + [2, 4]
    assert fail(clinic, "ana", "192.0.2.2") == 0


def test_one_machine_with_a_whole_network_of_addresses_is_one_guesser(clinic: AClinic) -> None:
    waits = [fail(clinic, f"name{number}", f"2001:db8:1:1::{number:x}") for number in range(22)]
    assert waits == [0] * 20 + [2, 4]
    assert fail(clinic, "ana", "2001:db8:1:2::1") == 0


def test_attempts_sent_at_once_do_not_slip_past_the_count(clinic: AClinic) -> None:
    for _ in range(5):
        knock(clinic, "ana")
    with pytest.raises(TooManyAttempts):
        knock(clinic, "ana")


def test_a_stranger_does_not_keep_a_person_out_of_their_own_locked_screen(clinic: AClinic) -> None:
    person = clinic.person()
    session = session_of(clinic, person)
    for address in (STRANGER, DESK):
        for _ in range(30):
            fail(clinic, person.user_name, address)
        login.unlock_screen(clinic.accounts, session, PASSWORD, DESK)
    change_own_password(clinic.accounts, session, PASSWORD, "otter velvet crane 77", DESK)


def test_guessing_at_a_locked_screen_is_slowed_and_slows_no_other_session(clinic: AClinic) -> None:
    person = clinic.person()
    left_open, other = session_of(clinic, person), session_of(clinic, person)
    for _ in range(5):
        with pytest.raises(SignInRefused):
            login.unlock_screen(clinic.accounts, left_open, "wrong", DESK)
    with pytest.raises(TooManyAttempts):
        login.unlock_screen(clinic.accounts, left_open, PASSWORD, DESK)
    login.unlock_screen(clinic.accounts, other, PASSWORD, DESK)
    assert login.sign_in(clinic.accounts, person.user_name, PASSWORD, DESK)


def test_the_slow_pace_is_the_same_for_a_name_that_does_not_exist(clinic: AClinic) -> None:
    waits: dict[str, list[float]] = {}
    for name in (clinic.person().user_name, "nobody.here"):
        waits[name] = [fail(clinic, name, f"198.51.{len(waits)}.{number}") for number in range(20)]
        clinic.clock.pass_time(hours=2)
    first, second = waits.values()
    assert first == second
    assert max(first) == throttle.WINDOW.total_seconds()


def test_an_unknown_name_takes_as_much_computing_as_a_known_one(clinic: AClinic) -> None:
    known = clinic.new_person().user_name

    def cost(name: str) -> float:
        spent = []
        for number in range(3):
            began = time.process_time()
            with pytest.raises(SignInRefused):
                login.sign_in(clinic.accounts, name, "wrong password", f"203.0.113.{number}")
            spent.append(time.process_time() - began)
        return median(spent)

    assert 0.5 < cost("nobody.here") / cost(known) < 2


def test_a_stranger_who_does_not_stop_writes_one_event_an_interval(clinic: AClinic) -> None:
    for _ in range(5):
        knock(clinic, "ana", STRANGER)
    before = writes(clinic)
    for _ in range(150):
        with pytest.raises(TooManyAttempts):
            knock(clinic, "ana", STRANGER)
    assert throttled(clinic) == [(STRANGER, 1)]
    assert writes(clinic) != before
    clinic.clock.pass_time(minutes=6)
    for _ in range(2):
        throttle.record_unheard(clinic.accounts, clinic.clock.monotonic())
    assert throttled(clinic) == [(STRANGER, 1), (STRANGER, 149)], "and nothing twice"


def test_strangers_at_any_number_of_addresses_write_a_bounded_number_of_events(clinic: AClinic) -> None:
    for number in range(throttle.MOST_OF_STRANGERS):
        knock(clinic, "ana", f"198.51.100.{number}")
    for number in range(300):
        with pytest.raises(TooManyAttempts):
            knock(clinic, "ana", f"2001:db8::{number:x}")
    assert len(throttled(clinic)) == MOST_COUNTED + 1


def test_the_typed_name_is_not_kept(clinic: AClinic) -> None:
    fail(clinic, "my password by mistake")
    with clinic.database.read() as tx:
        rows = tx.rows("SELECT * FROM login_failures")
    assert "mistake" not in repr(rows)
    assert len(rows) == 1
