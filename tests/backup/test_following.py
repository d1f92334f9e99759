"""Targets when the box gets another root: new repositories beside the old, which stay readable to be pruned."""

from dataclasses import replace
from datetime import UTC, time, timedelta
from pathlib import Path

import pytest

from appliance.audit.events import OPERATOR
from appliance.backup import queries
from appliance.backup.carrying import Small, carry
from appliance.backup.connecting import pack_credentials
from appliance.backup.faults import BackupFailed, NotOurs
from appliance.backup.following import follow_root, subkey_for, targets_before
from appliance.backup.jobs import COPY_ARRIVALS, PRUNE, backup_jobs
from appliance.backup.marker import MARKER, Marker
from appliance.backup.parts import BackupParts
from appliance.backup.root_folders import location_after
from appliance.backup.running import Kind, back_up
from appliance.backup.target import ALARM_AFTER, WARN_AFTER, Target, location_of
from appliance.backup.targets import declare_destroyed, make_ready, open_repositories, open_target, seal, unseal
from appliance.backup.tombstones import gather_tombstones
from appliance.identifiers import BoxId, FileId
from appliance.jobs.clock_marks import believe_clock
from appliance.jobs.running import Runner
from appliance.keys.hierarchy import Subkey, derive
from appliance.keys.secret import SecretKey
from appliance.notifications.codes import NoticeCode
from appliance.notifications.queries import open_notices
from appliance.retention.tombstones import encode_tombstones
from appliance.store.roots import note_root, replace_subkey
from appliance.store.runs import RunOutcome
from tests.backup.a_backup import BackedUp
from tests.backup.quick_repositories import lay_out

REST = {"url": "https://store.example/box", "keys_url": "https://store.example/keys"}


@pytest.fixture
def clinic(tmp_path: Path) -> BackedUp:
    return BackedUp(tmp_path / "data")


def rotated(clinic: BackedUp) -> BackupParts:
    """Do to the catalogue what a new root does to its targets, and give backup's parts under it."""
    old, new = clinic.root, SecretKey.new()
    with clinic.database.write() as tx:
        number = note_root(tx, derive(old, Subkey.SIGNING).reveal()[:8], clinic.clock.now())
        replace_subkey(
            tx, Subkey.BACKUP, derive(old, Subkey.BACKUP), derive(new, Subkey.BACKUP), (number, 1, clinic.clock.now())
        )
        replace_subkey(
            tx, Subkey.AUDIT, derive(old, Subkey.AUDIT), derive(new, Subkey.AUDIT), (number, 1, clinic.clock.now())
        )
        wrapping = (derive(old, Subkey.KEY_WRAPPING), derive(new, Subkey.KEY_WRAPPING))
        follow_root(tx, wrapping, number, clinic.clock.now())
    clinic.root = new
    return replace(
        clinic.backup, backup_key=derive(new, Subkey.BACKUP), key_wrapping=wrapping[1],
        audit_key=derive(new, Subkey.AUDIT),
    )  # fmt: skip


def used(clinic: BackedUp) -> list[Target]:
    with clinic.database.read() as tx:
        return queries.used_targets(tx)


def before(clinic: BackedUp) -> list[Target]:
    with clinic.database.read() as tx:
        return targets_before(tx)


def laid_out(clinic: BackedUp, parts: BackupParts) -> BackupParts:
    """Make the new repositories on the clinic's disk, quickly."""
    (target,) = used(clinic)
    lay_out(Path(target.location.facts["path"]), parts.box_id, parts.backup_key, target.target_id)
    return parts


@pytest.mark.peer("restic")
def test_a_disk_gets_new_repositories_beside_the_old_ones_which_still_open(clinic: BackedUp) -> None:
    first = clinic.target()
    parts = rotated(clinic)
    (second,) = used(clinic)
    assert (second.name, second.at, second.seen_at) == (first.name, first.at, None)
    assert second.target_id != first.target_id
    assert second.location.facts["path"] == f"{first.location.facts['path']}/root-2"
    make_ready(parts, second)
    make_ready(parts, second)
    opened = open_target(parts, second)
    assert opened.files.snapshots() == opened.keys.snapshots() == []
    assert sorted(path.name for path in (clinic.disk() / "root-2").iterdir()) == [MARKER, "files", "keys"]
    with clinic.database.read() as tx:
        key = subkey_for(tx, Subkey.BACKUP, parts.backup_key, first.target_key)
        assert subkey_for(tx, Subkey.BACKUP, parts.backup_key, second.target_key) == parts.backup_key
    assert open_repositories(first, key, parts.key_wrapping).keys.snapshots() == []
    with pytest.raises(NotOurs):
        open_repositories(first, parts.backup_key, parts.key_wrapping).keys.snapshots()


@pytest.mark.peer("restic")
def test_what_lies_on_a_target_of_before_is_told_until_it_is_declared_destroyed(clinic: BackedUp) -> None:
    first = clinic.target()
    parts = rotated(clinic)
    (old,) = before(clinic)
    assert (old.target_key, old.removed_at is None, old.destroyed_at) == (first.target_key, False, None)
    declare_destroyed(parts, old.target_key, OPERATOR)
    assert before(clinic) == []


@pytest.mark.peer("restic")
def test_a_disk_that_is_not_plugged_in_gets_no_folder(clinic: BackedUp) -> None:
    clinic.target()
    parts = rotated(clinic)
    clinic.disk().rename(clinic.disk().with_name("drawer"))
    clinic.disk()  # an empty mount point
    (second,) = used(clinic)
    with pytest.raises(BackupFailed):
        make_ready(parts, second)
    assert list(clinic.disk().iterdir()) == []
    for mark in (Marker(bytes(16), BoxId.new()).encode(), b"{}"):
        (clinic.disk() / MARKER).write_bytes(mark)
        with pytest.raises(NotOurs):
            make_ready(parts, second)
    assert [path.name for path in clinic.disk().iterdir()] == [MARKER]


@pytest.mark.peer("restic")
def test_what_lies_under_the_root_before_gets_its_tombstones_and_is_pruned_in_its_time(clinic: BackedUp) -> None:
    first, root = clinic.target(), clinic.root
    clinic.scan()
    back_up(clinic.backup, first, Kind.NIGHT)
    parts = laid_out(clinic, rotated(clinic))
    with clinic.database.write() as tx:
        believe_clock(tx, clinic.clock)
        tx.change("INSERT INTO erasures (erasure_id, scope, kind, file_count, bytes, erased_at, audit_sequence) "
                  "VALUES (zeroblob(16), 'instance', 'request', 1, 1, 1, 1)")  # fmt: skip
        tx.change("INSERT INTO tombstones (file_id, erasure_key) VALUES (zeroblob(16), 1)")
    done(clinic, parts, COPY_ARRIVALS)
    old = open_repositories(first, derive(root, Subkey.BACKUP), clinic.backup.key_wrapping)
    assert gather_tombstones([old.files], derive(root, Subkey.AUDIT)) == {FileId(bytes(16))}
    assert len(old.keys.snapshots()) == 1
    clinic.pass_by(timedelta(days=28))
    with clinic.database.write() as tx:
        believe_clock(tx, clinic.clock)
    done(clinic, parts, PRUNE)
    assert old.keys.snapshots() == [], "no catalogue of before is left"
    assert gather_tombstones([old.files], derive(root, Subkey.AUDIT)) == {FileId(bytes(16))}
    assert clinic.rows("SELECT count(*) FROM backup_snapshots WHERE repository = 'keys' AND gone_at IS NULL AND "
                       "target_key = :key", key=first.target_key) == [(0,)]  # fmt: skip


@pytest.mark.peer("restic")
def test_by_a_list_of_the_root_before_which_others_may_know_nothing_is_erased(clinic: BackedUp) -> None:
    clinic.scan()
    first = clinic.target()
    back_up(clinic.backup, first, Kind.NIGHT)
    document = encode_tombstones(clinic.parts.vault.stored_ids(), clinic.backup.audit_key)
    small = Small("tombstones", "tombstones", document, "")
    carry(clinic.backup, first, open_target(clinic.backup, first).files, small, clinic.clock.now())
    done(clinic, laid_out(clinic, rotated(clinic)), COPY_ARRIVALS)
    assert clinic.rows("SELECT count(*) FROM studies") == [(1,)]
    with clinic.database.read() as tx:
        told = {one.code: (one.subject, one.number) for one in open_notices(tx)}
    assert told[NoticeCode.ERASURE_UNDECIDED] == (("target", first.target_key), 2)


def done(clinic: BackedUp, parts: BackupParts, name: str) -> None:
    """Run one job as its process would."""
    job = next(job for job in backup_jobs(parts, UTC) if job.name == name)
    runner = Runner(clinic.database, clinic.clock)
    run = runner.begin(job, None)
    assert (runner.run(job, run), run.fault) == (RunOutcome.DONE, None)


def test_credentials_open_under_the_new_root_alone_for_the_old_and_the_new_target(clinic: BackedUp) -> None:
    secret, wrapping = pack_credentials("box", "geheim"), clinic.backup.key_wrapping
    told = Target(
        0, bytes(16), "server", location_of("rest", REST), seal(wrapping, bytes(16), secret), append_only=True,
        at=time(1, 30), warn_after=WARN_AFTER, alarm_after=ALARM_AFTER, created_at=clinic.clock.now(),
    )  # fmt: skip
    with clinic.database.write() as tx:
        queries.add_target(tx, told)
    parts = rotated(clinic)
    (old,), (new,) = before(clinic), used(clinic)
    assert old.location == new.location == told.location
    assert new.append_only
    assert unseal(parts.key_wrapping, old) == unseal(parts.key_wrapping, new) == secret
    assert old.target_id == bytes(16) != new.target_id


def test_each_root_has_its_own_folder_on_a_disk_and_no_folder_in_another(tmp_path: Path) -> None:
    first = location_of("folder", {"path": str(tmp_path), "same_disk": "yes"})
    second = location_after(first, 2)
    third = location_after(second, 3)
    assert third.facts == {"path": str(tmp_path / "root-3"), "same_disk": "yes"}
