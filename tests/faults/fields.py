"""A job in a world of its own: prepared once, recorded once, then cut off and done again as often as is asked."""

import errno
import os
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from tests.faults import wholeness as whole
from tests.faults.faulted_jobs import FaultedJob
from tests.faults.power import Recording, read_log
from tests.faults.steps import SYNCS, likeness, shuffled, steps_of
from tests.faults.tallies import Kind, Tally, Tried
from tests.faults.traced import FAILED, Fault, Harm, Traced, traced
from tests.faults.worlds import Facts, World

_NEEDS_ROOM = "owtm"
TIMES_AFTER = 12  # that the power goes right after a job was done, and other things are lost each time


class Field:
    """A job, prepared once, and its recording: every fault begins with a copy of that."""

    def __init__(self, job: FaultedJob, folder: Path) -> None:
        self.job = job
        self._kept, self._log = folder / f"{job.name} kept", folder / f"{job.name} log"
        self._place = folder / "world"
        self._clear()
        shutil.rmtree(self._kept, ignore_errors=True)
        self.facts: Facts = job.prepare(World(self._place))
        shutil.copytree(self._place, self._kept)
        told = traced(lambda: job.work(self.world()), self._place, log=self._log)
        assert told.status == 0, f"{job.name}: it does not even go without a fault"
        self.changes, self._named = told.changes, told.named
        job.work_again(self.world())
        self._usual = whole.names_in(self.world())
        self._recording = Recording(self._place, self._kept, read_log(self._log.read_bytes()))
        self._log.unlink()
        self.steps = steps_of(told.named, self._place)
        assert len(self.steps) == len(self._recording.operations)

    def world(self) -> World:
        """Give the world as it is at the time of the job."""
        world = World(self._place)
        world.pass_by(self.job.at)
        return world

    def places(self, kind: Kind) -> list[int]:
        """Give the numbers of the changes before which this is tried (`steps` says why not before all)."""
        if kind is Kind.DONE:
            return [*range(1, 1 + TIMES_AFTER)]
        return [at for at, letter in enumerate(self.changes, 1) if _is_tried(kind, letter.lower())]

    def step(self, kind: Kind, at: int) -> str:
        """Name the step that a place belongs to; after the job each time is one."""
        return f"the end, time {at}" if kind is Kind.DONE else self.steps[at - 1]

    def missing(self, kind: Kind, tally: Tally) -> Iterator[int]:
        """Give places of steps that were not tried yet when the next is asked for; other ones if those were missed."""
        tally.steps |= {self.step(kind, at) for at in self.places(kind)}
        for at in shuffled(self.places(kind), f"{self.job.name} {kind}"):
            if self.step(kind, at) not in tally.tried:
                yield at

    def renames(self, name: str) -> list[int]:
        """Give the numbers of the changes by which a file of this name appears or is replaced."""
        made = enumerate(self._named, 1)
        return [at for at, one in made if one.letter in "rR" and one.second_path.endswith(f"/{name}")]

    def attempt(self, kind: Kind, at: int) -> Tried:
        """Let one fault happen and the next run complete what was not done; say what does not hold then."""
        begun_at = time.monotonic()
        self._clear()
        told = self._harm(kind, at)
        broken = _in_a_child(lambda: self._check(is_done=kind is Kind.DONE))
        seconds = time.monotonic() - begun_at
        if told is None:
            return Tried(kind, self.step(kind, at), kind is not Kind.DONE, seconds, broken)
        step = steps_of(told.named[: told.harmed_at], self._place)[-1] if told.reached else None
        return Tried(kind, step, told.status != 0, seconds, broken)

    def _harm(self, kind: Kind, at: int) -> Traced | None:
        """Make the world one that a fault left; None where that is told by the recording alone."""
        if kind in {Kind.POWER, Kind.DONE}:
            end = len(self._recording.operations) if kind is Kind.DONE else at - 1  # changes that were made
            is_worst = at == 1 if kind is Kind.DONE else self.changes[at - 1].lower() in SYNCS
            self._recording.materialise(end, None if is_worst else at, self._place)
            return None
        shutil.copytree(self._kept, self._place)
        harm = {Kind.KILL: Harm.KILL_ONE if at % 2 else Harm.KILL_ALL, Kind.FULL: Harm.FULL, Kind.ERROR: Harm.FAIL_ONE}
        fault = Fault(harm[kind], at, errno.ENOSPC if kind is Kind.FULL else errno.EIO)
        if self._named[at - 1].letter.isupper():  # of another program's changes another one has this number each time
            like, program = meant = likeness(self._named[at - 1], self._place)
            nth = sum(likeness(one, self._place) == meant for one in self._named[:at])
            fault = replace(fault, at=nth, like=like, program=program)
        return traced(lambda: self.job.work(self.world()), self._place, fault)

    def _check(self, *, is_done: bool) -> None:
        world = self.world()
        world.start()
        if not is_done:
            self.job.work_again(world)
            left = whole.names_in(world) - self._usual
            assert not left, f"left over: {sorted(left)}"
        self.job.check(world, self.facts)
        whole.check_no_plaintext(world)

    def _clear(self) -> None:
        shutil.rmtree(self._place, ignore_errors=True)


def _is_tried(kind: Kind, deed: str) -> bool:
    return {
        Kind.KILL: deed not in SYNCS,
        Kind.FULL: deed in _NEEDS_ROOM,
        Kind.ERROR: True,
        Kind.POWER: True,
    }[kind]


def _in_a_child(work: Callable[[], None]) -> str | None:
    """Do something in a process of its own, which leaves nothing behind in this one; give what it raised."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        told = ""
        try:
            work()
        except BaseException as fault:  # noqa: BLE001  whatever it is, it is what is reported
            told = f"{type(fault).__name__}: {fault}"
        os.write(writing, told.encode()[:4000])
        os._exit(FAILED if told else 0)
    os.close(writing)
    with os.fdopen(reading) as answer:
        told = answer.read()
    _, status = os.waitpid(child, 0)
    return told or None if status in {0, FAILED << 8} else f"it ended with {status}"
