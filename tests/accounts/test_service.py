"""Making, changing and closing accounts."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pyotp
import pytest

from appliance.accounts import login, queries, second_factor, service, totp
from appliance.accounts.account import NewAccount
from appliance.accounts.errors import SignInRefused
from appliance.accounts.password_rules import PasswordPolicy
from appliance.accounts.roles import Permission, Role
from appliance.accounts.sessions import Session, Stage, find_session, start_session
from appliance.audit.events import OPERATOR
from appliance.errors import Tampered, Unsuitable
from appliance.keys.passphrases import ACCOUNT_COST, hash_password
from tests.web.a_clinic import PASSWORD, AClinic

ADDRESS = "192.0.2.10"
SECRET = b"12345678901234567890"


@pytest.fixture
def clinic(tmp_path: Path) -> AClinic:
    return AClinic(tmp_path)


def test_a_user_name_is_one_whatever_its_case(clinic: AClinic) -> None:
    clinic.new_person(user_name="Camila")
    with pytest.raises(Unsuitable):
        clinic.new_person(user_name=" camila ")
    assert login.sign_in(clinic.accounts, "CAMILA", PASSWORD, ADDRESS)


@pytest.mark.parametrize("user_name", ["", "a", "two words", "x" * 65, "<b>", "a\x00b"])
def test_what_is_no_user_name_is_refused(clinic: AClinic, user_name: str) -> None:
    with pytest.raises(Unsuitable):
        clinic.new_person(user_name=user_name)


@pytest.mark.parametrize("role", [Role.RECEPTION, Role.AUDITOR, Role.LAB])
def test_some_roles_never_hold_the_image_right(clinic: AClinic, role: Role) -> None:
    with pytest.raises(Unsuitable):
        clinic.new_person(role, image_right=True)


def test_an_administrator_has_no_image_right_unless_it_is_given(clinic: AClinic) -> None:
    assert Permission.VIEW_IMAGES not in clinic.new_person(Role.ADMINISTRATOR).permissions
    given = clinic.new_person(Role.ADMINISTRATOR, image_right=True, user_name="second.admin")
    assert Permission.VIEW_IMAGES in given.permissions


def test_a_new_password_ends_every_other_session(clinic: AClinic) -> None:
    clinic.new_person()
    tokens = [login.sign_in(clinic.accounts, "dentist.one", PASSWORD, address) for address in (ADDRESS, "192.0.2.11")]
    session = find_session(clinic.accounts, tokens[0])
    assert session
    service.change_own_password(clinic.accounts, session, PASSWORD, "seven green kettles", ADDRESS)
    assert find_session(clinic.accounts, tokens[0])
    assert find_session(clinic.accounts, tokens[1]) is None
    with pytest.raises(SignInRefused):
        login.sign_in(clinic.accounts, "dentist.one", PASSWORD, ADDRESS)


def test_a_reset_takes_password_second_factor_and_sessions_away(clinic: AClinic) -> None:
    account = clinic.new_person(totp_secret=b"12345678901234567890")
    token = login.sign_in(clinic.accounts, "dentist.one", PASSWORD, ADDRESS)
    service.reset_account(clinic.accounts, account.account_key, "three paper moons", OPERATOR)
    assert find_session(clinic.accounts, token) is None
    changed = service.get_account(clinic.accounts, account.account_key)
    assert changed.must_change_password
    assert not changed.second_factor


def test_a_password_that_is_replaced_while_it_is_compared_opens_nothing(clinic: AClinic) -> None:
    clinic.use(replace(clinic.accounts, password_cost=ACCOUNT_COST))
    account, made = clinic.new_person(totp_secret=SECRET), hash_password("seven green kettles")
    with ThreadPoolExecutor(1) as thread:
        coming = thread.submit(login.sign_in, clinic.accounts, "dentist.one", PASSWORD, ADDRESS)
        while not attempts(clinic):  # from here on it compares, which takes a hash's time
            time.sleep(0.001)
        with clinic.database.write() as tx:
            service.take_all_proofs_away(tx, clinic.accounts, account.account_key, made)
        with pytest.raises(SignInRefused):
            coming.result()
    with clinic.database.read() as tx:
        assert tx.rows("SELECT count(*) FROM sessions WHERE revoked_at IS NULL") == [(0,)]


def attempts(clinic: AClinic) -> int:
    with clinic.database.read() as tx:
        return len(tx.rows("SELECT 1 FROM login_failures"))


@pytest.mark.parametrize("how", ["code", "no code asked for", "a first code", "another password"])
def test_what_is_shown_in_a_session_that_was_ended_meanwhile_counts_for_nothing(clinic: AClinic, how: str) -> None:
    clinic.use(replace(clinic.accounts, passwords=PasswordPolicy(second_factor_of_all=False)))
    account = clinic.person(totp_secret=SECRET if how == "code" else None)
    code = pyotp.TOTP(totp.secret_text(SECRET)).at(clinic.clock.now())
    with clinic.database.write() as tx:
        stage = Stage.FULL if how == "another password" else Stage.PASSWORD
        token = start_session(tx, account.account_key, stage, ADDRESS, clinic.clock.now())
    session = find_session(clinic.accounts, token)
    assert session is not None
    if how == "a first code":
        code = totp.current_code(second_factor.begin_enrolment(clinic.accounts, session), clinic.clock.now())
    service.sign_out_everywhere(clinic.accounts, account.account_key, OPERATOR)
    with pytest.raises(SignInRefused):
        show(clinic, session, how, code)
    assert login.sign_in(clinic.accounts, account.user_name, PASSWORD, ADDRESS)
    with clinic.database.read() as tx:
        assert tx.rows("SELECT stage FROM sessions WHERE revoked_at IS NULL") == [("password",)]


def show(clinic: AClinic, session: Session, how: str, code: str) -> None:
    """Go on with a session that was looked up before."""
    if how == "code":
        login.finish_sign_in(clinic.accounts, session, code, ADDRESS)
    elif how == "no code asked for":
        login.come_in_without(clinic.accounts, session, ADDRESS)
    elif how == "a first code":
        second_factor.confirm_enrolment(clinic.accounts, session, code, ADDRESS)
    else:
        service.change_own_password(clinic.accounts, session, PASSWORD, "seven green kettles and a pan", ADDRESS)


def test_a_second_factor_moved_to_another_account_does_not_open(clinic: AClinic) -> None:
    one = clinic.new_person(totp_secret=b"12345678901234567890")
    other = clinic.new_person(user_name="other.dentist")
    with clinic.database.write() as tx:
        tx.change(
            """UPDATE accounts SET sealed_totp_secret =
                 (SELECT sealed_totp_secret FROM accounts WHERE account_key = :one) WHERE account_key = :other""",
            one=one.account_key,
            other=other.account_key,
        )
        found = queries.credentials_by_key(tx, other.account_key)
    assert found
    with pytest.raises(Tampered):
        second_factor.unseal(clinic.accounts, found)


def test_nothing_of_a_refused_account_is_left_behind(clinic: AClinic) -> None:
    with pytest.raises(Unsuitable):
        service.create_account(
            clinic.accounts, NewAccount("ines", "Inés", Role.LAB, PASSWORD, image_right=True), OPERATOR
        )
    assert service.all_accounts(clinic.accounts) == []
    assert clinic.events() == []


def test_the_trail_holds_no_password_and_no_name(clinic: AClinic) -> None:
    clinic.new_person(display_name="Ana Prueba")
    with clinic.database.read() as tx:
        stored = repr(tx.rows("SELECT * FROM audit_events"))
    assert PASSWORD not in stored
    assert "Prueba" not in stored
