"""SQL of people and their sessions."""

from dataclasses import dataclass
from datetime import datetime

from appliance.accounts.account import Account, Credentials
from appliance.accounts.roles import Role
from appliance.clock import instant, microseconds
from appliance.store.transactions import ReadTransaction, Row, WriteTransaction

_ACCOUNT = """a.account_key, a.user_name, a.display_name, a.role, a.image_right, a.must_change_password,
  a.totp_confirmed_at IS NOT NULL, a.language, a.disabled_at"""
_ACCOUNT_COLUMNS = 9


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A session as it is stored; `sessions` decides what it is worth."""

    stage: str
    created_at: datetime
    last_active_at: datetime
    locked_at: datetime | None
    revoked_at: datetime | None


def account_of(row: Row) -> Account:
    """Build an account from the columns of `_ACCOUNT`."""
    key, user, name, role, image, must, factor, language, disabled = row[:_ACCOUNT_COLUMNS]
    return Account(
        account_key=number(key),
        user_name=str(user),
        display_name=str(name),
        role=Role(str(role)),
        image_right=bool(image),
        must_change_password=bool(must),
        second_factor=bool(factor),
        language=str(language),
        disabled_at=maybe_instant(disabled),
    )


def number(value: object) -> int:
    """Take an INTEGER column."""
    if not isinstance(value, int):
        raise TypeError("an integer column holds something else")
    return value


def maybe_instant(value: object) -> datetime | None:
    """Take a time column that may be NULL."""
    return None if value is None else instant(number(value))


def _bytes(value: object) -> bytes:
    if not isinstance(value, bytes):
        raise TypeError("a blob column holds something else")
    return value


def insert_account(tx: WriteTransaction, **columns: object) -> None:
    """Add one account; the caller gives every column but the key."""
    tx.change(
        """INSERT INTO accounts (user_name, display_name, role, image_right, password_hash, must_change_password,
             sealed_totp_secret, totp_confirmed_at, last_totp_step, language, created_at)
           VALUES (:user_name, :display_name, :role, :image_right, :password_hash, :must_change_password,
             :sealed_totp_secret, :totp_confirmed_at, 0, :language, :created_at)""",
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
    secret = None if sealed is None else _bytes(sealed)
    return Credentials(account_of(rows[0]), str(password_hash), secret, number(step))


def set_password(tx: WriteTransaction, account_key: int, password_hash: str, *, must_change: bool) -> None:
    """Replace a password."""
    tx.change(
        "UPDATE accounts SET password_hash = :hash, must_change_password = :must WHERE account_key = :key",
        hash=password_hash,
        must=int(must_change),
        key=account_key,
    )


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


def confirm_secret(tx: WriteTransaction, account_key: int, at: datetime) -> None:
    """Make the second factor count."""
    sql = "UPDATE accounts SET totp_confirmed_at = :at WHERE account_key = :key"
    tx.change(sql, at=microseconds(at), key=account_key)


def use_step(tx: WriteTransaction, account_key: int, step: int, last_step: int) -> bool:
    """Spend a time step; False when another than the last one was spent meanwhile."""
    sql = "UPDATE accounts SET last_totp_step = :step WHERE account_key = :key AND last_totp_step = :last"
    return tx.change(sql, step=step, key=account_key, last=last_step) == 1


def disable_account(tx: WriteTransaction, account_key: int, at: datetime) -> bool:
    """Close an account; False when it was closed already."""
    sql = "UPDATE accounts SET disabled_at = :at WHERE account_key = :key AND disabled_at IS NULL"
    return tx.change(sql, at=microseconds(at), key=account_key) == 1


def replace_recovery_codes(tx: WriteTransaction, account_key: int, hashes: list[bytes]) -> None:
    """Drop the old codes and set these."""
    tx.change("DELETE FROM recovery_codes WHERE account_key = :key", key=account_key)
    for code_hash in hashes:
        tx.change(
            "INSERT INTO recovery_codes (account_key, code_hash) VALUES (:key, :hash)", key=account_key, hash=code_hash
        )


def use_recovery_code(tx: WriteTransaction, account_key: int, code_hash: bytes, at: datetime) -> bool:
    """Spend a recovery code; False when there is no such unused one."""
    sql = """UPDATE recovery_codes SET used_at = :at
             WHERE account_key = :key AND code_hash = :hash AND used_at IS NULL"""
    return tx.change(sql, at=microseconds(at), key=account_key, hash=code_hash) == 1


def unused_recovery_codes(tx: ReadTransaction, account_key: int) -> int:
    """How many printed codes are left."""
    sql = "SELECT count(*) FROM recovery_codes WHERE account_key = :key AND used_at IS NULL"
    return number(tx.rows(sql, key=account_key)[0][0])


def insert_failure(tx: WriteTransaction, user_name_hash: bytes, address: str, at: datetime) -> int:
    """Count one attempt as failed until it is known better; gives its key."""
    rows = tx.rows(
        """INSERT INTO login_failures (user_name_hash, address, failed_at) VALUES (:user, :address, :at)
           RETURNING failure_key""",
        user=user_name_hash,
        address=address,
        at=microseconds(at),
    )
    return number(rows[0][0])


def delete_failure(tx: WriteTransaction, failure_key: int) -> None:
    """Take back one attempt, for it was right."""
    tx.change("DELETE FROM login_failures WHERE failure_key = :key", key=failure_key)


def delete_failures_before(tx: WriteTransaction, before: datetime) -> None:
    """Forget failures that no longer slow anybody down."""
    tx.change("DELETE FROM login_failures WHERE failed_at < :before", before=microseconds(before))


def latest_failure(tx: ReadTransaction, user_name_hash: bytes, address: str) -> datetime | None:
    """When the last failure was for a user name or from an address."""
    sql = """SELECT max(at) FROM (SELECT max(failed_at) AS at FROM login_failures WHERE user_name_hash = :user
             UNION ALL SELECT max(failed_at) FROM login_failures WHERE address = :address)"""
    return maybe_instant(tx.rows(sql, user=user_name_hash, address=address)[0][0])


def bring_back_failures(tx: WriteTransaction, latest: datetime, at: datetime) -> int:
    """Let failures after the latest possible instant count from this one; gives how many there were."""
    sql = "UPDATE login_failures SET failed_at = :at WHERE failed_at > :latest"
    return tx.change(sql, latest=microseconds(latest), at=microseconds(at))


def delete_failures_of(tx: WriteTransaction, user_name_hash: bytes, address: str | None = None) -> None:
    """Forget a person's failures, at one address or at all, after a whole sign-in."""
    tx.change(
        "DELETE FROM login_failures WHERE user_name_hash = :user AND (:address IS NULL OR address = :address)",
        user=user_name_hash,
        address=address,
    )


def failures_of_pair(
    tx: ReadTransaction, user_name_hash: bytes, address: str, since: datetime
) -> tuple[int, datetime | None]:
    """How many failures, and when the last was, for a user name from one address."""
    sql = """SELECT count(*), max(failed_at) FROM login_failures
             WHERE user_name_hash = :user AND address = :address AND failed_at >= :since"""
    return _count_and_last(tx.rows(sql, user=user_name_hash, address=address, since=microseconds(since))[0])


def came_in_from(tx: ReadTransaction, user_name: str, address: str) -> bool:
    """Whether the person of this folded name came in whole from this address while sessions are remembered."""
    sql = """SELECT 1 FROM accounts a JOIN sessions s USING (account_key)
             WHERE a.user_name = :user AND s.address = :address AND s.stage = 'full' LIMIT 1"""
    return bool(tx.rows(sql, user=user_name, address=address))


def failures_of_user(tx: ReadTransaction, user_name_hash: bytes, since: datetime) -> tuple[int, datetime | None]:
    """How many failures, and when the last was, for a user name."""
    sql = "SELECT count(*), max(failed_at) FROM login_failures WHERE user_name_hash = :user AND failed_at >= :since"
    return _count_and_last(tx.rows(sql, user=user_name_hash, since=microseconds(since))[0])


def failures_of_address(tx: ReadTransaction, address: str, since: datetime) -> tuple[int, datetime | None]:
    """How many failures, and when the last was, from an address."""
    sql = "SELECT count(*), max(failed_at) FROM login_failures WHERE address = :address AND failed_at >= :since"
    return _count_and_last(tx.rows(sql, address=address, since=microseconds(since))[0])


def _count_and_last(row: Row) -> tuple[int, datetime | None]:
    return number(row[0]), maybe_instant(row[1])


def insert_session(
    tx: WriteTransaction, session_hash: bytes, account_key: int, stage: str, address: str, at: datetime
) -> None:  # one column each
    """Add a session that starts now."""
    tx.change(
        """INSERT INTO sessions (session_hash, account_key, stage, address, created_at, authenticated_at,
             last_active_at)
           VALUES (:hash, :account, :stage, :address, :at, :at, :at)""",
        hash=session_hash,
        account=account_key,
        stage=stage,
        address=address,
        at=microseconds(at),
    )


def session_row(tx: ReadTransaction, session_hash: bytes) -> tuple[Account, SessionRow] | None:
    """The session of this hash with its account, whatever their state."""
    rows = tx.rows(
        f"""SELECT {_ACCOUNT}, s.stage, s.created_at, s.last_active_at, s.locked_at, s.revoked_at
            FROM sessions s JOIN accounts a USING (account_key) WHERE s.session_hash = :hash""",  # noqa: S608  # the columns are written in this file
        hash=session_hash,
    )
    if not rows:
        return None
    stage, created, active, locked, revoked = rows[0][_ACCOUNT_COLUMNS:]
    row = SessionRow(
        str(stage),
        instant(number(created)),
        instant(number(active)),
        maybe_instant(locked),
        maybe_instant(revoked),
    )
    return account_of(rows[0]), row


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


def revoke_session(tx: WriteTransaction, session_hash: bytes, at: datetime) -> bool:
    """End one session; False when it had ended."""
    sql = "UPDATE sessions SET revoked_at = :at WHERE session_hash = :hash AND revoked_at IS NULL"
    return tx.change(sql, at=microseconds(at), hash=session_hash) == 1


def revoke_sessions_of(tx: WriteTransaction, account_key: int, at: datetime, keep: bytes = b"") -> int:
    """End every session of a person but the one to keep; gives how many."""
    sql = """UPDATE sessions SET revoked_at = :at
             WHERE account_key = :key AND revoked_at IS NULL AND session_hash <> :keep"""
    return tx.change(sql, at=microseconds(at), key=account_key, keep=keep)


def delete_sessions_outside(tx: WriteTransaction, earliest: datetime, latest: datetime) -> None:
    """Forget sessions that can no longer be used: made before the earliest or after the latest."""
    sql = "DELETE FROM sessions WHERE created_at < :earliest OR created_at > :latest"
    tx.change(sql, earliest=microseconds(earliest), latest=microseconds(latest))


def insert_token(tx: WriteTransaction, **columns: object) -> int:
    """Add a machine's token; gives its key. Times come as aware instants."""
    stored = {name: microseconds(value) if isinstance(value, datetime) else value for name, value in columns.items()}
    rows = tx.rows(
        """INSERT INTO machine_tokens (name, token_hash, scopes, created_by, created_at, expires_at)
           VALUES (:name, :token_hash, :scopes, :created_by, :created_at, :expires_at) RETURNING token_key""",
        **stored,
    )
    return number(rows[0][0])


def token_by_hash(
    tx: ReadTransaction, token_hash: bytes, now: datetime, made_by: datetime
) -> tuple[int, str, str, datetime | None] | None:
    """Key, name, scopes and last use of a token that is good now: one that expires was made by then as well."""
    rows = tx.rows(
        """SELECT token_key, name, scopes, last_used_at FROM machine_tokens WHERE token_hash = :hash
           AND revoked_at IS NULL AND (expires_at IS NULL OR (expires_at > :now AND created_at <= :made_by))""",
        hash=token_hash,
        now=microseconds(now),
        made_by=microseconds(made_by),
    )
    if not rows:
        return None
    key, name, scopes, last_used = rows[0]
    return number(key), str(name), str(scopes), maybe_instant(last_used)


def note_token_use(tx: WriteTransaction, token_key: int, at: datetime) -> None:
    """Note that a token was used."""
    tx.change("UPDATE machine_tokens SET last_used_at = :at WHERE token_key = :key", at=microseconds(at), key=token_key)


def revoke_token(tx: WriteTransaction, token_key: int, at: datetime) -> bool:
    """End a token; False when there is none that is good."""
    sql = "UPDATE machine_tokens SET revoked_at = :at WHERE token_key = :key AND revoked_at IS NULL"
    return tx.change(sql, at=microseconds(at), key=token_key) == 1


def tokens(tx: ReadTransaction) -> list[Row]:
    """Every token that was ever made: key, name, scopes, made, expires, last used, revoked."""
    return tx.rows(
        "SELECT token_key, name, scopes, created_at, expires_at, last_used_at, revoked_at FROM machine_tokens "
        "ORDER BY token_key"
    )
