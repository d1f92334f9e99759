"""Making, changing and closing accounts."""

from pathlib import Path

import pytest

from appliance.accounts import login, queries, second_factor, service
from appliance.accounts.account import NewAccount
from appliance.accounts.errors import SignInRefused
from appliance.accounts.roles import Permission, Role
from appliance.accounts.sessions import find_session
from appliance.audit.events import OPERATOR
from appliance.errors import Tampered, Unsuitable
from tests.web.a_clinic import PASSWORD, AClinic

ADDRESS = "192.0.2.10"


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
    tokens = [login.sign_in(clinic.accounts, "dentist.one", PASSWORD, ADDRESS) for _ in range(2)]
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
