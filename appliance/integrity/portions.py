"""Says how much of an archive a restore test takes out of a copy at once, and whether this box's disk has room for it.

Guards: what is taken out never brings the disk below what the receiver leaves free, for below that scanners are turned
away. Whole shelves go together while they are small; a large one goes in parts, by further digits of its files' ids,
which are random and so part it evenly. Leaves out: what is taken out at all (`planning`).
"""

import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from appliance.store.files import storage_faults

PORTION_BYTES = 512 << 20
_SHELF_DIGITS, _MOST_DIGITS = 2, 4  # 65,536 parts of an archive: 40 MB each of 2.7 TB
_SHARE_OF_SPARE = 4  # a shelf that takes no more than a quarter of what is to spare is taken whole
_SHORT_BYTES = 64 << 20  # less is a disk that is full
_HEX = "0123456789abcdef"


def free_bytes(folder: Path) -> int:
    """Say how much of a folder's disk is free.

    Raises:
        Unavailable: It does not say.
    """
    with storage_faults():
        return shutil.disk_usage(folder).free


@dataclass(frozen=True)
class Room:
    """This box's disk, as far as a test may fill it.

    Attributes:
        folder: Lies on it.
        reserve_bytes: What the receiver leaves free.
        free: Says how much of a folder's disk is free.
    """

    folder: Path
    reserve_bytes: int
    free: Callable[[Path], int] = free_bytes

    def spare_bytes(self) -> int:
        """Say how much may be written now; 0 or less where nothing may."""
        return self.free(self.folder) - self.reserve_bytes

    def most_bytes(self) -> int:
        """Say how large a part of a shelf may be."""
        return max(PORTION_BYTES, self.spare_bytes() // _SHARE_OF_SPARE)

    def is_short(self) -> bool:
        """Say whether this disk is what was full, where something was said to be."""
        return self.free(self.folder) < max(self.reserve_bytes, _SHORT_BYTES)


@dataclass(frozen=True)
class Portion:
    """The stored files whose ids begin in one of these ways, and how many bytes they have on the disk."""

    prefixes: tuple[str, ...]
    bytes: int

    @property
    def paths(self) -> list[str]:
        """Give them as the engine's patterns: a shelf, or what on it begins alike."""
        return [
            f"/vault/{prefix[:_SHELF_DIGITS]}" + (f"/{prefix}*" if len(prefix) > _SHELF_DIGITS else "")
            for prefix in self.prefixes
        ]


class Sizes:
    """How many bytes a snapshot's stored files have, by how their ids begin."""

    def __init__(self) -> None:
        self._bytes: Counter[str] = Counter()

    def add(self, name: str, size: int) -> None:
        """Count a file."""
        for digits in range(_SHELF_DIGITS, _MOST_DIGITS + 1):
            self._bytes[name[:digits]] += size

    def of(self, prefix: str) -> int:
        """Say how many bytes begin so."""
        return self._bytes[prefix]

    def most_of(self, names: Iterable[str]) -> int:
        """Say how many bytes some files may have at most."""
        return sum(self._bytes[prefix] for prefix in {name[:_MOST_DIGITS] for name in names})


def portions(shelves: Sequence[str], sizes: Sizes, room: Room) -> Iterator[Portion]:
    """Give what to take out at once, one after the other; how large one may be is asked when its turn comes."""
    taken: list[str] = []
    total = 0
    for part in (part for shelf in shelves for part in _parted(shelf, sizes, room)):
        if taken and total + sizes.of(part) > PORTION_BYTES:
            yield Portion(tuple(taken), total)
            taken, total = [], 0
        taken.append(part)
        total += sizes.of(part)
    if taken:
        yield Portion(tuple(taken), total)


def _parted(prefix: str, sizes: Sizes, room: Room) -> Iterator[str]:
    if sizes.of(prefix) <= room.most_bytes() or len(prefix) == _MOST_DIGITS:
        yield prefix
        return
    for digit in _HEX:
        if sizes.of(prefix + digit):
            yield from _parted(prefix + digit, sizes, room)
