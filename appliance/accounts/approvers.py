"""Who could agree to something now: open accounts with the permission whose second factor is set up."""

from appliance.accounts import queries
from appliance.accounts.account import Account
from appliance.accounts.roles import Permission
from appliance.store.transactions import ReadTransaction


def who_may(tx: ReadTransaction, permission: Permission) -> list[Account]:
    """Give everybody who may do this, can come in and can show a second factor, by user name."""
    return [
        account
        for account in queries.accounts(tx)
        if account.disabled_at is None and account.second_factor and permission in account.permissions
    ]
