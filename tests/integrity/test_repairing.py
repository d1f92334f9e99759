"""A damaged file is repaired from a target that holds it whole, durably and never by anything else than itself."""

from pathlib import Path

import pytest

from appliance.errors import Tampered, Unavailable
from appliance.identifiers import FileId
from appliance.integrity.checking import check_box
from appliance.integrity.findings import FaultCode
from appliance.integrity.parts import IntegrityParts
from appliance.integrity.queries import damaged_files
from appliance.integrity.repairing import Repaired, repair_all, repair_file
from appliance.jobs.job import Run
from tests.integrity.a_proof import Proved
from tests.store.failing_files import FailingFiles


@pytest.fixture(scope="module")
def proved(tmp_path_factory: pytest.TempPathFactory) -> Proved:
    made = Proved.in_folder(tmp_path_factory.mktemp("repaired"), scans=3)
    made.night()
    return made


def a_file(proved: Proved, number: int = 0) -> tuple[FileId, Path]:
    """Give one of those that the first night copied."""
    found = proved.box.rows("SELECT file_id FROM versions ORDER BY version_key")[number][0]
    assert isinstance(found, bytes)
    file_id = FileId(found)
    return file_id, proved.box.parts.vault.path_of(file_id)


def repaired(proved: Proved) -> tuple[Repaired, Run]:
    run = Run(1, proved.box.clock, proved.box.database, lambda: False)
    return repair_all(proved.parts, run), run


def with_files(proved: Proved, files: FailingFiles) -> IntegrityParts:
    parts = proved.box.integrity
    return IntegrityParts(
        parts.data_folder, parts.database, parts.rotating_keys, parts.vault, files, parts.audit, parts.audit_key,
        parts.clock,
    )  # fmt: skip


def test_a_changed_file_and_a_missing_one_come_back_byte_for_byte(proved: Proved) -> None:
    (_, changed), (_, missing) = a_file(proved, 0), a_file(proved, 1)
    before = changed.read_bytes(), missing.read_bytes()
    changed.write_bytes(before[0][:-1])
    missing.unlink()
    assert len(check_box(proved.box.integrity).findings) == 2
    done, run = repaired(proved)
    assert (done, run.fault) == (Repaired(2, 2), None)
    assert (changed.read_bytes(), missing.read_bytes()) == before
    assert check_box(proved.box.integrity).faults == ()
    told = "SELECT repaired_from, repaired_at IS NOT NULL FROM integrity_faults"
    assert proved.box.rows(told) == [(proved.target.target_key, 1)] * 2
    assert proved.box.rows("SELECT count(*) FROM damaged_files") == [(0,)]
    assert {path.name[0] for path in changed.parent.iterdir()} != {"."}
    assert repaired(proved)[0] == Repaired(0, 0)


def test_a_file_that_no_copy_holds_stays_as_it_is_and_the_run_says_so(proved: Proved) -> None:
    proved.box.scan(first=50, count=1, study="1.2.77")
    newest = proved.box.rows("SELECT file_id FROM versions ORDER BY version_key DESC LIMIT 1")[0][0]
    assert isinstance(newest, bytes)
    path = proved.box.parts.vault.path_of(FileId(newest))
    sound = path.read_bytes()
    path.write_bytes(sound[:-1])
    check_box(proved.box.integrity)
    done, run = repaired(proved)
    assert (done, run.fault) == (Repaired(1, 0), "no whole copy")
    assert path.read_bytes() == sound[:-1]
    path.write_bytes(sound)
    assert check_box(proved.box.integrity).faults == ()


def test_a_copy_that_is_damaged_itself_never_takes_a_files_place(proved: Proved) -> None:
    _, path = a_file(proved)
    sound = path.read_bytes()
    path.write_bytes(sound[:-20] + bytes(20))
    proved.night()
    worse = proved.box.rows(
        "SELECT snapshot_id FROM backup_snapshots WHERE repository = 'files' ORDER BY taken_at DESC"
    )
    check_box(proved.box.integrity)
    with proved.box.database.read() as tx:
        expected = damaged_files(tx)[0]
    with pytest.raises(Tampered):
        repair_file(proved.box.integrity, expected, proved.repositories().files, str(worse[0][0]))
    assert path.read_bytes() == sound[:-20] + bytes(20)
    assert repaired(proved)[0] == Repaired(1, 1)
    assert path.read_bytes() == sound


def lost_to_the_disk(path: Path) -> None:
    """Have the disk refuse a file: what opens it hears an error that says nothing of its bytes."""
    path.unlink()
    path.symlink_to("/nowhere")


def test_a_file_that_the_disk_does_not_give_any_more_comes_back_from_a_copy(proved: Proved) -> None:
    _, path = a_file(proved, 2)
    sound = path.read_bytes()
    lost_to_the_disk(path)
    assert [one.code for one in check_box(proved.box.integrity).findings] == [FaultCode.UNREADABLE]
    assert repaired(proved)[0] == Repaired(1, 1)
    assert not path.is_symlink()
    assert path.read_bytes() == sound
    assert open_faults(proved) == []


def test_a_file_that_the_disk_gives_again_is_left_as_it_is(proved: Proved) -> None:
    _, path = a_file(proved, 2)
    aside = path.rename(path.with_name("aside"))
    path.symlink_to("/nowhere")
    check_box(proved.box.integrity)
    before = aside.rename(path).stat().st_ino
    assert repaired(proved)[0] == Repaired(0, 0)
    assert path.stat().st_ino == before
    assert open_faults(proved) == []


def open_faults(proved: Proved) -> list[tuple[object, ...]]:
    return proved.box.rows("SELECT place, fault FROM integrity_faults WHERE repaired_at IS NULL")


def test_a_file_that_nothing_opens_keeps_no_other_from_being_repaired(proved: Proved) -> None:
    (first, one), (_, other) = sorted((a_file(proved, 0), a_file(proved, 1)), key=lambda found: found[0].value)
    sound = one.read_bytes(), other.read_bytes()
    for path, whole in zip((one, other), sound, strict=True):
        path.write_bytes(whole[:-1])
    check_box(proved.box.integrity)
    shift_key(proved, first, 90)
    done, run = repaired(proved)
    assert (done, run.fault) == (Repaired(2, 1), "no whole copy")
    assert other.read_bytes() == sound[1]
    shift_key(proved, first, -90)
    assert repaired(proved)[0] == Repaired(1, 1)
    assert one.read_bytes() == sound[0]


def shift_key(proved: Proved, file_id: FileId, by: int) -> None:
    with proved.box.database.write() as tx:
        tx.change(
            "UPDATE files SET wrapping_key_number = wrapping_key_number + :by WHERE file_id = :id",
            by=by, id=file_id.value,
        )  # fmt: skip


def test_a_file_that_vanished_many_nights_ago_comes_back_from_the_night_after_it_came(proved: Proved) -> None:
    file_id, path = a_file(proved)
    sound = path.read_bytes()
    with proved.box.database.write() as tx:
        tx.change(  # the night began in the second in which the file came
            """UPDATE backup_snapshots
               SET taken_at = (SELECT created_at FROM files WHERE file_id = :file_id) / 1000000 * 1000000
               WHERE taken_at = (SELECT min(taken_at) FROM backup_snapshots)""",
            file_id=file_id.value,
        )
        for number in range(30):  # nights since, which hold nothing of it
            tx.change(
                """INSERT INTO backup_snapshots (target_key, repository, snapshot_id, kind, taken_at, audit_sequence,
                     audit_chain, file_count, bytes) SELECT target_key, repository, :id, kind, taken_at + :later,
                     audit_sequence, audit_chain, file_count, bytes FROM backup_snapshots
                   WHERE repository = 'files' ORDER BY taken_at LIMIT 1""",
                id=f"{number:08x}", later=(number + 1) * 86_400_000_000,
            )  # fmt: skip
    path.unlink()
    check_box(proved.box.integrity)
    assert repaired(proved)[0] == Repaired(1, 1)
    assert path.read_bytes() == sound
    with proved.box.database.write() as tx:
        tx.change("DELETE FROM backup_snapshots WHERE snapshot_id LIKE '000000%'")


def test_what_a_copy_does_not_hold_is_looked_at_here_and_repaired_within_the_hour(proved: Proved) -> None:
    _, path = a_file(proved)
    sound = path.read_bytes()
    path.unlink()
    proved.night()
    assert proved.test().ending.verdict == "failed"
    assert {place for place, _ in open_faults(proved)} == {"snapshot"}
    assert repaired(proved)[0] == Repaired(1, 1)
    assert path.read_bytes() == sound
    assert repaired(proved)[0] == Repaired(0, 0)


@pytest.mark.parametrize("operation", ["create_exclusive", "write", "fsync", "rename", "fsync_folder"])
def test_a_disk_that_refuses_leaves_the_one_or_the_other_and_the_next_run_repairs(
    proved: Proved, operation: str
) -> None:
    _, path = a_file(proved)
    sound = path.read_bytes()
    path.write_bytes(sound[:-1])
    check_box(proved.box.integrity)
    with proved.box.database.read() as tx:
        expected = damaged_files(tx)[0]
    nights = proved.box.rows("SELECT snapshot_id FROM backup_snapshots WHERE repository = 'files' ORDER BY taken_at")
    failing = with_files(proved, FailingFiles((operation, 1)))
    with pytest.raises(Unavailable):
        repair_file(failing, expected, proved.repositories().files, str(nights[0][0]))
    assert path.read_bytes() in (sound, sound[:-1])
    assert not [one for one in path.parent.iterdir() if one.name.startswith(".")]
    assert repaired(proved)[0] == Repaired(1, 1)
    assert path.read_bytes() == sound
