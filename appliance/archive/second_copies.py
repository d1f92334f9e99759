"""Which of two equal copies is kept: the one held, or the one sent again when the held one is rotten.

Guards: a second copy is dropped only after the held one was opened whole and
its dataset digested again. A rotten copy is never removed: it goes to
quarantine with its key, and the sound one takes its place.
Leaves out: moving files and the audit trail, which intake does.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from appliance.archive import queries, recording
from appliance.archive.arrivals import Arrival, ArrivalOutcome
from appliance.dicom.facts import InstanceFacts
from appliance.errors import ApplianceError
from appliance.identifiers import FileId
from appliance.store.files import storage_faults
from appliance.store.rotating_keys import NumberedKey, RotatingKeys
from appliance.store.stored_files import SealedFile, add_file, unseal_row
from appliance.store.transactions import ReadTransaction, Row, WriteTransaction
from appliance.store.vault import Vault

_TRIES = 2  # a passing fault of the disk is not taken for rot


@dataclass(frozen=True, slots=True)
class HeldCopy:
    """The copy that made another one a duplicate; one of the keys is set.

    Attributes:
        file_id: Its file.
        sealed: What opens it; None when even its wrapped key is not what was stored.
        dataset_offset: Where its dataset begins, as far as its row tells.
        version_key: Its version, if it is listed.
        quarantine_key: Its row, if it waits in quarantine.
    """

    file_id: FileId
    sealed: SealedFile | None
    dataset_offset: int | None
    version_key: int | None
    quarantine_key: int | None


def find_held(tx: ReadTransaction, keys: RotatingKeys, arrival: Arrival) -> HeldCopy | None:
    """Give the copy that a duplicate equals; None when it was erased since."""
    row = queries.held_version(tx, *_sought(arrival)) or _held_in_quarantine(tx, arrival)
    if row is None:
        return None
    file_id = FileId(row[0])
    try:
        sealed = unseal_row(tx, keys, file_id)
    except ApplianceError:
        sealed = None
    return HeldCopy(file_id, sealed, *row[1:])


def opens_whole(held: HeldCopy, vault: Vault, dataset_sha256: bytes | None, on_piece: Callable[[], None]) -> bool:
    """Say whether a held copy is all there: every tag verifies, and the dataset has its digest.

    `on_piece` is called after each piece that was read.
    """
    sealed = held.sealed
    return sealed is not None and any(_is_whole(held, sealed, vault, dataset_sha256, on_piece) for _ in range(_TRIES))


def take_its_place(
    tx: WriteTransaction, wrapping_key: NumberedKey, held: HeldCopy, arrival: Arrival, facts: InstanceFacts | None
) -> int:
    """Let a copy that came again stand where a rotten one stood; give the rotten one's quarantine row."""
    add_file(tx, wrapping_key, arrival.file)
    if held.version_key is not None:
        recording.replace_copy(tx, held.version_key, arrival, facts)
    else:
        queries.replace_quarantined(tx, held.quarantine_key, arrival.file.file_id.value)
    queries.set_arrival_outcome(tx, arrival.file.file_id.value, ArrivalOutcome.NEW.value)
    return recording.add_rotten(tx, held.file_id, arrival)


def _sought(arrival: Arrival) -> tuple[bytes, bytes | None, str]:
    return arrival.file.file_id.value, arrival.dataset_sha256, arrival.transfer_syntax_uid


def _held_in_quarantine(tx: ReadTransaction, arrival: Arrival) -> Row | None:
    return queries.held_in_quarantine(
        tx,
        file_id=arrival.file.file_id.value,
        dataset_sha256=arrival.dataset_sha256,
        sop_class_uid=arrival.sop_class_uid,
        sop_instance_uid=arrival.sop_instance_uid,
        transfer_syntax_uid=arrival.transfer_syntax_uid,
    )


def _is_whole(
    held: HeldCopy, sealed: SealedFile, vault: Vault, dataset_sha256: bytes | None, on_piece: Callable[[], None]
) -> bool:
    digest = hashlib.sha256()
    try:
        with storage_faults(), sealed.open(vault) as stream:
            for number, piece in enumerate(stream.chunks()):
                digest.update(piece if number else piece[held.dataset_offset or 0 :])
                on_piece()
    except ApplianceError:
        return False
    return held.dataset_offset is None or digest.digest() == dataset_sha256
