"""Runs work in a child whose every change below a folder is counted, and harmed or written down, by tracer.c.

What the child starts is followed too: restic, the process that proves. Works on Linux on x86-64.
"""

import ctypes
import json
import os
import platform
import signal
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cache
from pathlib import Path
from typing import NamedTuple

SOURCE = Path(__file__).with_name("tracer.c")
CAN_TRACE = platform.machine() == "x86_64"
FAILED = 3  # a child's status when its work raised
_LONGEST_SECONDS = 180


class Harm(IntEnum):
    """What is done before a change; tracer.c says each more exactly."""

    NONE = 0
    KILL_ALL = 1
    KILL_ONE = 2
    FAIL_ONE = 3
    FULL = 4


@dataclass(frozen=True)
class Fault:
    """One harm.

    Attributes:
        harm: What is done.
        at: Before which change, from 1.
        error: The errno of a failure.
        like: Count only changes like this: letter, space, glob of the path below the root; empty for all.
        program: Of them only those of a program in whose call these words are.
    """

    harm: Harm = Harm.NONE
    at: int = 0
    error: int = 0
    like: str = ""
    program: str = ""


class Change(NamedTuple):
    """A change that was about to be made: its letter, its path, a rename's other path, how its program was called."""

    letter: str
    path: str
    second_path: str = ""
    program: str = ""


@dataclass(frozen=True)
class Traced:
    """What became of a child.

    Attributes:
        changes: A letter for each change that it came to, in order; upper case where another program made it.
        reached: It came to the change that was to be harmed.
        status: Its exit status, or the negative number of the signal that ended it.
        harmed_at: Which of all changes, from 1, that was; 0 if it did not come to it.
        named: The same changes, each with the paths of what it was to change.
    """

    changes: str
    reached: bool
    status: int
    named: tuple[Change, ...] = field(default=(), compare=False, repr=False)
    harmed_at: int = field(default=0, compare=False)


class _Faults(ctypes.Structure):
    _fields_ = (
        ("mode", ctypes.c_int), ("at", ctypes.c_long), ("error", ctypes.c_int),
        ("like", ctypes.c_char_p), ("program", ctypes.c_char_p),
        ("count", ctypes.c_long), ("total", ctypes.c_long), ("reached", ctypes.c_long), ("unsupported", ctypes.c_int),
    )  # fmt: skip


@cache
def _tracer() -> ctypes.CDLL:
    """Compile tracer.c once a run and load it."""
    built = Path(tempfile.mkdtemp(prefix="tracer-")) / "tracer.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-O2", "-o", str(built), str(SOURCE)], check=True)
    return ctypes.CDLL(str(built), use_errno=True)


def traced(work: Callable[[], object], root: Path, fault: Fault = Fault(), log: Path | None = None) -> Traced:
    """Run work in a child, to its end or until it is killed.

    Args:
        work: What to do; this process must have no other threads.
        root: Changes below this folder count.
        fault: What to harm.
        log: Where every change is written down, as `power.read_log` reads it; outside `root`.

    Raises:
        AssertionError: It made a change that cannot be written down, did not end, or could not be followed.
    """
    _tracer()
    reading, writing = os.pipe()
    follower = os.fork()  # waits for all it has started, so nothing of this process's may be among its children
    if follower == 0:
        os.close(reading)
        signal.alarm(_LONGEST_SECONDS)
        with os.fdopen(writing, "w") as answer:
            answer.write(json.dumps(_followed(work, root, fault, log)))
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as answer:
        told = answer.read()
    os.waitpid(follower, 0)
    assert told, f"it did not end within {_LONGEST_SECONDS} s"
    named, harmed_at, status, unsupported = json.loads(told)
    assert unsupported == 0, f"system call {unsupported} changes what no log can tell"
    assert status != -1, "it could not be followed"
    changes = tuple(Change(*one) for one in named)
    letters, ended = "".join(one.letter for one in changes), os.waitstatus_to_exitcode(status)
    return Traced(letters, harmed_at > 0, ended, changes, harmed_at)


def _followed(
    work: Callable[[], object], root: Path, fault: Fault, log: Path | None
) -> tuple[list[list[str]], int, int, int]:
    child = os.fork()
    if child == 0:
        os._exit(_done(work))
    like, program = fault.like.encode() or None, fault.program.encode()
    faults = _Faults(fault.harm, fault.at, fault.error, like, program, 0, 0, 0, 0)
    log_path = None if log is None else os.fsencode(log)
    with tempfile.NamedTemporaryFile() as names:
        status = _tracer().faults_follow(
            child, os.fsencode(root), log_path, os.fsencode(names.name), ctypes.byref(faults)
        )
        named = [line.split("\t") for line in Path(names.name).read_text().splitlines()]
    return named, faults.reached, status, faults.unsupported


def _done(work: Callable[[], object]) -> int:
    """Do the work in the child and give its status; what it says is nobody's."""
    silence = os.open(os.devnull, os.O_WRONLY)
    for number in (1, 2):
        os.dup2(silence, number)
    try:
        assert _tracer().faults_begin() == 0
        work()
    except BaseException:  # noqa: BLE001  a child that fails says so by its status
        return FAILED
    return 0
