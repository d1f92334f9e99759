"""Decides what a night's restore test reads back of a target, so that all of it is read within each month.

Guards: a shelf that is due is never put off by one that is not; an archive
that a night can read is read whole every night. Shelves are the two first
digits of random ids, so each is a fair sample of the archive.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from appliance.integrity import queries_tests
from appliance.integrity.queries_tests import Shelf
from appliance.store.transactions import ReadTransaction

NIGHTS = 27  # in which everything is read: a month, less three nights that may fail
NIGHT_BYTES = 8 << 30  # what a night reads anyway; a clinic's archive of its first months
_DUE = timedelta(days=NIGHTS - 1)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True)
class Plan:
    """What to read.

    Attributes:
        shelves: Which, in their turn.
        is_whole: It is everything.
        share: Which share of the repository its own check reads, where it is not everything.
    """

    shelves: tuple[Shelf, ...]
    is_whole: bool
    share: str

    @property
    def bytes(self) -> int:
        return sum(shelf.bytes for shelf in self.shelves)

    @property
    def file_count(self) -> int:
        return sum(shelf.file_count for shelf in self.shelves)


def plan_night(tx: ReadTransaction, target_key: int, now: int, *, in_full: bool) -> Plan:
    """Choose what a test of a target reads now; `now` in microseconds."""
    shelves = queries_tests.shelves(tx, target_key)
    total = sum(shelf.bytes for shelf in shelves)
    budget = total if in_full else max(NIGHT_BYTES, -(-total // NIGHTS))
    taken = choose(shelves, budget, now - _DUE // _MICROSECOND)
    share = f"{queries_tests.count_tests(tx, target_key) % NIGHTS + 1}/{NIGHTS}"
    return Plan(taken, len(taken) == len(shelves), share)


def choose(shelves: Sequence[Shelf], budget: int, due: int) -> tuple[Shelf, ...]:
    """Take shelves in their turn, the longest ago first: until the budget is reached, and every one that is due.

    Args:
        shelves: All of them.
        budget: In bytes; the shelf that reaches it is still taken.
        due: What was last proved before then, in microseconds, is taken whatever it costs.
    """
    taken: list[Shelf] = []
    for shelf in sorted(shelves, key=lambda one: (one.proved_at, one.name)):
        if sum(one.bytes for one in taken) >= budget and not 0 < shelf.proved_at < due:
            break
        taken.append(shelf)
    return tuple(taken)
