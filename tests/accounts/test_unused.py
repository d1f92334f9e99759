"""An account that nobody has used for 30 days is told to whoever looks after the box, until it is used or closed."""

from pathlib import Path

import pyotp
import pytest

from appliance.accounts import login, totp
from appliance.accounts.account import Account
from appliance.accounts.roles import Role
from appliance.accounts.sessions import find_session
from appliance.accounts.unused import tell_of_unused, unused_accounts
from appliance.audit.events import OPERATOR
from appliance.deidentify.leaving import close_account
from appliance.notifications.codes import NoticeCode, Severity
from appliance.notifications.queries import open_notices
from tests.web.a_clinic import PASSWORD, AClinic
from tests.web.a_proof import SECRET
from tests.web.an_emergency import ADDRESS, with_app


@pytest.fixture
def clinic(tmp_path: Path) -> AClinic:
    return AClinic(tmp_path)


def told(clinic: AClinic) -> list[tuple[Severity, int | None]]:
    tell_of_unused(clinic.database, clinic.clock.now())
    with clinic.database.read() as tx:
        return [(one.severity, one.number) for one in open_notices(tx) if one.code is NoticeCode.ACCOUNTS_UNUSED]


def come_in(clinic: AClinic, account: Account) -> None:
    """Sign somebody in with password and code."""
    session = find_session(clinic.accounts, login.sign_in(clinic.accounts, account.user_name, PASSWORD, ADDRESS))
    assert session is not None
    code = pyotp.TOTP(totp.secret_text(SECRET)).at(clinic.clock.now())
    login.finish_sign_in(clinic.accounts, session, code, ADDRESS)


def names(clinic: AClinic) -> list[str]:
    with clinic.database.read() as tx:
        return [each.user_name for each in unused_accounts(tx, clinic.clock.now())]


def test_it_is_told_from_the_thirtieth_day_on_and_over_when_used_or_closed(clinic: AClinic) -> None:
    never = clinic.person(Role.DENTIST, user_name="never")
    busy = with_app(clinic)
    clinic.clock.pass_time(days=29)
    come_in(clinic, busy)
    assert told(clinic) == []
    clinic.clock.pass_time(days=1)
    assert names(clinic) == ["never"]
    assert told(clinic) == [(Severity.WARNING, 1)]
    clinic.clock.pass_time(days=29)
    assert told(clinic) == [(Severity.WARNING, 2)], "the other was signed in with 30 days ago"
    come_in(clinic, busy)
    assert told(clinic) == [(Severity.WARNING, 1)]
    close_account(clinic.accounts, never.account_key, OPERATOR)
    assert told(clinic) == []
