"""Making, changing and closing accounts.

Every change and its audit event are one transaction. Changing a password,
resetting a second factor or closing an account ends that person's sessions at once.
"""

import re

from appliance.accounts import login, queries, second_factor
from appliance.accounts.account import Account, NewAccount
from appliance.accounts.context import Accounts, folded_user_name
from appliance.accounts.errors import PasswordTooWeak
from appliance.accounts.password_rules import Rule, check_password
from appliance.accounts.roles import MAY_HOLD_IMAGE_RIGHT
from appliance.accounts.sessions import Session
from appliance.accounts.trail import record_account_event, record_own_event
from appliance.audit.events import Actor, EventCode
from appliance.clock import microseconds
from appliance.errors import NotFound, Unsuitable
from appliance.keys.passphrases import hash_password
from appliance.store.transactions import WriteTransaction

_USER_NAME = re.compile(r"[\w.@+-]{2,64}")


def create_account(accounts: Accounts, new: NewAccount, by: Actor) -> Account:
    """Add a person.

    Raises:
        PasswordTooWeak: The password breaks a rule.
        Unsuitable: The user name is taken or no user name, or the role may not hold the image right.
    """
    user_name = folded_user_name(new.user_name)
    if not _USER_NAME.fullmatch(user_name) or not new.display_name.strip():
        raise Unsuitable("a user name has 2 to 64 letters, digits or . @ + -, and a person has a name")
    if new.image_right and new.role not in MAY_HOLD_IMAGE_RIGHT:
        raise Unsuitable("this role may not hold the image right")
    _check(accounts, new.password, user_name, new.display_name)
    password_hash = hash_password(new.password)
    with accounts.database.write() as tx:
        return _insert(tx, accounts, new, password_hash, by)


def change_own_password(accounts: Accounts, session: Session, old: str, new: str, address: str) -> None:
    """Replace one's own password and end one's other sessions.

    Raises:
        SignInRefused: The old password is wrong.
        TooManyAttempts: Too soon after failures.
        PasswordTooWeak: The new password breaks a rule.
    """
    account = session.account
    login.confirm_password(accounts, session, old, address)
    if old == new:
        raise PasswordTooWeak(Rule.UNCHANGED)
    _check(accounts, new, account.user_name, account.display_name)
    password_hash = hash_password(new)
    with accounts.database.write() as tx:
        queries.set_password(tx, account.account_key, password_hash, must_change=False)
        queries.revoke_sessions_of(tx, account.account_key, accounts.clock.now(), keep=session.session_hash)
        record_own_event(tx, accounts, EventCode.PASSWORD_CHANGED, account, address)


def choose_own_language(accounts: Accounts, session: Session, language: str, address: str) -> None:
    """Keep the language that a person wants the pages in, wherever they sign in. The caller knows which there are."""
    with accounts.database.write() as tx:
        if queries.set_language(tx, session.account.account_key, language):
            record_own_event(tx, accounts, EventCode.ACCOUNT_CHANGED, session.account, address)


def reset_account(accounts: Accounts, account_key: int, password: str, by: Actor) -> None:
    """Give a person a first password again and take the second factor away.

    Raises:
        NotFound: No such account.
        PasswordTooWeak: The password breaks a rule.
    """
    account = get_account(accounts, account_key)
    _check(accounts, password, account.user_name, account.display_name)
    password_hash = hash_password(password)
    with accounts.database.write() as tx:
        queries.set_password(tx, account_key, password_hash, must_change=True)
        queries.set_sealed_secret(tx, account_key, None)
        queries.replace_recovery_codes(tx, account_key, [])
        queries.revoke_sessions_of(tx, account_key, accounts.clock.now())
        record_account_event(tx, accounts, EventCode.ACCOUNT_CHANGED, by, account_key)


def disable_account(accounts: Accounts, account_key: int, by: Actor) -> None:
    """Close an account; whoever is signed in with it is out at once."""
    with accounts.database.write() as tx:
        if queries.disable_account(tx, account_key, accounts.clock.now()):
            queries.revoke_sessions_of(tx, account_key, accounts.clock.now())
            record_account_event(tx, accounts, EventCode.ACCOUNT_DISABLED, by, account_key)


def get_account(accounts: Accounts, account_key: int) -> Account:
    """Give one account.

    Raises:
        NotFound: No such account.
    """
    with accounts.database.read() as tx:
        found = queries.credentials_by_key(tx, account_key)
    if found is None:
        raise NotFound("no such account")
    return found.account


def all_accounts(accounts: Accounts) -> list[Account]:
    """Give every account, open or closed, by user name."""
    with accounts.database.read() as tx:
        return queries.accounts(tx)


def _check(accounts: Accounts, password: str, user_name: str, display_name: str) -> None:
    """A second factor is set up at first sign-in, so the shorter minimum holds for all."""
    check_password(password, second_factor=True, context=(user_name, display_name, accounts.clinic_name, "enamel"))


def _insert(tx: WriteTransaction, accounts: Accounts, new: NewAccount, password_hash: str, by: Actor) -> Account:
    user_name = folded_user_name(new.user_name)
    if queries.credentials_by_name(tx, user_name) is not None:
        raise Unsuitable("this user name is taken")
    at = microseconds(accounts.clock.now())
    sealed = None if new.totp_secret is None else second_factor.seal(accounts, user_name, new.totp_secret)
    queries.insert_account(
        tx,
        user_name=user_name,
        display_name=new.display_name.strip(),
        role=new.role,
        image_right=int(new.image_right),
        password_hash=password_hash,
        must_change_password=int(new.must_change_password),
        sealed_totp_secret=sealed,
        totp_confirmed_at=None if sealed is None else at,
        language=new.language,
        created_at=at,
    )
    found = queries.credentials_by_name(tx, user_name)
    if found is None:
        raise NotFound("the account that was just added")
    record_account_event(tx, accounts, EventCode.ACCOUNT_CREATED, by, found.account.account_key)
    return found.account
