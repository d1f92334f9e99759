"""Asks a person who decides for a code of their own app, or a printed one; it is theirs, not the operator's."""

from appliance.accounts.account import Account
from appliance.accounts.second_factor import Confirmed, confirm
from appliance.accounts.service import all_accounts
from appliance.assembly.rooms import Rooms
from appliance.cli.line import ask_secret
from appliance.errors import NotFound


def confirmed(rooms: Rooms, user_name: str) -> Confirmed:
    """Ask for a code of an account: a terminal shows no passkey, so whoever has nothing else types a printed one.

    Raises:
        NotFound: There is no such account.
        SignInRefused: The code does not match.
    """
    account = _account(rooms, user_name)
    what = "Printed code" if account.proves_by_passkey_alone else "Code of the app"
    code = ask_secret(f"{what} of {account.user_name}: ")
    return confirm(rooms.accounts, account, code, "")


def _account(rooms: Rooms, user_name: str) -> Account:
    found = [each for each in all_accounts(rooms.accounts) if each.user_name == user_name.strip().casefold()]
    if not found:
        raise NotFound("no such account")
    return found[0]
