"""A disk error at every operation in turn: the n-th write, fsync, rename, or new file fails, for every n.

Run `python -m tests.faults.errors --stride 1`; CI takes a larger stride.
Receiver and intake store the same few scans each time while one operation of
one of them fails with EIO or ENOSPC. What was acknowledged before, during and
after is there; a process that gave up is started again, as its supervisor would.
"""

import errno
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.command import arguments, finish
from tests.faults.kept import listed
from tests.faults.pair import Pair
from tests.faults.preload import recorder
from tests.faults.raw_scu import RawScu, Refusal, instance

INSTANCES = 6
KINDS = {"o": "open", "w": "write", "f": "fsync", "r": "rename", "m": "mkdir", "u": "unlink"}


@dataclass(slots=True)
class Outcome:
    """What a run showed."""

    errors: int = 0
    by_kind: dict[str, int] = field(default_factory=dict)
    acknowledged: int = 0
    refused: int = 0
    lost: list[str] = field(default_factory=list)

    def holds(self) -> bool:
        """Say whether the promise was kept at every error."""
        return self.errors > 0 and self.acknowledged > 0 and not self.lost


def count_operations(folder: Path, port: int, name: str) -> Counter[str]:
    """Run without an error and count what `name` does to the disk."""
    counted = folder / "counted"
    with Pair(folder / "data", port) as pair:
        _run(pair, name, {"FAULTS_COUNT": str(counted)}, 1)
    return Counter(KINDS[letter] for letter in counted.read_text())


def run(folder: Path, port: int, stride: int) -> Outcome:
    """Fail every `stride`-th operation of either process."""
    outcome = Outcome()
    by_kind: Counter[str] = Counter()
    for name in ("receiver", "intake"):
        for kind, count in sorted(count_operations(folder / f"count-{name}", port, name).items()):
            for at in range(1, count + 1, stride):
                code = errno.ENOSPC if kind == "write" and at % 2 else errno.EIO
                _one(folder / f"{name}-{kind}-{at}", port, name, f"{kind}:{at}:{code}", outcome)
                by_kind[f"{name} {kind}"] += 1
    outcome.by_kind = dict(by_kind)
    outcome.errors = by_kind.total()
    return outcome


def _one(folder: Path, port: int, name: str, fault: str, outcome: Outcome) -> None:
    with Pair(folder / "data", port) as pair:
        acknowledged, refused = _run(pair, name, {"FAULTS_FAIL": fault}, 2)
        kept = pair.take_in_everything()
    outcome.acknowledged += len(acknowledged)
    outcome.refused += refused
    outcome.lost += [
        f"{name} {fault}: {uid}" for uid, digest in acknowledged.items() if digest not in kept.get(uid, ())
    ]


def _run(pair: Pair, name: str, fault: dict[str, str], tries: int) -> tuple[dict[str, str], int]:
    """Store a few scans while `name` runs with the fault; a failed one is sent again, as a console would."""
    environment = {"LD_PRELOAD": str(recorder()), "FAULTS_ROOT": str(pair.folders.data), **fault}
    for process in ("receiver", "intake"):
        pair.start(process, environment if process == name else None)
    acknowledged: dict[str, str] = {}
    refused = 0
    for number in range(INSTANCES):
        for _ in range(tries):
            sent = instance(number, 40_000)
            try:
                pair.start_what_ended()
                pair.wait_until_it_answers()
                with RawScu(pair.address) as association:
                    association.store(sent)
                    acknowledged[sent.sop_instance_uid] = sent.digest
                    association.release()
            except (Refusal, OSError):
                refused += 1
            else:
                break
    _wait_for_intake(pair, len(acknowledged))
    pair.stop()
    return acknowledged, refused


def _wait_for_intake(pair: Pair, count: int) -> None:
    end = time.monotonic() + 6
    while time.monotonic() < end:
        pair.start_what_ended()
        if len(listed(pair.rooms())) >= count:
            return
        time.sleep(0.1)


def main() -> int:
    """Run from the command line, print the outcome as JSON."""
    given = arguments(__doc__, 23200, stride=1).parse_args()
    return finish(given, lambda folder: run(folder, given.port, given.stride))


if __name__ == "__main__":
    raise SystemExit(main())
