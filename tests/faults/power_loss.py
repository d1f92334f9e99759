"""Power losses replayed: after each, the box starts and everything acknowledged is there, bit for bit.

Run `python -m tests.faults.power_loss --states 2000`; CI runs a few through
test_power_loss.py. Receiver and intake run under the recorder while scans
arrive, one of them is killed in between, and the recording is cut at random
operations and rebuilt as a disk may hold it (power.py). On each such folder
intake works off what it finds, twice: the second time must change nothing.
A tenth of the states has the power go after a death at the worst moment: intake
is killed between making a folder and syncing its entry, and started again.
"""

import random
import shutil
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from appliance.errors import ApplianceError
from tests.faults.command import arguments, finish
from tests.faults.pair import Pair
from tests.faults.power import Recording, acknowledgement, copy_baseline, read_log
from tests.faults.preload import recorder
from tests.faults.raw_scu import RawScu, instance
from tests.patience import PATIENCE

INSTANCES = 24
SIZES = (2_000, 30_000, 300_000, 700_000)


@dataclass(slots=True)
class Outcome:
    """What a run showed."""

    states: int = 0
    operations: int = 0
    acknowledged: int = 0
    lost: list[str] = field(default_factory=list)
    not_started: list[str] = field(default_factory=list)
    not_settled: list[str] = field(default_factory=list)
    slowest_start_seconds: float = 0.0

    def holds(self) -> bool:
        """Say whether the promise was kept in every state."""
        return self.acknowledged > 0 and not (self.lost or self.not_started or self.not_settled)


def record(folder: Path, port: int, seed: int, forget: str = "") -> tuple[Pair, Recording]:
    """Record a receiver and an intake at work, and what they acknowledged.

    Args:
        folder: Scratch; the data folder and its baseline are made in it.
        port: A free port.
        seed: Chooses the sizes.
        forget: "file" or "folder": as if that fsync had been removed from the code.
    """
    log = folder / "recorded"
    with Pair(folder / "data", port) as pair:
        environment = _recorded(pair, folder, log) | ({"FAULTS_FORGET": forget} if forget else {})
        pair.start("receiver", environment)
        pair.start("intake", environment)
        pair.wait_until_it_answers()
        with log.open("ab", buffering=0) as marks:
            _store(pair, environment, marks, seed)
        pair.stop()
    return pair, Recording(pair.folders.data, folder / "baseline", read_log(log.read_bytes()))


def record_death(folder: Path, port: int, seed: int) -> tuple[Pair, Recording]:
    """Record one scan whose intake is killed right after it made the scan's folder in the vault, and is started again.

    Args:
        folder: Scratch; the data folder and its baseline are made in it.
        port: A free port.
        seed: Chooses what is sent.
    """
    log = folder / "recorded"
    with Pair(folder / "data", port) as pair:
        environment = _recorded(pair, folder, log)
        pair.start("receiver", environment)
        killed = pair.start("intake", environment | {"FAULTS_KILL": "mkdir:1"})
        pair.wait_until_it_answers()
        sent = instance(seed * 1000, SIZES[0])
        with log.open("ab", buffering=0) as marks, RawScu(pair.address) as association:
            association.store(sent)
            marks.write(acknowledgement(f"{sent.sop_instance_uid} {sent.digest}"))
            association.release()
        assert killed.wait(480) < 0, "intake did not come to make a folder"
        assert list(pair.folders.data.glob("vault/*")), "it was killed before it made one"
        pair.start("intake", environment)
        _wait_until_taken_in(pair, 1)
        pair.stop()
    return pair, Recording(pair.folders.data, folder / "baseline", read_log(log.read_bytes()))


def _recorded(pair: Pair, folder: Path, log: Path) -> dict[str, str]:
    """Keep the folder as it is now, and give the environment that records what changes."""
    copy_baseline(pair.folders.data, folder / "baseline")
    return {"LD_PRELOAD": str(recorder()), "FAULTS_ROOT": str(pair.folders.data), "FAULTS_LOG": str(log)}


def _store(pair: Pair, environment: dict[str, str], marks: BinaryIO, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311  the sizes must be repeatable, nothing is secret
    for batch in range(4):
        with RawScu(pair.address) as association:
            for number in range(INSTANCES // 4):
                sent = instance(seed * 1000 + batch * 100 + number, chance.choice(SIZES))
                association.store(sent)
                marks.write(acknowledgement(f"{sent.sop_instance_uid} {sent.digest}"))
            if batch != 1:  # the second association is cut off
                association.release()
        if batch == 2:
            pair.kill("intake")
            pair.start("intake", environment)
        time.sleep(0.5)
    _wait_until_taken_in(pair, INSTANCES)


def replay(pair: Pair, recording: Recording, states: int, seed: int) -> Outcome:
    """Rebuild and start from so many states."""
    outcome = Outcome(states, len(recording.operations), len(recording.acknowledged_before(len(recording.operations))))
    chance = random.Random(seed)  # noqa: S311  the cuts must be repeatable, nothing is secret
    for number in range(states):
        position = chance.randrange(1, len(recording.operations) + 1)
        scratch = pair.folders.data.with_name("state")
        recording.materialise(position, seed * 1_000_003 + number, scratch)
        _check(
            Pair(scratch, pair.address.port), recording.acknowledged_before(position), f"{number}@{position}", outcome
        )
        shutil.rmtree(scratch)
    return outcome


def _check(state: Pair, acknowledged: set[str], name: str, outcome: Outcome) -> None:
    began = time.monotonic()
    try:
        state.open_again()
        kept = state.take_in_everything()
    except ApplianceError as fault:
        outcome.not_started.append(f"{name}: {type(fault).__name__}: {fault}")
        return
    outcome.slowest_start_seconds = max(outcome.slowest_start_seconds, round(time.monotonic() - began, 2))
    if state.take_in_everything() != kept:
        outcome.not_settled.append(name)
    for line in acknowledged:
        uid, digest = line.split()
        if digest not in kept.get(uid, set()):
            outcome.lost.append(f"{name}: {uid}")


def _wait_until_taken_in(pair: Pair, count: int) -> None:
    """Look at the vault only: opening the catalogue here would change it behind the recorder's back."""
    end = time.monotonic() + 60 * PATIENCE
    while len(list(pair.folders.data.glob("vault/*/*"))) < count:
        assert time.monotonic() < end, "intake did not take everything in"
        time.sleep(0.2)
    time.sleep(1.0)


def add(one: Outcome, other: Outcome) -> Outcome:
    """Give what two runs showed together."""
    return Outcome(
        one.states + other.states,
        one.operations + other.operations,
        one.acknowledged + other.acknowledged,
        one.lost + other.lost,
        one.not_started + other.not_started,
        one.not_settled + other.not_settled,
        max(one.slowest_start_seconds, other.slowest_start_seconds),
    )


def main() -> int:
    """Run from the command line, print the outcome as JSON."""
    parser = arguments(__doc__, 23100, states=2000, seed=1)
    parser.add_argument("--forget", choices=["", "file", "folder"], default="")
    given = parser.parse_args()

    def work(folder: Path) -> Outcome:
        after_death = given.states // 10
        (folder / "death").mkdir()
        (folder / "busy").mkdir()
        died = replay(*record_death(folder / "death", given.port, given.seed), after_death, given.seed)
        pair, recording = record(folder / "busy", given.port, given.seed, given.forget)
        return add(died, replay(pair, recording, given.states - after_death, given.seed))

    return finish(given, work)


if __name__ == "__main__":
    raise SystemExit(main())
