"""Removes from targets what is over, and says so only once it was seen to be gone.

Guards: nothing goes while the clock is in doubt, and no copy of the vault
while a file in it is: an older one may be the last that holds it whole. A
snapshot counts as gone when it is in no listing any more and the repository
was pruned since, on a disk durably: until then its bytes may be there. One
that is there again (an older image of the disk was put back) goes again. What
a listing shows that no row knows (a run died before it noted it) is noted as
holding anything, and what a run left there that came to no snapshot is
cleared. No list of what was erased goes that names what the newest does not.
Leaves out: which snapshots are over (`thinning`).
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, time, tzinfo

from appliance.audit.chain import START
from appliance.backup import queries, queries_begun, queries_copies
from appliance.backup.connecting import FILES, KEYS, make_durable, remove_matching
from appliance.backup.engine import OnProgress, Repository, Snapshot, nobody_listens, short
from appliance.backup.faults import BackupFailed, Fault, NotOurs
from appliance.backup.guard import Guard
from appliance.backup.parts import BackupParts
from appliance.backup.queries_copies import Recorded
from appliance.backup.running import clear_cut_off, look_at, run_guard
from appliance.backup.target import Target
from appliance.backup.targets import guard_of, unseal
from appliance.backup.thinning import files_that_go, keys_that_go
from appliance.backup.tombstones import lists_that_stay
from appliance.jobs.clock_marks import has_jumped
from appliance.jobs.schedule import Daily

PRUNE_AT = time(4, 30)
_CROWDED_BYTES = 256 << 20
# As restic names what it writes before it is whole, on a disk and over SFTP.
_HALF_WRITTEN = tuple(f"{folder}*-{word}-*" for folder in ("", "*/", "data/*/") for word in ("tmp", "restic-temp"))


def prune_target(parts: BackupParts, target: Target, on_progress: OnProgress = nobody_listens) -> int:
    """Remove what is over from a target, and note that; give how many snapshots are gone now.

    What runs that were cut off left on the box itself goes first, also where the target is not there.

    Raises:
        BackupFailed, NotOurs: As noted with the target.
        Unavailable: The box's own disk refused.
    """
    clear_cut_off(parts)
    begun_at = parts.clock.now()
    with _noting(parts, target):
        opened = look_at(parts, target)
        _remove_half_written(parts, target)
        gone = _prune(parts, target, KEYS, opened.keys, on_progress)
        gone += _prune(parts, target, FILES, opened.files, on_progress)
    with parts.database.write() as tx:
        if not has_jumped(tx, parts.clock):
            queries.note_pruned(tx, target.target_key, begun_at)
    return gone


def thin_catalogues(parts: BackupParts, target: Target, on_progress: OnProgress = nobody_listens) -> int:
    """Remove only the catalogues that are over, as copies of what arrives leave many; give how many are gone now.

    Raises:
        BackupFailed, NotOurs: As noted with the target.
    """
    with _noting(parts, target):
        return _prune(parts, target, KEYS, look_at(parts, target).keys, on_progress)


def is_crowded(parts: BackupParts, target: Target) -> bool:
    """Say whether catalogues that are over take so much of a target that it is not left to the next day."""
    with parts.database.read() as tx:
        made = queries_copies.snapshots_on(tx, target.target_key, KEYS)
    return sum(one.bytes for one in _over(target, KEYS, made, parts.clock.now())) >= _CROWDED_BYTES


def is_prune_due(target: Target, zone: tzinfo, now: datetime) -> bool:
    """Say whether the time of day at which what is over goes passed since it last did, or since the target was added.

    A disk that is plugged in by day has it made up for then.
    """
    last = target.created_at if target.pruned_at is None else target.pruned_at
    return last > now or Daily(PRUNE_AT).next_after(last, zone) <= now


@contextmanager
def _noting(parts: BackupParts, target: Target) -> Iterator[None]:
    """Note with a target why it could not be pruned; not that somebody else is at work there."""
    try:
        yield
    except (BackupFailed, NotOurs) as failed:
        fault = failed.fault if isinstance(failed, BackupFailed) else Fault.NOT_OURS
        if fault is not Fault.BUSY:
            with parts.database.write() as tx:
                queries.note_fault(tx, target.target_key, fault)
        raise


def _remove_half_written(parts: BackupParts, target: Target) -> None:
    """Remove what runs that were killed left under names of their own: restic never looks at it again.

    On a place that removes nothing from its files that much stays; it is ciphertext without its key.
    """
    credentials = unseal(parts.key_wrapping, target)
    for name in (KEYS,) if target.append_only else (FILES, KEYS):
        with Guard(guard_of(parts.work_folder, target.target_id, name)).alone():
            remove_matching(target.location, credentials, name, _HALF_WRITTEN)


def _prune(parts: BackupParts, target: Target, name: str, repository: Repository, on_progress: OnProgress) -> int:
    ended = _ended_copies(parts, target) if name == KEYS else []
    listed = repository.snapshots()
    made, there = _reconciled(parts, target, name, listed), _names(listed)
    now = parts.clock.now()
    with parts.database.read() as tx:
        is_kept = has_jumped(tx, parts.clock)
        if name == FILES:
            is_kept = is_kept or target.append_only or queries.is_vault_in_doubt(tx)
    over = [] if is_kept else _over(target, name, made, now)
    if name == FILES and over:
        standing = [one for one in made if short(one.snapshot_id) in there]
        staying = lists_that_stay(parts, target, repository, standing, over)
        over = [one for one in over if one not in staying]
    unseen = [one for one in made if short(one.snapshot_id) not in there]
    if over:
        repository.forget([one.snapshot_id for one in over if short(one.snapshot_id) in there])
    if over or ended or (unseen and not (name == FILES and target.append_only)):
        repository.prune(on_progress)
        make_durable(target.location)
        there = _names(repository.snapshots())
    gone = [one for one in made if short(one.snapshot_id) not in there]
    with parts.database.write() as tx:
        for one in gone:
            queries_copies.note_gone(tx, one.snapshot_key, parts.clock.now())
        queries_begun.end_copies(tx, ended)
    return len(gone)


def _ended_copies(parts: BackupParts, target: Target) -> list[int]:
    """Give the copies of catalogues that were begun there, and whose runs are over; none while a run is at it."""
    try:
        with run_guard(parts, target).alone(), parts.database.read() as tx:
            return queries_begun.begun_copies(tx, target.target_key)
    except BackupFailed:
        return []


def _over(target: Target, name: str, made: Sequence[Recorded], now: datetime) -> list[Recorded]:
    """Give what goes: of a target of an earlier root, which gets no newer one, the last catalogue too in its time."""
    if name == FILES:
        return files_that_go(made, now)
    return keys_that_go(made, now, keeps_newest=target.removed_at is None)


def _reconciled(parts: BackupParts, target: Target, name: str, there: Sequence[Snapshot]) -> list[Recorded]:
    """Note what is there without a row, as found, and give all rows."""
    with parts.database.read() as tx:
        known = queries_copies.snapshots_on(tx, target.target_key, name)
    rows = {short(row.snapshot_id) for row in known}
    unknown = [one for one in there if short(one.snapshot_id) not in rows]
    if not unknown:
        return known
    with parts.database.write() as tx:
        for snapshot in unknown:
            queries_copies.note_snapshot(tx, target.target_key, name, snapshot, START)
        return queries_copies.snapshots_on(tx, target.target_key, name)


def _names(there: Sequence[Snapshot]) -> set[str]:
    return {short(one.snapshot_id) for one in there}
