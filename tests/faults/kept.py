"""What a box keeps, read with its keys and nothing else: every version's bytes, checked tag by tag."""

import hashlib
from collections import defaultdict
from collections.abc import Mapping

from appliance.assembly.rooms import Rooms
from appliance.dicom.part10 import read_file_meta
from appliance.identifiers import FileId
from appliance.store.stored_files import unseal_row


def digests_kept(rooms: Rooms) -> Mapping[str, set[str]]:
    """Give, for each SOP instance UID, the SHA-256 of the dataset of each version that opens whole."""
    with rooms.database.read() as tx:
        rows = tx.rows(
            "SELECT i.sop_instance_uid, v.file_id, v.dataset_offset "
            "FROM versions v JOIN instances i USING (instance_key)"
        )
        sealed = [
            (str(uid), unseal_row(tx, rooms.rotating_keys, FileId(_blob(file_id))), offset)
            for uid, file_id, offset in rows
        ]
    kept: defaultdict[str, set[str]] = defaultdict(set)
    for uid, file, offset in sealed:
        assert isinstance(offset, int)
        digest = hashlib.sha256()
        with file.open(rooms.vault) as stream:
            for chunk in stream.chunks(offset):
                digest.update(chunk)
        kept[uid].add(digest.hexdigest())
    return kept


def digests_in_quarantine(rooms: Rooms) -> set[str]:
    """Give the SHA-256 of the dataset of each file in quarantine that opens whole."""
    with rooms.database.read() as tx:
        rows = tx.rows("SELECT file_id FROM quarantine WHERE file_id IS NOT NULL")
        files = [unseal_row(tx, rooms.rotating_keys, FileId(_blob(row[0]))) for row in rows]
    found = set()
    for file in files:
        with file.open(rooms.vault) as stream:
            content = b"".join(stream.chunks())
        found.add(hashlib.sha256(content[read_file_meta(content).dataset_offset :]).hexdigest())
    return found


def listed(rooms: Rooms) -> set[str]:
    """Give the SOP instance UIDs that the catalogue lists."""
    with rooms.database.read() as tx:
        return {str(row[0]) for row in tx.rows("SELECT sop_instance_uid FROM instances")}


def _blob(value: object) -> bytes:
    assert isinstance(value, bytes)
    return value
