"""Whether the clock can be believed: it notices that it was set, also while the box was off.

Guards: a clock that was set while the box runs is noticed by what passed
meanwhile; one that was set back while it was off, by what was last noted. A
time without power cannot be told from a clock that was set forward while it
was off: one of more than two days counts as a jump until the box has run
seven days or a person has said that the clock is right. What a clock is set right by
after a cold start, less than an hour in all, puts nothing in doubt.
Leaves out: setting the clock, which is the machine's own.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from appliance.clock import DRIFT, Clock
from appliance.jobs import queries
from appliance.store.transactions import ReadTransaction, WriteTransaction

DOUBT = timedelta(days=7)
HARMLESS = timedelta(hours=1)  # a clock that was right within this much makes nothing due that is not
LONGEST_REST = timedelta(days=2)
_MARK_EVERY_SECONDS = 60.0


def has_jumped(tx: ReadTransaction, clock: Clock) -> bool:
    """Say whether the clock was set, or may have been, so lately that nothing may be deleted by its date.

    It is also in doubt while it is behind what it was last known to say, and before anything is known of it.
    """
    mark, now = queries.clock_mark(tx), clock.now()
    if mark is None or mark.at - now > DRIFT or now - mark.at > LONGEST_REST:
        return True
    if mark.jumped_at is None or mark.jumped_by is None:
        return False
    return abs(mark.jumped_by) >= HARMLESS and now - mark.jumped_at < DOUBT


def believe_clock(tx: WriteTransaction, clock: Clock) -> None:
    """Take a person's word that the clock is right: what was noted before it is over."""
    queries.mark_clock(tx, clock.now())
    queries.forget_jump(tx)


@dataclass
class ClockWatch:
    """Notices jumps for one process, which asks it at least once a minute."""

    clock: Clock
    _started_at: datetime | None = None
    _mark_at: float = field(default=float("-inf"))

    def is_due(self) -> bool:
        """Say whether `look` has something to note: a jump, or that a minute went by."""
        return self._jump() is not None or self.clock.monotonic() >= self._mark_at

    def look(self, tx: WriteTransaction) -> timedelta:
        """Note what the clock says, and how far it was set since this was last asked; zero for not at all."""
        jump = self._jump()
        if self._started_at is None:
            jump = _jump_while_off(tx, self.clock.now())
        now = self.clock.now()
        queries.mark_clock(tx, now)
        self._started_at = self._start()
        self._mark_at = self.clock.monotonic() + _MARK_EVERY_SECONDS
        if jump:
            queries.note_jump(tx, now, round(jump.total_seconds()), DOUBT)
        return jump or timedelta()

    def _start(self) -> datetime:
        """Give when the clock's measure of passing time began: the same as long as nobody sets the clock."""
        return self.clock.now() - timedelta(seconds=self.clock.monotonic())

    def _jump(self) -> timedelta | None:
        if self._started_at is None:
            return None
        jump = self._start() - self._started_at
        return jump if abs(jump) > DRIFT else None


def _jump_while_off(tx: ReadTransaction, now: datetime) -> timedelta | None:
    mark = queries.clock_mark(tx)
    if mark is None:
        return None
    passed = now - mark.at
    return passed if passed < -DRIFT or passed > LONGEST_REST else None
