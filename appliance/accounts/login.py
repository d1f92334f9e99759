"""Coming in: password, then a code; and typing the password again at a locked screen.

Every way to fail gives the same answer, takes a password hash's time and is
counted. Hashing happens outside any write transaction.
"""

from typing import NoReturn

from appliance.accounts import queries, recovery_codes, second_factor, throttle
from appliance.accounts.account import Credentials
from appliance.accounts.context import Accounts, folded_user_name
from appliance.accounts.errors import SignInRefused
from appliance.accounts.sessions import Session, Stage, promote, start_session
from appliance.accounts.trail import record_failure, record_own_event
from appliance.audit.events import EventCode
from appliance.keys.passphrases import hash_password, password_matches
from appliance.store.transactions import WriteTransaction


def sign_in(accounts: Accounts, user_name: str, password: str, address: str) -> str:
    """Check user name and password; give the token of a session that may only finish signing in.

    Raises:
        SignInRefused: Wrong, whatever it is that is wrong.
        TooManyAttempts: Too soon after failures.
    """
    attempt = throttle.begin_attempt(accounts, throttle.at_name(accounts, user_name, address))
    with accounts.database.read() as tx:
        found = queries.credentials_by_name(tx, folded_user_name(user_name))
    if not _password_right(found, password) or found is None:
        _refuse(accounts, found, address)
    now = accounts.clock.now()
    with accounts.database.write() as tx:
        queries.delete_failure(tx, attempt)
        return start_session(tx, found.account.account_key, Stage.PASSWORD, address, now)


def finish_sign_in(accounts: Accounts, session: Session, code: str, address: str) -> str:
    """Check the second factor; give the token of a full session and end the first one.

    Raises:
        SignInRefused: Wrong, used before, or no second factor is set up yet.
        TooManyAttempts: Too soon after failures.
    """
    attempt = throttle.begin_attempt(accounts, throttle.at_code(accounts, session, address))
    with accounts.database.write() as tx:
        found = queries.credentials_by_key(tx, session.account.account_key)
        if found is not None and found.account.second_factor and _spend(tx, accounts, found, code, address):
            queries.delete_failure(tx, attempt)
            return promote(tx, accounts, session, address)
    return _refuse(accounts, found, address)


def unlock_screen(accounts: Accounts, session: Session, password: str, address: str) -> None:
    """Unlock a screen with the password of the person who locked it.

    Raises:
        SignInRefused: The password is wrong.
        TooManyAttempts: Too soon after failures.
    """
    confirm_password(accounts, session, password, address)
    with accounts.database.write() as tx:
        queries.unlock_session(tx, session.session_hash, accounts.clock.now())
        record_own_event(tx, accounts, EventCode.SCREEN_UNLOCKED, session.account, address)


def confirm_password(accounts: Accounts, session: Session, password: str, address: str) -> None:
    """Check the password of somebody who is already in.

    Raises:
        SignInRefused: The password is wrong.
        TooManyAttempts: Too soon after failures.
    """
    attempt = throttle.begin_attempt(accounts, throttle.at_session(accounts, session, address))
    with accounts.database.read() as tx:
        found = queries.credentials_by_key(tx, session.account.account_key)
    if not _password_right(found, password):
        _refuse(accounts, found, address)
    with accounts.database.write() as tx:
        queries.delete_failure(tx, attempt)


def _password_right(found: Credentials | None, password: str) -> bool:
    """Compare, taking a hash's time for unknown names and closed accounts too."""
    if found is None:
        hash_password(password)
        return False
    return password_matches(found.password_hash, password) and found.account.disabled_at is None


def _spend(tx: WriteTransaction, accounts: Accounts, found: Credentials, code: str, address: str) -> bool:
    """Use up a code of the app, or a printed one."""
    account_key = found.account.account_key
    if not recovery_codes.looks_like_code(code):
        return second_factor.spend_code(tx, accounts, found, code)
    spent = queries.use_recovery_code(tx, account_key, recovery_codes.code_hash(code), accounts.clock.now())
    if spent:
        record_own_event(tx, accounts, EventCode.RECOVERY_CODE_USED, found.account, address)
    return spent


def _refuse(accounts: Accounts, found: Credentials | None, address: str) -> NoReturn:
    """Record the failure and answer as always."""
    with accounts.database.write() as tx:
        record_failure(tx, accounts, EventCode.LOGIN_FAILED, found.account if found else None, address)
    raise SignInRefused("sign-in refused")
