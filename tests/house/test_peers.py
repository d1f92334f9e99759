"""What a test needs and the machine lacks: red in CI, elsewhere skipped by name, and told at the end how to get it."""

import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.peers import PACKAGES, advice

ROOT = Path(__file__).parents[2]
NEEDS = """
import pytest

@pytest.mark.peer("storescu", "strace")
def test_a_scan_is_sent():
    print("it ran")

@pytest.mark.peer("libtss2-tcti-swtpm.so.0")
@pytest.mark.peer("storescu")
def test_a_chip_is_asked():
    print("it ran")

def test_nothing_is_needed():
    pass
"""
NEEDS_ROOT = """
import pytest

@pytest.mark.as_root("mounts a small disk")
def test_a_disk_is_full():
    pass
"""


def outcome(folder: Path, text: str, ci: str = "", path: str = "") -> "subprocess.CompletedProcess[str]":
    """Run pytest on one file with nothing on the path but what is told."""
    file = folder / "test_one.py"
    file.write_text(text)
    command = [sys.executable, "-m", "pytest", "-c", os.devnull, f"--rootdir={folder}", "-p", "no:cacheprovider"]
    environment = {"PATH": path or str(folder), "PYTHONPATH": str(ROOT), "CI": ci}
    return subprocess.run(
        [*command, "-p", "tests.peers", "-rs", str(file)],
        capture_output=True, text=True, check=False, cwd=ROOT, env=environment,
    )  # fmt: skip


def programs(folder: Path, *names: str) -> str:
    """Give a folder in which there are programs of these names."""
    there = folder / "bin"
    there.mkdir(parents=True)
    for name in names:
        (there / name).symlink_to(sys.executable)
    return str(there)


def test_in_ci_a_missing_peer_is_a_failure_that_names_it(tmp_path: Path) -> None:
    done = outcome(tmp_path, NEEDS, ci="true", path=programs(tmp_path, "strace"))
    assert done.returncode == pytest.ExitCode.TESTS_FAILED
    assert "peers are missing: storescu (in CI" in done.stdout
    assert "1 passed, 2 errors" in done.stdout


def test_elsewhere_it_is_skipped_by_name_and_the_end_says_what_to_install(tmp_path: Path) -> None:
    done = outcome(tmp_path, NEEDS, path=programs(tmp_path, "strace"))
    assert done.returncode == pytest.ExitCode.OK
    assert "peers are missing: storescu\n" in done.stdout
    end = done.stdout.partition("not tested, for want of peers")[2]
    assert "storescu (2)" in end
    assert "apt-get install --no-install-recommends dcmtk" in end
    assert "strace" not in end


def test_with_its_peers_a_test_runs_and_the_end_says_nothing(tmp_path: Path) -> None:
    text = NEEDS.replace('@pytest.mark.peer("libtss2-tcti-swtpm.so.0")\n', "")
    done = outcome(tmp_path, text, ci="true", path=programs(tmp_path, "strace", "storescu"))
    assert done.returncode == pytest.ExitCode.OK
    assert "3 passed" in done.stdout
    assert "for want of" not in done.stdout


@pytest.mark.parametrize("mark", ["@pytest.mark.peer", "@pytest.mark.peer()", '@pytest.mark.peer("some-program")'])
def test_a_mark_that_names_no_known_program_is_no_mark(tmp_path: Path, mark: str) -> None:
    done = outcome(tmp_path, f"import pytest\n{mark}\ndef test_it(): pass\n")
    assert done.returncode != pytest.ExitCode.OK
    assert "each peer mark names programs" in done.stdout + done.stderr


@pytest.mark.parametrize("ci", ["", "true"])
def test_what_only_root_may_do_is_held_to_the_same(tmp_path: Path, ci: str) -> None:
    done = outcome(tmp_path, NEEDS_ROOT, ci)
    if os.geteuid() == 0:
        assert done.returncode == pytest.ExitCode.OK
        assert "1 passed" in done.stdout
    else:
        assert (done.returncode == pytest.ExitCode.TESTS_FAILED) == (ci == "true")
        assert "only root may do what it does: mounts a small disk" in done.stdout


def test_a_long_run_is_told_beforehand_what_it_lacks(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.peers", "storescu", "strace"]
    environment = {"PATH": programs(tmp_path, "strace"), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, env=environment)
    assert done.returncode == 1
    assert done.stderr == "peers are missing: storescu\n    apt-get install --no-install-recommends dcmtk\n"
    with_it = environment | {"PATH": f"{environment['PATH']}:{programs(tmp_path / 'more', 'storescu')}"}
    assert subprocess.run(command, check=False, cwd=ROOT, env=with_it).returncode == 0


def test_the_advice_names_each_package_once() -> None:
    told = advice(Counter({"storescu": 2, "dcmsend": 1, "root": 3}))
    assert told == [
        "dcmsend (1), storescu (2)",
        "    apt-get install --no-install-recommends dcmtk",
        "3 tests do what only root may",
    ]


def test_ci_installs_every_package_that_a_test_may_ask_for() -> None:
    words = re.findall(r"[\w.+-]+", (ROOT / ".ci" / "run").read_text())
    wanted = {package for packages in PACKAGES.values() for package in packages.split()}
    assert sorted(wanted - set(words)) == []
