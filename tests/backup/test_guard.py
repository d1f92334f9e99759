"""Who leaves a repository leaves it at once, also while another thread starts a program."""

import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from appliance.backup.faults import BackupFailed, Fault
from appliance.backup.guard import Guard


@contextmanager
def forked() -> Iterator[None]:
    """Have a child that has all open what this process has open, as one has until it becomes its program."""
    child = os.fork()
    if child == 0:
        signal.pause()
        os._exit(0)
    try:
        yield
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


@pytest.mark.parametrize("alone", [False, True])
def test_a_child_that_was_just_forked_holds_nothing_that_its_parent_left(tmp_path: Path, *, alone: bool) -> None:
    guard = Guard(tmp_path / "guard")
    with ExitStack() as until_the_end:
        with guard.alone() if alone else guard.shared():
            until_the_end.enter_context(forked())
        with guard.alone():
            pass


def test_whoever_is_alone_keeps_all_others_out_until_the_end(tmp_path: Path) -> None:
    guard = Guard(tmp_path / "guard")
    for again in (guard.shared, guard.alone):
        with guard.alone(), pytest.raises(BackupFailed) as failed, again():
            raise AssertionError("two at once")
        assert failed.value.fault is Fault.BUSY
    with guard.shared(), guard.shared():
        pass
