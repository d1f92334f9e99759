"""SQL of passkeys."""

from dataclasses import dataclass
from datetime import datetime

from appliance.accounts.queries import maybe_instant, number
from appliance.clock import instant, microseconds
from appliance.store.transactions import ReadTransaction, Row, WriteTransaction

_COLUMNS = """passkey_key, account_key, credential_id, public_key, sign_count, host, name, created_at, last_used_at,
              user_handle"""


@dataclass(frozen=True, slots=True)
class Passkey:
    """One passkey: its public half, and the name of the box under which alone it works.

    Attributes:
        user_handle: What its device calls its person; None while it is the one that today's accounts key gives.
    """

    passkey_key: int
    account_key: int
    credential_id: bytes
    public_key: bytes
    sign_count: int
    host: str
    name: str
    created_at: datetime
    last_used_at: datetime | None
    user_handle: bytes | None


def insert_passkey(tx: WriteTransaction, at: datetime, **columns: object) -> int:
    """Add a passkey; the caller gives every column but key and times. Gives its key."""
    rows = tx.rows(
        """INSERT INTO passkeys (account_key, credential_id, public_key, sign_count, host, name, created_at)
           VALUES (:account_key, :credential_id, :public_key, :sign_count, :host, :name, :at) RETURNING passkey_key""",
        at=microseconds(at),
        **columns,
    )
    return number(rows[0][0])


def passkeys_of(tx: ReadTransaction, account_key: int) -> list[Passkey]:
    """A person's passkeys, the oldest first."""
    sql = f"SELECT {_COLUMNS} FROM passkeys WHERE account_key = :account ORDER BY passkey_key"  # noqa: S608  # the columns are written in this file
    return [_passkey(row) for row in tx.rows(sql, account=account_key)]


def find_passkey(tx: ReadTransaction, credential_id: bytes) -> Passkey | None:
    """The passkey of this credential id."""
    sql = f"SELECT {_COLUMNS} FROM passkeys WHERE credential_id = :credential"  # noqa: S608  # the columns are written in this file
    rows = tx.rows(sql, credential=credential_id)
    return _passkey(rows[0]) if rows else None


def use_passkey(tx: WriteTransaction, passkey_key: int, sign_count: int, at: datetime) -> bool:
    """Note a use and the count it came with; False when the passkey is gone, or its count went no further."""
    sql = """UPDATE passkeys SET sign_count = :count, last_used_at = :at
             WHERE passkey_key = :key AND (sign_count < :count OR (sign_count = 0 AND :count = 0))"""
    return tx.change(sql, count=sign_count, at=microseconds(at), key=passkey_key) == 1


def without_handle(tx: ReadTransaction) -> list[tuple[int, int]]:
    """Key and account of every passkey whose handle is the one that today's accounts key gives."""
    rows = tx.rows("SELECT passkey_key, account_key FROM passkeys WHERE user_handle IS NULL")
    return [(number(key), number(account)) for key, account in rows]


def keep_handle(tx: WriteTransaction, passkey_key: int, handle: bytes) -> None:
    """Keep what a passkey's device calls its person."""
    tx.change("UPDATE passkeys SET user_handle = :handle WHERE passkey_key = :key", handle=handle, key=passkey_key)


def delete_passkey(tx: WriteTransaction, passkey_key: int, account_key: int) -> bool:
    """Remove a person's passkey; False when there is none."""
    sql = "DELETE FROM passkeys WHERE passkey_key = :key AND account_key = :account"
    return tx.change(sql, key=passkey_key, account=account_key) == 1


def delete_passkeys_of(tx: WriteTransaction, account_key: int) -> int:
    """Remove all of a person's passkeys; gives how many."""
    return tx.change("DELETE FROM passkeys WHERE account_key = :account", account=account_key)


def _passkey(row: Row) -> Passkey:
    key, account, credential, public, count, host, name, created, used, handle = row
    if not (isinstance(credential, bytes) and isinstance(public, bytes) and isinstance(handle, bytes | None)):
        raise TypeError("a blob column holds something else")
    return Passkey(
        passkey_key=number(key),
        account_key=number(account),
        credential_id=credential,
        public_key=public,
        sign_count=number(count),
        host=str(host),
        name=str(name),
        created_at=instant(number(created)),
        last_used_at=maybe_instant(used),
        user_handle=handle,
    )
