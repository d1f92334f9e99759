"""The whole archive leaves in open formats; killed, failed or full at any step, the next run completes it."""

import errno
import hashlib
import json
import os
import re
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from appliance.audit.events import AuditLog
from appliance.errors import ApplianceError, OutOfSpace, Refused, Unsuitable
from appliance.export.entries import Shelf
from appliance.export.folder import check_folder
from appliance.export.listing import read_lines
from appliance.export.queries_archive import TABLES
from appliance.export.whole import ArchiveExporter, Exported, plan
from appliance.store.files import FileLayer, RealFiles
from tests.export.a_package import NAME, AnExport, asked
from tests.store.failing_files import FailingFiles


@pytest.fixture
def box(tmp_path: Path) -> AnExport:
    """Two patients, three studies, one image in two versions."""
    folder = tmp_path / "box"
    folder.mkdir()
    made = AnExport(folder)
    made.scan(slices=2, PatientName=NAME)
    made.scan(slices=1)
    made.scan(slices=2, patient_id="P-2")
    with made.database.write() as tx:
        tx.change("INSERT INTO box VALUES (1, :id, 'Clínica Las Lilas', 0)", id=bytes(16))
    return made


def exporter(box: AnExport, files: FileLayer | None = None) -> ArchiveExporter:
    return ArchiveExporter(box.shelf, box.audit, box.archive.box.clock, files or RealFiles())


def assert_whole(box: AnExport, folder: Path) -> None:
    """Everything that was stored is there, byte for byte; every file has its checksum."""
    assert check_folder(folder) > 0
    listed = {line.split("  ")[1] for line in (folder / "SHA256SUMS").read_text().splitlines()}
    there = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    beside = {name for name in there if name.endswith("SHA256SUMS")} | {"enamel-export.json"}
    assert there == listed | beside
    found = sorted(path.read_bytes() for path in (folder / "patients").rglob("*.dcm"))
    assert found == sorted(box.archive.stored.values())
    for one in read_lines(folder / "catalogue" / "instances.jsonl"):
        data = (folder / str(one["folder"]) / str(one["name"])).read_bytes()
        assert hashlib.sha256(data[int(str(one["dataset_offset"])) :]).hexdigest() == one["dataset_sha256"]


def test_everything_leaves_in_open_formats(box: AnExport, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = exporter(box).export(out)
    assert (done.file_count, done.not_exported, done.resumed) == (5, 0, False)
    assert_whole(box, out)
    asked(["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"], out)
    patients = list(read_lines(out / "catalogue" / "patients.jsonl"))
    assert patients[0]["patient_name"] == NAME
    assert {path.stem for path in (out / "catalogue").iterdir()} == {table.name for table in TABLES} | {
        "instances",
        "quarantined-files",
    }
    assert "sha256sum --check" in (out / "README.TXT").read_text("utf-8")
    events = list(read_lines(out / "catalogue" / "audit_events.jsonl"))
    assert events[-1]["event"] == "archive exported"
    with box.database.read() as tx:
        [row] = tx.rows("SELECT scope, form, file_count, finished_at IS NOT NULL FROM exports")
    assert row == ("archive", "folder", 5, 1)


def test_a_later_version_leaves_beside_the_first(box: AnExport, tmp_path: Path) -> None:
    path = next(iter(box.archive.stored.items()))
    changed = path[1][:-2] + b"\x01\x02"
    box.archive.store(changed, "1.2.840.10008.1.2.1")
    exporter(box).export(tmp_path / "out")
    [second] = (tmp_path / "out" / "patients").rglob("*.version2.dcm")
    assert second.read_bytes() == changed


def test_what_is_finished_is_left_as_it_is(box: AnExport, tmp_path: Path) -> None:
    out = tmp_path / "out"
    exporter(box).export(out)
    box.scan(slices=1)
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*")}
    assert exporter(box).export(out).resumed
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*")} == before


def test_the_folder_itself_is_durable_before_anything_is_in_it(box: AnExport, tmp_path: Path) -> None:
    with pytest.raises(ApplianceError):
        exporter(box, FailingFiles(("fsync_folder", 1), errno.EIO)).export(tmp_path / "made")
    assert [*(tmp_path / "made").iterdir()] == []


def test_no_secret_leaves(box: AnExport, tmp_path: Path) -> None:
    out = tmp_path / "out"
    exporter(box).export(out)
    with box.database.read() as tx:
        rows = tx.rows("SELECT wrapped_key FROM files UNION ALL SELECT wrapped_key FROM rotating_keys")
    secrets = [bytes(key) for (key,) in rows if key]
    whole = b"".join(path.read_bytes() for path in (out / "catalogue").iterdir())
    assert secrets
    assert not [key for key in secrets if key in whole or key.hex().encode() in whole]
    columns = {column for table in TABLES for column in table.columns}
    kept = {name for name in columns if re.search("wrapped|sealed|hash|totp|secret|password", name)}
    assert kept == set()


def test_whatever_operation_fails_the_next_run_completes(box: AnExport, tmp_path: Path) -> None:
    assert at_every_second_step(box, tmp_path, failing, 1) > 60


def test_killed_at_whatever_operation_the_next_run_completes(box: AnExport, tmp_path: Path) -> None:
    assert at_every_second_step(box, tmp_path, killed, 2) > 60


Ends = Callable[[AnExport, Path, int], bool]


def at_every_second_step(box: AnExport, tmp_path: Path, ends: Ends, number: int) -> int:
    """End a run at an operation, the next but one and so on, each time completing it; give how many there are."""
    while ends(box, tmp_path / f"out{number}", number):
        exporter(box).export(tmp_path / f"out{number}")
        assert_whole(box, tmp_path / f"out{number}")
        number += 2
    return number


def failing(box: AnExport, folder: Path, number: int) -> bool:
    files = FailingFiles(number, errno.ENOSPC)
    try:
        exporter(box, files).export(folder)
    except OutOfSpace:
        return True
    return False


class KillingFiles(FailingFiles):
    """Files that end this process at once, before the n-th operation."""

    def _step(self, name: str) -> None:
        try:
            super()._step(name)
        except OSError:
            os.kill(os.getpid(), signal.SIGKILL)


def killed(box: AnExport, folder: Path, number: int) -> bool:
    """Run it in a process of its own, with its own connection; say whether it was killed before its end."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            stored = box.archive.box
            shelf = Shelf(box.archive.reader(), stored.keys, stored.vault)
            audit = AuditLog(box.audit._key, stored.clock)
            ArchiveExporter(shelf, audit, stored.clock, KillingFiles(number)).export(folder)
            status = 0
        finally:
            os._exit(status)
    _child, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status)


def test_whole_studies_are_not_copied_again(box: AnExport, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(ApplianceError):
        exporter(box, FailingFiles(("rename", 5), errno.EIO)).export(out)  # mark, note, mark, one study, the second
    done = {path: path.stat().st_ino for path in out.rglob("SHA256SUMS")}
    images = {path: path.stat().st_ino for one in done for path in one.parent.rglob("*.dcm")}
    assert len(done) == 1
    assert exporter(box).export(out).resumed
    assert {path: path.stat().st_ino for path in [*done, *images]} == done | images
    assert_whole(box, out)


def test_what_arrives_meanwhile_belongs_to_a_later_export(box: AnExport, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(ApplianceError):
        exporter(box, FailingFiles(("rename", 4), errno.EIO)).export(out)
    stored = dict(box.archive.stored)
    box.scan(slices=3)
    exporter(box).export(out)
    box.archive.stored = stored
    assert_whole(box, out)


def test_a_rotten_file_is_named_and_keeps_nothing_else_back(box: AnExport, tmp_path: Path) -> None:
    with box.database.read() as tx:
        [[name]] = tx.rows("SELECT lower(hex(file_id)) FROM versions ORDER BY version_key LIMIT 1")
    path = box.archive.box.folder / "vault" / name[:2] / name
    path.write_bytes(path.read_bytes()[:-1] + b"\x00")
    done = exporter(box).export(tmp_path / "out")
    assert done.not_exported == 1
    [told] = (tmp_path / "out").rglob("not-exported.jsonl")
    assert json.loads(told.read_text())["why"] == "damaged"
    assert len(list((tmp_path / "out" / "patients").rglob("*.dcm"))) == 4
    asked(["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"], tmp_path / "out")
    assert ("file damaged", "failure") in trail(box)


def test_a_file_that_the_boxs_disk_does_not_give_is_named_and_keeps_nothing_else_back(
    box: AnExport, tmp_path: Path
) -> None:
    with box.database.read() as tx:
        [[name]] = tx.rows("SELECT lower(hex(file_id)) FROM versions ORDER BY version_key LIMIT 1")
    path = box.archive.box.folder / "vault" / name[:2] / name
    path.unlink()
    path.symlink_to("/nowhere")
    done = exporter(box).export(tmp_path / "out")
    assert done.not_exported == 1
    [told] = (tmp_path / "out").rglob("not-exported.jsonl")
    assert json.loads(told.read_text())["why"] == "unreadable"
    assert len(list((tmp_path / "out" / "patients").rglob("*.dcm"))) == 4
    assert check_folder(tmp_path / "out") > 0
    assert "file damaged" not in {event for event, _ in trail(box)}
    with box.database.read() as tx:
        assert tx.rows("SELECT finished_at FROM exports") == [(None,)], "it may yet be had: this was not all"


def test_an_erased_study_is_named_and_keeps_nothing_else_back(box: AnExport, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(ApplianceError):
        exporter(box, FailingFiles(("rename", 4), errno.EIO)).export(out)
    with box.database.write() as tx:
        tx.change("PRAGMA defer_foreign_keys = ON")
        tx.change("DELETE FROM versions WHERE version_key = 5")
        tx.change("DELETE FROM files WHERE file_id NOT IN (SELECT file_id FROM versions)")
    done = exporter(box).export(out)
    assert done.not_exported == 1
    [told] = out.rglob("not-exported.jsonl")
    assert json.loads(told.read_text())["why"] == "erased"


def trail(box: AnExport) -> list[tuple[str, str]]:
    with box.database.read() as tx:
        return [(row[0], row[1]) for row in tx.rows("SELECT event, outcome FROM audit_events ORDER BY sequence")]


def test_a_disk_that_was_just_formatted_counts_as_empty(box: AnExport, tmp_path: Path) -> None:
    (tmp_path / "out" / "lost+found").mkdir(parents=True)
    assert exporter(box).export(tmp_path / "out").file_count == 5


def test_a_mark_that_is_damaged_is_told(box: AnExport, tmp_path: Path) -> None:
    out = tmp_path / "out"
    exporter(box).export(out)
    (out / "enamel-export.json").write_bytes(b"{\x00")
    with pytest.raises(Refused):
        check_folder(out)
    with pytest.raises(Unsuitable):
        exporter(box).export(out)


def test_a_folder_with_something_else_in_it_is_left_alone(box: AnExport, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "mine").write_bytes(b"mine")
    with pytest.raises(Unsuitable):
        exporter(box).export(out)
    assert [path.name for path in out.iterdir()] == ["mine"]


def test_another_boxs_export_is_left_alone(box: AnExport, tmp_path: Path) -> None:
    out = tmp_path / "out"
    exporter(box).export(out)
    with box.database.write() as tx:
        tx.change("UPDATE box SET box_id = :id", id=b"1" * 16)
    with pytest.raises(Unsuitable):
        exporter(box).export(out)


def test_two_runs_into_one_folder_are_refused(box: AnExport, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    held = RealFiles().hold_folder(out)
    with pytest.raises(Refused):
        exporter(box).export(out)
    os.close(held)
    exporter(box).export(out)


def test_an_unfinished_export_does_not_pass_its_check(box: AnExport, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(ApplianceError):
        exporter(box, FailingFiles(("rename", 4), errno.EIO)).export(out)
    with pytest.raises(Refused):
        check_folder(out)


@pytest.mark.peer("mount")
@pytest.mark.as_root("mounts a small disk")
def test_a_disk_that_is_too_small_is_told_before_anything_is_copied(box: AnExport, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=120k", "tmpfs", str(out)], check=True)
    try:
        with pytest.raises(OutOfSpace):
            exporter(box).export(out)
        assert not (out / "patients").exists()
        assert len(list(plan(out))) == 3
    finally:
        subprocess.run(["umount", str(out)], check=True)


def test_progress_ends_where_it_said(box: AnExport, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    done: Exported = exporter(box).export(tmp_path / "out", lambda now, all_of_it: told.append((now, all_of_it)))
    assert told[-1] == (done.total_bytes, done.total_bytes)
    assert sorted(told) == told
