"""Every job that changes what is kept, cut off at every step: killed, without power, on a full or a refusing disk.

`python -m tests.faults.jobs --minutes 60 --write FILE`; a few tries of it run in CI through test_jobs.py.

Four kinds of faults, each at every step (`steps` says what one is) that a job and the programs it starts take on the
disks below its folder:

* kill: everything dies before it; before every second one only the process that would make it.
* full: it and all later ones that need room find none.
* error: it alone fails.
* power: the plug is pulled before it, and what was not synced may be lost (`power`).

After each the box starts, the same job is done again and has to complete. Then everything is there byte for byte,
every key opens, the trail's chain is whole, the copies prove, what was erased is neither in the box nor in what a
copy brings back, no name is to be read anywhere, and nothing lies about that a run without faults does not leave.
And a fifth: the power goes right after the job was done; then all of it has to be there without another run.

Two processes a core, for half of a try is waiting (restic waits 0.2 s after each lock it takes), have a job each at a
time: they prepare and record it, and try what was not tried yet, one of each kind in turn. With `--write` a later run
goes on after what that file tells; what was found broken is tried again. A step that was not tried, and that five
recordings of the job one after the other are without, is told as not seen lately, and is not counted.
"""

import argparse
import json
import os
import select
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.faults.faulted_jobs import JOBS, FaultedJob
from tests.faults.fields import Field
from tests.faults.tallies import Kind, Tallies, Tally, Tried, read_report, report
from tests.faults.traced import FAILED

_WORKERS_A_CORE = 2
_KEPT_SECONDS = 10.0


def run(jobs: Sequence[FaultedJob], tallies: Tallies, folder: Path, seconds: float, keep: Callable[[], None]) -> None:
    """Try what was not tried, several jobs at a time, until all was or the time is over.

    Args:
        jobs: Which.
        tallies: What was tried so far; takes in what is tried now.
        folder: Scratch.
        seconds: For how long.
        keep: Hears now and then.

    Raises:
        AssertionError: A job does not even go without a fault.
    """
    ends_at = time.monotonic() + seconds
    for job in jobs:
        tallies.setdefault(job.name, {kind: Tally() for kind in Kind})
    waiting, given = os.pipe()  # numbers of jobs, a byte each
    order = sorted((_share_tried(tallies[job.name]), number) for number, job in enumerate(jobs))
    os.write(given, bytes(number for _, number in order))
    os.close(given)
    workers = [
        _begun(lambda: _work(jobs, waiting, tallies, folder, ends_at))
        for _ in range(_WORKERS_A_CORE * (os.cpu_count() or 1))
    ]
    os.close(waiting)
    _gather([pipe for _, pipe in workers], tallies, keep)
    ended = [os.waitstatus_to_exitcode(os.waitpid(process_id, 0)[1]) for process_id, _ in workers]
    assert not any(ended), f"a worker ended with {ended}"


def _share_tried(kinds: dict[Kind, Tally]) -> float:
    steps = sum(len(tally.steps) for tally in kinds.values())
    return sum(len(tally.tried) for tally in kinds.values()) / steps if steps else 0.0


def _begun(work: Callable[[], Iterator[dict[str, object]]]) -> tuple[int, int]:
    """Let a process of its own work; give its number and where it says a line of JSON for each thing it tells."""
    reading, writing = os.pipe()
    worker = os.fork()
    if worker == 0:
        os.close(reading)
        status = FAILED
        try:
            with os.fdopen(writing, "w", buffering=1) as answer:
                for told in work():
                    answer.write(f"{json.dumps(told)}\n")
            status = 0
        except BaseException:  # noqa: BLE001  whatever it is, it ends here, and not in a second main()
            traceback.print_exc()
        os._exit(status)
    os.close(writing)
    return worker, reading


def _work(
    jobs: Sequence[FaultedJob], waiting: int, tallies: Tallies, folder: Path, ends_at: float
) -> Iterator[dict[str, object]]:
    """Take one job after the other, while there is time, and tell what it has and each try."""
    while time.monotonic() < ends_at and (number := os.read(waiting, 1)):
        job = jobs[number[0]]
        with tempfile.TemporaryDirectory(dir=folder) as own:
            one, kinds = Field(job, Path(own)), tallies[job.name]
            missing = {kind: one.missing(kind, kinds[kind]) for kind in Kind}
            for kind in Kind:
                yield {"job": job.name, "kind": kind, "steps": sorted({one.step(kind, at) for at in one.places(kind)})}
            for tried in in_turn(one, missing, ends_at):
                kinds[tried.kind].count(tried)
                yield {"job": job.name, "tried": asdict(tried)}


def in_turn(one: Field, missing: dict[Kind, Iterator[int]], ends_at: float) -> Iterator[Tried]:
    """Try the next place of each kind in turn; whoever listens counts, so that no step is asked for twice."""
    while missing:
        for kind, places in [*missing.items()]:
            if time.monotonic() >= ends_at:
                return
            at = next(places, None)
            if at is None:
                del missing[kind]
            else:
                yield one.attempt(kind, at)


def _gather(pipes: Sequence[int], tallies: Tallies, keep: Callable[[], None]) -> None:
    """Take in what the workers tell until all have ended."""
    rest, kept_at = dict.fromkeys(pipes, b""), time.monotonic()
    while rest:
        for pipe in select.select([*rest], [], [])[0]:
            piece = os.read(pipe, 1 << 16)
            *lines, rest[pipe] = (rest[pipe] + piece).split(b"\n")
            for line in lines:
                _take_in(json.loads(line), tallies)
            if not piece:
                os.close(pipe)
                del rest[pipe]
        if not rest or time.monotonic() - kept_at > _KEPT_SECONDS:
            keep()
            kept_at = time.monotonic()


def _take_in(told: dict[str, Any], tallies: Tallies) -> None:
    kinds = tallies[told["job"]]
    if "steps" in told:
        kinds[Kind(told["kind"])].recorded({*told["steps"]})
        return
    one = Tried(**told["tried"] | {"kind": Kind(told["tried"]["kind"])})
    kinds[one.kind].count(one)
    if one.broken is not None:
        print(f"{told['job']}, {one.kind} before {one.step}: {one.broken}", file=sys.stderr)  # noqa: T201  of a long run


def main() -> int:
    """Try what fits into the time, report, and fail when anything did not hold."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=90)
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
        tempfile.tempdir = folder  # what else is put into a temporary folder meanwhile goes with it
        run(chosen, tallies, Path(folder), 60 * given.minutes, keep)
    print(json.dumps({name: told for name, told in report(tallies).items() if name != "jobs"}, indent=1))  # noqa: T201  a command answers on standard output
    return 1 if any(tally.broken for kinds in tallies.values() for tally in kinds.values()) else 0


if __name__ == "__main__":
    raise SystemExit(main())
