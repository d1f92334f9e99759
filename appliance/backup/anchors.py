"""Carries the end of the audit trail to targets: against a rollback, or a holder of its key, only that proves anything.

Guards: what is carried is a sequence and its link, which tell nobody anything. What a restore frees the trail of is
counted and told, never passed over in silence.
Every run's snapshots carry one with them; this one is for the hours between.
"""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from appliance.audit.chain import Head
from appliance.backup import queries_copies
from appliance.backup.carrying import Small, carry
from appliance.backup.connecting import FILES
from appliance.backup.marks import is_bound, mark_now, read_mark
from appliance.backup.parts import BackupParts
from appliance.backup.queries_marks import lines_began_at
from appliance.backup.running import look_at
from appliance.backup.target import Target
from appliance.backup.targets import open_target
from appliance.clock import microseconds

TAG = "anchor"
_NAME = "anchor.json"
_HOUR_MICROSECONDS = 3_600_000_000


def anchor(parts: BackupParts, target: Target) -> bool:
    """Put the trail's end on a target unless one of the last hour is there, or nothing happened since; say whether.

    Raises:
        BackupFailed, NotOurs: The target is not there, or not ours.
        Unavailable: The box's own disk refused.
    """
    at = parts.clock.now()
    with parts.database.read() as tx:
        mark, (known, carried_at) = mark_now(tx), queries_copies.last_head(tx, target.target_key)
    head = mark.head
    if head.sequence == known or 0 <= microseconds(at) - carried_at < _HOUR_MICROSECONDS:
        return False
    opened = look_at(parts, target)
    facts = {"sequence": head.sequence, "chain": head.chain.hex(), "at": at.isoformat(), "box_id": str(parts.box_id)}
    small = Small(TAG, _NAME, json.dumps(facts).encode(), mark.encode())
    snapshot = carry(parts, target, opened.files, small, at)
    with parts.database.write() as tx:
        queries_copies.note_snapshot(tx, target.target_key, FILES, snapshot, head)
    return True


@dataclass(frozen=True)
class Anchors:
    """What lies on a target.

    Attributes:
        binding: What this box's trail has to go through, in order.
        freed: How many others there are, by the event that frees the trail of them: it says that an earlier catalogue
            was put to use. That is so after a restore; whoever writes the trail anew with its key can write such an
            event too, so it has to be told.
    """

    binding: tuple[Head, ...]
    freed: Mapping[int, int]


def anchors_on(parts: BackupParts, target: Target) -> Anchors:
    """Read every anchor on a target from the target itself.

    Raises:
        BackupFailed, NotOurs: The target is not there, or not ours.
    """
    opened = open_target(parts, target)
    words = [one.mark for repository in (opened.files, opened.keys) for one in repository.snapshots()]
    with parts.database.read() as tx:
        began = lines_began_at(tx)
    found = {mark for mark in map(read_mark, words) if mark is not None and mark.head.sequence > 0}
    binding = {mark.head for mark in found if is_bound(mark, began)}
    freed = Counter(began[mark.line] for mark in found if not is_bound(mark, began))
    return Anchors(tuple(sorted(binding, key=lambda head: head.sequence)), dict(sorted(freed.items())))
