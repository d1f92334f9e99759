"""Closing an account or giving it another role, with what it was given as a laboratory, which ends with it.

Whatever is done to an account at a door is done here, so that no laboratory keeps a study without being one.
"""

from appliance.accounts import service
from appliance.accounts.context import Accounts
from appliance.accounts.roles import Role
from appliance.audit.events import Actor
from appliance.deidentify import grants


def close_account(accounts: Accounts, account_key: int, by: Actor) -> None:
    """Close an account, and end all that it had or gave out.

    Raises:
        Unsuitable: It is the last administrator's.
    """
    with accounts.database.write() as tx:
        service.disable_account(tx, accounts, account_key, by)
        grants.end_all_of(tx, accounts, account_key, by)


def change_role(accounts: Accounts, account_key: int, role: Role, by: Actor, *, image_right: bool) -> None:
    """Give a person another role or image right, and end what the one of before had besides.

    Raises:
        NotFound: No such open account.
        OwnRights: It is the person's own, and another administrator can do it.
        Unsuitable: The role may not hold the image right, or the last administrator would be none.
    """
    with accounts.database.write() as tx:
        service.change_role(tx, accounts, account_key, role, by, image_right=image_right)
        if role is not Role.LAB:
            grants.end_all_of(tx, accounts, account_key, by)
