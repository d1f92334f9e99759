"""The files of a package, one after the other, and their checksums.

Guards: what is stored comes out of the vault piece by piece, each verified before it leaves, and never touches a disk
of the box in clear. An entry's pieces may be read more than once.
"""

import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from appliance.errors import Tampered, Unavailable
from appliance.identifiers import FileId
from appliance.store.database import Database
from appliance.store.files import storage_faults
from appliance.store.rotating_keys import RotatingKeys
from appliance.store.stored_files import unseal_row
from appliance.store.vault import Vault

SUMS = "SHA256SUMS"
COPY_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Entry:
    """One file: where it stands, how long it is, its bytes."""

    name: str
    size: int
    pieces: Callable[[], Iterator[bytes]]


class Unreadable(Unavailable):
    """The box's own disk did not give a stored file: of its bytes nothing is known."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where stored files are read."""

    database: Database
    keys: RotatingKeys
    vault: Vault

    def pieces(self, file_id: FileId, size: int) -> Iterator[bytes]:
        """Give a stored file's plaintext piece by piece.

        Raises:
            Tampered: It is not what was stored, or not as long.
            NotFound: It was erased meanwhile.
            Unreadable: The disk refused.
            Unavailable: The catalogue did.
        """
        with self.database.read() as tx:
            sealed = unseal_row(tx, self.keys, file_id)
        if sealed.row.plaintext_bytes != size:
            raise Tampered("a stored file has another length than its row said")
        try:
            with storage_faults(), sealed.open(self.vault) as stream:
                yield from stream.chunks()
        except Unavailable as fault:
            raise Unreadable(f"a stored file cannot be read: {fault}") from fault


class Sums:
    """The SHA-256 of every entry that was read to its end, for `sha256sum --check`."""

    def __init__(self) -> None:
        self._digests: dict[str, str] = {}

    def watched(self, entry: Entry) -> Entry:
        """Give an entry whose digest is kept when it was read."""

        def pieces() -> Iterator[bytes]:
            digest = hashlib.sha256()
            for piece in entry.pieces():
                digest.update(piece)
                yield piece
            self._digests[entry.name] = digest.hexdigest()

        return Entry(entry.name, entry.size, pieces)

    def entry(self, names: list[str]) -> Entry:
        """Give the entry that lists them all, to be read when all were."""
        return Entry(SUMS, sum(len(sums_line("0" * 64, name)) for name in names), lambda: self._lines(names))

    def of(self, name: str) -> str:
        """Give the digest of an entry that was read."""
        return self._digests[name]

    def _lines(self, names: list[str]) -> Iterator[bytes]:
        for name in names:
            yield sums_line(self._digests[name], name)


def sums_line(digest: str, name: str) -> bytes:
    """Give a line as sha256sum reads and writes it."""
    return f"{digest}  {name}\n".encode()


def digest_read_back(path: Path) -> str:
    """Give a file's SHA-256, read from its medium, not from memory where the machine lets go of it."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        while piece := file.read(COPY_BYTES):
            digest.update(piece)
    return digest.hexdigest()
