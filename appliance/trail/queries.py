"""SQL of looking through the trail: days, what was unusual, where else it was sent, which settings were kept."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from appliance.audit.chain import Head
from appliance.store.transactions import ReadTransaction, Row, WriteTransaction
from appliance.trail.unusual import Finding, Kind

_DAY = "SELECT day_key, made_at, first_sequence, last_sequence, chain, reviewed_at, reviewed_by FROM trail_days"


@dataclass(frozen=True, slots=True)
class Day:
    """One look through what was new; times are in microseconds since 1970."""

    day_key: int
    made_at: int
    first_sequence: int
    last_sequence: int
    chain: bytes
    reviewed_at: int | None
    reviewed_by: int | None

    @property
    def head(self) -> Head:
        """The day's anchor."""
        return Head(self.last_sequence, self.chain)


def last_day(tx: ReadTransaction) -> Day | None:
    """Give the newest look."""
    return next(iter(days(tx, 1)), None)


def days(tx: ReadTransaction, count: int, before: int | None = None) -> list[Day]:
    """Give looks, the newest first; `before` is the last key of the page above."""
    sql = f"{_DAY} WHERE (:before IS NULL OR day_key < :before) ORDER BY day_key DESC LIMIT :count"
    return [_day(row) for row in tx.rows(sql, before=before, count=count)]


def all_anchors(tx: ReadTransaction) -> list[Head]:
    """Give every anchor that the box knows: each day's, the oldest first, then those that it carried elsewhere."""
    rows = tx.rows("SELECT last_sequence, chain FROM trail_days ORDER BY day_key")
    return [*(Head(int(sequence), bytes(chain)) for sequence, chain in rows), *carried_anchors(tx)]


def carried_anchors(tx: ReadTransaction) -> list[Head]:
    """Give every anchor that this box noted when it carried it to a place for copies, the oldest first."""
    rows = tx.rows(
        """SELECT DISTINCT audit_sequence, audit_chain FROM backup_snapshots WHERE audit_sequence > 0
           ORDER BY audit_sequence"""
    )
    return [Head(int(sequence), bytes(chain)) for sequence, chain in rows]


def find_day(tx: ReadTransaction, day_key: int) -> Day | None:
    """Give one look."""
    return next((_day(row) for row in tx.rows(f"{_DAY} WHERE day_key = :key", key=day_key)), None)


def first_since(tx: ReadTransaction, at: int) -> int | None:
    """Give the lowest sequence of what happened since; None where nothing did."""
    found = tx.rows("SELECT min(sequence) FROM audit_events WHERE at >= :at", at=at)[0][0]
    return None if found is None else int(found)


def oldest_event_at(tx: ReadTransaction) -> int | None:
    """Say when the first event was, in microseconds since 1970; None where there is none."""
    rows = tx.rows("SELECT at FROM audit_events ORDER BY sequence LIMIT 1")
    return int(rows[0][0]) if rows else None


def addresses_of(tx: ReadTransaction, account_key: int, before: int) -> frozenset[str]:
    """Say where an account signed in from, before an event."""
    rows = tx.rows(
        """SELECT DISTINCT address FROM audit_events WHERE actor_kind = 'account' AND actor_key = :key
             AND event = 'logged in' AND address IS NOT NULL AND sequence < :before""",
        key=account_key, before=before,
    )  # fmt: skip
    return frozenset(str(row[0]) for row in rows)


def add_day(tx: WriteTransaction, made_at: int, first_sequence: int, head: Head, found: Sequence[Finding]) -> int:
    """Keep a look and what was unusual; give its key."""
    rows = tx.rows(
        """INSERT INTO trail_days (made_at, first_sequence, last_sequence, chain)
           VALUES (:at, :first, :last, :chain) RETURNING day_key""",
        at=made_at, first=first_sequence, last=head.sequence, chain=head.chain,
    )  # fmt: skip
    day_key = int(rows[0][0])
    for one in found:
        tx.change(
            """INSERT INTO trail_findings (day_key, kind, actor_kind, actor_key, address, count, first_sequence,
                 last_sequence, at)
               VALUES (:day, :kind, :actor_kind, :actor_key, :address, :count, :first_sequence, :last_sequence, :at)""",
            day=day_key, **(asdict(one) | {"kind": one.kind.value}),
        )  # fmt: skip
    return day_key


def findings(tx: ReadTransaction, day_key: int) -> list[Finding]:
    """Give what was unusual in a look."""
    rows = tx.rows(
        """SELECT kind, actor_kind, actor_key, address, count, first_sequence, last_sequence, at FROM trail_findings
           WHERE day_key = :key ORDER BY finding_key""",
        key=day_key,
    )
    return [Finding(Kind(row[0]), *row[1:]) for row in rows]


def count_waiting(tx: ReadTransaction) -> int:
    """Count what was unusual and nobody has looked at yet."""
    sql = "SELECT count(*) FROM trail_findings JOIN trail_days USING (day_key) WHERE reviewed_at IS NULL"
    return int(tx.rows(sql)[0][0])


def set_reviewed(tx: WriteTransaction, day_key: int, at: int, account_key: int) -> bool:
    """Note that somebody has looked; False where somebody had, or there is no such day."""
    sql = "UPDATE trail_days SET reviewed_at = :at, reviewed_by = :by WHERE day_key = :key AND reviewed_at IS NULL"
    return tx.change(sql, at=at, by=account_key, key=day_key) == 1


def sent_up_to(tx: ReadTransaction, destination: str) -> int:
    """Give the last sequence that a place has taken; 0 where it has taken none."""
    rows = tx.rows("SELECT last_sequence FROM trail_forwarding WHERE destination = :to", to=destination)
    return int(rows[0][0]) if rows else 0


def note_sent(tx: WriteTransaction, destination: str, sequence: int, at: int) -> None:
    """Note that a place has taken the trail up to an event."""
    tx.change(
        """INSERT INTO trail_forwarding (destination, last_sequence, sent_at) VALUES (:to, :sequence, :at)
           ON CONFLICT (destination) DO UPDATE SET last_sequence = :sequence, sent_at = :at""",
        to=destination, sequence=sequence, at=at,
    )  # fmt: skip


def kept_settings(tx: ReadTransaction) -> dict[str, bytes]:
    """Give the digest of each setting that the box ran with last."""
    return {str(name): bytes(digest) for name, digest in tx.rows("SELECT name, digest FROM settings_kept")}


def keep_settings(tx: WriteTransaction, digests: Mapping[str, bytes]) -> None:
    """Keep the digests of these settings, and of no others."""
    tx.change("DELETE FROM settings_kept")
    for name, digest in digests.items():
        tx.change("INSERT INTO settings_kept (name, digest) VALUES (:name, :digest)", name=name, digest=digest)


def study_uid(tx: ReadTransaction, study_key: int) -> str | None:
    """Give a study's Study Instance UID; None where it is erased."""
    rows = tx.rows("SELECT study_instance_uid FROM studies WHERE study_key = :key", key=study_key)
    return str(rows[0][0]) if rows else None


def _day(row: Row) -> Day:
    day_key, made_at, first, last, chain, reviewed_at, reviewed_by = row
    return Day(day_key, made_at, first, last, bytes(chain), reviewed_at, reviewed_by)
