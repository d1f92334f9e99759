"""What a person does with their own account: sessions, recovery codes, name. A copy of what is kept: `own_copy`.

What changes who may come in asks for a code just shown (`Confirmed`). The trail
keeps what was done under the account, whatever becomes of it. It is closed as by
anybody else (`service.disable_account`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from appliance.accounts import queries, queries_codes, queries_devices, recovery_codes, second_factor
from appliance.accounts.account import Account
from appliance.accounts.browsers import Browser, is_old
from appliance.accounts.context import Accounts
from appliance.accounts.devices import hash_device
from appliance.accounts.roles import Role
from appliance.accounts.second_factor import Confirmed
from appliance.accounts.sessions import Session, is_over
from appliance.accounts.trail import record_own_event
from appliance.audit.events import EventCode
from appliance.errors import NotFound, NotPermitted, Unsuitable
from appliance.store.transactions import ReadTransaction

LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class OwnSession:
    """One of a person's living sessions; `here` is the one that asks.

    `newer` is the newest version of its browser that this person or two people came with, 0 where it is not far behind.
    """

    session_hash: bytes
    address: str
    created_at: datetime
    last_active_at: datetime
    browser: Browser
    newer: int
    here: bool


def sessions_of(accounts: Accounts, session: Session) -> list[OwnSession]:
    """Give the sessions in which this person is signed in, the last active first."""
    with accounts.database.read() as tx:
        return list(_sessions(tx, accounts, session))


def end_session(accounts: Accounts, session: Session, session_hash: bytes, address: str) -> None:
    """End another session of one's own at once.

    Raises:
        NotFound: It is over already, or not this person's.
    """
    with accounts.database.write() as tx:
        mine = {each.session_hash for each in _sessions(tx, accounts, session) if not each.here}
        if session_hash not in mine or not queries.revoke_session(tx, session_hash, accounts.clock.now()):
            raise NotFound("this person has no such other session")
        record_own_event(tx, accounts, EventCode.SESSION_ENDED, session.account, address)


def end_other_sessions(accounts: Accounts, session: Session, device: str, address: str) -> None:
    """End every session of one's own but this one, and every PIN but that of this browser."""
    with accounts.database.write() as tx:
        account_key = session.account.account_key
        ended = queries.revoke_sessions_of(tx, account_key, accounts.clock.now(), keep=session.session_hash)
        if queries_devices.drop_pins_of(tx, account_key, keep=hash_device(device)) + ended:
            record_own_event(tx, accounts, EventCode.SESSION_ENDED, session.account, address)


def recovery_codes_left(accounts: Accounts, account: Account) -> int:
    """Say how many printed codes still stand in for the phone."""
    with accounts.database.read() as tx:
        return queries_codes.unused_codes(tx, account.account_key)


def new_recovery_codes(accounts: Accounts, by: Confirmed, address: str) -> list[str]:
    """Give ten new codes, shown once; those before open nothing any more."""
    drawn = recovery_codes.draw(accounts.code_cost)
    with accounts.database.write() as tx:
        second_factor.replace_codes(tx, by.account.account_key, drawn)
        record_own_event(tx, accounts, EventCode.RECOVERY_CODES_MADE, by.account, address)
    return list(drawn.codes)


def correct_name(accounts: Accounts, account: Account, display_name: str, address: str) -> None:
    """Correct one's own name.

    Raises:
        Unsuitable: There is no name in it.
        NotPermitted: It is how whoever opened an envelope named themselves, which stays.
    """
    if account.role is Role.EMERGENCY:
        raise NotPermitted("a name under which an envelope was opened stays")
    name = display_name.strip()[:LONGEST_NAME]
    if not name or not name.isprintable():
        raise Unsuitable("a person has a name")
    with accounts.database.write() as tx:
        if queries.set_display_name(tx, account.account_key, name):
            record_own_event(tx, accounts, EventCode.NAME_CORRECTED, account, address)


def _sessions(tx: ReadTransaction, accounts: Accounts, session: Session) -> Iterator[OwnSession]:
    now, account = accounts.clock.now(), session.account
    newest = queries.newest_browsers(tx, account.account_key)
    for address, row in queries.sessions_of(tx, account.account_key):
        if not is_over(account, row, now):
            here = row.session_hash == session.session_hash
            newer = newest[row.browser.family] if is_old(row.browser, newest) else 0
            yield OwnSession(row.session_hash, address, row.created_at, row.last_active_at, row.browser, newer, here)
