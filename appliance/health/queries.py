"""The SQL of the disk's readings."""

from dataclasses import dataclass
from datetime import datetime

from appliance.clock import instant, microseconds
from appliance.store.transactions import ReadTransaction, WriteTransaction


@dataclass(frozen=True)
class DiskReading:
    """The disk of the data folder at one moment, and how much of it scans take, which are never deleted for room."""

    at: datetime
    total_bytes: int
    free_bytes: int
    stored_bytes: int


def stored_bytes(tx: ReadTransaction) -> int:
    """Sum the sealed files but for packs, which are dropped for room and made again."""
    rows = tx.rows(
        "SELECT coalesce(sum(plaintext_bytes), 0) FROM files WHERE file_id NOT IN (SELECT file_id FROM packs)"
    )
    return int(rows[0][0])


def packs_bytes(tx: ReadTransaction) -> int:
    """Sum the packs."""
    rows = tx.rows("SELECT coalesce(sum(plaintext_bytes), 0) FROM files JOIN packs USING (file_id)")
    return int(rows[0][0])


def add_reading(tx: WriteTransaction, reading: DiskReading) -> None:
    """Keep a reading; of two at one moment the later counts."""
    tx.change(
        "INSERT OR REPLACE INTO disk_readings (at, total_bytes, free_bytes, stored_bytes) "
        "VALUES (:at, :total, :free, :stored)",
        at=microseconds(reading.at), total=reading.total_bytes, free=reading.free_bytes, stored=reading.stored_bytes,
    )  # fmt: skip


def readings(tx: ReadTransaction, since: datetime) -> list[DiskReading]:
    """Give the readings from then on, the oldest first."""
    found = tx.rows(
        "SELECT at, total_bytes, free_bytes, stored_bytes FROM disk_readings WHERE at >= :since ORDER BY at",
        since=microseconds(since),
    )
    return [DiskReading(instant(at), total, free, stored) for at, total, free, stored in found]


def thin_readings(tx: WriteTransaction, before: datetime, oldest: datetime) -> int:
    """Keep one reading a day of those before a moment, and none that is older than `oldest`; give how many went."""
    thinned = tx.change(
        "DELETE FROM disk_readings WHERE at < :before AND at NOT IN "
        "(SELECT max(at) FROM disk_readings WHERE at < :before GROUP BY at / 86400000000)",
        before=microseconds(before),
    )
    return thinned + tx.change("DELETE FROM disk_readings WHERE at < :oldest", oldest=microseconds(oldest))
