"""What was tried of each job, by step and kind of fault; kept in a file, from which a later run goes on."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

GONE_AFTER = 5  # recordings: which steps restic takes differs from run to run by how its workers meet


class Kind(StrEnum):
    """What happens."""

    KILL = "kill"
    FULL = "full"
    ERROR = "error"
    POWER = "power"
    DONE = "power after it"


@dataclass(frozen=True)
class Tried:
    """One try.

    Attributes:
        kind: What was to happen.
        step: Before which step it did, or None where the job did not come so far.
        cut_off: The job was not done, so that the next run had something to complete.
        seconds: How long it took.
        broken: What did not hold afterwards.
    """

    kind: Kind
    step: str | None
    cut_off: bool
    seconds: float
    broken: str | None = None


@dataclass
class Tally:
    """What was tried of one job and kind.

    Attributes:
        steps: Before which steps it can happen, as far as runs have shown.
        tried: Before which of them it was tried.
        tries: How often it was tried, also twice before one step and where the job did not come so far.
        cut_off: After how many the job was not done.
        seconds: How long they took.
        broken: What did not hold afterwards, by the step.
        unseen: Of each step that was not tried, how many recordings there were since the last one that has it.
    """

    steps: set[str] = field(default_factory=set)
    tried: set[str] = field(default_factory=set)
    tries: int = 0
    cut_off: int = 0
    seconds: float = 0.0
    broken: dict[str, str] = field(default_factory=dict)
    unseen: dict[str, int] = field(default_factory=dict)

    @property
    def gone(self) -> set[str]:
        """Give the steps that were not tried and that recordings have had no more lately."""
        left = self.steps - self.tried - self.broken.keys()
        return {step for step in left if self.unseen.get(step, 0) >= GONE_AFTER}

    def recorded(self, steps: set[str]) -> None:
        """Take in which steps a new recording of the job has."""
        self.steps |= steps
        left = self.steps - self.tried
        self.unseen = {step: 0 if step in steps else self.unseen.get(step, 0) + 1 for step in left}

    def count(self, one: Tried) -> None:
        """Take a try in."""
        self.tries += 1
        self.cut_off += one.cut_off
        self.seconds = round(self.seconds + one.seconds, 2)
        if one.step is not None:
            self.steps.add(one.step)
            self.tried.add(one.step)
        if one.broken is not None:
            self.broken[one.step or "nowhere"] = one.broken
        elif one.step is not None:
            self.broken.pop(one.step, None)


Tallies = dict[str, dict[Kind, Tally]]


def report(tallies: Tallies) -> dict[str, object]:
    """Give what was tried as JSON has it: of each job its steps, each with the kinds of faults that came before it."""
    each = [tally for kinds in tallies.values() for tally in kinds.values()]
    return {"command": "make job-faults", **_totals(each), "jobs": {job: _told(of) for job, of in tallies.items()}}


def _totals(each: Iterable[Tally]) -> dict[str, object]:
    each = [*each]
    tries, seconds = sum(one.tries for one in each), sum(one.seconds for one in each)
    return {
        "steps": sum(len(one.steps - one.gone) for one in each),
        "steps_tried": sum(len(one.tried) for one in each),
        "tries": tries,
        "seconds_a_try": round(seconds / tries, 2) if tries else 0.0,
        "cut_off": sum(one.cut_off for one in each),
        "broken": sum(len(one.broken) for one in each),
        "not_seen_lately": sum(len(one.gone) for one in each),
    }


def _told(kinds: dict[Kind, Tally]) -> dict[str, object]:
    counts = {kind.value: _counts(tally) for kind, tally in kinds.items()}
    steps = sorted({step for tally in kinds.values() for step in tally.steps})
    return {
        "kinds": counts,
        "tried": {step: [kind.value for kind, of in kinds.items() if step in of.tried] for step in steps},
        "not tried": {step: left for step in steps if (left := _left(kinds, step, gone=False))},
        "not seen lately": {step: left for step in steps if (left := _left(kinds, step, gone=True))},
    }


def _counts(tally: Tally) -> dict[str, object]:
    told = asdict(tally) | {"steps": len(tally.steps - tally.gone), "tried": len(tally.tried)}
    return {name: value for name, value in told.items() if name != "unseen"}


def _left(kinds: dict[Kind, Tally], step: str, *, gone: bool) -> dict[str, int]:
    """Say before which kinds of faults a step was not tried, and how many recordings were without it since."""
    return {
        kind.value: tally.unseen.get(step, 0)
        for kind, tally in kinds.items()
        if step in tally.steps - tally.tried and (step in tally.gone) == gone
    }


def read_report(file: Path | None) -> Tallies:
    """Give what an earlier run counted; what was found broken stays so until it was tried again."""
    if file is None or not file.exists():
        return {}
    jobs = json.loads(file.read_text())["jobs"]
    return {job: {Kind(name): _tally(Kind(name), facts, told) for name, facts in told["kinds"].items()}
            for job, told in jobs.items()}  # fmt: skip


def _tally(kind: Kind, facts: dict[str, Any], told: dict[str, dict[str, Any]]) -> Tally:
    tried = {step for step, kinds in told["tried"].items() if kind in kinds}
    left = [*told["not tried"].items(), *told["not seen lately"].items()]
    unseen = {step: kinds[kind.value] for step, kinds in left if kind in kinds}
    again = {"steps": {*tried, *unseen}, "tried": tried - {*facts["broken"]}, "unseen": unseen}
    return Tally(**facts | again)
