"""Making, changing and closing accounts.

Every change and its audit event are one transaction. Changing a password,
resetting a second factor or closing an account ends that person's sessions at once;
what else they have seen ends with the right to it (`leaving`).
"""

import re
from dataclasses import replace

from appliance.accounts import (
    leaving,
    login,
    queries,
    queries_codes,
    queries_devices,
    queries_invitations,
    queries_passkeys,
    second_factor,
)
from appliance.accounts.account import Account, Credentials, NewAccount
from appliance.accounts.context import Accounts, folded_user_name
from appliance.accounts.errors import OwnRights, PasswordTooWeak
from appliance.accounts.password_rules import Rule, check_password
from appliance.accounts.roles import ASSIGNABLE, MAY_HOLD_IMAGE_RIGHT, Permission, Role, permissions_of
from appliance.accounts.sessions import Session, check_living
from appliance.accounts.trail import (
    record_account_event,
    record_created,
    record_language,
    record_own_event,
    record_rights,
)
from appliance.audit.events import Actor, ActorKind, EventCode
from appliance.clock import microseconds
from appliance.errors import NotFound, Unsuitable
from appliance.keys.passphrases import hash_password
from appliance.store.transactions import ReadTransaction, WriteTransaction

_USER_NAME = re.compile(r"[\w.@+-]{2,64}")


def create_account(accounts: Accounts, new: NewAccount, by: Actor) -> Account:
    """Add a person.

    Raises:
        PasswordTooWeak: The password breaks a rule.
        Unsuitable: The user name is taken or no user name, or the role may not hold the image right.
    """
    _check_person(new)
    check_new_password(accounts, new.password, folded_user_name(new.user_name), new.display_name)
    password_hash = hash_password(new.password, accounts.password_cost)
    with accounts.database.write() as tx:
        return _insert(tx, accounts, new, password_hash, by)


def create_unopened(accounts: Accounts, new: NewAccount, password_hash: str, by: Actor) -> Account:
    """Add a person whose password nobody knows; an invitation opens the account.

    Raises:
        Unsuitable: The user name is taken or no user name, or the role may not hold the image right.
    """
    _check_person(new)
    with accounts.database.write() as tx:
        return _insert(tx, accounts, new, password_hash, by)


def check_person(accounts: Accounts, new: NewAccount) -> None:
    """Refuse what could not be added as it is now.

    Raises:
        Unsuitable: The user name is taken or no user name, or the role may not hold the image right.
    """
    _check_person(new)
    with accounts.database.read() as tx:
        _check_free(tx, folded_user_name(new.user_name))


def _check_free(tx: ReadTransaction, user_name: str) -> None:
    if queries.credentials_by_name(tx, user_name) is not None:
        raise Unsuitable("this user name is taken")


def _check_person(new: NewAccount) -> None:
    if not _USER_NAME.fullmatch(folded_user_name(new.user_name)) or not new.display_name.strip():
        raise Unsuitable("a user name has 2 to 64 letters, digits or . @ + -, and a person has a name")
    if new.image_right and new.role not in MAY_HOLD_IMAGE_RIGHT:
        raise Unsuitable("this role may not hold the image right")
    _check_assignable(new.role)


def _check_assignable(role: Role) -> None:
    if role not in ASSIGNABLE:
        raise Unsuitable("this role is given to nobody")


def change_own_password(accounts: Accounts, session: Session, old: str, new: str, address: str) -> None:
    """Replace one's own password, end one's other sessions, and forget one's PINs in every browser.

    Raises:
        SignInRefused: The old password is wrong.
        TooManyAttempts: Too soon after failures.
        PasswordTooWeak: The new password breaks a rule.
    """
    account = session.account
    _check_assignable(account.role)
    login.confirm_password(accounts, session, old, address)
    if old == new:
        raise PasswordTooWeak(Rule.UNCHANGED)
    check_new_password(accounts, new, account.user_name, account.display_name)
    password_hash = hash_password(new, accounts.password_cost)
    with accounts.database.write() as tx:
        check_living(tx, session)
        queries.set_password(tx, account.account_key, password_hash, accounts.clock.now(), must_change=False)
        queries.revoke_sessions_of(tx, account.account_key, accounts.clock.now(), keep=session.session_hash)
        queries_devices.drop_pins_of(tx, account.account_key)
        record_own_event(tx, accounts, EventCode.PASSWORD_CHANGED, account, address)


def choose_own_language(accounts: Accounts, session: Session, language: str, address: str) -> None:
    """Keep the language that a person wants the pages in, wherever they sign in. The caller knows which there are."""
    with accounts.database.write() as tx:
        if queries.set_language(tx, session.account.account_key, language):
            record_language(tx, accounts, session.account, address)


def reset_account(accounts: Accounts, account_key: int, password: str, by: Actor) -> None:
    """Give a person a first password again and take the second factor away.

    Raises:
        NotFound: No such account.
        PasswordTooWeak: The password breaks a rule.
    """
    account = get_account(accounts, account_key)
    _check_assignable(account.role)
    check_new_password(accounts, password, account.user_name, account.display_name)
    password_hash = hash_password(password, accounts.password_cost)
    with accounts.database.write() as tx:
        queries.set_password(tx, account_key, password_hash, accounts.clock.now(), must_change=True)
        queries.set_sealed_secret(tx, account_key, None)
        _take_proofs_away(tx, accounts, account_key)
        record_account_event(tx, accounts, EventCode.ACCOUNT_RESET, by, account_key)


def disable_account(tx: WriteTransaction, accounts: Accounts, account_key: int, by: Actor) -> None:
    """Close an account; sessions, passkeys, known browsers, what its person saw of others and answers for end at once.

    What it was given as a laboratory ends where it is closed at a door (`deidentify.leaving`).

    Raises:
        Unsuitable: It is the last administrator's.
    """
    if is_last_administrator(tx, account_key):
        raise Unsuitable("the last administrator stays, or nobody could let anybody in")
    if queries.disable_account(tx, account_key, accounts.clock.now()):
        _take_proofs_away(tx, accounts, account_key)
        leaving.end_what_was_seen(tx, accounts, account_key, by)
        leaving.end_machines(tx, accounts, account_key, by)
        leaving.end_what_is_answered_for(tx, accounts, account_key, by)
        record_account_event(tx, accounts, EventCode.ACCOUNT_DISABLED, by, account_key)


def change_role(
    tx: WriteTransaction, accounts: Accounts, account_key: int, role: Role, by: Actor, *, image_right: bool
) -> None:
    """Give a person another role or image right; sessions, and secrets that came with the rights of before, end.

    What they were given as a laboratory ends where it is changed at a door (`deidentify.leaving`).

    Raises:
        NotFound: No such open account.
        OwnRights: It is the person's own, and another administrator can do it.
        Unsuitable: The role may not hold the image right, or the last administrator would be none.
    """
    if image_right and role not in MAY_HOLD_IMAGE_RIGHT:
        raise Unsuitable("this role may not hold the image right")
    _check_assignable(role)
    before = find_open_person(tx, account_key).account
    if role is not Role.ADMINISTRATOR and is_last_administrator(tx, account_key):
        raise Unsuitable("the last administrator stays one")
    if (before.role, before.image_right) == (role, image_right):
        return
    if is_own(by, account_key) and not is_last_administrator(tx, account_key):
        raise OwnRights("another administrator changes this one's rights")
    queries.set_role(tx, account_key, role, image_right=image_right)
    queries.revoke_sessions_of(tx, account_key, accounts.clock.now())
    lost = before.permissions - permissions_of(role, image_right=image_right)
    if Permission.MANAGE_ACCOUNTS in lost:
        leaving.end_what_was_seen(tx, accounts, account_key, by)
    if Permission.READ_GIVEN in lost:
        leaving.end_machines(tx, accounts, account_key, by)
    leaving.end_what_is_answered_for(tx, accounts, account_key, by, lost)
    record_rights(tx, accounts, by, before, replace(before, role=role, image_right=image_right))


def sign_out_everywhere(accounts: Accounts, account_key: int, by: Actor) -> None:
    """End every session of a person, and let no PIN bring them back: their next way in is a whole one.

    Raises:
        NotFound: No such account.
    """
    with accounts.database.write() as tx:
        if queries.credentials_by_key(tx, account_key) is None:
            raise NotFound("no such account")
        queries_devices.forget_devices_of(tx, account_key)
        queries.revoke_sessions_of(tx, account_key, accounts.clock.now())
        record_account_event(tx, accounts, EventCode.SESSION_ENDED, by, account_key)


def find_open_person(tx: ReadTransaction, account_key: int) -> Credentials:
    """Give somebody's open account; one that was made for an opened envelope is nobody's.

    Raises:
        NotFound: No such open account.
    """
    found = queries.credentials_by_key(tx, account_key)
    if found is None or found.account.disabled_at is not None or found.account.role not in ASSIGNABLE:
        raise NotFound("no such open account")
    return found


def is_own(by: Actor, account_key: int) -> bool:
    """Say whether an actor is the person of this account."""
    return (by.kind, by.key) == (ActorKind.ACCOUNT, account_key)


def is_only_administrator(accounts: Accounts, account_key: int) -> bool:
    """Say whether nobody else manages accounts, so that this person changes their own image right too."""
    with accounts.database.read() as tx:
        return is_last_administrator(tx, account_key)


def is_last_administrator(tx: ReadTransaction, account_key: int) -> bool:
    """Say whether this is the one open account that may manage accounts, of those whose person can come in.

    Who has no password of their own choice yet is passed over, but for the person who is asked about: whoever was
    invited, anew or for the first time, or was given a first password, and has not come in since.
    """
    managers = [each for each in queries.accounts(tx) if each.disabled_at is None and each.may_manage_accounts]
    able = [each.account_key for each in managers if each.account_key == account_key or not each.must_change_password]
    return able == [account_key]


def take_all_proofs_away(tx: WriteTransaction, accounts: Accounts, account_key: int, password_hash: str) -> None:
    """Put this password, to be changed, in place of every proof of identity of before."""
    queries.set_password(tx, account_key, password_hash, accounts.clock.now(), must_change=True)
    queries.set_sealed_secret(tx, account_key, None)
    queries_codes.drop_codes(tx, account_key)
    _take_proofs_away(tx, accounts, account_key)


def _take_proofs_away(tx: WriteTransaction, accounts: Accounts, account_key: int) -> None:
    """End sessions, and let no passkey, invitation or known browser of before open anything."""
    now = accounts.clock.now()
    queries.revoke_sessions_of(tx, account_key, now)
    queries_passkeys.delete_passkeys_of(tx, account_key)
    queries_invitations.end_invitations_of(tx, account_key, now)
    queries_devices.forget_devices_of(tx, account_key)


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


def check_new_password(accounts: Accounts, password: str, user_name: str, display_name: str) -> None:
    """Refuse a password that breaks a rule; a second factor is set up at first sign-in, so the shorter minimum holds.

    Raises:
        PasswordTooWeak: With the rule.
    """
    check_password(
        password,
        second_factor=True,
        context=(user_name, display_name, accounts.clinic_name, "enamel"),
        policy=accounts.passwords,
    )


def insert_built_in(
    tx: WriteTransaction, accounts: Accounts, new: NewAccount, password_hash: str, by: Actor
) -> Account:
    """Add the account of an opened envelope, whose user name is none that a person could have."""
    return _insert(tx, accounts, new, password_hash, by)


def _insert(tx: WriteTransaction, accounts: Accounts, new: NewAccount, password_hash: str, by: Actor) -> Account:
    user_name = folded_user_name(new.user_name)
    _check_free(tx, user_name)
    at = microseconds(accounts.clock.now())
    sealed = None if new.totp_secret is None else second_factor.seal(accounts, user_name, new.totp_secret)
    queries.insert_account(
        tx,
        user_name=user_name,
        display_name=new.display_name.strip(),
        role=new.role if new.role in ASSIGNABLE else Role.LAB,
        built_in=None if new.role in ASSIGNABLE else new.role,
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
    record_created(tx, accounts, by, found.account)
    return found.account
