"""Accounts that nobody uses: open doors that nobody watches.

Source: requirements S0-34, an unused-account report after 30 days.
"""

from datetime import datetime, timedelta

from appliance.accounts.account import Account
from appliance.accounts.queries import accounts
from appliance.accounts.roles import ASSIGNABLE
from appliance.notifications.codes import NoticeCode, Severity
from appliance.notifications.notices import end_notice, raise_notice
from appliance.store.database import Database
from appliance.store.transactions import ReadTransaction

UNUSED_AFTER = timedelta(days=30)


def is_unused(account: Account, now: datetime) -> bool:
    """Say whether an open account has not been signed in with for so long; a new one counts from when it was made."""
    return account.disabled_at is None and now - (account.last_in_at or account.created_at) >= UNUSED_AFTER


def unused_accounts(tx: ReadTransaction, now: datetime) -> list[Account]:
    """Give the accounts of people and laboratories that nobody uses, by user name."""
    return [each for each in accounts(tx) if each.role in ASSIGNABLE and is_unused(each, now)]


def tell_of_unused(database: Database, now: datetime) -> int:
    """Raise the notice about unused accounts, or end it; give how many there are."""
    with database.write() as tx:
        count = len(unused_accounts(tx, now))
        if count:
            raise_notice(tx, NoticeCode.ACCOUNTS_UNUSED, Severity.WARNING, now, number=count)
        else:
            end_notice(tx, NoticeCode.ACCOUNTS_UNUSED, now)
    return count
