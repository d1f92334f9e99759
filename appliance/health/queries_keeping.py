"""The SQL of how the box keeps, over all that does it: what the overview puts together, in a few small reads."""

from dataclasses import dataclass
from datetime import date, datetime

from appliance.backup.queries import used_targets
from appliance.backup.target import Target
from appliance.clock import instant
from appliance.store.transactions import ReadTransaction


@dataclass(frozen=True)
class LastTest:
    """The last restore test of a target that came to an end; `verdict` is `proved`, `failed` or `could not run`."""

    verdict: str
    at: datetime
    file_count: int
    bytes: int
    fault_count: int


@dataclass(frozen=True, eq=False)
class TargetNow:
    """A place for copies that is in use: what is on it, and whether that was proved."""

    place: Target
    last: LastTest | None
    last_proved_at: datetime | None

    @property
    def name(self) -> str:
        return self.place.name


def targets_now(tx: ReadTransaction) -> list[TargetNow]:
    """Give every place for copies that is in use, by its name."""
    found = sorted(used_targets(tx), key=lambda one: (one.name, one.target_key))
    return [TargetNow(one, _last_test(tx, one.target_key), _last_proved_at(tx, one.target_key)) for one in found]


def _last_test(tx: ReadTransaction, target_key: int) -> LastTest | None:
    rows = tx.rows(
        "SELECT verdict, started_at, file_count, bytes, fault_count FROM restore_tests "
        "WHERE target_key = :target_key AND verdict IS NOT NULL ORDER BY test_key DESC LIMIT 1",
        target_key=target_key,
    )
    return LastTest(rows[0][0], instant(rows[0][1]), *rows[0][2:]) if rows else None


def _last_proved_at(tx: ReadTransaction, target_key: int) -> datetime | None:
    rows = tx.rows(
        "SELECT started_at FROM restore_tests WHERE target_key = :target_key AND verdict = 'proved' "
        "ORDER BY test_key DESC LIMIT 1",
        target_key=target_key,
    )
    return instant(rows[0][0]) if rows else None


def count_open_faults(tx: ReadTransaction) -> int:
    """Count what was found to be wrong with what is kept here, and is not mended."""
    rows = tx.rows(
        "SELECT count(*) FROM integrity_faults WHERE repaired_at IS NULL AND place IN ('vault', 'catalogue', 'audit')"
    )
    return int(rows[0][0])


@dataclass(frozen=True)
class EndsNow:
    """What is past its time, what waits for a second person, what is not erased everywhere yet."""

    past_time: int
    waiting: int
    unproved: int


def ends_now(tx: ReadTransaction, day: date) -> EndsNow:
    """Count what is to end: of studies those whose last day lies before a day."""
    past = tx.rows("SELECT count(*) FROM retention_ends WHERE kept_until < :day", day=day.isoformat())
    waiting = tx.rows(
        "SELECT count(*) FROM erasure_proposals "
        "WHERE approved_at IS NULL AND alone = 0 AND cancelled_at IS NULL AND done_at IS NULL"
    )
    unproved = tx.rows("SELECT count(DISTINCT erasure_key) FROM erasure_proofs WHERE ended_at IS NULL")
    return EndsNow(int(past[0][0]), int(waiting[0][0]), int(unproved[0][0]))
