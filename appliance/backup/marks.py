"""Where the trail stood when a snapshot was made, as a word on the snapshot itself.

Guards: whoever lists a repository can tell, whatever the clock said, which
catalogue is the later one, and whether the box's own is the one that was
copied last. A restore, or a rebuild, puts an earlier catalogue to use, and its
events take numbers that were given before: from there on it is another line,
so what the lost box did after its last copy passes neither for later nor for
a fault. Leaves out: reading a repository (`engine`), and what is made of it.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from appliance.audit.chain import Head
from appliance.audit.queries import head as audit_head
from appliance.audit.queries import link_at
from appliance.backup.queries_marks import lines_began_at
from appliance.keys.secret import same_bytes
from appliance.store.transactions import ReadTransaction

_WORD = re.compile(r"trail-([0-9]{1,9})-([0-9]{1,18})-([0-9a-f]{64})")


@dataclass(frozen=True)
class Mark:
    """An end of the trail, and how many times an earlier catalogue had been put to use before."""

    line: int
    head: Head

    def encode(self) -> str:
        """Write it."""
        return f"trail-{self.line}-{self.head.sequence}-{self.head.chain.hex()}"

    @property
    def place(self) -> tuple[int, int]:
        """Give what the later of two is told by."""
        return self.line, self.head.sequence


def read_mark(word: str) -> Mark | None:
    """Read what `encode` wrote; None for anything else."""
    found = _WORD.fullmatch(word)
    return None if found is None else Mark(int(found[1]), Head(int(found[2]), bytes.fromhex(found[3])))


def mark_now(tx: ReadTransaction) -> Mark:
    """Say where the trail stands."""
    return Mark(len(lines_began_at(tx)), audit_head(tx))


def newest_of_each_line(words: Iterable[str]) -> list[Mark]:
    """Give the furthest mark of each line."""
    found: dict[int, Mark] = {}
    for mark in map(read_mark, words):
        if mark is not None and (mark.line not in found or mark.place > found[mark.line].place):
            found[mark.line] = mark
    return [found[line] for line in sorted(found)]


def is_bound(mark: Mark, began: Sequence[int]) -> bool:
    """Say whether the trail has to go through a mark; not through what a lost box did after the copy put to use.

    Args:
        mark: Any.
        began: The events by which an earlier catalogue was put to use, in order.
    """
    return mark.head.sequence > 0 and (mark.line >= len(began) or mark.head.sequence < began[mark.line])


def is_behind(tx: ReadTransaction, mark: Mark) -> bool:
    """Say whether a mark is of a catalogue that this one did not come from: a later one, or one of another way."""
    began = lines_began_at(tx)
    if mark.line > len(began):
        return True
    if not is_bound(mark, began):
        return False
    link = link_at(tx, mark.head.sequence)
    return link is None or not same_bytes(link, mark.head.chain)
