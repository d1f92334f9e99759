"""What becomes of backup targets when the box gets another root secret.

Guards: the passwords of repositories come from the root, so each target that is
used goes on as a new one, with an id and repositories of its own, beside what
lies there. What lies there is told as no longer used until its snapshots are
pruned or somebody declares it destroyed; its password is kept for that, its
credentials too. A target counts no copy before a run to the new one.
Leaves out: making the new repositories, which the next run does (`targets.make_ready`).
"""

from dataclasses import replace
from datetime import datetime
from secrets import token_bytes

from appliance.backup import queries, queries_following
from appliance.backup.parts import BackupParts
from appliance.backup.root_folders import location_after
from appliance.backup.target import TARGET_ID_BYTES, Target
from appliance.backup.targets import seal, unseal
from appliance.keys.hierarchy import Subkey
from appliance.keys.secret import SecretKey
from appliance.store.roots import subkey_of_root
from appliance.store.transactions import ReadTransaction, WriteTransaction


def follow_root(tx: WriteTransaction, wrapping: tuple[SecretKey, SecretKey], ended: int, now: datetime) -> int:
    """Let every target go on under the next root, and give how many do.

    Args:
        tx: The transaction in which the root changes.
        wrapping: The key-wrapping keys of the root that ends and of the next.
        ended: The number of the root that ends.
        now: The time.

    Raises:
        WrongKey: A target's credentials do not open; then nothing of the transaction must stay.
    """
    old, new = wrapping
    used = [(target, unseal(old, target)) for target in queries.used_targets(tx)]
    for target in queries.targets(tx):
        queries_following.reseal_credentials(tx, target.target_key, seal(new, target.target_id, unseal(old, target)))
    queries_following.end_targets_of_root(tx, ended, now)
    for target, credentials in used:
        target_id = token_bytes(TARGET_ID_BYTES)
        following = replace(
            target, target_id=target_id, location=location_after(target.location, ended + 1),
            sealed_credentials=seal(new, target_id, credentials), created_at=now, seen_at=None,
        )  # fmt: skip
        queries.add_target(tx, following)
    return len(used)


def targets_before(tx: ReadTransaction) -> list[Target]:
    """Give the targets of earlier roots that nobody declared destroyed: what lies there is to be pruned."""
    keys = set(queries_following.targets_of_roots_before(tx))
    return [target for target in queries.targets(tx) if target.target_key in keys]


def subkey_for(tx: ReadTransaction, subkey: Subkey, current: SecretKey, target_key: int) -> SecretKey:
    """Give the `backup` or `audit` subkey that a target's copies were made with, of whichever root.

    Raises:
        WrongKey: It does not open with today's.
    """
    return subkey_of_root(tx, subkey, current, queries_following.root_of_target(tx, target_key))


def parts_of(parts: BackupParts, target: Target) -> BackupParts:
    """Give backup's collaborators with the keys of the root that a target belongs to.

    Raises:
        WrongKey: They do not open with today's.
    """
    with parts.database.read() as tx:
        return replace(
            parts,
            backup_key=subkey_for(tx, Subkey.BACKUP, parts.backup_key, target.target_key),
            audit_key=subkey_for(tx, Subkey.AUDIT, parts.audit_key, target.target_key),
        )
