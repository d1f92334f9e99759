"""Where tests put what they write: with ENAMEL_TESTS_IN_MEMORY=1 into memory, where the machine has room.

The product waits for the disk at every step, and so would its tests, thousands of times. That it waits, and for what,
is told by the recorded and traced calls of `tests/faults`, which need no disk; what does need one asks for `disk_path`.
The tests of one part alone (`tests/parts.py`) run so.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest

MEMORY = Path("/dev/shm")  # noqa: S108  only a folder of this user alone below it is used
DISK = Path("/var/tmp")  # noqa: S108  only a folder that tempfile made below it is used
NEEDED_BYTES = 4 << 30

_PREFIX = "t-"
_OURS = pytest.StashKey[Path]()


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Let all temporary files of this run and of what it starts be in memory, if that is asked for."""
    is_elsewhere = "TMPDIR" in os.environ or config.option.basetemp is not None
    if os.environ.get("ENAMEL_TESTS_IN_MEMORY") != "1" or is_elsewhere or not has_room(MEMORY):
        return
    clear(MEMORY)
    ours = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=MEMORY))  # short: sockets lie below it
    config.stash[_OURS] = ours
    config.option.basetemp = str(ours / "p")
    os.environ["TMPDIR"] = str(ours)
    tempfile.tempdir = None  # asked anew


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Leave nothing in memory, but what a failed run has to show until the next one."""
    ours = session.config.stash.get(_OURS, None)
    has_failed = exitstatus in {pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.INTERRUPTED}
    if ours is not None and not has_failed:
        shutil.rmtree(ours, ignore_errors=True)


def clear(memory: Path) -> None:
    """Remove what runs of this user left that are over."""
    for left in memory.glob(f"{_PREFIX}*"):
        process = left.name.removeprefix(_PREFIX).partition("-")[0]
        is_over = process.isdecimal() and (int(process) == os.getpid() or not psutil.pid_exists(int(process)))
        with suppress(FileNotFoundError):  # another run that begins now removed it
            if is_over and left.lstat().st_uid == os.geteuid():
                shutil.rmtree(left, ignore_errors=True)


def has_room(memory: Path, needed: int = NEEDED_BYTES) -> bool:
    """Say whether a place in memory takes what the tests write at the same time, and as much is left for all else."""
    if not memory.is_dir():
        return False
    told = os.statvfs(memory)
    return told.f_bavail * told.f_frsize >= needed and psutil.virtual_memory().available >= 2 * needed


@contextmanager
def on_disk() -> Iterator[Path]:
    """Give an empty folder that is on a disk, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="enamel-", dir=DISK) as folder:
        yield Path(folder)


@pytest.fixture
def disk_path() -> Iterator[Path]:
    """Give an empty folder on a disk, for what differs there from one in memory."""
    with on_disk() as folder:
        yield folder
