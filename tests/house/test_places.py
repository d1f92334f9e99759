"""Tests write to memory where that is asked for and has room; what failed stays until the next run."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.places import DISK, MEMORY, NEEDED_BYTES, clear, has_room

ROOT = Path(__file__).parents[2]
WRITES = """
import tempfile
from pathlib import Path

def test_it(tmp_path):
    (tmp_path / "written").write_text("it")
    made = tempfile.mkdtemp()
    Path({told!r}).write_text(f"{{tmp_path}}\\n{{made}}")
    assert {passes}
"""

needs_room = pytest.mark.skipif(
    not has_room(MEMORY), reason="this machine has no room in memory, so nobody writes there"
)


def places_of(folder: Path, *words: str, passes: bool = True, **environment: str) -> list[Path]:
    """Run pytest on a test that writes; give where its own folder and its temporary one were."""
    told, file = folder / "told", folder / "test_one.py"
    file.write_text(WRITES.format(told=str(told), passes=passes))
    command = [sys.executable, "-m", "pytest", "-c", os.devnull, f"--rootdir={folder}", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, "-p", "tests.places", "-o", "tmp_path_retention_policy=failed", *words, str(file)],
        capture_output=True, text=True, check=False, cwd=ROOT,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "ENAMEL_TESTS_IN_MEMORY": "1"} | environment,
    )  # fmt: skip
    assert (done.returncode == pytest.ExitCode.OK) == passes, done.stdout
    return [Path(line) for line in told.read_text().splitlines()]


def run_of(place: Path) -> Path:
    """Give the folder in memory of the run that a place belongs to."""
    return MEMORY / place.relative_to(MEMORY).parts[0]


@needs_room
@pytest.mark.parametrize("words", [(), ("-n", "1")])
def test_a_run_writes_to_memory_and_leaves_nothing_there(tmp_path: Path, words: tuple[str, ...]) -> None:
    own, made = places_of(tmp_path, *words)
    assert run_of(own) == run_of(made)
    assert not run_of(own).exists()


@needs_room
@pytest.mark.parametrize("words", [(), ("-x", "-n", "1")])
def test_what_failed_is_there_until_the_next_run(tmp_path: Path, words: tuple[str, ...]) -> None:
    own, made = places_of(tmp_path, *words, passes=False)
    assert (own / "written").read_text() == "it"
    assert made.is_dir()
    places_of(tmp_path)
    assert not run_of(own).exists()


def test_who_names_a_place_gets_it(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    assert all(place.is_relative_to(other) for place in places_of(tmp_path, TMPDIR=str(other)))
    assert not any(place.is_relative_to(MEMORY) for place in places_of(tmp_path, ENAMEL_TESTS_IN_MEMORY=""))
    own, made = places_of(tmp_path, "--basetemp", str(tmp_path / "base"))
    assert own.is_relative_to(tmp_path / "base")
    assert not made.is_relative_to(MEMORY)


def test_what_a_run_that_goes_on_has_is_not_cleared(tmp_path: Path) -> None:
    stays = [f"t-{os.getppid()}-abc", "t-other-abc", "theirs"]
    for name in (*stays, f"t-{os.getpid()}-abc"):
        (tmp_path / name).mkdir()
    clear(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(stays)


def test_memory_without_room_is_not_used(tmp_path: Path) -> None:
    assert not has_room(MEMORY, 1 << 60)
    assert not has_room(tmp_path / "none", NEEDED_BYTES)


def test_a_disk_is_not_memory(disk_path: Path) -> None:
    assert disk_path.parent == DISK
    assert disk_path.stat().st_dev != MEMORY.stat().st_dev
