"""SQL of the tokens by which machines sign in."""

import json
from datetime import datetime

from appliance.accounts.queries import maybe_instant, number
from appliance.accounts.roles import Role
from appliance.clock import microseconds
from appliance.store.transactions import ReadTransaction, Row, WriteTransaction


def insert_token(tx: WriteTransaction, **columns: object) -> int:
    """Add a machine's token; gives its key. Times come as aware instants."""
    stored = {name: microseconds(value) if isinstance(value, datetime) else value for name, value in columns.items()}
    rows = tx.rows(
        """INSERT INTO machine_tokens (name, token_hash, scopes, created_by, created_at, expires_at,
             laboratory_key, answerable_key)
           VALUES (:name, :token_hash, :scopes, :created_by, :created_at, :expires_at, :laboratory_key,
             :answerable_key)
           RETURNING token_key""",
        **stored,
    )
    return number(rows[0][0])


def token_by_hash(
    tx: ReadTransaction, token_hash: bytes, now: datetime, made_by: datetime
) -> tuple[int, str, str, datetime | None, int | None] | None:
    """Key, name, scopes, last use and laboratory of a token that is good now.

    One that expires was made by then as well; one of a laboratory is good while its account is open and is one,
    one that somebody answers for while theirs is open.
    """
    rows = tx.rows(
        """SELECT token_key, name, scopes, last_used_at, laboratory_key FROM machine_tokens WHERE token_hash = :hash
           AND (laboratory_key IS NULL OR (SELECT disabled_at IS NULL AND coalesce(built_in, role) = :lab FROM accounts
                                           WHERE account_key = laboratory_key))
           AND (answerable_key IS NULL OR (SELECT disabled_at IS NULL FROM accounts
                                           WHERE account_key = answerable_key))
           AND revoked_at IS NULL AND (expires_at IS NULL OR (expires_at > :now AND created_at <= :made_by))""",
        hash=token_hash,
        lab=Role.LAB,
        now=microseconds(now),
        made_by=microseconds(made_by),
    )
    if not rows:
        return None
    key, name, scopes, last_used, laboratory = rows[0]
    return number(key), str(name), str(scopes), maybe_instant(last_used), laboratory


def token_key_by_hash(tx: ReadTransaction, token_hash: bytes) -> int | None:
    """The key of a token, whether it is good or not."""
    rows = tx.rows("SELECT token_key FROM machine_tokens WHERE token_hash = :hash", hash=token_hash)
    return number(rows[0][0]) if rows else None


def note_token_use(tx: WriteTransaction, token_key: int, at: datetime) -> None:
    """Note that a token was used."""
    tx.change("UPDATE machine_tokens SET last_used_at = :at WHERE token_key = :key", at=microseconds(at), key=token_key)


def revoke_token(tx: WriteTransaction, token_key: int, at: datetime) -> bool:
    """End a token; False when there is none that is good."""
    sql = "UPDATE machine_tokens SET revoked_at = :at WHERE token_key = :key AND revoked_at IS NULL"
    return tx.change(sql, at=microseconds(at), key=token_key) == 1


def revoke_tokens_given_by(tx: WriteTransaction, account_key: int, at: datetime) -> list[int]:
    """End every good token that a person gave out; gives their keys."""
    sql = """UPDATE machine_tokens SET revoked_at = :at WHERE created_by = :key AND revoked_at IS NULL
             RETURNING token_key"""
    return [number(row[0]) for row in tx.rows(sql, at=microseconds(at), key=account_key)]


def good_tokens_answered_for(tx: ReadTransaction, account_key: int) -> list[tuple[int, list[str]]]:
    """The good tokens that a person answers for: key and scopes."""
    sql = """SELECT token_key, scopes FROM machine_tokens WHERE answerable_key = :key AND revoked_at IS NULL
             ORDER BY token_key"""
    return [(number(key), json.loads(str(scopes))) for key, scopes in tx.rows(sql, key=account_key)]


def revoke_tokens_of_laboratory(tx: WriteTransaction, account_key: int, at: datetime) -> list[int]:
    """End every good token of a laboratory's machines; gives their keys."""
    sql = """UPDATE machine_tokens SET revoked_at = :at WHERE laboratory_key = :key AND revoked_at IS NULL
             RETURNING token_key"""
    return [number(row[0]) for row in tx.rows(sql, at=microseconds(at), key=account_key)]


def tokens(tx: ReadTransaction) -> list[Row]:
    """Every token that was ever made: three accounts it ends with, key, name, scopes, made, expires, used, revoked."""
    return tx.rows(
        "SELECT created_by, laboratory_key, answerable_key, token_key, name, scopes, created_at, expires_at, "
        "last_used_at, revoked_at FROM machine_tokens ORDER BY token_key"
    )
