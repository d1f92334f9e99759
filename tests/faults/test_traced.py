"""The tracer itself: it sees every change, whoever makes it, harms the one that is meant, writes down all others."""

import errno
import os
import shutil
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from appliance.store.files import sync_disk
from tests.faults.power import Recording, copy_baseline, read_log
from tests.faults.traced import CAN_TRACE, FAILED, Fault, Harm, Traced, traced

pytestmark = [pytest.mark.peer("cc"), pytest.mark.skipif(not CAN_TRACE, reason="the tracer knows x86-64 only")]
CHANGES = "owwsmrowOWWUtsy"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "root").mkdir()
    return tmp_path / "root"


def work_in(root: Path) -> Callable[[], None]:
    """Give work with a change of each kind: this process's, a thread's, another program's."""

    def work() -> None:
        descriptor = os.open(root / "a", os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        os.write(descriptor, b"x" * 1000)
        os.pwrite(descriptor, b"yy", 10)
        os.fsync(descriptor)
        (root / "sub").mkdir()
        (root / "a").rename(root / "sub" / "b")
        thread = threading.Thread(target=(root / "by a thread").write_bytes, args=(b"thread",))
        thread.start()
        thread.join()
        subprocess.run(["sh", "-c", "echo hi > c; echo more >> c; rm c"], check=True, cwd=root)
        os.posix_fallocate(descriptor, 0, 3000)
        folder = os.open(root, os.O_RDONLY)
        os.fsync(folder)
        (root.parent / "elsewhere").write_bytes(b"no change of this folder either")
        sync_disk(root)

    return work


def harmed(root: Path, harm: Harm, at: int, error: int = 0) -> Traced:
    shutil.rmtree(root)
    root.mkdir()
    return traced(work_in(root), root, Fault(harm, at, error))


def names(root: Path) -> list[str]:
    return sorted(path.name for path in root.rglob("*"))


def test_every_change_is_seen_once_and_in_order(root: Path) -> None:
    assert traced(work_in(root), root) == Traced(CHANGES, reached=False, status=0)


def test_each_change_is_named_with_its_paths_and_its_program(root: Path) -> None:
    named = traced(work_in(root), root).named
    moved, other = named[CHANGES.index("r")], named[CHANGES.index("O")]
    assert moved[:3] == ("r", str(root / "a"), str(root / "sub" / "b"))
    assert other[:3] == ("O", str(root / "c"), "")
    assert other.program.startswith("sh -c echo hi")


def test_a_kill_comes_before_its_change(root: Path) -> None:
    assert harmed(root, Harm.KILL_ALL, 3) == Traced("oww", reached=True, status=-9)
    assert (root / "a").read_bytes() == b"x" * 1000
    assert harmed(root, Harm.KILL_ALL, 11) == Traced(CHANGES[:11], reached=True, status=-9)
    assert (root / "c").read_bytes() == b"hi\n"


def test_of_a_program_alone_only_that_is_killed(root: Path) -> None:
    assert harmed(root, Harm.KILL_ONE, 11) == Traced(CHANGES[:11], reached=True, status=FAILED)


def test_one_change_fails_alone(root: Path) -> None:
    assert harmed(root, Harm.FAIL_ONE, 4, errno.EIO) == Traced("owws", reached=True, status=FAILED)
    assert harmed(root, Harm.FAIL_ONE, 12, errno.EIO).status == FAILED
    assert names(root) == ["b", "by a thread", "c", "sub"]


def test_on_a_full_disk_what_needs_no_room_still_goes(root: Path) -> None:
    assert harmed(root, Harm.FULL, 3, errno.ENOSPC) == Traced("oww", reached=True, status=FAILED)
    assert (root / "a").read_bytes() == b"x" * 1000


def test_a_change_is_meant_by_what_it_is_like_and_by_whom(root: Path) -> None:
    def harmed_like(like: str, at: int, program: str = "") -> Traced:
        shutil.rmtree(root)
        root.mkdir()
        return traced(work_in(root), root, Fault(Harm.KILL_ALL, at, like=like, program=program))

    assert harmed_like("w /a", 2).changes == "oww"
    assert harmed_like("W /*", 2, " hi").changes == CHANGES[:11]
    assert harmed_like("W /c", 1).harmed_at == CHANGES.index("W") + 1
    for like, at, program in (("W /c", 3, ""), ("w /c", 1, ""), ("W /d", 1, ""), ("W /c", 1, "no such word")):
        assert harmed_like(like, at, program) == Traced(CHANGES, reached=False, status=0)


def test_what_it_does_not_come_to_is_told(root: Path) -> None:
    assert harmed(root, Harm.KILL_ALL, len(CHANGES) + 1) == Traced(CHANGES, reached=False, status=0)


def test_what_was_written_down_is_what_was_done(root: Path, tmp_path: Path) -> None:
    copy_baseline(root, tmp_path / "before")
    traced(work_in(root), root, log=tmp_path / "log")
    recording = Recording(root, tmp_path / "before", read_log((tmp_path / "log").read_bytes()))
    recording.materialise(len(recording.operations), 1, tmp_path / "again")
    assert names(tmp_path / "again") == names(root)
    for path in root.rglob("*"):
        if path.is_file():
            assert (tmp_path / "again" / path.relative_to(root)).read_bytes() == path.read_bytes()


def test_a_change_that_no_log_can_tell_is_no_silent_gap(root: Path, tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes(b"of a copy within the kernel")
    with pytest.raises(AssertionError, match="no log can tell"):
        traced(lambda: shutil.copyfile(tmp_path / "source", root / "copy"), root)
