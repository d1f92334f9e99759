"""Does the same for several targets at once, each on a thread of its own, so that a slow one holds up no other.

Guards: what fails on one target is told and keeps no other back; a disk that
is away, or one that somebody is at work on, is no failure. The process that
ends stops all of them. Leaves out: what is done, and who tells the clinic.
"""

import threading
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass, field
from logging import getLogger

from appliance.backup.engine import OnProgress, Progress
from appliance.backup.faults import BackupFailed, Fault
from appliance.backup.parts import BackupParts
from appliance.backup.target import Target
from appliance.errors import Refused, Unavailable
from appliance.jobs.job import Run, Stopped

_LOOK_SECONDS = 0.5  # how often the thread that waits says that the job goes on
log = getLogger(__name__)

Work = Callable[[Target, OnProgress], object]


@dataclass
class SideBySide:
    """One job's work on targets.

    Attributes:
        parts: Collaborators.
        run: The run; the threads tell it through this, one at a time.
        work: What to do for a target; it tells of progress by what it is given, which may raise to stop it.
        quiet: Faults that are no failure.
    """

    parts: BackupParts
    run: Run
    work: Work
    quiet: Set[Fault]
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _threads: dict[int, threading.Thread] = field(default_factory=dict)
    _told: dict[int, Progress] = field(default_factory=dict)
    _busy: list[Target] = field(default_factory=list)
    _bug: Exception | None = None

    def once(self, targets: Sequence[Target]) -> list[Target]:
        """Do it for each; give those that somebody else was at work on.

        Raises:
            Stopped: The process ends.
        """
        self._begin(targets)
        while self._goes_on():
            pass
        self._end()
        return self._busy

    def again(self, targets: Callable[[], Sequence[Target]], seconds: float) -> None:
        """Do it for each, and so often anew for those that are done, until all are done at the same time.

        Raises:
            Stopped: The process ends.
        """
        self._begin(targets())
        begun_at = self.run.clock.monotonic()
        while self._goes_on():
            if self.run.clock.monotonic() - begun_at >= seconds and not self.run.was_stopped:
                begun_at = self.run.clock.monotonic()
                self._begin([one for one in targets() if one.target_key not in self._threads])
        self._end()

    def _begin(self, targets: Sequence[Target]) -> None:
        for target in targets:
            if self.run.stopping():
                return
            thread = threading.Thread(target=self._do, args=(target,), name=f"target {target.target_key}")
            self._threads[target.target_key] = thread
            thread.start()

    def _goes_on(self) -> bool:
        """Wait a little; say whether any is still at work. Also a sign of life, and what tells them to stop."""
        for key, thread in list(self._threads.items()):
            thread.join(_LOOK_SECONDS if len(self._threads) == 1 else _LOOK_SECONDS / len(self._threads))
            if not thread.is_alive():
                del self._threads[key]
        self.run.stopping()
        return bool(self._threads)

    def _end(self) -> None:
        if self._bug is not None:
            raise self._bug
        self.run.check()

    def _do(self, target: Target) -> None:
        try:
            self.work(target, lambda progress: self._heard(target, progress))
        except Stopped:
            pass
        except BackupFailed as failed:
            self._failed(target, failed.fault, failed)
        except Refused as refused:
            self._failed(target, Fault.NOT_OURS, refused)
        except Unavailable as fault:
            self._failed(target, Fault.FAILED, fault)
        except Exception as bug:  # noqa: BLE001  a bug: the thread that waits raises it
            self._bug = bug
        finally:
            self.parts.database.close()

    def _failed(self, target: Target, fault: Fault, why: Exception) -> None:
        with self._lock:
            if fault is Fault.BUSY:
                self._busy.append(target)
            if fault not in self.quiet:
                log.warning("backup target %d: %s", target.target_key, why)
                self.run.failed(fault.value)

    def _heard(self, target: Target, progress: Progress) -> None:
        """Tell how far all of them are together."""
        with self._lock:
            self.run.check()
            self._told[target.target_key] = progress
            every = self._told.values()
            totals = [(one.files_total, one.bytes_total) for one in every]
            files = None if any(one is None for one, _ in totals) else sum(one or 0 for one, _ in totals)
            bytes_ = None if any(one is None for _, one in totals) else sum(one or 0 for _, one in totals)
            self.run.progress(sum(one.files_done for one in every), files, sum(one.bytes_done for one in every), bytes_)
