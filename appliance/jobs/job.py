"""What a job is, and what it is given while it runs.

A job may be cut off at any moment, and run again from the start: it must
leave what the next run completes.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from appliance.clock import Clock
from appliance.errors import Unavailable, Unsuitable
from appliance.jobs import queries
from appliance.jobs.schedule import Schedule
from appliance.store.database import Database

_NOTE_EVERY_SECONDS = 1.0
_CODE = re.compile(r"[a-z][a-z0-9 -]{0,60}")


class Stopped(Unavailable):
    """A job ends early because the process has to: the run counts as cut off and is made good soon."""


@dataclass
class Run:
    """One run of a job; only the thread that runs it may use it, but `last_sign_at`.

    Attributes:
        run_key: Its row.
        clock: The time.
        database: Where progress is noted.
        is_ending: Whether this process was told to end.
        last_sign_at: When it last told that it goes on, on the monotonic clock.
        was_stopped: The job was told to stop.
        fault: The first code of what failed.
        failed_count: How often something did.
        is_asked: A person wanted it, whether anything is due or not.
    """

    run_key: int
    clock: Clock
    database: Database
    is_ending: Callable[[], bool]
    last_sign_at: float = 0.0
    was_stopped: bool = False
    fault: str | None = None
    failed_count: int = 0
    is_asked: bool = False
    _noted_at: float = field(default=float("-inf"))
    _latest: tuple[tuple[int, int | None], tuple[int, int | None]] | None = None

    def stopping(self) -> bool:
        """Say whether to leave off; whoever was told so and returns has not finished. Also a sign of life."""
        self.last_sign_at = self.clock.monotonic()
        self.was_stopped = self.was_stopped or self.is_ending()
        return self.was_stopped

    def check(self) -> None:
        """Leave off if that is wanted.

        Raises:
            Stopped: The process has to end.
        """
        if self.stopping():
            raise Stopped("the process ends before this job did")

    def progress(
        self, done: int, total: int | None = None, bytes_done: int = 0, bytes_total: int | None = None
    ) -> None:
        """Tell how far it is, as often as it likes: it is written once a second, and at the end.

        Not from inside a transaction.
        """
        self.last_sign_at = self.clock.monotonic()
        self._latest = (done, total), (bytes_done, bytes_total)
        if self.last_sign_at >= self._noted_at + _NOTE_EVERY_SECONDS:
            self._noted_at = self.last_sign_at
            self.flush()

    def failed(self, code: str, count: int = 1) -> None:
        """Tell that something failed: the run ends as failed, under the first code that it told.

        Args:
            code: Of the job's closed list: a few plain words without data.
            count: How many times it did.
        """
        if not _CODE.fullmatch(code):
            raise Unsuitable("a run's fault is a few lower-case words")
        self.fault = self.fault or code
        self.failed_count += count

    def flush(self) -> None:
        """Write what was last told."""
        if self._latest is not None:
            with self.database.write() as tx:
                queries.note_progress(tx, self.run_key, *self._latest)
            self._latest = None


@dataclass(frozen=True)
class Job:
    """Something the box does by itself.

    Attributes:
        name: What people know it by; jobs are never renamed, their runs are kept by name.
        schedule: When it is due.
        work: Does it; what it raises ends the run as failed.
        lane: Jobs of one lane wait for each other; an empty one is a lane of its own.
        patience: How long it may give no sign (`progress`, `stopping`) before this process is ended and started anew.
    """

    name: str
    schedule: Schedule
    work: Callable[[Run], None]
    lane: str = ""
    patience: timedelta = timedelta(hours=6)
