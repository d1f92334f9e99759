"""Runs one outside program whose secrets nobody can read from outside: no argument, no environment, no file on a disk.

Guards: a secret reaches the program as a file in memory that only its
descriptor names; the program ends when this process does, however it ends;
what it says on standard error is told apart by whoever asked and goes nowhere
else. Where this process gives way to others, its program has the processors
and the disk only while nobody else wants them, so that arrivals go first; what
a person waits for, a restore, runs as they do. One that for long neither reads
nor writes, but to tell us so, is ended: whoever it talks to says nothing.

Source: memfd_create(2), setpriv(1), chrt(1), sched(7), ionice(1), nice(1).
"""

import json
import os
import selectors
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from shutil import which

from appliance.backup.giving_way import LOOK_SECONDS, GivingWay
from appliance.clock import Clock, SystemClock
from appliance.errors import Unavailable

_MOST_KEPT = 64 * 1024  # of what it says on standard error
_PIECE_BYTES = 1 << 20
_PATIENCE_SECONDS = 20.0
_STEP_SECONDS = 1.0
_STILL_SECONDS = 20 * 60.0
_STILL_BYTES = 256 << 10  # in that time: its own clockwork moves a few bytes as well
STILL = "i/o timeout: nothing was read or written"
_ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC", "HOME": "/nonexistent"}


@dataclass(frozen=True)
class Call:
    """One run of a program.

    Attributes:
        arguments: Program and arguments; no secret.
        environment: Added to a bare one; no secret.
        secrets: Descriptors of files in memory that the arguments and environment name.
        folder: Where it runs.
        on_step: Hears at least once a second, with the process id, however silent the program is; what it raises
            stops the program and goes on to the caller.
        gives_up: Hears the end of what the program said on standard error whenever it says more; True stops it.
        inbox: Where scans arrive; the program stands still meanwhile, where this process gives way to others.
        still_seconds: How long it may move next to no bytes, by the `clock`.
    """

    arguments: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    secrets: Sequence[int] = ()
    folder: Path = Path("/")
    on_step: Callable[[int], None] = lambda _: None
    gives_up: Callable[[str], bool] = lambda _: False
    inbox: Path | None = None
    still_seconds: float = _STILL_SECONDS
    clock: Clock = field(default_factory=SystemClock)


@dataclass(frozen=True)
class Ended:
    """How it ended: its status, and the last of what it said on standard error."""

    status: int
    said: str = field(repr=False)


@contextmanager
def in_memory(*contents: bytes) -> Iterator[list[int]]:
    """Put secrets where a child can open them as often as it likes: give a descriptor for each, for so long."""
    made: list[int] = []
    try:
        for content in contents:
            descriptor = os.memfd_create("enamel", os.MFD_CLOEXEC)
            made.append(descriptor)
            os.fchmod(descriptor, 0o600)  # ssh refuses a key that others could read
            os.write(descriptor, content)
        yield made
    finally:
        for descriptor in made:
            os.close(descriptor)


def run(call: Call, on_line: Callable[[bytes], None] = lambda _: None) -> Ended:
    """Run a program to its end and hand over each line of its standard output.

    Raises:
        Unavailable: The program is not installed.
    """
    rest = b""
    for piece in stream(call):
        if isinstance(piece, Ended):
            if rest:
                on_line(rest)
            return piece
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            on_line(line)
    raise RuntimeError("a stream ends with how its program ended")


def stream(call: Call) -> Iterator[bytes | Ended]:
    """Run a program and give its standard output in pieces, and last how it ended.

    Raises:
        Unavailable: The program is not installed.
    """
    program = which(call.arguments[0], path=_ENVIRONMENT["PATH"])
    if program is None:
        raise Unavailable(f"the program {call.arguments[0]} is not installed")
    process = subprocess.Popen(  # noqa: S603  a program by its whole path; arguments are ours or checked at the door
        [*_under(), program, *call.arguments[1:]],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=call.folder,
        env={**_ENVIRONMENT, **call.environment}, pass_fds=call.secrets, start_new_session=True,
    )  # fmt: skip
    said = bytearray()
    with process:
        try:
            yield from _outputs(process, call, said)
            yield Ended(process.wait(), said.decode("utf-8", "replace"))
        except _Still:
            _stop(process)
            yield Ended(-signal.SIGINT, STILL)
        finally:
            _stop(process)


def json_lines(on_message: Callable[[dict[str, object]], None]) -> Callable[[bytes], None]:
    """Take lines that are JSON objects, and pass over any other."""

    def on_line(line: bytes) -> None:
        with suppress(ValueError):
            message = json.loads(line)
            if isinstance(message, dict):
                on_message(message)

    return on_line


class _Still(Exception):
    """It neither reads nor writes any more."""


class _Movement:
    """What a program reads and writes but for what it tells us, by the kernel's own count."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._told_bytes = self._seen = 0
        self._since = call.clock.monotonic()

    def told(self, piece: bytes) -> None:
        """Note what it told us."""
        self._told_bytes += len(piece)

    def look(self, process_id: int) -> None:
        """Look whether it moves; where the kernel does not say, it does."""
        moved, now = _moved(process_id), self._call.clock.monotonic()
        if moved is None or abs(moved - self._told_bytes - self._seen) >= _STILL_BYTES:
            self._seen, self._since = (moved or 0) - self._told_bytes, now
        elif now - self._since >= self._call.still_seconds:
            raise _Still


def _moved(process_id: int) -> int | None:
    with suppress(OSError, ValueError):
        lines = Path(f"/proc/{process_id}/io").read_text().splitlines()
        return sum(int(line.split()[1]) for line in lines if line.startswith(("rchar:", "wchar:")))
    return None


def _outputs(process: subprocess.Popen[bytes], call: Call, said: bytearray) -> Iterator[bytes]:
    """Give what it writes to standard output, and keep the end of what it says on standard error."""
    steps = _Steps(process, call)
    with selectors.DefaultSelector() as selector:
        for pipe, is_output in ((process.stdout, True), (process.stderr, False)):
            if pipe is not None:
                selector.register(pipe, selectors.EVENT_READ, is_output)
        while selector.get_map():
            ready = selector.select(steps.seconds)
            for each, _ in ready:
                piece = os.read(each.fd, _PIECE_BYTES)
                steps.movement.told(piece)
                if not piece:
                    selector.unregister(each.fileobj)
                elif each.data:
                    yield piece
                else:
                    said += piece
                    del said[:-_MOST_KEPT]
                    if call.gives_up(said.decode("utf-8", "replace")):
                        _stop(process)
            steps.look(something_came=bool(ready))


class _Steps:
    """What is looked after while a program runs: once a second, and in between at what it gives way to."""

    def __init__(self, process: subprocess.Popen[bytes], call: Call) -> None:
        self._process, self._call, self.movement = process, call, _Movement(call)
        self._stepped_at = call.clock.monotonic()
        self._giving_way: GivingWay | None = None
        if call.inbox is not None and _gives_way():
            self._giving_way = GivingWay(call.inbox, call.clock, lambda number: _signal(process, number))
        self.seconds = _STEP_SECONDS if self._giving_way is None else LOOK_SECONDS

    def look(self, *, something_came: bool) -> None:
        """Let the program give way; tell whoever listens of a step, where one is due."""
        if self._giving_way is not None:
            self._giving_way.look()
        now = self._call.clock.monotonic()
        if something_came or now - self._stepped_at >= _STEP_SECONDS or self._giving_way is None:
            self._stepped_at = now
            self._call.on_step(self._process.pid)
            self.movement.look(self._process.pid)


def _under() -> list[str]:
    """Give what makes a program die with this process, and yield to all others where this process gives way."""
    dies = ["setpriv", "--pdeathsig", "KILL", "--"] if which("setpriv") else []
    return [*(_gently() if _gives_way() else []), *dies]


def _gives_way() -> bool:
    """Say whether this process goes behind others."""
    return os.getpriority(os.PRIO_PROCESS, 0) > 0


def _gently() -> list[str]:
    """Give what makes a program yield to all others; on a box its unit sets the rest."""
    found = []
    if which("chrt") and _may_be_scheduled():
        found += ["chrt", "--idle", "0"]
    if which("ionice"):
        found += ["ionice", "-t", "-c", "3"]
    return found


def _may_be_scheduled() -> bool:
    """Say whether the machine lets a program choose how it is scheduled: where it does not, chrt would run nothing."""
    try:
        os.sched_setscheduler(0, os.sched_getscheduler(0), os.sched_getparam(0))
    except OSError:
        return False
    return True


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End a program that still runs: it may remove its locks, and is killed when it takes too long."""
    if process.poll() is not None:
        return
    _signal(process, signal.SIGINT)
    _signal(process, signal.SIGCONT)  # it may stand still
    try:
        process.wait(_PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        _signal(process, signal.SIGKILL)
        process.wait()


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)
