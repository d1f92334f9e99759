"""Somebody whose second factor is a passkey alone: set up at the first sign-in, never the last one lost by a click."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from appliance.accounts import login, passkeys, second_factor, service, totp
from appliance.accounts.account import Account
from appliance.accounts.errors import SignInRefused, TooManyAttempts
from appliance.accounts.invitations import invite_again
from appliance.accounts.passkey_answers import Answer, Site
from appliance.accounts.password_rules import PasswordPolicy
from appliance.accounts.roles import Role
from appliance.accounts.second_factor import Confirmed
from appliance.accounts.sessions import Session, Stage, find_session, start_session
from appliance.audit.events import OPERATOR
from appliance.errors import NotPermitted, Unsuitable
from tests.accounts.an_authenticator import Authenticator
from tests.web.a_clinic import AClinic
from tests.web.a_proof import SECRET

ADDRESS = "192.0.2.10"
HERE = Site("enamel.test", "https://enamel.test")
NEW = Site("clinic.test", "https://clinic.test")


@pytest.fixture
def clinic(tmp_path: Path) -> AClinic:
    return AClinic(tmp_path)


def session_of(clinic: AClinic, person: Account, stage: Stage) -> Session:
    with clinic.database.write() as tx:
        token = start_session(tx, person.account_key, stage, ADDRESS, clinic.clock.now())
    session = find_session(clinic.accounts, token)
    assert session is not None
    return session


def answered(clinic: AClinic, session: Session, device: Authenticator, *, verified: bool = True) -> Answer:
    """Have a device make a passkey for whose session it is."""
    options = passkeys.options_to_add(clinic.accounts, session, HERE)
    return Answer(device.create(options, verified=verified), HERE, session.session_hash, ADDRESS)


def enrolled(clinic: AClinic, person: Account) -> tuple[Session, list[str]]:
    """Set a passkey up as the second factor; give the session of whoever came in by that, and the printed codes."""
    half = session_of(clinic, person, Stage.PASSWORD)
    token, codes = passkeys.enrol(clinic.accounts, half, "my phone", answered(clinic, half, Authenticator()))
    session = find_session(clinic.accounts, token)
    assert session is not None
    return session, codes


def by_code(clinic: AClinic, session: Session, code: str) -> Confirmed:
    return second_factor.confirm(clinic.accounts, session.account, code, ADDRESS)


def key_of(clinic: AClinic, person: Account) -> int:
    return passkeys.passkeys_of(clinic.accounts, person)[0].passkey_key


def kept_codes(clinic: AClinic) -> int:
    with clinic.database.read() as tx:
        return len(tx.rows("SELECT 1 FROM recovery_codes"))


def test_a_passkey_set_up_at_the_first_sign_in_is_the_second_factor_and_ten_codes_come_with_it(
    clinic: AClinic,
) -> None:
    session, codes = enrolled(clinic, clinic.person())
    assert (session.stage, session.account.second_factor) == (Stage.FULL, True)
    assert (session.account.authenticator_app, session.account.proves_by_passkey_alone) == (False, True)
    assert len(set(codes)) == 10
    told = [code for code, _ in clinic.events()]
    assert told[-3:] == ["passkey added", "second factor enrolled", "logged in"]


def test_a_device_that_does_not_verify_its_owner_is_no_only_second_factor(clinic: AClinic) -> None:
    person = clinic.person()
    half = session_of(clinic, person, Stage.PASSWORD)
    asked = json.loads(passkeys.options_to_add(clinic.accounts, half, HERE))
    assert asked["authenticatorSelection"]["userVerification"] == "required"
    with pytest.raises(Unsuitable):
        passkeys.enrol(clinic.accounts, half, "a key", answered(clinic, half, Authenticator(), verified=False))
    assert not service.get_account(clinic.accounts, person.account_key).second_factor


def test_no_further_passkey_of_theirs_is_one_that_is_only_touched(clinic: AClinic) -> None:
    session, codes = enrolled(clinic, clinic.person())
    touched = answered(clinic, session, Authenticator(), verified=False)
    with pytest.raises(Unsuitable):
        passkeys.add_passkey(clinic.accounts, by_code(clinic, session, codes[0]), "a key", touched)


def test_beside_an_app_a_security_key_that_is_only_touched_may_stand(clinic: AClinic) -> None:
    person = clinic.person(totp_secret=SECRET)
    session = session_of(clinic, person, Stage.FULL)
    clinic.clock.pass_time(seconds=30)
    by = by_code(clinic, session, totp.current_code(SECRET, clinic.clock.now()))
    touched = answered(clinic, session, Authenticator(), verified=False)
    passkeys.add_passkey(clinic.accounts, by, "a key", touched)
    assert not service.get_account(clinic.accounts, person.account_key).proves_by_passkey_alone


def test_who_has_a_second_factor_sets_up_no_first_one(clinic: AClinic) -> None:
    for person in (clinic.person(totp_secret=SECRET), clinic.person(user_name="other")):
        if not person.second_factor:
            enrolled(clinic, person)
        half = session_of(clinic, person, Stage.PASSWORD)
        with pytest.raises(NotPermitted):
            passkeys.enrol(clinic.accounts, half, "another", answered(clinic, half, Authenticator()))
        with pytest.raises(NotPermitted):
            second_factor.begin_enrolment(clinic.accounts, half)


def test_the_secret_of_an_app_that_was_shown_beside_it_shows_no_code_that_counts(clinic: AClinic) -> None:
    person = clinic.person()
    secret = second_factor.begin_enrolment(clinic.accounts, session_of(clinic, person, Stage.PASSWORD))
    session, _ = enrolled(clinic, person)
    code = totp.current_code(secret, clinic.clock.now())
    with pytest.raises(SignInRefused):
        by_code(clinic, session, code)
    with pytest.raises(SignInRefused):
        login.finish_sign_in(clinic.accounts, session_of(clinic, person, Stage.PASSWORD), code, ADDRESS)


def test_a_printed_code_stands_in_for_a_lost_passkey_once_at_sign_in_and_once_to_add_another(clinic: AClinic) -> None:
    person = clinic.person()
    _, codes = enrolled(clinic, person)
    half = session_of(clinic, person, Stage.PASSWORD)
    session = find_session(clinic.accounts, login.finish_sign_in(clinic.accounts, half, codes[0], ADDRESS))
    assert session is not None
    with pytest.raises(SignInRefused):
        by_code(clinic, session, codes[0])
    by = by_code(clinic, session, codes[1].lower())
    passkeys.add_passkey(clinic.accounts, by, "new phone", answered(clinic, session, Authenticator()))
    lost = key_of(clinic, person)
    passkeys.remove_passkey(clinic.accounts, by_code(clinic, session, codes[2]), lost, HERE, ADDRESS)
    assert [each.name for each in passkeys.passkeys_of(clinic.accounts, person)] == ["new phone"]
    assert [code for code, _ in clinic.events()].count("recovery code used") == 3


def test_wrong_printed_codes_at_a_decision_are_counted_and_slowed(clinic: AClinic) -> None:
    session, codes = enrolled(clinic, clinic.person())
    for _ in range(5):
        with pytest.raises(SignInRefused):
            by_code(clinic, session, "ABCDE-FGHJK")
    with pytest.raises(TooManyAttempts):
        by_code(clinic, session, codes[0])
    assert clinic.events().count(("login failed", "failure")) == 5


@pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.RECEPTION])
@pytest.mark.parametrize("of_all", [True, False])
def test_the_last_second_factor_stays_while_one_is_compulsory(clinic: AClinic, role: Role, *, of_all: bool) -> None:
    clinic.use(replace(clinic.accounts, passwords=PasswordPolicy(second_factor_of_all=of_all)))
    person = clinic.person(role)
    session, codes = enrolled(clinic, person)
    by, is_compulsory = by_code(clinic, session, codes[0]), of_all or role is Role.ADMINISTRATOR
    assert second_factor.is_compulsory(clinic.accounts, person) is is_compulsory
    if is_compulsory:
        with pytest.raises(Unsuitable):
            passkeys.remove_passkey(clinic.accounts, by, key_of(clinic, person), HERE, ADDRESS)
    else:
        passkeys.remove_passkey(clinic.accounts, by, key_of(clinic, person), HERE, ADDRESS)
    now = service.get_account(clinic.accounts, person.account_key)
    assert (now.second_factor, kept_codes(clinic)) == (is_compulsory, 10 if is_compulsory else 0)
    assert login.may_come_in_without(clinic.accounts, now) is not is_compulsory


def renamed(clinic: AClinic, of_all: bool = True) -> tuple[Account, Session, list[str], int, int]:
    """Have a receptionist add a passkey at the box's new name; give the one of before, which is dead, and the new."""
    clinic.use(replace(clinic.accounts, passwords=PasswordPolicy(second_factor_of_all=of_all)))
    person = clinic.person(Role.RECEPTION)
    session, codes = enrolled(clinic, person)
    made = Authenticator().create(passkeys.options_to_add(clinic.accounts, session, NEW), origin=NEW.origin)
    answer = Answer(made, NEW, session.session_hash, ADDRESS)
    new = passkeys.add_passkey(clinic.accounts, by_code(clinic, session, codes[0]), "new", answer)
    return person, session, codes, key_of(clinic, person), new


@pytest.mark.parametrize("of_all", [True, False])
@pytest.mark.parametrize("asked_at", [NEW, HERE, None], ids=["new name", "old name", "bare address"])
def test_the_last_passkey_that_works_stays_though_a_dead_one_is_there(
    clinic: AClinic, asked_at: Site | None, *, of_all: bool
) -> None:
    person, session, codes, old, new = renamed(clinic, of_all)
    by, kept = by_code(clinic, session, codes[1]), {NEW: {new}, HERE: {old}, None: {old, new}}[asked_at]
    mine = passkeys.passkeys_of(clinic.accounts, person)
    assert passkeys.keeps(clinic.accounts, session.account, mine, asked_at) == kept
    for one in kept:
        with pytest.raises(Unsuitable):
            passkeys.remove_passkey(clinic.accounts, by, one, asked_at, ADDRESS)
    assert len(passkeys.passkeys_of(clinic.accounts, person)) == 2


@pytest.mark.parametrize("of_all", [True, False])
def test_the_dead_one_may_go_and_then_the_one_that_works_as_any_last_one(clinic: AClinic, *, of_all: bool) -> None:
    person, session, codes, old, new = renamed(clinic, of_all)
    by = by_code(clinic, session, codes[1])
    passkeys.remove_passkey(clinic.accounts, by, old, NEW, ADDRESS)
    assert [each.passkey_key for each in passkeys.passkeys_of(clinic.accounts, person)] == [new]
    mine = passkeys.passkeys_of(clinic.accounts, person)
    assert passkeys.keeps(clinic.accounts, session.account, mine, NEW) == ({new} if of_all else set())


def test_the_last_passkey_beside_an_app_may_go(clinic: AClinic) -> None:
    person = clinic.person(Role.ADMINISTRATOR, totp_secret=SECRET)
    session = session_of(clinic, person, Stage.FULL)
    clinic.clock.pass_time(seconds=30)
    by = by_code(clinic, session, totp.current_code(SECRET, clinic.clock.now()))
    passkeys.add_passkey(clinic.accounts, by, "mine", answered(clinic, session, Authenticator()))
    passkeys.remove_passkey(clinic.accounts, by, key_of(clinic, person), HERE, ADDRESS)
    assert service.get_account(clinic.accounts, person.account_key).second_factor


def test_an_administrators_new_invitation_takes_it_away_and_another_is_set_up(clinic: AClinic) -> None:
    person = clinic.person()
    _, codes = enrolled(clinic, person)
    invite_again(clinic.accounts, person.account_key, OPERATOR)
    assert not service.get_account(clinic.accounts, person.account_key).second_factor
    with pytest.raises(SignInRefused):
        login.finish_sign_in(clinic.accounts, session_of(clinic, person, Stage.PASSWORD), codes[0], ADDRESS)
    session, _ = enrolled(clinic, person)
    assert session.account.proves_by_passkey_alone
