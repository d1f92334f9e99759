"""Every job that changes what is kept, cut off at every change of the disk: killed, without power, full, refused.

`python -m tests.faults.jobs --minutes 60 --write FILE`; a stride of it runs in CI through test_jobs.py.

Four kinds of faults, each at every change that a job and the programs it starts make below its folder:

* kill: everything dies before it; before every second one only the process that would make it.
* full: it and all later ones that need room find none.
* error: it alone fails.
* power: the plug is pulled before it, and what was not synced may be lost (`power`).

After each the box starts, the same job is done again and has to complete. Then everything is there byte for byte,
every key opens, the trail's chain is whole, the copies prove, what was erased is neither in the box nor in what a
copy brings back, no name is to be read anywhere, and nothing lies about that a run without faults does not leave.
And a fifth: the power goes right after the job was done; then all of it has to be there without another run.

What is tried is shuffled once for each job and kind, one of each step first (`steps`); with `--write` a later run goes
on after what that file counts.
"""

import argparse
import errno
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import count
from pathlib import Path

from tests.faults import wholeness as whole
from tests.faults.faulted_jobs import JOBS, FaultedJob
from tests.faults.power import Recording, read_log
from tests.faults.steps import count_steps, first_of_each, step_of
from tests.faults.traced import FAILED, Fault, Harm, traced
from tests.faults.worlds import Facts, World

_NEEDS_ROOM = "owtm"
_TIMES_AFTER = 12  # that the power goes right after a job was done, and other things are lost each time


class Kind(StrEnum):
    """What happens."""

    KILL = "kill"
    FULL = "full"
    ERROR = "error"
    POWER = "power"
    DONE = "power after it"


@dataclass
class Tally:
    """What was tried of one job and kind.

    Attributes:
        places: Before how many changes it can happen.
        tried: At how many of them it was tried.
        steps: How many kinds of changes those are, by program, deed and kind of file.
        steps_tried: Of how many kinds one or more was tried.
        reached: How often the change came: restic does not write the same twice.
        cut_off: After how many the job was not done, so that the next run had something to complete.
        broken: What did not hold afterwards.
    """

    places: int = 0
    tried: int = 0
    steps: int = 0
    steps_tried: int = 0
    reached: int = 0
    cut_off: int = 0
    broken: list[str] = field(default_factory=list)


class Field:
    """A job, prepared once, and its recording: every fault begins with a copy of that."""

    def __init__(self, job: FaultedJob, folder: Path) -> None:
        self.job = job
        self._kept, self._log = folder / f"{job.name} kept", folder / f"{job.name} log"
        self._place = folder / "world"
        self._clear()
        self.facts: Facts = job.prepare(World(self._place))
        shutil.copytree(self._place, self._kept)
        told = traced(lambda: job.work(self.world()), self._place, log=self._log)
        assert told.status == 0, f"{job.name}: it does not even go without a fault"
        self.changes = told.changes
        job.work_again(self.world())
        self._usual = whole.names_in(self.world())
        self._recording = Recording(self._place, self._kept, read_log(self._log.read_bytes()))
        done = zip(self.changes, self._recording.operations, strict=True)
        self._steps = [step_of(letter, operation) for letter, operation in done]

    def world(self) -> World:
        """Give the world as it is at the time of the job."""
        world = World(self._place)
        world.pass_by(self.job.at)
        return world

    def places(self, kind: Kind) -> list[int]:
        """Give the numbers of the changes before which this can happen."""
        if kind in {Kind.POWER, Kind.DONE}:
            return [*range(1, 1 + (_TIMES_AFTER if kind is Kind.DONE else len(self._recording.operations)))]
        return [at for at, one in enumerate(self.changes, 1) if kind is not Kind.FULL or one.lower() in _NEEDS_ROOM]

    def order(self, kind: Kind) -> list[int]:
        """Give the same places in the order in which they are tried, one of each step first."""
        return first_of_each(self.places(kind), self.steps(kind), f"{self.job.name} {kind}")

    def steps(self, kind: Kind) -> list[str]:
        """Give the step of each change that this can happen before."""
        return [""] * _TIMES_AFTER if kind is Kind.DONE else self._steps

    def renames(self, name: str) -> list[int]:
        """Give the numbers of the changes by which a file of this name appears or is replaced."""
        made = enumerate(self._recording.operations, 1)
        return [at for at, one in made if one.kind == "r" and one.second_path.endswith(f"/{name}")]

    def harm(self, kind: Kind, at: int) -> tuple[bool, bool]:
        """Let it happen; say whether the job came so far, and whether it was cut off."""
        self._clear()
        if kind in {Kind.POWER, Kind.DONE}:
            is_done = kind is Kind.DONE
            self._recording.materialise(len(self._recording.operations) if is_done else at, at, self._place)
            return True, not is_done
        shutil.copytree(self._kept, self._place)
        harm = {Kind.KILL: Harm.KILL_ONE if at % 2 else Harm.KILL_ALL, Kind.FULL: Harm.FULL, Kind.ERROR: Harm.FAIL_ONE}
        fault = Fault(harm[kind], at, errno.ENOSPC if kind is Kind.FULL else errno.EIO)
        told = traced(lambda: self.job.work(self.world()), self._place, fault)
        return told.reached, told.status != 0

    def find_broken(self, kind: Kind) -> str | None:
        """Let the next run complete what was not done; say what does not hold then."""
        return _in_a_child(lambda: self._check(is_done=kind is Kind.DONE))

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


def try_one(one: Field, kind: Kind, at: int, tally: Tally) -> None:
    """Let one fault happen and count what came of it."""
    is_reached, is_cut_off = one.harm(kind, at)
    broken = one.find_broken(kind)
    tally.tried += 1
    tally.reached += is_reached
    tally.cut_off += is_cut_off
    if broken is not None:
        tally.broken.append(f"{at}: {broken}")


def run(
    jobs: Sequence[FaultedJob], tallies: dict[str, dict[str, Tally]], folder: Path, seconds: float,
    keep: Callable[[], None] = lambda: None,
) -> None:  # fmt: skip
    """Go round all jobs and kinds, one fault each, until everything was tried or the time is over.

    Args:
        jobs: Which.
        tallies: What was tried so far, and what is tried now, by job and kind.
        folder: Scratch.
        seconds: For how long.
        keep: Hears after each round.
    """
    ends_at = time.monotonic() + seconds
    fields = [Field(job, folder) for job in jobs]
    waiting = [turn for one in fields for turn in _turns(one, tallies.setdefault(one.job.name, {}))]
    for number in count(1):
        waiting = [turn for turn in waiting if time.monotonic() < ends_at and next(turn, None) is not None]
        print(f"round {number}: {len(waiting)} go on", file=sys.stderr, flush=True)  # noqa: T201  of a long run
        keep()
        if not waiting:
            return


def _turns(one: Field, tallies: dict[str, Tally]) -> Iterator[Iterator[Tally]]:
    """Give for each kind what tries its next place whenever it is asked."""
    for kind in Kind:
        places = one.places(kind)
        tally = tallies.setdefault(kind.value, Tally())
        tally.places, tally.steps = max(len(places), tally.tried), count_steps(places, one.steps(kind))
        yield _turn(one, kind, one.order(kind), tally)


def _turn(one: Field, kind: Kind, order: Sequence[int], tally: Tally) -> Iterator[Tally]:
    for at in order[tally.tried :]:
        try_one(one, kind, at, tally)
        tally.steps_tried = count_steps(order[: tally.tried], one.steps(kind))
        yield tally


def report(tallies: dict[str, dict[str, Tally]]) -> dict[str, object]:
    """Give what was tried as JSON has it."""
    all_of = [tally for kinds in tallies.values() for tally in kinds.values()]
    return {
        "command": "make job-faults",
        "places": sum(tally.places for tally in all_of),
        "tried": sum(tally.tried for tally in all_of),
        "steps": sum(tally.steps for tally in all_of),
        "steps_tried": sum(tally.steps_tried for tally in all_of),
        "cut_off": sum(tally.cut_off for tally in all_of),
        "broken": sum(len(tally.broken) for tally in all_of),
        "jobs": {name: {kind: vars(tally) for kind, tally in kinds.items()} for name, kinds in tallies.items()},
    }


def read_report(file: Path | None) -> dict[str, dict[str, Tally]]:
    """Give what an earlier run counted."""
    if file is None or not file.exists():
        return {}
    jobs = json.loads(file.read_text())["jobs"]
    return {name: {kind: Tally(**told) for kind, told in kinds.items()} for name, kinds in jobs.items()}


def main() -> int:
    """Try what fits into the time, report, and fail when anything did not hold."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--jobs", default=",".join(job.name for job in JOBS), help="names, with commas between them")
    parser.add_argument("--write", type=Path, help="write the counts here, and go on after those that are there")
    given = parser.parse_args()
    chosen = [job for job in JOBS if job.name in given.jobs.split(",")]
    tallies = read_report(given.write)
    memory = Path("/dev", "shm")  # everything is copied for each fault, and nothing of it outlives the run

    def keep() -> None:
        if given.write is not None:
            given.write.write_text(f"{json.dumps(report(tallies), indent=1)}\n")

    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        run(chosen, tallies, Path(folder), 60 * given.minutes, keep)
    keep()
    print(json.dumps(report(tallies), indent=1))  # noqa: T201  a command answers on standard output
    return 1 if any(tally.broken for kinds in tallies.values() for tally in kinds.values()) else 0


if __name__ == "__main__":
    raise SystemExit(main())
