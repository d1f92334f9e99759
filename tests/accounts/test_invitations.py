"""An invitation lets one person choose one password, once, within three days; nobody else ever knows it."""

from pathlib import Path

import pytest

from appliance.accounts import invitations, login
from appliance.accounts.account import NewAccount
from appliance.accounts.errors import PasswordTooWeak, SignInRefused, TooManyAttempts
from appliance.accounts.invitations import Invitation
from appliance.accounts.roles import Role
from appliance.accounts.service import get_account
from appliance.accounts.sessions import Stage, find_session
from appliance.audit.events import OPERATOR
from appliance.deidentify import leaving
from appliance.errors import NotFound, Unsuitable
from tests.web.a_clinic import PASSWORD, AClinic

ADDRESS = "192.0.2.10"


@pytest.fixture
def clinic(tmp_path: Path) -> AClinic:
    return AClinic(tmp_path)


def invited(clinic: AClinic, user_name: str = "ines", **more: object) -> Invitation:
    facts = {"display_name": "Inés Mora", "role": Role.DENTIST, "password": ""} | more
    return invitations.invite(clinic.accounts, NewAccount(user_name, **facts), OPERATOR)  # type: ignore[arg-type]  # names of its own fields


def test_an_invited_person_chooses_a_password_and_goes_on_to_the_second_factor(clinic: AClinic) -> None:
    invitation = invited(clinic)
    typed = f" {invitation.code.lower().replace('-', ' ')} "
    session = find_session(clinic.accounts, invitations.accept(clinic.accounts, typed, PASSWORD, ADDRESS))
    assert session is not None
    assert session.stage is Stage.PASSWORD
    assert not session.account.must_change_password
    assert login.sign_in(clinic.accounts, "ines", PASSWORD, ADDRESS)
    assert [code for code, _ in clinic.events()] == [
        "account created", "invitation made", "invitation used", "password accepted",
    ]  # fmt: skip


def test_a_code_opens_once(clinic: AClinic) -> None:
    invitation = invited(clinic)
    invitations.accept(clinic.accounts, invitation.code, PASSWORD, ADDRESS)
    with pytest.raises(SignInRefused):
        invitations.accept(clinic.accounts, invitation.code, "three paper moons", ADDRESS)


def test_a_code_is_over_after_three_days_and_when_the_clock_was_set_back_before_it_was_made(clinic: AClinic) -> None:
    invitation = invited(clinic)
    clinic.clock.step(days=-5)
    with pytest.raises(SignInRefused):
        invitations.accept(clinic.accounts, invitation.code, PASSWORD, ADDRESS)
    clinic.clock.step(days=5)
    clinic.clock.pass_time(days=3)
    with pytest.raises(SignInRefused):
        invitations.accept(clinic.accounts, invitation.code, PASSWORD, ADDRESS)


def test_a_weak_password_is_refused_and_the_code_is_good_still(clinic: AClinic) -> None:
    invitation = invited(clinic)
    for _ in range(8):
        with pytest.raises(PasswordTooWeak):
            invitations.accept(clinic.accounts, invitation.code, "inesmora1", ADDRESS)
    assert invitations.accept(clinic.accounts, invitation.code, PASSWORD, ADDRESS)


def test_guessing_codes_is_slowed_by_address(clinic: AClinic) -> None:
    invitation = invited(clinic)
    for number in range(5):
        with pytest.raises(SignInRefused):
            invitations.accept(clinic.accounts, f"AAAA-AAAA-AAAA-AAA{number}", PASSWORD, ADDRESS)
    with pytest.raises(TooManyAttempts):
        invitations.accept(clinic.accounts, "AAAA-AAAA-AAAA-AAA5", PASSWORD, ADDRESS)
    assert clinic.events().count(("login failed", "failure")) == 5
    assert invitations.accept(clinic.accounts, invitation.code, PASSWORD, ADDRESS), "a right one is no guess"


def test_a_new_invitation_takes_every_proof_of_before_away(clinic: AClinic) -> None:
    account = clinic.person(totp_secret=b"12345678901234567890")
    browser = clinic.signed_in(account)
    first = invitations.invite_again(clinic.accounts, account.account_key, OPERATOR)
    second = invitations.invite_again(clinic.accounts, account.account_key, OPERATOR)
    assert browser.get("/studies").headers["location"] == "/login"
    assert not get_account(clinic.accounts, account.account_key).second_factor
    with pytest.raises(SignInRefused):
        login.sign_in(clinic.accounts, account.user_name, PASSWORD, ADDRESS)
    with pytest.raises(SignInRefused):
        invitations.accept(clinic.accounts, first.code, PASSWORD, ADDRESS)
    assert invitations.accept(clinic.accounts, second.code, PASSWORD, ADDRESS)


def test_nobody_comes_in_before_the_invitation_was_used_and_a_closed_account_is_not_invited(clinic: AClinic) -> None:
    invitation = invited(clinic)
    for guess in ("", " ", invitation.code, "None"):
        with pytest.raises(SignInRefused):
            login.sign_in(clinic.accounts, "ines", guess, ADDRESS)
    leaving.close_account(clinic.accounts, invitation.account.account_key, OPERATOR)
    with pytest.raises(SignInRefused):
        invitations.accept(clinic.accounts, invitation.code, PASSWORD, ADDRESS)
    for account_key in (invitation.account.account_key, 999):
        with pytest.raises(NotFound):
            invitations.invite_again(clinic.accounts, account_key, OPERATOR)


def test_who_cannot_be_added_is_not_invited(clinic: AClinic) -> None:
    invited(clinic)
    for user_name, more in (("INES", {}), ("x y", {}), ("eva", {"role": Role.LAB, "image_right": True})):
        with pytest.raises(Unsuitable):
            invited(clinic, user_name, **more)
    assert len(clinic.events()) == 2


def test_the_catalogue_keeps_no_code(clinic: AClinic) -> None:
    code = invited(clinic).code
    with clinic.database.read() as tx:
        kept = repr(tx.rows("SELECT * FROM invitations")) + repr(tx.rows("SELECT * FROM audit_events"))
    assert code not in kept
    assert code.replace("-", "") not in kept
    assert len(code.replace("-", "")) == 16
