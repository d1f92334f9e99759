"""Puts a whole copy of a stored file in the place of one that is not what was stored.

Guards: nothing takes a stored file's place before all of it was opened with
the file's own key and its dataset's digest compared, and before it is durable;
the old one is replaced by one rename, so a cut leaves the one or the other.
What was erased meanwhile does not come back, nor what only the target knows to
be erased. Leaves out: finding damage, and catalogues (`rebuilding`).
"""

import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from logging import getLogger
from pathlib import Path

from appliance.archive.damage import Damage
from appliance.audit.events import PROCESS
from appliance.backup import queries as backup_queries
from appliance.backup.engine import Repository
from appliance.backup.faults import BackupFailed, NotOurs
from appliance.backup.target import Target
from appliance.backup.targets import open_target
from appliance.backup.tombstones import take_in_once
from appliance.clock import microseconds
from appliance.errors import ApplianceError, Tampered, Unavailable
from appliance.identifiers import FileId
from appliance.integrity import queries
from appliance.integrity.findings import FoundBy
from appliance.integrity.keeping import Keeper
from appliance.integrity.parts import IntegrityParts
from appliance.integrity.proofs import ProofParts
from appliance.integrity.reading import Expected, read_whole, verify_file
from appliance.jobs.job import Run, Stopped
from appliance.store.files import DurableFolders, storage_faults
from appliance.store.stored_files import SealedFile, find_file, unseal_row

_MOST_SNAPSHOTS = 16  # of a target: a file lies in every night's since it came, until it vanished
_MOST_LOOKED_AT = 200  # of one run: a target that lost everything must not have all of the vault read each hour
log = getLogger(__name__)


@dataclass(frozen=True)
class Repaired:
    """How many files were damaged, and how many of them are whole again."""

    damaged: int
    repaired: int


def repair_all(parts: ProofParts, run: Run) -> Repaired:
    """Repair every stored file that is known to be damaged, from whichever target holds it whole.

    What a copy was found not to hold whole is looked at here first, and so is what the disk did not give.

    Raises:
        Stopped: The process ends; what is repaired stays so.
        Unavailable: The catalogue refused.
    """
    _look_again(parts.integrity, run)
    with parts.integrity.database.read() as tx:
        damaged = queries.damaged_files(tx)
        targets = backup_queries.used_targets(tx) if damaged else []
    left = [*damaged]
    refused: set[FileId] = set()
    for target in targets:
        run.check()
        with suppress(BackupFailed, NotOurs):
            take_in_once(parts.backup, target)
            files = open_target(parts.backup, target).files
            left = [one for one in left if not _repaired(parts.integrity, target, files, one, run, refused)]
    done = len(damaged) - len(left)
    run.progress(done, len(damaged))
    here = sum(one.file_id in refused for one in left)
    for code, count in (("repair refused here", here), ("no whole copy", len(left) - here)):
        if count:
            run.failed(code, count)
    return Repaired(len(damaged), done)


def _look_again(parts: IntegrityParts, run: Run) -> None:
    with parts.database.read() as tx:
        doubtful = queries.doubtful_files(tx, _MOST_LOOKED_AT)
    if not doubtful:
        return
    keeper = Keeper(parts, FoundBy.SCRUB, PROCESS, run.run_key)
    for expected in doubtful:
        run.check()
        keeper.note(expected, verify_file(parts.database, parts.rotating_keys, parts.vault, expected))
    with parts.database.write() as tx:
        queries.note_read(tx, [queries.Turn(one, 0) for one in doubtful], microseconds(parts.clock.now()))


def _repaired(
    parts: IntegrityParts, target: Target, files: Repository, expected: Expected, run: Run, refused: set[FileId]
) -> bool:
    """Repair one file from one target; what keeps one from it keeps no other. What the box refused is noted."""
    for snapshot_id in _snapshots(parts, target, expected):
        run.check()
        try:
            if repair_file(parts, expected, files, snapshot_id):
                _note(parts, expected, target)
                return True
        except (BackupFailed, NotOurs, Tampered):
            continue
        except Stopped:
            raise
        except ApplianceError as fault:
            log.warning("a damaged file cannot be repaired now: %s", fault)
            if isinstance(fault, Unavailable):  # by this box: what a target refused was passed over
                refused.add(expected.file_id)
            return False
    return False


def _snapshots(parts: IntegrityParts, target: Target, expected: Expected) -> Sequence[str]:
    with parts.database.read() as tx:
        return queries.file_snapshots(tx, target.target_key, expected.file_id, _MOST_SNAPSHOTS)


def repair_file(parts: IntegrityParts, expected: Expected, files: Repository, snapshot_id: str) -> bool:
    """Fetch a stored file out of a snapshot, verify it, and put it in place; give whether its row is still there.

    Raises:
        Tampered: That copy is not what was stored either; nothing changed.
        BackupFailed: The snapshot does not hold it, or the target refused; nothing changed.
        Unavailable: The box's disk refused; nothing changed.
    """
    file_id = expected.file_id
    with parts.database.read() as tx:
        if find_file(tx, file_id) is None:
            return True
        sealed = unseal_row(tx, parts.rotating_keys, file_id)
    path = parts.vault.path_of(file_id)
    draft = path.with_name(f".repair-{file_id}")
    try:
        _fetch(parts, draft, files.dump(snapshot_id, f"vault/{path.parent.name}/{file_id}"))
        _verify(parts, sealed, expected, draft)
        with storage_faults():
            parts.files.rename(draft, path)
            parts.files.fsync_folder(path.parent)
    finally:
        with storage_faults(), suppress(FileNotFoundError):
            parts.files.unlink(draft)
    with parts.database.read() as tx:
        is_there = find_file(tx, file_id) is not None
    if not is_there:  # erased while it was fetched: its key is gone, and so the file goes
        parts.vault.remove(file_id)
    return True


def _fetch(parts: IntegrityParts, draft: Path, pieces: Iterable[bytes]) -> None:
    with storage_faults():
        if not draft.parent.exists():
            DurableFolders(parts.files).make(draft.parent)
        with suppress(FileNotFoundError):
            parts.files.unlink(draft)  # of a run that was cut off
        descriptor = parts.files.create_exclusive(draft)
        try:
            for piece in pieces:
                parts.files.write(descriptor, piece)
            parts.files.fsync(descriptor)
        finally:
            parts.files.close(descriptor)


def _verify(parts: IntegrityParts, sealed: SealedFile, expected: Expected, draft: Path) -> None:
    with storage_faults(), parts.files.open_read(draft) as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        read_whole(sealed, file.fileno(), expected)


def _note(parts: IntegrityParts, expected: Expected, target: Target) -> None:
    """Take the marks of damage away, and note where the whole copy came from."""
    damage = Damage(parts.database, parts.audit, parts.clock)
    since = damage.marks().get(expected.file_id.value)
    if since is not None:
        damage.found_sound(expected.file_id, since, PROCESS)
    with parts.database.write() as tx:
        at = microseconds(parts.clock.now())
        queries.end_faults_of_file(tx, expected.file_id, at, target.target_key)
    log.info("a damaged file was repaired from target %d", target.target_key)
