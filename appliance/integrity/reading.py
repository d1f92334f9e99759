"""Reads a stored file whole and says whether it is what arrived, and if not, what became of it.

Guards: every chunk's tag and the digest of the dataset; plaintext is in
memory only, a chunk at a time. What the disk refuses to give is told apart
from what it gives wrong. Leaves out: what is done about it.
"""

import hashlib
import os
from dataclasses import dataclass

from appliance.errors import ApplianceError, NotFound, OutOfSpace, Tampered, Unavailable
from appliance.identifiers import FileId
from appliance.integrity.findings import FaultCode, Finding, Place
from appliance.keys.stream import CHUNK_BYTES, HEADER_BYTES, TAG_BYTES, SealedStream
from appliance.store.database import Database
from appliance.store.files import storage_faults
from appliance.store.rotating_keys import RotatingKeys
from appliance.store.stored_files import SealedFile, StoredFile, find_file, unseal_row
from appliance.store.transactions import ReadTransaction
from appliance.store.vault import Vault

_ID_AT = slice(8, 24)  # of the header: the file's id
_MOST_BITS_OF_A_BLOT = 16  # two random ids differ in 64 of 128 bits, and hardly ever in fewer than 33


@dataclass(frozen=True)
class Expected:
    """What a stored file has to be: where its dataset begins and the dataset's SHA-256, if it holds one."""

    file_id: FileId
    dataset_offset: int | None
    dataset_sha256: bytes | None


@dataclass(frozen=True)
class ReadBack:
    """What a file was found to be.

    Attributes:
        bytes_read: Plaintext bytes that verified; None where the row went meanwhile, or what is wrong is `fault`.
        fault: What is wrong, if anything is.
    """

    bytes_read: int | None
    fault: Finding | None = None


def verify_file(database: Database, keys: RotatingKeys, vault: Vault, expected: Expected) -> ReadBack:
    """Read a stored file whole, past what the machine remembers of it, and compare it with its row.

    Raises:
        Tampered, WrongKey: The catalogue itself is not what was stored.
    """
    file_id = expected.file_id
    with database.read() as tx:
        row = find_file(tx, file_id)
        if row is None:
            return ReadBack(None)
        sealed = _unsealed(tx, keys, file_id)
    if isinstance(sealed, Finding):
        return ReadBack(None, sealed)
    try:
        return ReadBack(_read_whole(sealed, vault, expected))
    except (Tampered, Unavailable, OutOfSpace) as fault:
        if _is_gone(database, file_id):
            return ReadBack(None)  # packs come and go, and a person may have it erased
        return ReadBack(None, Finding(Place.VAULT, _name(fault, vault, row), str(fault), file_id))


def _unsealed(tx: ReadTransaction, keys: RotatingKeys, file_id: FileId) -> SealedFile | Finding:
    try:
        return unseal_row(tx, keys, file_id)
    except NotFound:
        words = "the key that its key is wrapped by is not there"
        return Finding(Place.VAULT, FaultCode.KEY_MISSING, words, file_id)
    except Tampered as fault:
        return Finding(Place.VAULT, FaultCode.KEY_MISSING, str(fault), file_id)


def _read_whole(sealed: SealedFile, vault: Vault, expected: Expected) -> int:
    with storage_faults(), vault.open_file(sealed.row.file_id, sealed.row.association_id) as file:
        descriptor = file.fileno()
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)  # what lies on the disk, not what memory has of it
        read = read_whole(sealed, descriptor, expected)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        return read


def read_whole(sealed: SealedFile, descriptor: int, expected: Expected) -> int:
    """Read an open sealed file whole, and give how many bytes of plaintext it holds.

    Raises:
        Tampered: It is not what was stored.
        OSError: The disk refused.
    """
    digest, seen, offset = hashlib.sha256(), 0, expected.dataset_offset or 0
    stream = SealedStream(sealed.data_key, sealed.row.file_id, descriptor, sealed.row.plaintext_bytes)
    for _ in stream.chunks(0, max(0, offset - CHUNK_BYTES)):  # the chunk that the dataset begins in is read below
        pass
    for chunk in stream.chunks(offset):
        digest.update(chunk)
        seen += len(chunk)
    if expected.dataset_sha256 is not None and digest.digest() != expected.dataset_sha256:
        raise OtherDataset("the dataset is not the one that arrived")
    return seen + offset


class OtherDataset(Tampered):
    """Every tag verifies, and what they guard is not what arrived."""


def _is_gone(database: Database, file_id: FileId) -> bool:
    with database.read() as tx:
        return find_file(tx, file_id) is None


def _name(fault: ApplianceError, vault: Vault, row: StoredFile) -> FaultCode:
    """Say what became of a file that did not verify, by its length and its header."""
    if isinstance(fault, Unavailable):
        return FaultCode.UNREADABLE
    if isinstance(fault, OtherDataset):
        return FaultCode.OTHER_DATASET
    try:
        with storage_faults(), vault.open_file(row.file_id, row.association_id) as file:
            return name_by_shape(row, os.fstat(file.fileno()).st_size, os.pread(file.fileno(), HEADER_BYTES, 0))
    except Tampered:
        return FaultCode.MISSING
    except Unavailable:
        return FaultCode.UNREADABLE


def name_by_shape(row: StoredFile, stored_bytes: int, header: bytes) -> FaultCode:
    """Say what became of a file whose bytes are not those that were stored.

    Args:
        row: Its row.
        stored_bytes: How long it is.
        header: Its first bytes, as many as a header has or fewer.
    """
    if header.startswith(b"ENAMEL") and _bits_apart(header[_ID_AT], row.file_id.value) > _MOST_BITS_OF_A_BLOT:
        return FaultCode.EXCHANGED
    expected = sealed_bytes(row.plaintext_bytes)
    if stored_bytes != expected:
        return FaultCode.SHORTENED if stored_bytes < expected else FaultCode.LENGTHENED
    return FaultCode.ALTERED


def _bits_apart(one: bytes, other: bytes) -> int:
    return (int.from_bytes(one, "big") ^ int.from_bytes(other, "big")).bit_count()


def sealed_bytes(plaintext_bytes: int) -> int:
    """Give the length of a sealed file that holds so much, as this release writes it.

    Source: docs/storage-format.md, Sealed file.
    """
    chunks = max(1, -(-plaintext_bytes // CHUNK_BYTES))
    return HEADER_BYTES + plaintext_bytes + chunks * TAG_BYTES
