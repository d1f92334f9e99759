"""SQL of copies of the catalogue that were begun on a target and not accounted for since."""

import json
from collections.abc import Sequence
from datetime import datetime

from appliance.audit.chain import Head
from appliance.clock import microseconds
from appliance.store.transactions import ReadTransaction, WriteTransaction


def begin_copy(tx: WriteTransaction, target_key: int, head: Head, at: datetime) -> int:
    """Note that a catalogue is about to be copied to a target, and give that note's key."""
    rows = tx.rows(
        "INSERT INTO begun_copies (target_key, audit_sequence, taken_at) VALUES (:target, :sequence, :at) "
        "RETURNING copy_key",
        target=target_key, sequence=head.sequence, at=microseconds(at),
    )  # fmt: skip
    return int(rows[0][0])


def begun_copies(tx: ReadTransaction, target_key: int) -> list[int]:
    """Give the notes of a target that are left."""
    rows = tx.rows("SELECT copy_key FROM begun_copies WHERE target_key = :key", key=target_key)
    return [int(row[0]) for row in rows]


def end_copies(tx: WriteTransaction, copy_keys: Sequence[int]) -> None:
    """Forget these: a row tells what became of them, or nothing of them is left there."""
    tx.change(
        "DELETE FROM begun_copies WHERE copy_key IN (SELECT value FROM json_each(:keys))",
        keys=json.dumps(list(copy_keys)),
    )
