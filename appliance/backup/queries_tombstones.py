"""SQL of which erasures' tombstones lie on which target."""

from datetime import datetime

from appliance.clock import microseconds
from appliance.store.transactions import ReadTransaction, WriteTransaction


def newest_erasure(tx: ReadTransaction) -> int:
    """Give the key of the newest erasure, 0 before the first."""
    return int(tx.rows("SELECT coalesce(max(erasure_key), 0) FROM erasures")[0][0])


def lacks_tombstones(tx: ReadTransaction, target_key: int) -> bool:
    """Say whether some tombstone does not lie on a target yet."""
    return bool(
        tx.rows(
            "SELECT 1 FROM erasures e LEFT JOIN erasure_proofs p ON p.erasure_key = e.erasure_key "
            "AND p.target_key = :target WHERE p.tombstones_at IS NULL "
            "AND EXISTS (SELECT 1 FROM tombstones t WHERE t.erasure_key = e.erasure_key) LIMIT 1",
            target=target_key,
        )
    )


def is_read_in(tx: ReadTransaction, target_key: int, line: int) -> bool:
    """Say whether a target's lists were read since an older catalogue was put to use for the `line`th time."""
    rows = tx.rows("SELECT coalesce(erasures_read_in, -1) FROM backup_targets WHERE target_key = :key", key=target_key)
    return int(rows[0][0]) >= line


def note_read(tx: WriteTransaction, target_key: int, line: int) -> None:
    """Note that all lists on a target were read."""
    tx.change("UPDATE backup_targets SET erasures_read_in = :line WHERE target_key = :key", line=line, key=target_key)


def note_carried(tx: WriteTransaction, target_key: int, newest: int, at: datetime) -> None:
    """Note that the tombstones of all erasures up to one lie on a target; since when stays as it was."""
    tx.change(
        "INSERT INTO erasure_proofs (erasure_key, target_key, tombstones_at) "
        "SELECT erasure_key, :target, :at FROM erasures WHERE erasure_key <= :newest "
        "ON CONFLICT (erasure_key, target_key) DO UPDATE SET tombstones_at = coalesce(tombstones_at, :at)",
        target=target_key, newest=newest, at=microseconds(at),
    )  # fmt: skip
