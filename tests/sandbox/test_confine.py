"""A confined process can compute, and talk to its pipes, and nothing else."""

import subprocess
import sys
from pathlib import Path

import pytest

from appliance.sandbox import syscalls

ROOT = Path(__file__).parents[2]


def test_a_confined_process_can_reach_nothing() -> None:
    child = subprocess.run(
        [sys.executable, "-m", "tests.sandbox.confined"],
        cwd=ROOT,
        capture_output=True,
        timeout=240,
        check=False,
        env={},
    )
    assert (child.returncode, child.stdout) == (0, b""), child.stderr


def test_a_process_with_threads_is_not_taken_for_confined() -> None:
    """The kernel confines the thread that asks, and no other one that is there already."""
    program = (
        "import threading\nfrom appliance.errors import Unavailable\nfrom appliance.sandbox.confine import confine\n"
        "threading.Thread(target=threading.Event().wait, daemon=True).start()\n"
        "try:\n    confine()\nexcept Unavailable as error:\n    print(error)\n"
    )
    child = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, timeout=240, check=False)
    assert b"threads" in child.stdout, child.stderr


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_a_filter_is_made_for_every_machine_that_we_name(machine: str) -> None:
    assert syscalls.knows(machine)
    steps = syscalls.program(machine)
    assert len(steps) % 8 == 0
    assert 100 < len(steps) < 4096 * 8


def test_another_machine_is_not_confined_by_guessing() -> None:
    assert not syscalls.knows("riscv64")
