"""Tokens of machines: scoped, told once, ended at once."""

from datetime import timedelta
from pathlib import Path

import pytest

from appliance.accounts.roles import Permission
from appliance.accounts.tokens import find_token, issue_token, note_use, revoke_token
from appliance.audit.events import OPERATOR
from appliance.errors import NotFound, Unsuitable
from tests.web.a_clinic import AClinic


@pytest.fixture
def clinic(tmp_path: Path) -> AClinic:
    return AClinic(tmp_path)


def test_a_token_has_its_scopes_and_nothing_else(clinic: AClinic) -> None:
    token = issue_token(clinic.accounts, "planning PC", [Permission.LIST_STUDIES], OPERATOR)
    found = find_token(clinic.accounts, token)
    assert found
    assert found.permissions == {Permission.LIST_STUDIES}
    assert find_token(clinic.accounts, token + "x") is None


def test_a_machine_never_manages_people(clinic: AClinic) -> None:
    for scopes in ([Permission.MANAGE_ACCOUNTS], []):
        with pytest.raises(Unsuitable):
            issue_token(clinic.accounts, "greedy", scopes, OPERATOR)


def test_a_revoked_token_is_unknown_at_once(clinic: AClinic) -> None:
    token = issue_token(clinic.accounts, "planning PC", [Permission.VIEW_IMAGES], OPERATOR)
    found = find_token(clinic.accounts, token)
    assert found
    revoke_token(clinic.accounts, found.token_key, OPERATOR)
    assert find_token(clinic.accounts, token) is None
    with pytest.raises(NotFound):
        revoke_token(clinic.accounts, found.token_key, OPERATOR)


def test_an_expired_token_is_unknown(clinic: AClinic) -> None:
    until = clinic.clock.now() + timedelta(days=1)
    token = issue_token(clinic.accounts, "visitor", [Permission.LIST_STUDIES], OPERATOR, until)
    assert find_token(clinic.accounts, token)
    clinic.clock.pass_time(days=1)
    assert find_token(clinic.accounts, token) is None


def test_a_clock_that_is_set_back_makes_no_expired_token_good(clinic: AClinic) -> None:
    until = clinic.clock.now() + timedelta(days=1)
    token = issue_token(clinic.accounts, "visitor", [Permission.LIST_STUDIES], OPERATOR, until)
    lasting = issue_token(clinic.accounts, "planning PC", [Permission.LIST_STUDIES], OPERATOR)
    clinic.clock.step(seconds=-30)
    assert find_token(clinic.accounts, token)
    clinic.clock.step(days=-3650)
    assert find_token(clinic.accounts, token) is None
    assert find_token(clinic.accounts, lasting)


def test_a_use_that_lies_ahead_of_the_clock_is_noted_again(clinic: AClinic) -> None:
    token = issue_token(clinic.accounts, "planning PC", [Permission.LIST_STUDIES], OPERATOR)
    clinic.clock.step(days=3650)
    note_use(clinic.accounts, 1)
    clinic.clock.step(days=-3650)
    found = find_token(clinic.accounts, token)
    assert found
    assert found.use_is_due


def test_the_catalogue_holds_no_token(clinic: AClinic) -> None:
    token = issue_token(clinic.accounts, "planning PC", [Permission.VIEW_IMAGES], OPERATOR)
    with clinic.database.read() as tx:
        assert token not in repr(tx.rows("SELECT * FROM machine_tokens"))
