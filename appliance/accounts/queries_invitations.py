"""SQL of one-time codes by which people choose their first password."""

from datetime import datetime

from appliance.accounts.queries import maybe_instant, number
from appliance.clock import instant, microseconds
from appliance.store.transactions import ReadTransaction, WriteTransaction


def insert_invitation(
    tx: WriteTransaction, account_key: int, code_hash: bytes, made_by: int | None, at: datetime, expires_at: datetime
) -> None:
    """Add an invitation that begins now; whoever made it has seen its code."""
    tx.change(
        """INSERT INTO invitations (account_key, code_hash, made_by, created_at, expires_at)
           VALUES (:account, :hash, :by, :at, :expires)""",
        account=account_key,
        hash=code_hash,
        by=made_by,
        at=microseconds(at),
        expires=microseconds(expires_at),
    )


def find_invited(tx: ReadTransaction, code_hash: bytes, now: datetime, made_by: datetime) -> int | None:
    """The account that this code invites now; the invitation was made by then at the latest."""
    rows = tx.rows(
        """SELECT account_key FROM invitations JOIN accounts USING (account_key) WHERE code_hash = :hash
           AND ended_at IS NULL AND expires_at > :now AND invitations.created_at <= :made_by AND disabled_at IS NULL""",
        hash=code_hash,
        now=microseconds(now),
        made_by=microseconds(made_by),
    )
    return number(rows[0][0]) if rows else None


def end_invitations_of(tx: WriteTransaction, account_key: int, at: datetime) -> int:
    """Let no code of a person invite any more; gives how many did."""
    sql = "UPDATE invitations SET ended_at = :at WHERE account_key = :account AND ended_at IS NULL"
    return tx.change(sql, at=microseconds(at), account=account_key)


def end_invitations_made_by(tx: WriteTransaction, account_key: int, at: datetime) -> list[int]:
    """Let no code that a person made for somebody invite any more; gives whom they invited still."""
    rows = tx.rows(
        """UPDATE invitations SET ended_at = :at WHERE made_by = :by AND ended_at IS NULL
           RETURNING account_key, expires_at""",
        at=microseconds(at),
        by=account_key,
    )
    return [number(invited) for invited, expires_at in rows if number(expires_at) > microseconds(at)]


def invited_until(tx: ReadTransaction, account_key: int, now: datetime) -> datetime | None:
    """Until when a code invites this person, or None when none does."""
    sql = """SELECT max(expires_at) FROM invitations
             WHERE account_key = :account AND ended_at IS NULL AND expires_at > :now"""
    return maybe_instant(tx.rows(sql, account=account_key, now=microseconds(now))[0][0])


def invitations_of(tx: ReadTransaction, account_key: int) -> list[tuple[datetime, datetime, datetime | None]]:
    """When each invitation of a person was made, until when it was good, and when it ended, the oldest first."""
    rows = tx.rows(
        "SELECT created_at, expires_at, ended_at FROM invitations WHERE account_key = :account ORDER BY created_at",
        account=account_key,
    )
    return [(instant(number(made)), instant(number(until)), maybe_instant(ended)) for made, until, ended in rows]
