"""Carries the list of what was erased to every target, so that no backup brings it back.

Guards: a target's list is whole: it names everything that was ever erased, also
what a later one would. Leaves out: the list's form, and applying it to a
restored catalogue (`retention.tombstones`).
"""

from collections.abc import Iterable

from appliance.backup import queries_copies, queries_tombstones
from appliance.backup.carrying import Small, carry
from appliance.backup.connecting import FILES
from appliance.backup.engine import Repository
from appliance.backup.marks import mark_now
from appliance.backup.parts import BackupParts
from appliance.backup.running import look_at
from appliance.backup.target import Target
from appliance.identifiers import FileId
from appliance.keys.secret import SecretKey
from appliance.retention.tombstones import all_tombstones, decode_tombstones, encode_tombstones

TAG = "tombstones"
_NAME = "tombstones"


def carry_tombstones(parts: BackupParts, target: Target) -> int:
    """Put the whole list on a target, if it lacks any of it; give how many files it names then.

    Raises:
        BackupFailed, NotOurs: The target is not there, or not ours.
        Unavailable: The box's own disk refused.
    """
    with parts.database.read() as tx:
        if not queries_tombstones.lacks_tombstones(tx, target.target_key):
            return 0
        erased, newest, mark = all_tombstones(tx), queries_tombstones.newest_erasure(tx), mark_now(tx)
    opened = look_at(parts, target)
    small, at = Small(TAG, _NAME, encode_tombstones(erased, parts.audit_key), mark.encode()), parts.clock.now()
    snapshot = carry(parts, target, opened.files, small, at)
    with parts.database.write() as tx:
        queries_copies.note_snapshot(tx, target.target_key, FILES, snapshot, mark.head)
        queries_tombstones.note_carried(tx, target.target_key, newest, at)
    return len(erased)


def gather_tombstones(repositories: Iterable[Repository], audit_key: SecretKey) -> set[FileId]:
    """Read every list in the files repositories of targets and give all that was ever erased.

    Raises:
        Tampered: A list is not what a box of this root wrote.
        BackupFailed: A target cannot be read.
    """
    found: set[FileId] = set()
    for repository in repositories:
        for snapshot in repository.snapshots():
            if snapshot.tag == TAG:
                found |= decode_tombstones(b"".join(repository.dump(snapshot.snapshot_id, _NAME)), audit_key)
    return found
