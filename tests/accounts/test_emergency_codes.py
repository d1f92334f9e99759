"""The sealed emergency code: drawn, opened once, and nothing but looking for a box of time."""

import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import FrameType

import pytest
from argon2 import PasswordHasher

from appliance.accounts import emergencies, invitations, login, own, pins, service
from appliance.accounts.account import Account, NewAccount
from appliance.accounts.emergency_codes import Envelope, Opening, envelope, open_envelope
from appliance.accounts.emergency_letters import ALPHABET, code_hash, is_whole, new_code, packed
from appliance.accounts.errors import SignInRefused, TooManyAttempts
from appliance.accounts.jobs import AccountParts, look_after
from appliance.accounts.roles import IMAGE_RIGHT, Role, permissions_of
from appliance.accounts.sessions import find_session, lock_screen
from appliance.audit.events import OPERATOR
from appliance.deidentify import leaving
from appliance.errors import NotFound, NotPermitted, Unsuitable
from appliance.notifications.queries import open_notices
from tests.web.a_clinic import PASSWORD, AClinic, somebody
from tests.web.an_emergency import ADDRESS, WHY, an_envelope, drawn, session_of, with_app

WRONG = new_code()
KNOWN = "ENAM-ELKN-YWST-WQZ2-3456-9MQS"  # as paper that was printed has to stay good


@pytest.fixture
def clinic(tmp_path: Path) -> AClinic:
    return AClinic(tmp_path)


@pytest.fixture
def administrator(clinic: AClinic) -> Account:
    return with_app(clinic, Role.ADMINISTRATOR)


def opening(code: str, name: str = "Nora Nocturna") -> Opening:
    return Opening(code, name, WHY)


def opened(clinic: AClinic, code: str, address: str = ADDRESS) -> str:
    return open_envelope(clinic.accounts, opening(code), address)


@pytest.mark.parametrize("at", range(24))
def test_one_wrong_letter_anywhere_is_told_from_a_wrong_code(at: int) -> None:
    code = packed(KNOWN)
    slips = {code[:at] + letter + code[at + 1 :] for letter in ALPHABET} - {code}
    assert [slip for slip in slips if is_whole(slip)] == []
    assert is_whole(f" {KNOWN.lower()} ")
    assert not is_whole(KNOWN[:-1])


def test_codes_are_long_random_and_readable() -> None:
    codes = {new_code() for _ in range(100)}
    assert len(codes) == 100
    assert all(len(code) == 29 and code.count("-") == 5 and is_whole(code) for code in codes)


def test_it_opens_a_session_that_may_look_and_nothing_else(clinic: AClinic, administrator: Account) -> None:
    session = session_of(clinic, opened(clinic, drawn(clinic, administrator)))
    assert session.account.permissions == IMAGE_RIGHT == permissions_of(Role.EMERGENCY, image_right=False)
    assert (session.account.role, session.account.display_name) == (Role.EMERGENCY, "Nora Nocturna")
    assert session.minutes_left == 60
    codes = [code for code, _ in clinic.events() if code.startswith("emergency")]
    assert codes == ["emergency code drawn", "emergency begun", "emergency code used"]
    with clinic.database.read() as tx:
        assert [one.code.value for one in open_notices(tx)] == ["emergency code used"]
        assert envelope(tx) == Envelope(is_sealed=False, is_used=True)


def test_only_its_hash_is_kept(clinic: AClinic, administrator: Account) -> None:
    code = drawn(clinic, administrator)
    with clinic.database.read() as tx:
        assert tx.rows("SELECT code_hash FROM emergency_codes") == [(code_hash(code),)]
        assert envelope(tx) == Envelope(is_sealed=True, is_used=False)


def test_of_many_who_open_it_at_once_one_comes_in(clinic: AClinic, administrator: Account) -> None:
    code = drawn(clinic, administrator)

    def tries(number: int) -> bool:
        try:
            opened(clinic, code, f"192.0.2.{number}")
        except SignInRefused:
            return False
        return True

    with ThreadPoolExecutor(4) as threads:
        assert sorted(threads.map(tries, range(1, 5))) == [False, False, False, True]


def test_a_new_one_voids_the_one_before_and_only_an_administrator_draws_it(
    clinic: AClinic, administrator: Account
) -> None:
    first, second = drawn(clinic, administrator), drawn(clinic, administrator)
    with pytest.raises(SignInRefused):
        opened(clinic, first)
    assert opened(clinic, second)
    with pytest.raises(NotPermitted):
        drawn(clinic, with_app(clinic, Role.DENTIST))


@pytest.mark.parametrize(
    ("code", "name"),
    [(WRONG[:-1], "Nora"), ("", "Nora"), (WRONG, " "), (WRONG, "No\x00ra")],
    ids=["one letter short", "no code", "no name", "a NUL in the name"],
)
def test_a_slip_and_a_missing_name_are_told_and_count_for_nothing(clinic: AClinic, code: str, name: str) -> None:
    before = clinic.events()
    for _ in range(30):
        with pytest.raises(Unsuitable):
            open_envelope(clinic.accounts, opening(code, name), ADDRESS)
    assert clinic.events() == before


def test_guesses_are_slowed_by_address_and_keep_nobody_from_the_envelope(
    clinic: AClinic, administrator: Account
) -> None:
    code = drawn(clinic, administrator)
    for _ in range(5):
        with pytest.raises(SignInRefused):
            opened(clinic, new_code())
    with pytest.raises(TooManyAttempts):
        opened(clinic, new_code())
    assert clinic.events().count(("login failed", "failure")) == 5
    assert opened(clinic, code), "a right one is no guess"


def hashes_of(act: Callable[[], object]) -> int:
    """Count how many hashes of passwords something takes, by what the interpreter calls meanwhile."""
    counted = 0

    def watch(frame: FrameType, event: str, _argument: object) -> None:
        nonlocal counted
        counted += event == "call" and frame.f_code in {PasswordHasher.hash.__code__, PasswordHasher.verify.__code__}

    sys.setprofile(watch)
    try:
        act()
    finally:
        sys.setprofile(None)
    return counted


def refused(clinic: AClinic, code: str, how: type[Exception] = SignInRefused) -> None:
    with pytest.raises(how):
        opened(clinic, code)


def test_every_code_that_is_judged_costs_one_hash_whatever_it_is(clinic: AClinic, administrator: Account) -> None:
    replaced, right = drawn(clinic, administrator), drawn(clinic, administrator)
    assert hashes_of(lambda: refused(clinic, replaced)) == 1
    assert hashes_of(lambda: opened(clinic, right)) == 1
    assert hashes_of(lambda: refused(clinic, right)) == 1, "used"
    other = with_app(clinic, Role.ADMINISTRATOR, "other.administrator")
    void = drawn(clinic, other)
    leaving.close_account(clinic.accounts, other.account_key, OPERATOR)
    assert hashes_of(lambda: refused(clinic, void)) == 1
    assert hashes_of(lambda: refused(clinic, new_code())) == 1, "never drawn"


def test_what_is_no_code_or_has_to_wait_costs_none(clinic: AClinic) -> None:
    assert hashes_of(lambda: refused(clinic, KNOWN[:-1], Unsuitable)) == 0
    for _ in range(5):
        refused(clinic, new_code())
    assert hashes_of(lambda: refused(clinic, new_code(), TooManyAttempts)) == 0


def test_it_unlocks_its_own_screen_and_enters_no_account(clinic: AClinic, administrator: Account) -> None:
    code = drawn(clinic, administrator)
    token = opened(clinic, code)
    lock_screen(clinic.accounts, session_of(clinic, token), ADDRESS)
    with pytest.raises(SignInRefused):
        login.unlock_screen(clinic.accounts, session_of(clinic, token), WRONG, ADDRESS)
    login.unlock_screen(clinic.accounts, session_of(clinic, token), f" {code.lower()}", ADDRESS)
    assert not session_of(clinic, token).locked
    with pytest.raises(SignInRefused):
        login.sign_in(clinic.accounts, session_of(clinic, token).account.user_name, packed(code), ADDRESS)


def test_nothing_makes_a_person_of_it(clinic: AClinic, administrator: Account) -> None:
    token = opened(clinic, drawn(clinic, administrator))
    session = session_of(clinic, token)
    key, accounts = session.account.account_key, clinic.accounts
    with pytest.raises(NotFound):
        invitations.invite_again(accounts, key, OPERATOR)
    with pytest.raises(NotFound):
        leaving.change_role(accounts, key, Role.DENTIST, OPERATOR, image_right=True)
    with pytest.raises(Unsuitable):
        service.reset_account(accounts, key, PASSWORD, OPERATOR)
    with pytest.raises(Unsuitable):
        service.change_own_password(accounts, session, PASSWORD, "seven green kettles", ADDRESS)
    with pytest.raises(NotPermitted):
        own.correct_name(accounts, session.account, "Somebody Else", ADDRESS)
    with pytest.raises(SignInRefused):
        pins.set_pin(accounts, session, "", ("wrong", "2580"), ADDRESS)
    assert session_of(clinic, token).account.permissions == IMAGE_RIGHT


def test_its_role_is_given_to_nobody(clinic: AClinic) -> None:
    with pytest.raises(Unsuitable):
        service.create_account(clinic.accounts, somebody(Role.EMERGENCY, image_right=False), OPERATOR)
    person = clinic.person()
    with pytest.raises(Unsuitable):
        leaving.change_role(clinic.accounts, person.account_key, Role.EMERGENCY, OPERATOR, image_right=False)


@pytest.mark.parametrize("how", ["its time", "its own end", "a reviewer"])
def test_its_session_ends_with_it_and_its_account_is_closed(clinic: AClinic, administrator: Account, how: str) -> None:
    token = opened(clinic, drawn(clinic, administrator))
    session = session_of(clinic, token)
    assert session.emergency is not None
    if how == "its time":
        clinic.clock.pass_time(minutes=60)
        assert find_session(clinic.accounts, token) is None
        look_after(AccountParts(clinic.database, clinic.accounts.audit, clinic.clock))
    elif how == "its own end":
        emergencies.end(clinic.accounts, session, ADDRESS)
    else:
        emergencies.end_of_other(clinic.accounts, session.emergency.emergency_key, administrator, ADDRESS)
    assert find_session(clinic.accounts, token) is None
    assert service.get_account(clinic.accounts, session.account.account_key).disabled_at is not None


def test_an_account_without_its_emergency_opens_nothing(clinic: AClinic) -> None:
    account = an_envelope(clinic, "1")
    with clinic.database.read() as tx:
        assert tx.rows("SELECT role, built_in FROM accounts WHERE account_key = :key", key=account.account_key) == [
            ("lab", "emergency")
        ]
    clinic.signed_in(account)
    with clinic.database.read() as tx:
        assert tx.rows("SELECT count(*) FROM sessions") == [(1,)]
    assert clinic.signed_in(account).get("/studies").headers["location"] == "/login"


def test_what_is_typed_as_a_user_name_is_never_one_of_these(clinic: AClinic) -> None:
    account = an_envelope(clinic, "2")
    new = NewAccount(account.user_name, "Nora", Role.DENTIST, PASSWORD)
    with pytest.raises(Unsuitable):
        service.create_account(clinic.accounts, new, OPERATOR)
