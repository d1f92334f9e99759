"""SQL of attempts at passwords and codes that were wrong."""

from dataclasses import dataclass
from datetime import datetime

from appliance.accounts.queries import maybe_instant, number
from appliance.clock import microseconds
from appliance.store.transactions import ReadTransaction, WriteTransaction


@dataclass(frozen=True, slots=True)
class Lane:
    """Which failures count together. What is None does not matter; an empty place is a stranger's.

    Attributes:
        but: The key of one that does not count.
    """

    tried_hash: bytes | None = None
    place_hash: bytes | None = None
    address: str | None = None
    but: int | None = None


_IN_LANE = """failed_at >= :since AND (:tried IS NULL OR user_name_hash = :tried)
  AND (:place IS NULL OR place_hash = :place) AND (:address IS NULL OR address = :address)
  AND (:but IS NULL OR failure_key != :but)"""


def insert_failure(tx: WriteTransaction, tried_hash: bytes, place_hash: bytes, address: str, at: datetime) -> int:
    """Count one attempt as failed until it is known better; gives its key."""
    rows = tx.rows(
        """INSERT INTO login_failures (user_name_hash, place_hash, address, failed_at)
           VALUES (:tried, :place, :address, :at) RETURNING failure_key""",
        tried=tried_hash,
        place=place_hash,
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


def latest_failure(tx: ReadTransaction, tried_hash: bytes, address: str) -> datetime | None:
    """When the last failure was for what is tried or from an address."""
    sql = """SELECT max(at) FROM (SELECT max(failed_at) AS at FROM login_failures WHERE user_name_hash = :tried
             UNION ALL SELECT max(failed_at) FROM login_failures WHERE address = :address)"""
    return maybe_instant(tx.rows(sql, tried=tried_hash, address=address)[0][0])


def bring_back_failures(tx: WriteTransaction, latest: datetime, at: datetime) -> int:
    """Let failures after the latest possible instant count from this one; gives how many there were."""
    sql = "UPDATE login_failures SET failed_at = :at WHERE failed_at > :latest"
    return tx.change(sql, latest=microseconds(latest), at=microseconds(at))


def count_failures(tx: ReadTransaction, lane: Lane, since: datetime) -> tuple[int, datetime | None]:
    """How many failures, and when the last was."""
    sql = f"SELECT count(*), max(failed_at) FROM login_failures WHERE {_IN_LANE}"  # noqa: S608  # the condition is written in this file
    found, last = tx.rows(sql, **_values(lane, since))[0]
    return number(found), maybe_instant(last)


def nth_latest_failure(tx: ReadTransaction, lane: Lane, since: datetime, nth: int) -> datetime | None:
    """When the nth failure from the last was, the last being the first; None when there were fewer."""
    sql = f"SELECT failed_at FROM login_failures WHERE {_IN_LANE} ORDER BY failed_at DESC LIMIT 1 OFFSET :skipped"  # noqa: S608  # the condition is written in this file
    rows = tx.rows(sql, skipped=nth - 1, **_values(lane, since))
    return maybe_instant(rows[0][0]) if rows else None


def _values(lane: Lane, since: datetime) -> dict[str, object]:
    return {
        "since": microseconds(since),
        "tried": lane.tried_hash,
        "place": lane.place_hash,
        "address": lane.address,
        "but": lane.but,
    }
