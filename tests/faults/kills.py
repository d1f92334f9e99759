"""SIGKILL at random moments while scans arrive: nothing acknowledged is lost or altered.

Run `python -m tests.faults.kills --kills 1000`; CI runs a few through
test_kills.py. Two senders store without pause, so most kills fall inside a
transfer; a killed process must work again within five seconds: the receiver
answers, the intake catalogues more (timed every third time, for else it may
be killed again while it starts).
"""

import random
import threading
import time
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from appliance.assembly.rooms import Rooms
from tests.canary.search import search_bytes, spellings
from tests.faults.command import arguments, finish
from tests.faults.kept import digests_kept, listed
from tests.faults.pair import Pair
from tests.faults.raw_scu import Address, RawScu, Refusal, instance
from tests.patience import PATIENCE

PATIENT_NAME = "Killworthy^Quenby"
BACK_WITHIN_SECONDS = 5.0
INSIDE_TRANSFER_AT_LEAST = 0.8


@dataclass(slots=True)
class Outcome:
    """What a run showed."""

    kills: int = 0
    inside_transfer: int = 0
    acknowledged: int = 0
    lost: list[str] = field(default_factory=list)
    altered: list[str] = field(default_factory=list)
    plaintext: list[str] = field(default_factory=list)
    restarts_timed: dict[str, int] = field(default_factory=lambda: {"receiver": 0, "intake": 0})
    slowest_restart_seconds: dict[str, float] = field(default_factory=lambda: {"receiver": 0.0, "intake": 0.0})

    def holds(self) -> bool:
        """Say whether the promise was kept, and was put to the test as it should be."""
        kept = not (self.lost or self.altered or self.plaintext)
        tried = self.acknowledged > 0 and self.inside_transfer >= INSIDE_TRANSFER_AT_LEAST * self.kills
        return kept and tried and max(self.slowest_restart_seconds.values()) <= BACK_WITHIN_SECONDS

    def back(self, name: str, began: float) -> None:
        """Note that a killed process works again."""
        self.restarts_timed[name] += 1
        slowest = self.slowest_restart_seconds
        slowest[name] = max(slowest[name], round(time.monotonic() - began, 2))


class Sender(threading.Thread):
    """Stores without pause, over a new association whenever one breaks, and remembers what was acknowledged."""

    def __init__(self, address: Address, first_seed: int) -> None:
        super().__init__(daemon=True)
        self.acknowledged: dict[str, str] = {}
        self.in_transfer = False
        self._address = address
        self._seed = first_seed
        self._chance = random.Random(first_seed)  # noqa: S311  sizes and pauses, not secrets
        self._stopping = threading.Event()

    def run(self) -> None:
        while not self._stopping.is_set():
            try:
                with RawScu(self._address) as association:
                    while not self._stopping.is_set():
                        self._store(association)
                    association.release()
            except (Refusal, OSError):
                self.in_transfer = False
                time.sleep(0.02)

    def stop(self) -> None:
        """Finish the instance under way and end."""
        self._stopping.set()
        self.join(30)

    def _store(self, association: RawScu) -> None:
        sent = instance(self._seed, self._chance.randrange(4_000, 300_000), PATIENT_NAME)
        self._seed += 1
        self.in_transfer = True
        association.store(sent, pause_seconds=self._chance.random() * 0.004)
        self.in_transfer = False
        self.acknowledged[sent.sop_instance_uid] = sent.digest


def run(kills: int, seed: int, port: int, folder: Path) -> Outcome:
    """Kill `kills` times, then look for everything that was acknowledged."""
    chance = random.Random(seed)  # noqa: S311  the moments must be repeatable
    outcome = Outcome()
    with Pair(folder / "data", port) as pair:
        pair.start("intake")
        pair.start("receiver")
        pair.wait_until_it_answers()
        senders = [Sender(pair.address, seed * 10_000_000 + 1 + n * 5_000_000) for n in range(2)]
        for sender in senders:
            sender.start()
        rooms = pair.rooms()
        intakes = count()
        for _ in range(kills):
            time.sleep(chance.random() * 0.3)
            name = chance.choice(["receiver", "intake"])
            began = _kill(pair, name, senders, outcome)
            if name == "receiver":
                pair.wait_until_it_answers()
                outcome.back(name, began)
            elif next(intakes) % 3 == 0:  # else it may be killed again while it starts
                _wait_until_more_is_listed(rooms)
                outcome.back(name, began)
        for sender in senders:
            sender.stop()
        acknowledged = {uid: digest for sender in senders for uid, digest in sender.acknowledged.items()}
        _compare(rooms, acknowledged, outcome)
        pair.stop()
    needles = spellings(PATIENT_NAME)
    files = (p for p in folder.rglob("*") if p.is_file())
    outcome.plaintext = [str(p) for p in files if search_bytes(p.read_bytes(), needles, depth=0)]
    return outcome


def _kill(pair: Pair, name: str, senders: list[Sender], outcome: Outcome) -> float:
    """Kill a process and start it again; give the moment of its start."""
    outcome.kills += 1
    outcome.inside_transfer += any(sender.in_transfer for sender in senders)
    pair.kill(name)
    began = time.monotonic()
    pair.start(name)
    return began


def _wait_until_more_is_listed(rooms: Rooms) -> None:
    """Wait until an intake that was started anew has catalogued something."""
    before, end = len(listed(rooms)), time.monotonic() + 60 * PATIENCE
    while len(listed(rooms)) == before:
        assert time.monotonic() < end, "the intake does not come back"
        time.sleep(0.02)


def _compare(rooms: Rooms, acknowledged: dict[str, str], outcome: Outcome) -> None:
    outcome.acknowledged = len(acknowledged)
    end = time.monotonic() + 120 * PATIENCE
    while not acknowledged.keys() <= listed(rooms) and time.monotonic() < end:
        time.sleep(0.5)
    kept = digests_kept(rooms)
    outcome.lost = [uid for uid in acknowledged if uid not in kept]
    outcome.altered = [uid for uid, digest in acknowledged.items() if uid in kept and digest not in kept[uid]]


def main() -> int:
    """Run from the command line, print the outcome as JSON."""
    given = arguments(__doc__, 23000, kills=1000, seed=1).parse_args()
    return finish(given, lambda folder: run(given.kills, given.seed, given.port, folder))


if __name__ == "__main__":
    raise SystemExit(main())
