"""Steps of a job, told from what a run of it changed: which program does what to which kind of file.

A job makes hundreds of changes, most of them like one another: page after page of a log, file after file of the vault.
What is tried first is one of each kind, then one of each kind after each other, then what is left.
"""

import random
import re
from collections.abc import Sequence

from tests.faults.power import Operation

# What a name has of a shelf, of chance, of counting.
_DRAWN = re.compile(r"(?<=/)[0-9a-f]{2}(?=/|\s|$)|[0-9a-f]{8,}|\d+")


def step_of(letter: str, operation: Operation) -> str:
    """Say what kind of change one is; `letter` as `traced` gives it, upper case where another program made it."""
    return f"{letter} {_DRAWN.sub('*', f'{operation.path} {operation.second_path}'.strip())}"


def first_of_each(places: Sequence[int], steps: Sequence[str], name: str) -> list[int]:
    """Give the places in the order in which they are tried, the same each time.

    Args:
        places: Numbers of changes, from 1.
        steps: The step of each change of the run.
        name: Whose order it is: others have other ones.
    """
    shuffled = [*places]
    random.Random(name).shuffle(shuffled)  # noqa: S311  an order, no secret
    seen: set[tuple[str, ...]] = set()
    ranks = dict[int, int]()
    for at in shuffled:
        step = steps[at - 1]
        kinds = [(step,), (steps[at - 2] if at > 1 else "", step)]
        ranks[at] = next((rank for rank, kind in enumerate(kinds) if kind not in seen), len(kinds))
        seen.update(kinds)
    return sorted(shuffled, key=ranks.__getitem__)


def count_steps(places: Sequence[int], steps: Sequence[str]) -> int:
    """Give how many kinds of changes these are."""
    return len({steps[at - 1] for at in places})
