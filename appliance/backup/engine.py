"""What a backup engine does for one repository, whichever program does it.

Guards: what is handed in here is ciphertext already (sealed files, a SQLCipher
catalogue); a repository's own password keeps even that from whoever carries a
disk. Leaves out: what is copied when (`running`), and where to (`targets`).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

_SHORT = 8  # letters of an identifier, as restic shows it where two do not begin alike


@dataclass(frozen=True)
class Snapshot:
    """One snapshot of a repository.

    Attributes:
        snapshot_id: The engine's identifier, as short as it may be.
        taken_at: By this box's clock, to the second.
        tag: What it is of.
        file_count: Files in it, and their `bytes`; 0 where a listing does not tell.
        mark: What else its source said of it.
    """

    snapshot_id: str
    taken_at: datetime
    tag: str
    file_count: int = 0
    bytes: int = 0
    mark: str = ""


def short(snapshot_id: str) -> str:
    """Give what tells a snapshot from another: an engine may tell its whole name here, and how it begins there."""
    return snapshot_id[:_SHORT]


@dataclass(frozen=True)
class Progress:
    """How far a copy has come; the totals grow until all was looked at, and are None while they are not known."""

    files_done: int = 0
    files_total: int | None = None
    bytes_done: int = 0
    bytes_total: int | None = None


OnProgress = Callable[[Progress], None]


def nobody_listens(_: Progress) -> None:
    """Take no notice of progress."""


@dataclass(frozen=True)
class Source:
    """What to copy: names below a folder, which are their paths in the snapshot.

    Attributes:
        folder: Where the names begin; a name may begin with `../`, which its path in the snapshot leaves out.
        names: Files and folders.
        listed: Further files, by name; for many.
        may_vanish: Folders (by name) whose files may go while they are copied: that is no fault.
        parent: A snapshot to compare with, instead of the last of the same names.
        mark: A word that the snapshot bears, beside what it is of.
    """

    folder: Path
    names: Sequence[str] = ()
    listed: Sequence[str] = ()
    may_vanish: Sequence[str] = ()
    parent: str | None = None
    mark: str = ""


@dataclass(frozen=True)
class Finding:
    """Something in a repository that is not what was stored, in the engine's terms: `pack`, `index`, `snapshot`, ..."""

    what: str
    name: str


class Repository(Protocol):
    """One repository on one target. Whatever fails raises `BackupFailed` with its fault, unless it says otherwise."""

    def create(self) -> None:
        """Make the repository where none is.

        Raises:
            NotOurs: One is there that does not open with this password.
        """
        ...

    def exists(self) -> bool:
        """Say whether it is there and opens.

        Raises:
            NotOurs: It is there and does not open.
        """
        ...

    def backup(self, source: Source, tag: str, at: datetime, on_progress: OnProgress = nobody_listens) -> Snapshot:
        """Copy; when this returns the snapshot is whole and durable as far as the target keeps its word.

        Args:
            source: What to copy.
            tag: What the snapshot is of.
            at: When it counts as taken.
            on_progress: Hears about once a second; what it raises stops the copy and goes on to the caller.
        """
        ...

    def snapshots(self) -> list[Snapshot]:
        """Give all snapshots, the oldest first."""
        ...

    def restore(
        self, snapshot_id: str, into: Path, include: Sequence[str] = (), on_progress: OnProgress = nobody_listens,
        *, waits: bool = True,
    ) -> None:  # fmt: skip
        """Write a snapshot's files below a folder; those that are there as they should be may be written again.

        Args:
            snapshot_id: Which.
            into: The folder.
            include: Only these paths of the snapshot, `/`-led; none for all.
            on_progress: Hears `bytes_done` about once a second, as a measure of how far; may raise to stop.
            waits: Look for minutes for everything that is gone, and write the rest.

        Raises:
            GaveUp: Something is gone, and it was not to wait.
        """
        ...

    def lost(self) -> dict[str, set[str]]:
        """Give the paths whose bytes are gone, by the beginning of their snapshot's id (`short`)."""
        ...

    def dump(self, snapshot_id: str, path: str) -> Iterator[bytes]:
        """Give one file of a snapshot, in pieces, without a file being written."""
        ...

    def names(self, snapshot_id: str) -> dict[str, int]:
        """Give the path of every file in a snapshot, without a leading `/`, and its length in bytes."""
        ...

    def check(self, read_data: str | None = None, on_progress: OnProgress = nobody_listens) -> list[Finding]:
        """Verify the repository's structure, and what it stores as far as asked.

        Args:
            read_data: None for the structure alone, `all`, or a share as the engine writes it: `5%`, `3/30`.
            on_progress: Hears now and then; may raise to stop.
        """
        ...

    def forget(self, snapshot_ids: Sequence[str]) -> None:
        """Remove snapshots; their bytes go when it is pruned."""
        ...

    def prune(self, on_progress: OnProgress = nobody_listens) -> None:
        """Remove every byte that no snapshot needs."""
        ...
