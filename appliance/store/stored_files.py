"""The rows of sealed files, and the one way to open a file from its row.

Guards: a row comes before its file's move and goes before its file; a data
key leaves its row unwrapped only into a `SealedStream`.
Leaves out: what a file holds, and who may see it.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from appliance.errors import NotFound, Tampered
from appliance.identifiers import AssociationId, FileId
from appliance.keys.secret import SecretKey
from appliance.keys.stream import SealedStream
from appliance.keys.wrapping import unwrap_data_key, wrap_data_key
from appliance.store.rotating_keys import NumberedKey, RotatingKeys
from appliance.store.transactions import ReadTransaction, Row, WriteTransaction
from appliance.store.vault import Vault


@dataclass(frozen=True)
class NewFile:
    """What a new row is made from; `created_at` in microseconds."""

    file_id: FileId
    data_key: SecretKey
    plaintext_bytes: int
    association_id: AssociationId | None
    created_at: int


@dataclass(frozen=True)
class StoredFile:
    """One row of `files`."""

    file_id: FileId
    wrapped_key: bytes
    wrapping_key_number: int
    plaintext_bytes: int
    association_id: AssociationId | None
    in_vault: bool


@dataclass(frozen=True)
class SealedFile:
    """Everything that opens one file, taken out of a transaction so that reading is done outside it."""

    row: StoredFile
    data_key: SecretKey

    @contextmanager
    def open(self, vault: Vault) -> Iterator[SealedStream]:
        """Open the file in either place and close it when the block ends.

        Raises:
            Tampered: It is missing, or not what was stored.
            Unavailable: The disk refused.
        """
        with vault.open_file(self.row.file_id, self.row.association_id) as file:
            yield SealedStream(self.data_key, self.row.file_id, file.fileno(), self.row.plaintext_bytes)


def add_file(tx: WriteTransaction, wrapping_key: NumberedKey, file: NewFile) -> None:
    """Add the row of a file: one with an association lies in the inbox, any other in the vault."""
    tx.change(
        "INSERT INTO files (file_id, wrapped_key, wrapping_key_number, plaintext_bytes, association_id, place, "
        "created_at) VALUES (:file_id, :wrapped_key, :number, :plaintext_bytes, :association_id, :place, :created_at)",
        file_id=file.file_id.value, wrapped_key=wrap_data_key(wrapping_key.key, file.file_id, file.data_key),
        number=wrapping_key.number, plaintext_bytes=file.plaintext_bytes,
        association_id=file.association_id.value if file.association_id else None,
        place="inbox" if file.association_id else "vault", created_at=file.created_at,
    )  # fmt: skip


def mark_in_vault(tx: WriteTransaction, file_id: FileId) -> None:
    """Note that a file was moved; noting it twice changes nothing."""
    tx.change("UPDATE files SET place = 'vault', association_id = NULL WHERE file_id = :id", id=file_id.value)


def remove_row(tx: WriteTransaction, file_id: FileId) -> None:
    """Remove a file's row and with it the only copy of its key; the caller removes the file afterwards."""
    tx.change("DELETE FROM files WHERE file_id = :id", id=file_id.value)


def find_file(tx: ReadTransaction, file_id: FileId) -> StoredFile | None:
    """Give a file's row, if there is one."""
    rows = tx.rows(f"{_COLUMNS} WHERE file_id = :id", id=file_id.value)
    return _stored_file(rows[0]) if rows else None


def files_in_inbox(tx: ReadTransaction) -> list[StoredFile]:
    """Give the rows whose files still have to move, by association."""
    return [_stored_file(row) for row in tx.rows(f"{_COLUMNS} WHERE place = 'inbox' ORDER BY association_id, file_id")]


def unseal_row(tx: ReadTransaction, keys: RotatingKeys, file_id: FileId) -> SealedFile:
    """Unwrap a file's key, so that the file can be opened after this transaction.

    Raises:
        NotFound: No such file, or its wrapping key was destroyed.
        WrongKey: The wrapped key does not open.
    """
    row = find_file(tx, file_id)
    if row is None:
        raise NotFound("there is no such file")
    key = unwrap_data_key(keys.wrapping_key(tx, row.wrapping_key_number), file_id, row.wrapped_key)
    return SealedFile(row, key)


@dataclass(frozen=True)
class Rewrapped:
    """One batch of rows: where it ended (None: there are no more), how many changed, how many could not."""

    last: bytes | None
    done: int
    failed: int


def rewrap_some(tx: WriteTransaction, keys: RotatingKeys, after: bytes, limit: int) -> Rewrapped:
    """Wrap the data keys of the next rows by the current wrapping key, where an older one wraps them.

    Args:
        tx: The transaction.
        keys: The wrapping keys.
        after: The file id to begin after; empty for the first batch.
        limit: How many rows to look at.
    """
    current, done, failed = keys.current_wrapping_key(tx), 0, 0
    rows = [_stored_file(row) for row in tx.rows(f"{_COLUMNS} WHERE file_id > :after ORDER BY file_id LIMIT :limit",
                                                 after=after, limit=limit)]  # fmt: skip
    for row in rows:
        if row.wrapping_key_number != current.number:
            try:
                _rewrap(tx, keys, current, row)
                done += 1
            except (Tampered, NotFound):
                failed += 1
    return Rewrapped(rows[-1].file_id.value if rows else None, done, failed)


def uses_wrapping_key(tx: ReadTransaction, number: int) -> bool:
    """Say whether any row is still wrapped by that key."""
    return bool(tx.rows("SELECT 1 FROM files WHERE wrapping_key_number = :number LIMIT 1", number=number))


def _rewrap(tx: WriteTransaction, keys: RotatingKeys, current: NumberedKey, row: StoredFile) -> None:
    data_key = unwrap_data_key(keys.wrapping_key(tx, row.wrapping_key_number), row.file_id, row.wrapped_key)
    tx.change(
        "UPDATE files SET wrapped_key = :wrapped_key, wrapping_key_number = :number WHERE file_id = :id",
        wrapped_key=wrap_data_key(current.key, row.file_id, data_key), number=current.number, id=row.file_id.value,
    )  # fmt: skip


def find_orphans(tx: ReadTransaction, there: Iterable[FileId]) -> list[FileId]:
    """Give those of the vault's files that no row names: ciphertext without a key. Leftovers of packs are known.

    Args:
        tx: The transaction, begun after the files were listed: the row of a file is older than its place in the vault.
        there: The vault's files.
    """
    known = {row[0] for row in tx.rows("SELECT file_id FROM files UNION ALL SELECT file_id FROM pack_leftovers")}
    return [file_id for file_id in there if file_id.value not in known]


_COLUMNS = "SELECT file_id, wrapped_key, wrapping_key_number, plaintext_bytes, association_id, place FROM files"


def _stored_file(row: Row) -> StoredFile:
    file_id, wrapped_key, number, plaintext_bytes, association_id, place = row
    association = None if association_id is None else AssociationId(association_id)
    return StoredFile(FileId(file_id), wrapped_key, number, plaintext_bytes, association, place == "vault")
