"""A run on a target: what it copies and what it says of it; whatever cuts it off, the next completes it."""

import json
import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from appliance.audit.chain import Head
from appliance.audit.events import OPERATOR
from appliance.audit.queries import verify
from appliance.backup import queries, queries_copies
from appliance.backup.carrying import Small, carry
from appliance.backup.engine import Progress
from appliance.backup.faults import BackupFailed, Fault, NotOurs
from appliance.backup.guard import Guard
from appliance.backup.running import Kind, back_up
from appliance.backup.target import Target
from appliance.backup.targets import open_target, remove_target
from appliance.errors import Unavailable
from appliance.identifiers import FileId
from appliance.keys.hierarchy import Keyring, Subkey
from appliance.store.database import Database
from tests.backup.a_backup import BackedUp
from tests.intake.a_clinic import ct_slice, sent
from tests.store.failing_files import FailingFiles

pytestmark = pytest.mark.peer("restic")


@pytest.fixture
def clinic(tmp_path: Path) -> BackedUp:
    return BackedUp(tmp_path / "data")


def now(clinic: BackedUp, target: Target) -> Target:
    with clinic.database.read() as tx:
        found = queries.find_target(tx, target.target_key)
    assert found is not None
    return found


def run(clinic: BackedUp, target: Target, kind: Kind = Kind.NIGHT) -> Target:
    back_up(clinic.backup, now(clinic, target), kind)
    return now(clinic, target)


def copies(clinic: BackedUp) -> list[tuple[object, ...]]:
    return clinic.rows("SELECT study_key, target_key, file_count FROM study_copies ORDER BY study_key")


def restored(clinic: BackedUp, target: Target, into: Path) -> Path:
    """Bring back the newest snapshot of each repository."""
    opened = open_target(clinic.backup, target)
    for repository in (opened.keys, opened.files):
        for snapshot in repository.snapshots():
            repository.restore(snapshot.snapshot_id, into)
    return into


def test_a_night_puts_catalogue_inbox_and_vault_on_the_target_and_says_so(clinic: BackedUp, tmp_path: Path) -> None:
    clinic.scan(count=3)
    clinic.receive([sent(ct_slice(9))])
    target = clinic.target()
    heard: list[Progress] = []
    copied = back_up(clinic.backup, target, Kind.NIGHT, heard.append)
    assert copied.files is not None
    assert copied.files.file_count == 3
    back = restored(clinic, target, tmp_path / "back")
    names = {path.relative_to(back).parts[0] for path in back.rglob("*")}
    assert names == {"catalogue.db", "box.json", "settings.toml", "manifest.json", "inbox", "settled", "vault"}
    assert sorted(path.name for path in (back / "vault").glob("*/*")) == sorted(
        str(file_id) for file_id in clinic.parts.vault.stored_ids()
    )
    assert len(list((back / "inbox").glob("*/*"))) == 3, "what waits in the inbox is there, with what opens it"
    row = now(clinic, target)
    assert (row.fault, row.covered_at is not None, row.night_at is not None) == (None, True, True)
    assert copies(clinic) == [(1, target.target_key, 3)]
    assert clinic.rows("SELECT event, outcome, number FROM audit_events ORDER BY sequence DESC LIMIT 1") == [
        ("backup made", "success", 3)
    ]


def test_the_catalogue_on_a_target_opens_with_the_box_s_key_and_is_what_the_manifest_says(
    clinic: BackedUp, tmp_path: Path
) -> None:
    clinic.scan()
    back = restored(clinic, run(clinic, clinic.target()), tmp_path / "back")
    manifest = json.loads((back / "manifest.json").read_text())
    keyring = Keyring.for_process("jobs", clinic.root)
    copy = Database(back / "catalogue.db", keyring.key(Subkey.CATALOGUE), clinic.clock)
    assert copy.check_integrity() == []
    head = Head(manifest["audit_sequence"], bytes.fromhex(manifest["audit_chain"]))
    with copy.read() as tx:
        verdict = verify(tx, keyring.key(Subkey.AUDIT), [head])
        assert tx.rows("SELECT count(*) FROM files") == [(2,)]
    assert (verdict.fault, verdict.head.sequence) == (None, head.sequence)
    assert clinic.rows("SELECT DISTINCT audit_sequence, audit_chain FROM backup_snapshots") == [
        (head.sequence, head.chain)
    ]
    assert (manifest["files"], manifest["box_id"]) == (2, str(clinic.box_id))
    raw = (back / "catalogue.db").read_bytes()
    assert not raw.startswith(b"SQLite format 3")
    assert b"1.2.3.1" not in raw
    assert b"And" not in raw or "Ñandú".encode() not in raw


def test_an_arrivals_run_copies_only_what_is_new(clinic: BackedUp) -> None:
    clinic.scan()
    clinic.pass_by(timedelta(minutes=10))
    target = run(clinic, clinic.target())
    clinic.pass_by(timedelta(minutes=10))
    clinic.scan(first=5, count=1, study="1.2.3.7")
    clinic.pass_by(timedelta(minutes=5))
    copied = back_up(clinic.backup, now(clinic, target), Kind.ARRIVALS)
    assert copied.files is not None
    assert copied.files.file_count == 1
    assert copies(clinic) == [(1, 1, 2), (2, 1, 1)]
    clinic.pass_by(timedelta(minutes=10))
    again = back_up(clinic.backup, now(clinic, target), Kind.ARRIVALS)
    assert again.files is None, "nothing is new"
    assert [row[0] for row in clinic.rows("SELECT kind FROM backup_snapshots ORDER BY snapshot_key")] == [
        "night", "night", "arrivals", "arrivals", "arrivals",
    ]  # fmt: skip


def test_packs_and_files_without_a_row_are_no_part_of_what_counts(clinic: BackedUp) -> None:
    clinic.scan(count=1)
    (clinic.folder / "packs").mkdir()
    (clinic.folder / "packs" / "x").write_bytes(b"made again at any time")
    target = clinic.target()
    copied = back_up(clinic.backup, target, Kind.NIGHT)
    assert copied.files is not None
    names = open_target(clinic.backup, target).files.names(copied.files.snapshot_id)
    assert all(name.startswith("vault/") for name in names)
    assert len(names) == 1


def test_what_moved_while_the_catalogue_was_laid_out_is_not_said_to_be_covered(clinic: BackedUp) -> None:
    clinic.scan(count=1)
    target = clinic.target()
    clinic.receive([sent(ct_slice(7))])
    arrived = clinic.clock.now()
    clinic.pass_by(timedelta(minutes=3))

    class Meanwhile(Database):
        def copy_into(self, path: Path) -> None:
            super().copy_into(path)
            intake = clinic.intake()
            intake.step()
            intake.close()

    database = clinic.opened(Meanwhile)
    parts = clinic.backup.__class__(**{**vars(clinic.backup), "database": database})
    copied = back_up(parts, target, Kind.NIGHT)
    assert copied.covered_at <= arrived
    clinic.pass_by(timedelta(minutes=5))
    assert back_up(clinic.backup, now(clinic, target), Kind.ARRIVALS).covered_at > arrived


@pytest.mark.parametrize("kind", list(Kind))
def test_a_file_that_is_lost_is_told_and_all_others_are_copied(clinic: BackedUp, kind: Kind) -> None:
    clinic.scan(count=3)
    target = clinic.target()
    lost = next(clinic.parts.vault.stored_ids())
    clinic.parts.vault.remove(lost)
    with pytest.raises(BackupFailed) as failed:
        back_up(clinic.backup, target, kind)
    assert failed.value.fault is Fault.INCOMPLETE
    row = now(clinic, target)
    assert (row.fault, row.covered_at) == (Fault.INCOMPLETE, None)
    (snapshot,) = open_target(clinic.backup, target).files.snapshots()
    assert len(open_target(clinic.backup, target).files.names(snapshot.snapshot_id)) == 2
    assert copies(clinic) == []


def test_a_disk_that_is_not_there_is_noted_and_is_no_event(clinic: BackedUp) -> None:
    clinic.scan(count=1)
    target = run(clinic, clinic.target())
    clinic.disk().rename(clinic.disk().with_name("drawer"))
    events = clinic.rows("SELECT count(*) FROM audit_events")
    with pytest.raises(BackupFailed) as failed:
        run(clinic, target)
    assert failed.value.fault is Fault.UNPLUGGED
    row = now(clinic, target)
    assert row.fault is Fault.UNPLUGGED
    assert row.covered_at == target.covered_at
    assert clinic.rows("SELECT count(*) FROM audit_events") == events
    shutil.rmtree(clinic.disk(), ignore_errors=True)
    clinic.disk().with_name("drawer").rename(clinic.disk().with_name("disk"))
    assert run(clinic, target).fault is None


def test_a_disk_with_another_box_s_copies_is_not_touched(clinic: BackedUp, tmp_path: Path) -> None:
    target = clinic.target()
    (tmp_path / "other").mkdir()
    other = BackedUp(tmp_path / "other" / "data")
    theirs = other.target()
    shutil.rmtree(clinic.disk())
    shutil.copytree(other.disk(), clinic.disk(), dirs_exist_ok=True)
    before = sorted(path.name for path in clinic.disk().rglob("*"))
    with pytest.raises(NotOurs):
        run(clinic, target)
    assert now(clinic, target).fault is Fault.NOT_OURS
    assert sorted(path.name for path in clinic.disk().rglob("*")) == before
    assert theirs.target_id != target.target_id


def test_two_runs_at_once_on_one_target_are_refused_and_harm_nothing(clinic: BackedUp) -> None:
    target = clinic.target()
    with (
        Guard(clinic.backup.work_folder / f"{target.target_id.hex()}.run").alone(),
        pytest.raises(BackupFailed) as failed,
    ):
        run(clinic, target)
    assert failed.value.fault is Fault.BUSY
    assert now(clinic, target).fault is None


def test_a_run_that_is_stopped_leaves_what_the_next_completes(clinic: BackedUp) -> None:
    clinic.scan()
    target = clinic.target()

    def stop(_: Progress) -> None:
        raise BackupFailed(Fault.STOPPED)

    with pytest.raises(BackupFailed):
        back_up(clinic.backup, target, Kind.NIGHT, stop)
    row = now(clinic, target)
    assert (row.fault, row.covered_at, row.night_at) == (Fault.STOPPED, None, None)
    assert not list(clinic.backup.work_folder.glob("staged-*"))
    assert run(clinic, target).fault is None


def test_what_a_crash_left_laid_out_is_removed_by_the_next_run(clinic: BackedUp) -> None:
    target = clinic.target()
    left = clinic.backup.work_folder / f"staged-{target.target_id.hex()}"
    left.mkdir(parents=True)
    (left / "catalogue.db").write_bytes(b"cut off")
    run(clinic, target)
    assert not left.exists()


def test_a_small_file_s_folder_is_gone_for_good_before_it_is_said_to_be_there(clinic: BackedUp) -> None:
    target, files = clinic.target(), FailingFiles()
    parts = clinic.backup.__class__(**{**vars(clinic.backup), "files": files})
    repository = open_target(parts, now(clinic, target)).files
    carry(parts, target, repository, Small("anchor", "anchor.json", b"{}", ""), parts.clock.now())
    assert not (parts.work_folder / f"anchor-{target.target_id.hex()}").exists()
    written = ["create_exclusive", "write", "fsync", "fsync_folder"]
    assert files.done == [*written, "fsync_folder"], "or it is back after a loss of power"


def test_a_disk_of_the_box_that_refuses_anywhere_leaves_what_the_next_run_completes(clinic: BackedUp) -> None:
    clinic.scan(count=1)
    target = clinic.target()
    for n in range(1, 30):
        files = FailingFiles(n)
        parts = clinic.backup.__class__(**{**vars(clinic.backup), "files": files})
        try:
            back_up(parts, now(clinic, target), Kind.NIGHT)
            break
        except Unavailable:
            assert now(clinic, target).covered_at is None
    else:
        pytest.fail("it never got through")
    assert n > 3
    assert now(clinic, target).covered_at is not None


def test_copies_are_counted_by_study_and_end_with_the_target(clinic: BackedUp) -> None:
    clinic.scan(count=2)
    target = run(clinic, clinic.target())
    clinic.scan(first=5, count=1, study="1.2.3.7")
    with clinic.database.read() as tx:
        assert queries_copies.copies_of_study(tx, 1) == queries_copies.StudyCopies(2, 1, 0)
        assert queries_copies.copies_of_study(tx, 2) == queries_copies.StudyCopies(1, 0, 0)
        assert queries_copies.studies_by_copies(tx) == {0: 1, 1: 1}
    clinic.scan(first=3, count=1)
    with clinic.database.read() as tx:
        assert queries_copies.copies_of_study(tx, 1).whole_on == 0, "a slice of it is not on the target yet"
    run(clinic, target, Kind.ARRIVALS)
    with clinic.database.write() as tx:
        assert queries_copies.copies_of_study(tx, 1).whole_on == 1
        queries.note_destroyed(tx, target.target_key, clinic.clock.now())
        assert queries_copies.studies_by_copies(tx) == {0: 2}


def test_the_bytes_in_a_target_are_the_vault_s_own(clinic: BackedUp, tmp_path: Path) -> None:
    clinic.scan(count=2)
    back = restored(clinic, run(clinic, clinic.target()), tmp_path / "back")
    for path in (back / "vault").glob("*/*"):
        assert path.read_bytes() == clinic.parts.vault.path_of(FileId.parse(path.name)).read_bytes()


def test_a_study_of_which_a_part_was_copied_is_in_no_place_yet_nor_is_one_of_a_place_that_is_not_used(
    clinic: BackedUp,
) -> None:
    clinic.scan(count=2)
    target = run(clinic, clinic.target())

    def spread() -> dict[int, int]:
        with clinic.database.read() as tx:
            return queries_copies.studies_by_copies(tx)

    assert spread() == {1: 1}
    clinic.pass_by(timedelta(minutes=10))
    clinic.scan(first=8, count=1)
    assert spread() == {0: 1}
    run(clinic, target, Kind.ARRIVALS)
    assert spread() == {1: 1}
    remove_target(clinic.backup, target.target_key, OPERATOR)
    assert spread() == {0: 1}
    with clinic.database.read() as tx:
        assert queries_copies.copies_of_study(tx, 1).whole_on == 0
