"""What is proved of each erasure on each target: the last snapshot that held its key, and when that ended.

Guards: a target counts as holding the key until its last snapshot from before the erasure was finished was seen to be
gone from it, and nothing is left of a copy that was begun there and cut off, or until a person declared it destroyed.
A disk that has not been seen counts as holding it, however old its snapshots are. An append-only repository of files
keeps the ciphertext, and that is said. Nothing is proved by a date.
Leaves out: pruning, which backup does and notes for each snapshot; copies that somebody made by hand.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from appliance.audit.events import PROCESS, AuditLog, Event, EventCode, Subject, SubjectKind
from appliance.clock import instant, microseconds
from appliance.retention import queries_erasing, queries_proofs
from appliance.retention.queries_erasing import Erasure
from appliance.retention.queries_proofs import HeldOn
from appliance.store.transactions import ReadTransaction, WriteTransaction

KEYS_KEPT = timedelta(days=27)  # so long a snapshot of keys stays at most, where its target is reached
_LATE_AFTER = timedelta(days=3)  # a night or two may be missed
_UNSEEN_AFTER = timedelta(days=3)


class Standing(StrEnum):
    """How an erasure stands on a target."""

    NEVER_HELD = "never held"  # nothing with its key was ever copied there
    PRUNED = "pruned"  # what held its key is gone, and that was seen
    DESTROYED = "declared destroyed"  # a person said that the target is no more
    BOX_FIRST = "box first"  # the box itself is not done: an association is open, or the disk refused
    HOLDS = "holds"  # it holds a key until a day that is known
    LATE = "late"  # it should hold none any more, and does
    UNSEEN = "unseen"  # it may hold a key: a disk in a drawer, a target that does not answer, a copy that was cut off


_ENDS = frozenset({Standing.NEVER_HELD, Standing.PRUNED, Standing.DESTROYED})


@dataclass(frozen=True, slots=True)
class Proof:
    """What is known of an erasure on one target.

    Attributes:
        target_key: The target.
        target_name: What the clinic calls it.
        standing: How it stands.
        last_snapshot_id: The last snapshot there that held a key, if one did.
        last_snapshot_at: When that was taken.
        ended_at: When the target was found to hold no key any more, or was declared destroyed.
        expected_on: When the last snapshot is due to go, where the target is reached.
        seen_at: When the target was last reached.
        keeps_ciphertext: Encrypted files of it are still there, which no key opens once the keys are gone.
        append_only: They stay for as long as the target does.
        tombstones_at: Since when the target knows what was erased.
    """

    target_key: int
    target_name: str
    standing: Standing
    last_snapshot_id: str | None
    last_snapshot_at: datetime | None
    ended_at: datetime | None
    expected_on: datetime | None
    seen_at: datetime | None
    keeps_ciphertext: bool
    append_only: bool
    tombstones_at: datetime | None

    @property
    def is_proved(self) -> bool:
        """Say whether the target holds no key."""
        return self.standing in _ENDS


def proofs_of(tx: ReadTransaction, erasure: Erasure, now: datetime) -> list[Proof]:
    """Give what is known of an erasure on every target, also on those that are no longer used."""
    return [_proof(erasure, held, now) for held in queries_proofs.held_on(tx, erasure)]


def update_proofs(tx: WriteTransaction, audit: AuditLog, erasure: Erasure, now: datetime) -> int:
    """Write down what is known now, with an event for each target that was found to hold nothing; give how many."""
    ended = 0
    for held in queries_proofs.held_on(tx, erasure):
        proof = _proof(erasure, held, now)
        queries_proofs.write_proof(
            tx, erasure.erasure_key, proof.target_key, last_id=proof.last_snapshot_id,
            last_at=None if proof.last_snapshot_at is None else microseconds(proof.last_snapshot_at),
            ended_at=None if proof.ended_at is None else microseconds(proof.ended_at),
            ended_by=proof.standing.value if proof.is_proved else None,
        )  # fmt: skip
        if proof.is_proved and held.ended_at is None:
            subject = Subject(SubjectKind.ERASURE, erasure.erasure_key)
            audit.record(tx, Event(EventCode.ERASURE_PROVED, PROCESS, subject=subject, number=proof.target_key))
            ended += 1
    return ended


def update_all(tx: WriteTransaction, audit: AuditLog, now: datetime) -> int:
    """Do so for every erasure of which something is not proved; give how many targets were found to hold nothing."""
    found = [queries_erasing.find_erasure(tx, key) for key in queries_proofs.unproved(tx)]
    return sum(update_proofs(tx, audit, erasure, now) for erasure in found if erasure is not None)


def _proof(erasure: Erasure, held: HeldOn, now: datetime) -> Proof:
    standing = _standing(erasure, held, now)
    last_at = held.holding_at if held.holding_id is not None else held.gone_taken_at
    expected = None if held.holding_at is None else instant(held.holding_at) + KEYS_KEPT
    return Proof(
        target_key=held.target_key,
        target_name=held.name,
        standing=standing,
        last_snapshot_id=held.holding_id or held.gone_id,
        last_snapshot_at=None if last_at is None else instant(last_at),
        ended_at=_ended_at(standing, held, now),
        expected_on=expected if standing is Standing.HOLDS else None,
        seen_at=None if held.seen_at is None else instant(held.seen_at),
        keeps_ciphertext=held.files_there > 0 and held.destroyed_at is None,
        append_only=held.append_only,
        tombstones_at=None if held.tombstones_at is None else instant(held.tombstones_at),
    )


def _standing(erasure: Erasure, held: HeldOn, now: datetime) -> Standing:
    if held.destroyed_at is not None:
        return Standing.DESTROYED
    if erasure.gone_sequence is None:
        return Standing.BOX_FIRST
    if erasure.scope == "box":  # nobody prunes any more: what is there stays until somebody destroys it
        is_empty = held.holding_id is None and not held.files_there and not held.begun_there
        return Standing.NEVER_HELD if is_empty else Standing.UNSEEN
    if held.holding_id is None or held.holding_at is None:
        return Standing.UNSEEN if held.begun_there else _without_copy(held)
    is_left = held.removed_at is not None and not held.is_before
    if is_left or held.seen_at is None or now - instant(held.seen_at) > _UNSEEN_AFTER:
        return Standing.UNSEEN
    return Standing.LATE if now - instant(held.holding_at) > KEYS_KEPT + _LATE_AFTER else Standing.HOLDS


def _without_copy(held: HeldOn) -> Standing:
    return Standing.NEVER_HELD if held.gone_id is None else Standing.PRUNED


def _ended_at(standing: Standing, held: HeldOn, now: datetime) -> datetime | None:
    at = {Standing.DESTROYED: held.destroyed_at, Standing.PRUNED: held.last_gone_at}.get(standing, held.ended_at)
    if standing not in _ENDS:
        return None
    return now if at is None else instant(at)
