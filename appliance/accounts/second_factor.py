"""Setting up and spending the second factor: an authenticator app here, a passkey in `passkeys`.

Whoever set up either has one. Ten printed codes come with it and stand in for it, each once, at sign-in and where a
decision asks for it anew. The app's secret is sealed with the accounts key, bound to its account. A code is
spent by moving the account's last step forward inside the write transaction,
so the same code sent twice at once works once. Only where the clock was set back
does the last step go back to it, once, and the trail tells that.
"""

from dataclasses import dataclass

from appliance.accounts import queries, queries_codes, recovery_codes, throttle, totp
from appliance.accounts.account import Account, Credentials
from appliance.accounts.context import Accounts
from appliance.accounts.errors import SignInRefused
from appliance.accounts.recovery_codes import Drawn, Typed
from appliance.accounts.roles import Role
from appliance.accounts.sessions import Session, promote
from appliance.accounts.trail import person, record_failure, record_own_event, record_set_back
from appliance.audit.events import Actor, EventCode
from appliance.errors import NotPermitted
from appliance.keys.secret import SecretKey
from appliance.keys.wrapping import seal_secret, unseal_secret
from appliance.store.transactions import WriteTransaction


@dataclass(frozen=True, slots=True)
class Confirmed:
    """Somebody who has just shown their second factor; what cannot be undone asks for one.

    Only `confirm` here and in `passkeys` makes it.
    """

    account: Account
    actor: Actor


def confirm(accounts: Accounts, account: Account, code: str, address: str) -> Confirmed:
    """Spend a code that a person types for one decision: of the app, or a printed one.

    Raises:
        SignInRefused: Wrong, used before, or no second factor is set up. The failure is counted and recorded.
        TooManyAttempts: Too soon after failures.
    """
    attempt = throttle.begin_attempt(accounts, throttle.at_decision(accounts, account, address))
    typed = recovery_codes.read_typed(accounts, account.account_key, code) or code
    with accounts.database.write() as tx:
        found = queries.credentials_by_key(tx, account.account_key)
        may = found is not None and found.account.disabled_at is None
        if found is not None and may and spend(tx, accounts, found, typed, address):
            throttle.take_back(tx, attempt)
            return Confirmed(found.account, person(found.account, address))
        record_failure(tx, accounts, EventCode.LOGIN_FAILED, account, address)
    raise SignInRefused("the code does not match")


def is_compulsory(accounts: Accounts, account: Account) -> bool:
    """Say whether this person has to have one: an administrator, or anybody where the clinic asks it of all."""
    return accounts.passwords.second_factor_of_all or account.role is Role.ADMINISTRATOR


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


def hand_over(tx: WriteTransaction, old: SecretKey, new: SecretKey) -> int:
    """Seal every account's secret anew, by the accounts key of another root; give how many.

    Raises:
        WrongKey: One does not open; then nothing of the transaction must stay.
    """
    rows = queries.sealed_secrets(tx)
    for account_key, user_name, sealed in rows:
        secret = unseal_secret(old, _context(user_name), sealed)
        queries.reseal_secret(tx, account_key, seal_secret(new, _context(user_name), secret))
    return len(rows)


def spend(tx: WriteTransaction, accounts: Accounts, found: Credentials, typed: Typed | str, address: str) -> bool:
    """Use up a code of the app, or a printed one, of somebody who has a second factor."""
    account = found.account
    if isinstance(typed, str):
        return account.authenticator_app and _spend_code(tx, accounts, found, typed)
    if not account.second_factor:
        return False
    spent = queries_codes.use_code(tx, account.account_key, typed.hashes, accounts.clock.now())
    if spent:
        record_own_event(tx, accounts, EventCode.RECOVERY_CODE_USED, account, address)
    return spent


def _spend_code(tx: WriteTransaction, accounts: Accounts, found: Credentials, code: str) -> bool:
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
        found = unconfirmed(tx, session)
        secret = unseal(accounts, found)
        if secret is None:
            secret = totp.new_secret()
            sealed = seal(accounts, found.account.user_name, secret)
            queries.set_sealed_secret(tx, found.account.account_key, sealed)
    return secret


def confirm_enrolment(
    accounts: Accounts, session: Session, code: str, address: str, device: str = ""
) -> tuple[str, list[str]]:
    """Check the first code of a new second factor.

    Returns:
        The token of a full session, and the recovery codes to print, which are shown once.

    Raises:
        NotPermitted: A second factor is set up already.
        SignInRefused: The code is not the app's.
        TooManyAttempts: Too soon after failures.
    """
    tried = throttle.at_code(accounts, session.account, address, device, session.session_hash)
    attempt, drawn = throttle.begin_attempt(accounts, tried), recovery_codes.draw(accounts.code_cost)
    with accounts.database.write() as tx:
        found = unconfirmed(tx, session)
        if _spend_code(tx, accounts, found, code):
            throttle.take_back(tx, attempt)
            queries.confirm_secret(tx, found.account.account_key, accounts.clock.now())
            return enrolled(tx, accounts, session, drawn, address, device), list(drawn.codes)
    with accounts.database.write() as tx:
        record_failure(tx, accounts, EventCode.LOGIN_FAILED, found.account, address)
    raise SignInRefused("the first code does not match")


def enrolled(
    tx: WriteTransaction, accounts: Accounts, session: Session, drawn: Drawn, address: str, device: str
) -> str:
    """Keep the codes that come with a first second factor, and let the person in; give the token of a full session."""
    replace_codes(tx, session.account.account_key, drawn)
    record_own_event(tx, accounts, EventCode.SECOND_FACTOR_ENROLLED, session.account, address)
    return promote(tx, accounts, session, address, device)


def replace_codes(tx: WriteTransaction, account_key: int, drawn: Drawn) -> None:
    """Put new recovery codes in place of all that there were; they are shown once."""
    queries_codes.drop_codes(tx, account_key)
    queries_codes.insert_codes(tx, account_key, drawn.salted, drawn.hashes)


def unconfirmed(tx: WriteTransaction, session: Session) -> Credentials:
    """Give what is kept of somebody who has no second factor yet.

    Raises:
        NotPermitted: One is set up already.
    """
    found = queries.credentials_by_key(tx, session.account.account_key)
    if found is None or found.account.second_factor:
        raise NotPermitted("a second factor is set up already")
    return found


def _context(user_name: str) -> bytes:
    return b"enamel totp secret\x00" + user_name.encode("utf-8")
