"""The real threads: a slow job holds up no other, none runs twice at once, whatever a job does is noted."""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from threading import Barrier, Event, Thread
from zoneinfo import ZoneInfo

import pytest

from appliance.clock import SystemClock
from appliance.errors import OutOfSpace, Tampered, Unsuitable
from appliance.jobs import queries
from appliance.jobs.asking import ask_run
from appliance.jobs.job import Job, Run, Stopped
from appliance.jobs.queries import RunRow
from appliance.jobs.running import Runner
from appliance.jobs.schedule import Every
from appliance.jobs.scheduler import Scheduler
from appliance.jobs.timetable import Timetable
from appliance.keys.hierarchy import Subkey
from appliance.store.database import Database
from appliance.store.runs import RunOutcome
from tests.jobs.a_timetable import Works
from tests.patience import PATIENCE
from tests.store.a_box import ABox

DAY = timedelta(days=1)


class Running:
    """A scheduler on a thread of its own."""

    def __init__(self, folder: Path, *jobs: Job) -> None:
        self.box = ABox(folder).create()
        self.stop, self.beats = Event(), 0
        timetable = Timetable(jobs, ZoneInfo("UTC"), self.box.database, SystemClock())
        timetable.open()
        runner = Runner(self.box.database, SystemClock(), self.stop.is_set)
        self.scheduler = Scheduler(timetable, runner, self._beat)
        self.thread = Thread(target=self.scheduler.run, args=(self.stop,))

    def _beat(self) -> None:
        self.beats += 1

    def runs(self, job: str) -> list[RunRow]:
        with self.box.database.read() as tx:
            return queries.runs_of(tx, job, 100)

    def until(self, holds: Callable[[], bool], seconds: float = 20.0) -> None:
        waited = Event()
        for _ in range(int(seconds * PATIENCE / 0.05)):
            if holds():
                return
            waited.wait(0.05)
        raise AssertionError("it did not come to that")


@contextmanager
def running(folder: Path, *jobs: Job) -> Iterator[Running]:
    with started(Running(folder, *jobs)) as one:
        yield one


@contextmanager
def started(one: Running) -> Iterator[Running]:
    one.thread.start()
    try:
        yield one
    finally:
        one.stop.set()
        one.thread.join(20)
        assert not one.thread.is_alive()


def test_a_slow_job_holds_up_no_other_and_never_runs_twice_at_once(tmp_path: Path) -> None:
    at_once: list[int] = []
    let_go, met = Event(), Barrier(2)

    def slow(run: Run) -> None:
        at_once.append(run.run_key)
        met.wait(20)
        let_go.wait(20)

    jobs = Job("slow", Every(timedelta(microseconds=1)), slow), Job("quick", Every(DAY), lambda _: None)
    with running(tmp_path, *jobs) as one:
        met.wait(20)
        one.until(lambda: bool(one.runs("quick")) and one.runs("quick")[0].outcome is RunOutcome.DONE)
        with one.box.database.write() as tx:
            ask_run(tx, "quick", SystemClock().now())
        one.until(lambda: len(one.runs("quick")) == 2)
        assert len(at_once) == 1, "it is due all the time, and in hand"
        met.abort()
        let_go.set()


@pytest.mark.parametrize(
    ("raised", "outcome", "fault"),
    [
        (None, RunOutcome.DONE, None),
        (OutOfSpace("no room"), RunOutcome.FAILED, "out of space"),
        (Tampered("not what it was"), RunOutcome.FAILED, "stored data is damaged"),
        (KeyError("Pérez^Ana"), RunOutcome.FAILED, "internal fault"),
        (Stopped("later"), RunOutcome.INTERRUPTED, None),
    ],
)
def test_however_a_job_ends_its_run_says_so_by_a_code(
    tmp_path: Path, raised: Exception | None, outcome: RunOutcome, fault: str | None
) -> None:
    def work(run: Run) -> None:
        run.progress(3, 4, 1000, 2000)
        if raised is not None:
            raise raised

    works = Works(tmp_path, [Job("backup", Every(DAY), work)])
    works.turn()
    (row,) = works.runs("backup")
    assert (row.outcome, row.fault, row.failed_count) == (outcome, fault, int(outcome is RunOutcome.FAILED))
    assert (row.done_count, row.total_count, row.bytes_done, row.bytes_total) == (3, 4, 1000, 2000)
    assert row.finished_at is not None


def test_what_a_job_tells_as_failed_fails_its_run_under_the_first_code(tmp_path: Path) -> None:
    def work(run: Run) -> None:
        run.failed("target unreachable")
        run.failed("snapshot damaged", 2)
        with pytest.raises(Unsuitable):
            run.failed("Pérez^Ana: /vault/00")

    works = Works(tmp_path, [Job("backup", Every(DAY), work)])
    works.turn()
    (row,) = works.runs("backup")
    assert (row.outcome, row.fault, row.failed_count) == (RunOutcome.FAILED, "target unreachable", 3)


def test_a_job_that_was_told_to_stop_has_not_finished(tmp_path: Path) -> None:
    def work(run: Run) -> None:
        assert run.stopping() is works.is_ending

    works = Works(tmp_path, [Job("backup", Every(DAY), work)])
    works.turn()
    works.is_ending = True
    works.let_pass(DAY)
    works.is_ending = False
    assert [run.outcome for run in works.runs("backup")][-1] is RunOutcome.INTERRUPTED
    with pytest.raises(Stopped):
        Run(1, works.clock, works.box.database, lambda: True).check()
    works.let_pass(timedelta(minutes=10))
    assert [run.outcome for run in works.runs("backup")][-1] is RunOutcome.DONE, "it is made good soon"


def test_progress_is_seen_while_it_runs_and_written_once_a_second_at_most(tmp_path: Path) -> None:
    seen: list[tuple[int, int | None]] = []

    def work(run: Run) -> None:
        for done in range(1, 2001):
            works.clock.let_pass(timedelta(milliseconds=1))
            run.progress(done, 2000)
            if done in {1, 1000, 1001, 2000}:
                (row,) = works.runs("backup")
                seen.append((row.done_count, row.total_count))

    works = Works(tmp_path, [Job("backup", Every(DAY), work)])
    works.turn()
    assert seen == [(1, 2000), (1, 2000), (1001, 2000), (1001, 2000)]
    assert works.runs("backup")[0].done_count == 2000, "and at the end"


def test_how_a_run_ended_is_heard_in_the_transaction_that_notes_it(tmp_path: Path) -> None:
    heard = []
    works = Works(tmp_path, [Job("backup", Every(DAY), lambda _: None)])
    works.runner = Runner(works.box.database, works.clock, on_end=lambda _tx, job, end: heard.append((job.name, end)))
    works.turn()
    assert heard == [("backup", RunOutcome.DONE)]


def test_the_watchdog_goes_unfed_while_a_job_is_silent_for_longer_than_it_may(tmp_path: Path) -> None:
    let_go = Event()

    def silent(_run: Run) -> None:
        let_go.wait(20)

    with running(tmp_path, Job("silent", Every(DAY), silent, patience=timedelta(seconds=1))) as one:
        one.until(lambda: bool(one.runs("silent")))
        Event().wait(2.5)
        before = one.beats
        Event().wait(2.5)
        assert one.beats == before
        let_go.set()
        one.until(lambda: one.beats > before)


def test_while_a_job_writes_the_catalogue_anew_the_watchdog_is_fed(tmp_path: Path) -> None:
    """As VACUUM has it: every writer is kept out, for far longer than SQLite lets anybody wait."""
    begun, let_go = Event(), Event()

    def rewrite(_: Run) -> None:
        held = Database(one.box.folder / "catalogue.db", one.box.keyring.key(Subkey.CATALOGUE), SystemClock())
        with one.box.database.gate.closed(), held.write():
            begun.set()
            let_go.wait(60)
        held.close()

    jobs = Job("prove erasures", Every(DAY), rewrite), Job("quick", Every(timedelta(microseconds=1)), lambda _: None)
    one = Running(tmp_path, *jobs)
    with started(one):
        assert begun.wait(20)
        before = one.beats
        one.until(lambda: one.beats >= before + 5, 1.5)
        let_go.set()
        one.until(lambda: one.runs("prove erasures")[0].outcome is RunOutcome.DONE)
        assert all(run.outcome in {RunOutcome.DONE, None} for run in one.runs("quick")), "who ran meanwhile has waited"


@pytest.mark.peer("mount")
@pytest.mark.as_root("mounts a small disk")
def test_on_a_full_disk_nothing_is_tried_each_second_and_the_watchdog_is_fed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    small = tmp_path / "small"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(small)], check=True)
    try:
        with running(small, Job("backup", Every(timedelta(seconds=4)), lambda _: None)) as one:
            one.until(lambda: bool(one.runs("backup")) and one.runs("backup")[0].outcome is RunOutcome.DONE)
            one.until(one.box.database.cut_log)
            with suppress(OSError), (small / "filler").open("wb", buffering=0) as filler:
                while True:  # ends by nothing else
                    filler.write(bytes(4096))
            before, logged = one.beats, len(caplog.records)
            Event().wait(8)
            told = [record.getMessage() for record in caplog.records[logged:]]
            refused = [words for words in told if "the disk is full" in words]
            assert 1 <= len(refused) <= 3, told
            assert one.beats > before
            (small / "filler").unlink()
            one.box.database.close()
    finally:
        subprocess.run(["umount", "-l", str(small)], check=True)


def test_at_the_end_what_runs_is_told_and_waited_for(tmp_path: Path) -> None:
    def works_on(run: Run) -> None:
        while not run.stopping():
            Event().wait(0.05)

    with running(tmp_path, Job("backup", Every(DAY), works_on)) as one:
        one.until(lambda: bool(one.runs("backup")))
    assert [run.outcome for run in one.runs("backup")] == [RunOutcome.INTERRUPTED]
