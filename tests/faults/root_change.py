"""Another root, another catalogue key: killed before, or refused by the disk at, every file operation in turn.

Run `python -m tests.faults.root_change --stride 1`; CI takes a larger stride. What the box kept opens after each, with
the root that is sealed then, and the next try completes: SQLite's own writes are among the operations.
"""

import errno
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from appliance.assembly.new_root import rekey_catalogue, rotate_root
from appliance.clock import SystemClock
from appliance.errors import ApplianceError
from appliance.store.files import RealFiles
from tests.assembly.a_kept_box import KeptBox, a_kept_box, settings_of
from tests.faults import forked
from tests.faults.command import arguments, finish
from tests.faults.errors import KINDS

CHANGES = ("root", "catalogue")
KILL, FULL, REFUSE = -9, errno.ENOSPC, errno.EIO


@dataclass(slots=True)
class Outcome:
    """What a run showed.

    Attributes:
        faults: How many operations were failed or killed at.
        changed: After how many of them the box had its new key already.
        lost: What did not open afterwards, or could not be completed.
    """

    faults: int = 0
    changed: int = 0
    by_kind: dict[str, int] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)

    def holds(self) -> bool:
        """Say whether the promise was kept at every fault."""
        return self.faults > 0 and 0 < self.changed < self.faults and not self.lost


def run(folder: Path, stride: int) -> Outcome:
    """Fail or kill at every `stride`-th operation of both changes."""
    outcome, by_kind = Outcome(), Counter[str]()
    for change in CHANGES:
        for kind, count in sorted(_counted(folder / f"{change}-counted", change).items()):
            for at in range(1, count + 1, stride):
                for code in (KILL, FULL if kind in {"write", "open"} and at % 2 else REFUSE):
                    name = f"{change} {kind} {at} {code}"
                    _one(folder / name.replace(" ", "-"), change, f"{kind}:{at}:{code}", name, outcome)
                    by_kind[f"{change} {kind}"] += 1
    outcome.by_kind, outcome.faults = dict(by_kind), by_kind.total()
    return outcome


def _counted(folder: Path, change: str) -> Counter[str]:
    box, counted = a_kept_box(folder), folder / "operations"
    if _change(box, change, {"FAULTS_COUNT": str(counted)}) != 0:
        raise RuntimeError("it does not even go without a fault")
    return Counter(KINDS[letter] for letter in counted.read_text())


def _one(folder: Path, change: str, fault: str, name: str, outcome: Outcome) -> None:
    box = a_kept_box(folder)
    before = box.root()
    _change(box, change, {"FAULTS_FAIL": fault})
    try:
        box.opened().database.close()
        outcome.changed += box.root() != before or (change == "catalogue" and _epoch(box) > 1)
        box.lock()
        if change == "root":
            box.rotate_root()
        else:
            box.rekey()
        box.opened().database.close()
    except (ApplianceError, AssertionError, OSError) as fault_found:
        outcome.lost.append(f"{name}: {type(fault_found).__name__}: {fault_found}")


def _epoch(box: KeptBox) -> int:
    rooms = box.rooms()
    with rooms.database.read() as tx:
        return 1 + int(tx.rows("SELECT count(*) FROM earlier_keys WHERE subkey = 'catalogue'")[0][0])


def _change(box: KeptBox, change: str, fault: dict[str, str]) -> int:
    """Change it in a process of its own, and give how that ended."""
    told = {"FAULTS_ROOT": str(box.folders.data), **fault}
    return forked.run(__spec__.name, "change_here", [change, str(box.folders.data.parent)], told)


def change_here(change: str, folder: str) -> int:
    """Change it in this process, to which the recorder is told what is to fail."""
    box = KeptBox(settings_of(Path(folder)), SystemClock())
    if change == "root":
        rotate_root(box.settings, box.root(), box.clock, box.terms())
    else:
        rekey_catalogue(box.settings, box.root(), box.clock, RealFiles())
    return 0


def main() -> int:
    """Run from the command line, print the outcome as JSON."""
    given = arguments(__doc__, 25200, stride=1).parse_args()
    return finish(given, lambda folder: run(folder, given.stride))


if __name__ == "__main__":
    raise SystemExit(main())
