"""Setting up and spending the second factor.

The secret is sealed with the accounts key, bound to its account. A code is
spent by moving the account's last step forward inside the write transaction,
so the same code sent twice at once works once. Only where the clock was set back
does the last step go back to it, once, and the trail tells that.
"""

from appliance.accounts import queries, recovery_codes, throttle, totp
from appliance.accounts.account import Credentials
from appliance.accounts.context import Accounts
from appliance.accounts.errors import SignInRefused
from appliance.accounts.sessions import Session, promote
from appliance.accounts.trail import record_failure, record_own_event, record_set_back
from appliance.audit.events import EventCode
from appliance.errors import NotPermitted
from appliance.keys.wrapping import seal_secret, unseal_secret
from appliance.store.transactions import WriteTransaction


def seal(accounts: Accounts, user_name: str, secret: bytes) -> bytes:
    """Seal a TOTP secret for its row."""
    return seal_secret(accounts.accounts_key, _context(user_name), secret)


def unseal(accounts: Accounts, found: Credentials) -> bytes | None:
    """Open the secret of an account, or None when it has none.

    Raises:
        WrongKey: The row does not hold what was put there.
    """
    if found.sealed_totp_secret is None:
        return None
    return unseal_secret(accounts.accounts_key, _context(found.account.user_name), found.sealed_totp_secret)


def spend_code(tx: WriteTransaction, accounts: Accounts, found: Credentials, code: str) -> bool:
    """Accept a six-digit code once."""
    secret = unseal(accounts, found)
    if secret is None:
        return False
    account_key, last_step, now = found.account.account_key, found.last_totp_step, accounts.clock.now()
    ahead = totp.ahead(last_step, now)
    step = totp.accepted_step(secret, code, now, last_step if ahead is None else -1)
    if step is None or not queries.use_step(tx, account_key, step, last_step):
        return False
    if ahead is not None:
        record_set_back(tx, accounts, ahead, account_key)
    return True


def begin_enrolment(accounts: Accounts, session: Session) -> bytes:
    """Give the secret that this person is setting up; the same one until it is confirmed.

    Raises:
        NotPermitted: A second factor is set up already.
    """
    with accounts.database.write() as tx:
        found = _unconfirmed(tx, session)
        secret = unseal(accounts, found)
        if secret is None:
            secret = totp.new_secret()
            sealed = seal(accounts, found.account.user_name, secret)
            queries.set_sealed_secret(tx, found.account.account_key, sealed)
    return secret


def confirm_enrolment(accounts: Accounts, session: Session, code: str, address: str) -> tuple[str, list[str]]:
    """Check the first code of a new second factor.

    Returns:
        The token of a full session, and the recovery codes to print, which are shown once.

    Raises:
        NotPermitted: A second factor is set up already.
        SignInRefused: The code is not the app's.
        TooManyAttempts: Too soon after failures.
    """
    throttle.begin_attempt(accounts, throttle.at_code(accounts, session, address))  # promoting takes every failure back
    with accounts.database.write() as tx:
        found = _unconfirmed(tx, session)
        if spend_code(tx, accounts, found, code):
            return _enrolled(tx, accounts, session, address)
    with accounts.database.write() as tx:
        record_failure(tx, accounts, EventCode.LOGIN_FAILED, found.account, address)
    raise SignInRefused("the first code does not match")


def _enrolled(tx: WriteTransaction, accounts: Accounts, session: Session, address: str) -> tuple[str, list[str]]:
    """Confirm the second factor with new recovery codes, and let the person in."""
    account = session.account
    codes = recovery_codes.new_codes()
    hashes = [recovery_codes.code_hash(each) for each in codes]
    queries.confirm_secret(tx, account.account_key, accounts.clock.now())
    queries.replace_recovery_codes(tx, account.account_key, hashes)
    record_own_event(tx, accounts, EventCode.SECOND_FACTOR_ENROLLED, account, address)
    return promote(tx, accounts, session, address), codes


def _unconfirmed(tx: WriteTransaction, session: Session) -> Credentials:
    found = queries.credentials_by_key(tx, session.account.account_key)
    if found is None or found.account.second_factor:
        raise NotPermitted("a second factor is set up already")
    return found


def _context(user_name: str) -> bytes:
    return b"enamel totp secret\x00" + user_name.encode("utf-8")
