"""Several targets at once: a slow one holds up no other, whatever fails is told, an ending process stops all."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest

from appliance.backup.engine import OnProgress, Progress
from appliance.backup.faults import BackupFailed, Fault, NotOurs
from appliance.backup.side_by_side import SideBySide
from appliance.backup.target import Target, location_of
from appliance.errors import OutOfSpace
from appliance.jobs.job import Run, Stopped
from tests.backup.a_backup import BackedUp

FIRST = Target(1, bytes(16), "x", location_of("folder", {"path": "/x"}), None, False, time(1, 30), timedelta(1),
               timedelta(7), datetime(2031, 1, 1, tzinfo=UTC))  # fmt: skip
SECOND, THIRD = replace(FIRST, target_key=2), replace(FIRST, target_key=3)
PATIENCE = 20.0


@pytest.fixture
def clinic(tmp_path: Path) -> BackedUp:
    return BackedUp(tmp_path / "data")


def run_of(clinic: BackedUp, is_ending: Callable[[], bool] = lambda: False) -> Run:
    return Run(1, clinic.clock, clinic.database, is_ending)


def test_while_one_is_slow_the_others_are_looked_at_again(clinic: BackedUp) -> None:
    looks: list[int] = []
    enough = threading.Event()

    def work(target: Target, _: OnProgress) -> None:
        if target is FIRST:
            assert enough.wait(PATIENCE)
        looks.append(target.target_key)
        if looks.count(2) == 3:
            enough.set()

    SideBySide(clinic.backup, run_of(clinic), work, set()).again(lambda: [FIRST, SECOND], 0.0)
    assert looks.count(1) >= 1
    assert looks.index(1) >= 3, "the slow one came after three looks at the other"


def test_what_fails_on_one_is_told_and_keeps_no_other_back(clinic: BackedUp) -> None:
    raised = {1: BackupFailed(Fault.FULL), 2: NotOurs("x"), 3: OutOfSpace("x"), 4: BackupFailed(Fault.UNPLUGGED)}
    done: list[int] = []

    def work(target: Target, _: OnProgress) -> None:
        done.append(target.target_key)
        if target.target_key in raised:
            raise raised[target.target_key]

    run = run_of(clinic)
    targets = [replace(FIRST, target_key=key) for key in range(1, 6)]
    assert SideBySide(clinic.backup, run, work, {Fault.UNPLUGGED}).once(targets) == []
    assert sorted(done) == [1, 2, 3, 4, 5]
    assert run.failed_count == 3
    raised = {2: BackupFailed(Fault.BUSY)}
    assert SideBySide(clinic.backup, run, work, {Fault.BUSY}).once(targets) == [targets[1]]


def test_how_far_all_are_is_told_together(clinic: BackedUp) -> None:
    with clinic.database.write() as tx:
        tx.change("INSERT INTO runs (run_key, job, started_at, done_count, failed_count) VALUES (1, 'backup', 1, 0, 0)")
    told = {1: Progress(1, 2, 10, 20), 2: Progress(3, 4, 30, 40), 3: Progress(5, None, 50, None)}
    run = run_of(clinic)
    for targets, expected in (([FIRST, SECOND], (4, 6, 40, 60)), ([FIRST, THIRD], (6, None, 60, None))):
        SideBySide(clinic.backup, run, lambda one, heard: heard(told[one.target_key]), set()).once(targets)
        run.flush()
        kept = "SELECT done_count, total_count, bytes_done, bytes_total FROM runs"
        assert clinic.rows(kept) == [expected]


def test_an_ending_process_stops_all_and_a_bug_is_raised_where_it_is_seen(clinic: BackedUp) -> None:
    ending, stopped = threading.Event(), []

    def work(target: Target, heard: OnProgress) -> None:
        ending.set()
        try:
            while True:
                heard(Progress())
        except Stopped:
            stopped.append(target.target_key)
            raise

    with pytest.raises(Stopped):
        SideBySide(clinic.backup, run_of(clinic, ending.is_set), work, set()).again(lambda: [FIRST, SECOND], 0.0)
    assert 1 in stopped
    with pytest.raises(ZeroDivisionError):
        SideBySide(clinic.backup, run_of(clinic), lambda one, _: 1 // (one.target_key - 1), set()).once([FIRST, SECOND])
