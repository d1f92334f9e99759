"""SQL of what becomes of backup targets when the box gets another root secret."""

from datetime import datetime

from appliance.clock import microseconds
from appliance.store.transactions import ReadTransaction, WriteTransaction


def reseal_credentials(tx: WriteTransaction, target_key: int, sealed: bytes | None) -> None:
    """Keep the same credentials under another key; None where there are none."""
    tx.change("UPDATE backup_targets SET sealed_credentials = :sealed WHERE target_key = :key",
              key=target_key, sealed=sealed)  # fmt: skip


def end_targets_of_root(tx: WriteTransaction, root_number: int, at: datetime) -> None:
    """Note of every target of today's root that it belongs to that one, which ends; nothing is copied there any more.

    Their credentials stay, for what lies there still has to be pruned.
    """
    tx.change(
        "UPDATE backup_targets SET root_key = :root, removed_at = coalesce(removed_at, :at) WHERE root_key IS NULL",
        root=root_number, at=microseconds(at),
    )  # fmt: skip


def root_of_target(tx: ReadTransaction, target_key: int) -> int | None:
    """Give the number of the root that a target's passwords come from; None is today's."""
    rows = tx.rows("SELECT root_key FROM backup_targets WHERE target_key = :key", key=target_key)
    return None if not rows or rows[0][0] is None else int(rows[0][0])


def targets_of_roots_before(tx: ReadTransaction) -> list[int]:
    """Give the keys of the targets of earlier roots that nobody declared destroyed."""
    rows = tx.rows(
        "SELECT target_key FROM backup_targets WHERE root_key IS NOT NULL AND destroyed_at IS NULL ORDER BY target_key"
    )
    return [int(row[0]) for row in rows]


def copy_all_anew(tx: WriteTransaction) -> None:
    """Let every target that is used get a whole run as soon as it is there."""
    tx.change("UPDATE backup_targets SET copied_through = NULL WHERE removed_at IS NULL")
