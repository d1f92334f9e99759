"""SQL of people and their sessions."""

from dataclasses import dataclass
from datetime import datetime

from appliance.accounts.account import Account, Credentials
from appliance.accounts.browsers import Browser
from appliance.accounts.lent import Lent
from appliance.accounts.roles import Role
from appliance.clock import instant, microseconds
from appliance.store.transactions import ReadTransaction, Row, WriteTransaction

_ACCOUNT = """a.account_key, a.user_name, a.display_name, coalesce(a.built_in, a.role), a.image_right,
  a.must_change_password,
  a.totp_confirmed_at IS NOT NULL OR EXISTS (SELECT 1 FROM passkeys p WHERE p.account_key = a.account_key),
  a.totp_confirmed_at IS NOT NULL, a.language, a.disabled_at, a.created_at, a.last_in_at, a.password_set_at"""
_ACCOUNT_COLUMNS = 13
_SESSION = """s.session_hash, s.stage, s.created_at, s.last_active_at, s.locked_at, s.revoked_at,
  s.browser, s.browser_version, s.system, e.emergency_key, e.began_at, e.ends_at, e.latest_at"""
_SESSIONS = "sessions s LEFT JOIN emergencies e ON e.session_hash = s.session_hash AND e.ended_at IS NULL"


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A session as it is stored; `sessions` decides what it is worth."""

    session_hash: bytes
    stage: str
    created_at: datetime
    last_active_at: datetime
    locked_at: datetime | None
    revoked_at: datetime | None
    browser: Browser
    lent: Lent | None


def account_of(row: Row) -> Account:
    """Build an account from the columns of `_ACCOUNT`."""
    key, user, name, role, image, must, factor, app, *rest = row[:_ACCOUNT_COLUMNS]
    language, disabled, created, last_in, set_at = rest
    return Account(
        account_key=number(key),
        user_name=str(user),
        display_name=str(name),
        role=Role(str(role)),
        image_right=bool(image),
        must_change_password=bool(must),
        second_factor=bool(factor),
        authenticator_app=bool(app),
        language=str(language),
        disabled_at=maybe_instant(disabled),
        created_at=instant(number(created)),
        last_in_at=maybe_instant(last_in),
        password_set_at=maybe_instant(set_at),
    )


def number(value: object) -> int:
    """Take an INTEGER column."""
    if not isinstance(value, int):
        raise TypeError("an integer column holds something else")
    return value


def maybe_instant(value: object) -> datetime | None:
    """Take a time column that may be NULL."""
    return None if value is None else instant(number(value))


def blob(value: object) -> bytes:
    """A blob column's value."""
    if not isinstance(value, bytes):
        raise TypeError("a blob column holds something else")
    return value


def insert_account(tx: WriteTransaction, **columns: object) -> None:
    """Add one account; the caller gives every column but the key."""
    tx.change(
        """INSERT INTO accounts (user_name, display_name, role, image_right, password_hash, must_change_password,
             sealed_totp_secret, totp_confirmed_at, last_totp_step, language, created_at, built_in)
           VALUES (:user_name, :display_name, :role, :image_right, :password_hash, :must_change_password,
             :sealed_totp_secret, :totp_confirmed_at, 0, :language, :created_at, :built_in)""",
        **columns,
    )


def accounts(tx: ReadTransaction) -> list[Account]:
    """Every account, by name."""
    return [account_of(row) for row in tx.rows(f"SELECT {_ACCOUNT} FROM accounts a ORDER BY a.user_name")]  # noqa: S608  # the columns are written in this file


def credentials_by_name(tx: ReadTransaction, user_name: str) -> Credentials | None:
    """The account of this folded user name with what sign-in compares."""
    return _credentials(tx, "a.user_name = :value", user_name)


def credentials_by_key(tx: ReadTransaction, account_key: int) -> Credentials | None:
    """The same by row key."""
    return _credentials(tx, "a.account_key = :value", account_key)


def _credentials(tx: ReadTransaction, where: str, value: object) -> Credentials | None:
    sql = f"SELECT {_ACCOUNT}, a.password_hash, a.sealed_totp_secret, a.last_totp_step FROM accounts a WHERE {where}"  # noqa: S608  # both fragments are written in this file
    rows = tx.rows(sql, value=value)
    if not rows:
        return None
    password_hash, sealed, step = rows[0][_ACCOUNT_COLUMNS:]
    secret = None if sealed is None else blob(sealed)
    return Credentials(account_of(rows[0]), str(password_hash), secret, number(step))


def set_password(
    tx: WriteTransaction, account_key: int, password_hash: str, at: datetime, *, must_change: bool
) -> None:
    """Replace a password."""
    tx.change(
        """UPDATE accounts SET password_hash = :hash, must_change_password = :must, password_set_at = :at
           WHERE account_key = :key""",
        hash=password_hash,
        must=int(must_change),
        at=microseconds(at),
        key=account_key,
    )


def rehash_password(tx: WriteTransaction, account_key: int, old_hash: str, new_hash: str) -> None:
    """Keep the same password under another cost, unless it was changed meanwhile."""
    sql = "UPDATE accounts SET password_hash = :new WHERE account_key = :key AND password_hash = :old"
    tx.change(sql, new=new_hash, key=account_key, old=old_hash)


def note_sign_in(tx: WriteTransaction, account_key: int, at: datetime) -> None:
    """Note when a person came in whole."""
    tx.change("UPDATE accounts SET last_in_at = :at WHERE account_key = :key", at=microseconds(at), key=account_key)


def set_language(tx: WriteTransaction, account_key: int, language: str) -> bool:
    """Keep the language that a person chose; False when it was that one already."""
    sql = "UPDATE accounts SET language = :language WHERE account_key = :key AND language <> :language"
    return tx.change(sql, language=language, key=account_key) == 1


def set_sealed_secret(tx: WriteTransaction, account_key: int, sealed: bytes | None) -> None:
    """Set a new unconfirmed second factor, or clear it."""
    tx.change(
        """UPDATE accounts SET sealed_totp_secret = :sealed, totp_confirmed_at = NULL, last_totp_step = 0
           WHERE account_key = :key""",
        sealed=sealed,
        key=account_key,
    )


def sealed_secrets(tx: ReadTransaction) -> list[tuple[int, str, bytes]]:
    """Every sealed second factor, with its account's key and user name."""
    sql = "SELECT account_key, user_name, sealed_totp_secret FROM accounts WHERE sealed_totp_secret IS NOT NULL"
    return [(number(key), str(user_name), blob(sealed)) for key, user_name, sealed in tx.rows(sql)]


def reseal_secret(tx: WriteTransaction, account_key: int, sealed: bytes) -> None:
    """Keep the same second factor under another key: whether it counts, and its last step, stay."""
    sql = "UPDATE accounts SET sealed_totp_secret = :sealed WHERE account_key = :key"
    tx.change(sql, sealed=sealed, key=account_key)


def confirm_secret(tx: WriteTransaction, account_key: int, at: datetime) -> None:
    """Make the second factor count."""
    sql = "UPDATE accounts SET totp_confirmed_at = :at WHERE account_key = :key"
    tx.change(sql, at=microseconds(at), key=account_key)


def use_step(tx: WriteTransaction, account_key: int, step: int, last_step: int) -> bool:
    """Spend a time step; False when another than the last one was spent meanwhile."""
    sql = "UPDATE accounts SET last_totp_step = :step WHERE account_key = :key AND last_totp_step = :last"
    return tx.change(sql, step=step, key=account_key, last=last_step) == 1


def set_role(tx: WriteTransaction, account_key: int, role: str, *, image_right: bool) -> None:
    """Give a person another role."""
    sql = "UPDATE accounts SET role = :role, image_right = :right WHERE account_key = :key"
    tx.change(sql, role=role, right=int(image_right), key=account_key)


def set_display_name(tx: WriteTransaction, account_key: int, display_name: str) -> bool:
    """Correct a person's name; False when it was that one already."""
    sql = "UPDATE accounts SET display_name = :name WHERE account_key = :key AND display_name <> :name"
    return tx.change(sql, name=display_name, key=account_key) == 1


def disable_account(tx: WriteTransaction, account_key: int, at: datetime) -> bool:
    """Close an account; False when it was closed already."""
    sql = "UPDATE accounts SET disabled_at = :at WHERE account_key = :key AND disabled_at IS NULL"
    return tx.change(sql, at=microseconds(at), key=account_key) == 1


def insert_session(tx: WriteTransaction, at: datetime, **columns: object) -> None:
    """Add a session that starts now; the caller gives hash, account, stage, address and device."""
    tx.change(
        """INSERT INTO sessions (session_hash, account_key, stage, address, device_hash, created_at, authenticated_at,
             last_active_at)
           VALUES (:session_hash, :account_key, :stage, :address, :device_hash, :at, :at, :at)""",
        at=microseconds(at),
        **columns,
    )


def session_row(tx: ReadTransaction, session_hash: bytes) -> tuple[Account, SessionRow] | None:
    """The session of this name with its account, whatever their state."""
    return _found(tx, "s.session_hash", session_hash)


def session_of_token(tx: ReadTransaction, token_hash: bytes) -> tuple[Account, SessionRow] | None:
    """The session whose token has this hash now, with its account, whatever their state."""
    return _found(tx, "coalesce(s.token_hash, s.session_hash)", token_hash)


def _found(tx: ReadTransaction, column: str, value: bytes) -> tuple[Account, SessionRow] | None:
    rows = tx.rows(
        f"""SELECT {_ACCOUNT}, {_SESSION} FROM {_SESSIONS} JOIN accounts a ON a.account_key = s.account_key
            WHERE {column} = :hash""",  # noqa: S608  # all columns are written in this file
        hash=value,
    )
    if not rows:
        return None
    return account_of(rows[0]), _session(rows[0][_ACCOUNT_COLUMNS:])


def _session(row: Row) -> SessionRow:
    name, stage, created, active, locked, revoked, family, version, system, emergency_key, *times = row
    lent = None if emergency_key is None else Lent(number(emergency_key), *(instant(number(each)) for each in times))
    began, last = instant(number(created)), instant(number(active))
    browser = Browser(str(family), number(version), str(system))
    return SessionRow(blob(name), str(stage), began, last, maybe_instant(locked), maybe_instant(revoked), browser, lent)


def note_browser(tx: WriteTransaction, session_hash: bytes, browser: Browser) -> None:
    """Note which browser a session is used with now."""
    tx.change(
        "UPDATE sessions SET browser = :family, browser_version = :version, system = :system "
        "WHERE session_hash = :hash",
        family=browser.family, version=browser.version, system=browser.system, hash=session_hash,
    )  # fmt: skip


def newest_browsers(tx: ReadTransaction, account_key: int) -> dict[str, int]:
    """Give of each family of browsers the newest version that came here, as far as one person may be told it.

    What two people came with, at that version or a newer one, is believed; what one alone says counts for themselves.
    """
    rows = tx.rows(
        """WITH each AS (SELECT account_key, browser, max(browser_version) AS newest FROM sessions WHERE browser <> ''
             GROUP BY account_key, browser),
           ranked AS (SELECT account_key, browser, newest,
             row_number() OVER (PARTITION BY browser ORDER BY newest DESC, account_key) AS place FROM each)
           SELECT browser, max(newest) FROM ranked WHERE place = 2 OR account_key = :account GROUP BY browser""",
        account=account_key,
    )
    return {str(family): number(version) for family, version in rows}


def touch_session(tx: WriteTransaction, session_hash: bytes, at: datetime) -> None:
    """Note that a person did something, unless the screen is locked."""
    tx.change(
        "UPDATE sessions SET last_active_at = :at WHERE session_hash = :hash AND locked_at IS NULL",
        at=microseconds(at),
        hash=session_hash,
    )


def lock_session(tx: WriteTransaction, session_hash: bytes, at: datetime) -> bool:
    """Lock the screen; False when it was locked already."""
    sql = "UPDATE sessions SET locked_at = :at WHERE session_hash = :hash AND locked_at IS NULL"
    return tx.change(sql, at=microseconds(at), hash=session_hash) == 1


def unlock_session(tx: WriteTransaction, session_hash: bytes, at: datetime) -> None:
    """Unlock the screen; this is activity."""
    sql = "UPDATE sessions SET locked_at = NULL, last_active_at = :at WHERE session_hash = :hash"
    tx.change(sql, at=microseconds(at), hash=session_hash)


def renew_session(tx: WriteTransaction, session_hash: bytes, token_hash: bytes) -> None:
    """Let a session be known by another token, and by no earlier one."""
    tx.change("UPDATE sessions SET token_hash = :token WHERE session_hash = :hash", token=token_hash, hash=session_hash)


def revoke_session(tx: WriteTransaction, session_hash: bytes, at: datetime) -> bool:
    """End one session; False when it had ended."""
    sql = "UPDATE sessions SET revoked_at = :at WHERE session_hash = :hash AND revoked_at IS NULL"
    return tx.change(sql, at=microseconds(at), hash=session_hash) == 1


def sessions_of(tx: ReadTransaction, account_key: int) -> list[tuple[str, SessionRow]]:
    """A person's whole sessions that nobody ended, with address, the last active first."""
    rows = tx.rows(
        f"""SELECT s.address, {_SESSION} FROM {_SESSIONS} WHERE s.account_key = :key
            AND s.stage = 'full' AND s.revoked_at IS NULL ORDER BY s.last_active_at DESC""",  # noqa: S608  # the columns are written in this file
        key=account_key,
    )
    return [(str(row[0]), _session(row[1:])) for row in rows]


def sessions_ended_since(tx: ReadTransaction, account_key: int, since: datetime) -> list[SessionRow]:
    """A person's whole sessions that were ended at an instant or later."""
    rows = tx.rows(
        f"""SELECT {_SESSION} FROM {_SESSIONS} WHERE s.account_key = :key
            AND s.stage = 'full' AND s.revoked_at >= :since ORDER BY s.session_hash""",  # noqa: S608  # the columns are written in this file
        key=account_key,
        since=microseconds(since),
    )
    return [_session(row) for row in rows]


def revoke_sessions_of(tx: WriteTransaction, account_key: int, at: datetime, keep: bytes = b"") -> int:
    """End every session of a person but the one to keep; gives how many."""
    sql = """UPDATE sessions SET revoked_at = :at
             WHERE account_key = :key AND revoked_at IS NULL AND session_hash <> :keep"""
    return tx.change(sql, at=microseconds(at), key=account_key, keep=keep)


def delete_sessions_outside(tx: WriteTransaction, stage: str, earliest: datetime, latest: datetime) -> None:
    """Forget sessions of a stage that can no longer be used: made before the earliest or after the latest."""
    sql = "DELETE FROM sessions WHERE stage = :stage AND created_at"
    tx.change(f"{sql} < :earliest", stage=stage, earliest=microseconds(earliest))
    tx.change(f"{sql} > :latest", stage=stage, latest=microseconds(latest))


def delete_half_sessions(tx: WriteTransaction, account_key: int, address: str, device_hash: bytes) -> None:
    """Forget a person's sessions that wait for the second step, from one address and browser."""
    tx.change(
        """DELETE FROM sessions WHERE account_key = :key AND stage = 'password' AND address = :address
             AND device_hash = :device""",
        key=account_key,
        address=address,
        device=device_hash,
    )


def set_attempt(tx: WriteTransaction, session_hash: bytes, attempt_key: int | None) -> None:
    """Say which attempt a session that waits for the second step came from, as long as that counts."""
    tx.change("UPDATE sessions SET attempt_key = :key WHERE session_hash = :hash", key=attempt_key, hash=session_hash)


def attempt_of(tx: ReadTransaction, session_hash: bytes) -> int | None:
    """Give the attempt that a session came from; None where there is none, or it was taken back."""
    rows = tx.rows("SELECT attempt_key FROM sessions WHERE session_hash = :hash", hash=session_hash)
    return None if not rows or rows[0][0] is None else number(rows[0][0])
