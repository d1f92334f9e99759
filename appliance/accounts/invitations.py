"""Invitations: a person chooses a password that nobody else ever knew.

Whoever manages accounts gets a code that is shown once, to print or hand over.
It opens one thing: choosing the password of that account, once, within three
days. The second factor is set up right after, before anything is shown. A new
code ends the one before, and with it every proof of identity of before; a code
ends too when whoever made it, and so saw it, manages accounts no more (`leaving`).

Guards: a code has 80 random bits and only its SHA-256 is kept; wrong ones are
slowed by address as wrong passwords are, and told alike, and keep no right one
waiting.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from appliance.accounts import queries, queries_invitations, service, throttle
from appliance.accounts.account import Account, NewAccount
from appliance.accounts.context import Accounts
from appliance.accounts.errors import SignInRefused
from appliance.accounts.sessions import Stage, start_session
from appliance.accounts.trail import account_key_of, record_account_event, record_failure, record_own_event
from appliance.audit.events import Actor, EventCode
from appliance.clock import DRIFT
from appliance.keys.passphrases import hash_password
from appliance.store.transactions import WriteTransaction

VALID_FOR = timedelta(days=3)
_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # 32 letters and digits that are not mistaken for each other
_LETTERS = 16


@dataclass(frozen=True, slots=True)
class Invitation:
    """A code as it is shown once, for whom, and until when it opens."""

    account: Account
    code: str
    until: datetime


def invite(accounts: Accounts, new: NewAccount, by: Actor) -> Invitation:
    """Add a person with a password that nobody knows, and invite them; what `new` says of a password is passed over.

    Raises:
        Unsuitable: The user name is taken or no user name, or the role may not hold the image right.
    """
    account = service.create_unopened(
        accounts, new, hash_password(secrets.token_urlsafe(32), accounts.password_cost), by
    )
    with accounts.database.write() as tx:
        return _issue(tx, accounts, account, by)


def invite_again(accounts: Accounts, account_key: int, by: Actor) -> Invitation:
    """Invite a person anew: password, second factor, passkeys and sessions of before open nothing any more.

    Raises:
        NotFound: No such open account.
    """
    password_hash = hash_password(secrets.token_urlsafe(32), accounts.password_cost)
    with accounts.database.write() as tx:
        found = service.find_open_person(tx, account_key)
        service.take_all_proofs_away(tx, accounts, account_key, password_hash)
        return _issue(tx, accounts, found.account, by)


def accept(accounts: Accounts, code: str, password: str, address: str) -> str:
    """Let the invited person choose their password; give the token of a session that may only finish signing in.

    Raises:
        SignInRefused: No such code, or it was used or is too old.
        TooManyAttempts: The same, and too soon after failures.
        PasswordTooWeak: The password breaks a rule; the code is good still.
    """
    account = _invited(accounts, code)
    if account is None:
        throttle.begin_attempt(accounts, throttle.at_invitation(accounts, address))
        with accounts.database.write() as tx:
            record_failure(tx, accounts, EventCode.LOGIN_FAILED, None, address)
        raise SignInRefused("no such invitation")
    service.check_new_password(accounts, password, account.user_name, account.display_name)
    password_hash = hash_password(password, accounts.password_cost)
    with accounts.database.write() as tx:
        now = accounts.clock.now()
        if queries_invitations.find_invited(tx, code_hash(code), now, now + DRIFT) is None:
            raise SignInRefused("the invitation was used meanwhile")
        queries_invitations.end_invitations_of(tx, account.account_key, now)
        queries.set_password(tx, account.account_key, password_hash, now, must_change=False)
        record_own_event(tx, accounts, EventCode.INVITATION_USED, account, address)
        return start_session(tx, account.account_key, Stage.PASSWORD, address, now)


def code_hash(code: str) -> bytes:
    """Give what the catalogue keeps of a code; case, dashes and spaces do not matter."""
    packed = code.replace("-", "").replace(" ", "").upper()
    return hashlib.sha256(b"enamel invitation " + packed.encode("utf-8", "surrogatepass")).digest()


def _invited(accounts: Accounts, code: str) -> Account | None:
    now = accounts.clock.now()
    with accounts.database.read() as tx:
        account_key = queries_invitations.find_invited(tx, code_hash(code), now, now + DRIFT)
        found = None if account_key is None else queries.credentials_by_key(tx, account_key)
    return None if found is None else found.account


def _issue(tx: WriteTransaction, accounts: Accounts, account: Account, by: Actor) -> Invitation:
    letters = "".join(secrets.choice(_ALPHABET) for _ in range(_LETTERS))
    code, now = "-".join(letters[start : start + 4] for start in range(0, _LETTERS, 4)), accounts.clock.now()
    queries_invitations.end_invitations_of(tx, account.account_key, now)
    made_by, until = account_key_of(by), now + VALID_FOR
    queries_invitations.insert_invitation(tx, account.account_key, code_hash(code), made_by, now, until)
    record_account_event(tx, accounts, EventCode.INVITATION_MADE, by, account.account_key)
    return Invitation(account, code, until)
