"""Coming in: password, then a code, if one is asked for; and typing the password again at a locked screen.

Every way to fail gives the same answer, takes a password hash's time and is
counted. Hashing happens outside any write transaction, so what was compared is
looked at again inside: a password that was replaced meanwhile opens nothing.

A right password is recorded before the second step, for whoever stops there may be somebody who learnt it; it counts
as a wrong attempt until that step is taken, so nobody tries what they learnt more often than they could guess.
"""

from typing import NoReturn

from appliance.accounts import queries, recovery_codes, second_factor, throttle
from appliance.accounts.account import Account, Credentials
from appliance.accounts.context import Accounts, folded_user_name
from appliance.accounts.devices import hash_device
from appliance.accounts.emergency_letters import packed
from appliance.accounts.errors import SignInRefused
from appliance.accounts.queries_devices import came_in_from
from appliance.accounts.roles import Role
from appliance.accounts.sessions import Session, Stage, promote, start_half_session, start_session
from appliance.accounts.trail import record_failure, record_own_event
from appliance.audit.events import EventCode
from appliance.errors import NotPermitted
from appliance.keys.passphrases import hash_password, needs_rehash, password_matches
from appliance.store.transactions import ReadTransaction


def sign_in(accounts: Accounts, user_name: str, password: str, address: str, device: str = "") -> str:
    """Check user name and password; give the token of a session that may only finish signing in.

    Args:
        accounts: The room.
        user_name: As typed.
        password: As typed.
        address: Where from.
        device: The token by which this browser is known, if it holds one.

    Raises:
        SignInRefused: Wrong, whatever it is that is wrong.
        TooManyAttempts: Too soon after failures.
    """
    attempt = throttle.begin_attempt(accounts, throttle.at_name(accounts, user_name, address, device))
    with accounts.database.read() as tx:
        found = _person(queries.credentials_by_name(tx, folded_user_name(user_name)))
    if not _password_right(accounts, found, password) or found is None:
        _refuse(accounts, found, address)
    cost = accounts.password_cost
    again = hash_password(password, cost) if needs_rehash(found.password_hash, cost) else ""
    with accounts.database.write() as tx:
        _check_same(tx, found.account)
        if again:
            queries.rehash_password(tx, found.account.account_key, found.password_hash, again)
        record_own_event(tx, accounts, EventCode.PASSWORD_ACCEPTED, found.account, address)
        known = device if came_in_from(tx, found.account.user_name, hash_device(device)) else ""
        return start_half_session(tx, found.account.account_key, address, accounts.clock.now(), attempt, known)


def finish_sign_in(accounts: Accounts, session: Session, code: str, address: str, device: str = "") -> str:
    """Check the second factor; give the token of a full session and end the first one.

    Raises:
        SignInRefused: Wrong, used before, or no second factor is set up yet.
        TooManyAttempts: Too soon after failures.
    """
    tried = throttle.at_code(accounts, session.account, address, device, session.session_hash)
    attempt = throttle.begin_attempt(accounts, tried)
    typed = recovery_codes.read_typed(accounts, session.account.account_key, code) or code
    with accounts.database.write() as tx:
        found = queries.credentials_by_key(tx, session.account.account_key)
        if found is not None and second_factor.spend(tx, accounts, found, typed, address):
            throttle.take_back(tx, attempt)
            return promote(tx, accounts, session, address, device)
    return _refuse(accounts, found, address)


def may_come_in_without(accounts: Accounts, account: Account) -> bool:
    """Say whether a password alone lets this person in: none is set up, and the clinic asks for none of this role."""
    return not (second_factor.is_compulsory(accounts, account) or account.second_factor)


def come_in_without(accounts: Accounts, session: Session, address: str, device: str = "") -> str:
    """Let somebody in by the password alone; give the token of a full session.

    Raises:
        NotPermitted: A second factor is asked for.
    """
    with accounts.database.write() as tx:
        found = queries.credentials_by_key(tx, session.account.account_key)
        if found is None or not may_come_in_without(accounts, found.account):
            raise NotPermitted("a second factor is asked for")
        return promote(tx, accounts, session, address, device)


def begin_anew(accounts: Accounts, session: Session, password: str, address: str) -> str:
    """Take somebody who is in back to where a second factor is set up; give the token of a half session.

    Raises:
        SignInRefused: The password is wrong.
        TooManyAttempts: Too soon after failures.
    """
    confirm_password(accounts, session, password, address)
    account_key, now = session.account.account_key, accounts.clock.now()
    with accounts.database.write() as tx:
        queries.revoke_session(tx, session.session_hash, now)
        return start_session(tx, account_key, Stage.PASSWORD, address, now)


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
    if not _password_right(accounts, found, password):
        _refuse(accounts, found, address)
    with accounts.database.write() as tx:
        throttle.take_back(tx, attempt)


def _check_same(tx: ReadTransaction, compared: Account) -> None:
    """Make sure that the password that was compared is the account's still, and the account open."""
    now = queries.credentials_by_key(tx, compared.account_key)
    if now is None or now.account.disabled_at is not None or now.account.password_set_at != compared.password_set_at:
        raise SignInRefused("the password was replaced meanwhile")


def _person(found: Credentials | None) -> Credentials | None:
    """Pass over what is nobody's: the account of an opened envelope is entered by its code, once."""
    return None if found is not None and found.account.role is Role.EMERGENCY else found


def _password_right(accounts: Accounts, found: Credentials | None, password: str) -> bool:
    """Compare, taking a hash's time for unknown names and closed accounts too."""
    if found is None:
        hash_password(password, accounts.password_cost)
        return False
    typed = packed(password) if found.account.role is Role.EMERGENCY else password
    return password_matches(found.password_hash, typed) and found.account.disabled_at is None


def _refuse(accounts: Accounts, found: Credentials | None, address: str) -> NoReturn:
    """Record the failure and answer as always."""
    with accounts.database.write() as tx:
        record_failure(tx, accounts, EventCode.LOGIN_FAILED, found.account if found else None, address)
    raise SignInRefused("sign-in refused")
