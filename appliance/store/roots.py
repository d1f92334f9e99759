"""Which roots this box had, and the subkeys of before that something still needs.

Guards: an earlier key is sealed under the same subkey of today's root, so that
nobody opens it who does not hold that one already; handing over moves all of
them at once. Leaves out: making a root, and the order in which it takes over
(`assembly/new_root.py`).
"""

from dataclasses import dataclass, field
from datetime import datetime

from appliance.clock import instant, microseconds
from appliance.errors import NotFound
from appliance.keys.hierarchy import Subkey, seal_earlier, unseal_earlier
from appliance.keys.secret import SecretKey
from appliance.store.transactions import ReadTransaction, WriteTransaction

ROTATED, COMPROMISED = "rotated", "compromised"


@dataclass(frozen=True)
class Root:
    """A root of this box, by what may be known of it.

    Attributes:
        number: From 1.
        fingerprint: Eight bytes that tell it from others.
        since: When it was taken into use.
        retired_at: When another took its place; None for today's.
        reason: Why: `rotated` or `compromised`.
        signing_public_key: What its signatures verify with, once it is retired; None where that was not kept.
    """

    number: int
    fingerprint: bytes
    since: datetime
    retired_at: datetime | None
    reason: str | None
    signing_public_key: bytes | None = None


@dataclass(frozen=True)
class Ending:
    """How a root ends.

    Attributes:
        at: When.
        reason: `rotated` or `compromised`.
        last_sequence: The last audit event under it.
        last_chain: Its link.
        signing_public_key: What its signatures verify with.
    """

    at: datetime
    reason: str
    last_sequence: int
    last_chain: bytes
    signing_public_key: bytes


@dataclass(frozen=True)
class KeptKey:
    """A subkey of before.

    Attributes:
        number: From 1, of its subkey.
        key: The key.
        root_number: The root that it came from.
        last_sequence: The last audit event while it was in use.
        ended_at: When another took its place.
    """

    number: int
    key: SecretKey = field(repr=False)
    root_number: int
    last_sequence: int
    ended_at: datetime


def note_root(tx: WriteTransaction, fingerprint: bytes, since: datetime) -> int:
    """Note today's root where that was not done yet, and give its number."""
    found = roots(tx)
    if found and found[-1].fingerprint == fingerprint:
        return found[-1].number
    rows = tx.rows(
        "INSERT INTO roots (fingerprint, since) VALUES (:fingerprint, :since) RETURNING root_key",
        fingerprint=fingerprint, since=microseconds(since),
    )  # fmt: skip
    return int(rows[0][0])


def roots(tx: ReadTransaction) -> list[Root]:
    """Give every root that this box had, today's last."""
    rows = tx.rows(
        "SELECT root_key, fingerprint, since, retired_at, reason, signing_public_key FROM roots ORDER BY root_key"
    )
    return [
        Root(number, fingerprint, instant(since), None if retired is None else instant(retired), reason, signing)
        for number, fingerprint, since, retired, reason, signing in rows
    ]


def end_root(tx: WriteTransaction, number: int, ending: Ending) -> None:
    """Note how a root ended."""
    tx.change(
        "UPDATE roots SET retired_at = :at, reason = :reason, last_sequence = :sequence, last_chain = :chain, "
        "signing_public_key = :signing WHERE root_key = :number",
        at=microseconds(ending.at), reason=ending.reason, sequence=ending.last_sequence, chain=ending.last_chain,
        signing=ending.signing_public_key, number=number,
    )  # fmt: skip


def keep_earlier(tx: WriteTransaction, subkey: Subkey, current: SecretKey, kept: KeptKey) -> None:
    """Keep a subkey of before, sealed under today's."""
    tx.change(
        "INSERT INTO earlier_keys (subkey, number, sealed_key, root_key, last_sequence, ended_at) "
        "VALUES (:subkey, :number, :sealed_key, :root_key, :last_sequence, :at)",
        subkey=subkey.value, number=kept.number, root_key=kept.root_number, last_sequence=kept.last_sequence,
        sealed_key=seal_earlier(current, subkey, kept.number, kept.key), at=microseconds(kept.ended_at),
    )  # fmt: skip


def earlier_keys(tx: ReadTransaction, subkey: Subkey, current: SecretKey) -> list[KeptKey]:
    """Give the subkeys of before, the oldest first.

    Raises:
        WrongKey: One does not open with today's.
    """
    rows = tx.rows(
        "SELECT number, sealed_key, root_key, last_sequence, ended_at FROM earlier_keys WHERE subkey = :subkey "
        "ORDER BY number",
        subkey=subkey.value,
    )  # fmt: skip
    return [
        KeptKey(number, unseal_earlier(current, subkey, number, sealed), root_number, last_sequence, instant(at))
        for number, sealed, root_number, last_sequence, at in rows
    ]


def replace_subkey(
    tx: WriteTransaction, subkey: Subkey, old: SecretKey, new: SecretKey, until: tuple[int, int, datetime]
) -> None:
    """Keep a subkey that ends now beside those before it, all sealed under the next one.

    Args:
        tx: The transaction.
        subkey: Which of them.
        old: What ends.
        new: What takes its place.
        until: Its root's number, the last audit event under it, and now.

    Raises:
        WrongKey: An earlier one does not open; then nothing of the transaction must stay.
    """
    before = earlier_keys(tx, subkey, old)
    root_number, last_sequence, at = until
    before.append(KeptKey(len(before) + 1, old, root_number, last_sequence, at))
    tx.change("DELETE FROM earlier_keys WHERE subkey = :subkey", subkey=subkey.value)
    for kept in before:
        keep_earlier(tx, subkey, new, kept)


def subkey_of_root(tx: ReadTransaction, subkey: Subkey, current: SecretKey, root_number: int | None) -> SecretKey:
    """Give the `audit` or `backup` subkey of one of this box's roots; None is today's.

    Raises:
        NotFound: No such root of before.
        WrongKey: It does not open with today's.
    """
    if root_number is None:
        return current
    for kept in earlier_keys(tx, subkey, current):
        if kept.root_number == root_number:
            return kept.key
    raise NotFound(f"there is no {subkey} key of root {root_number}")
