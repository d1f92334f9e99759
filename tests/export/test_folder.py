"""A stick that is pulled out, a full one, a dead machine: the next run into the same folder ends well."""

import shutil
import subprocess
from pathlib import Path

import pytest

from appliance.errors import ApplianceError, OutOfSpace, Refused, Unsuitable
from appliance.export.folder import NOTE, FolderWriter, check_folder
from appliance.export.package import Package
from appliance.store.files import RealFiles
from tests.export.a_package import AnExport
from tests.store.failing_files import FailingFiles


@pytest.fixture
def box(tmp_path: Path) -> AnExport:
    folder = tmp_path / "box"
    folder.mkdir()
    return AnExport(folder)


def write(package: Package, folder: Path) -> None:
    FolderWriter(folder, RealFiles()).write(package.entries, package.identity)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_folder_is_written_whole_and_verifies(box: AnExport, tmp_path: Path) -> None:
    package = box.exporter.study(box.key_of(box.scan()))
    write(package, tmp_path / "stick")
    found = contents(tmp_path / "stick")
    assert found == {entry.name: b"".join(entry.pieces()) for entry in package.entries}
    assert check_folder(tmp_path / "stick") == len(package.entries) - 1


def test_the_folder_itself_is_durable_before_anything_is_in_it(box: AnExport, tmp_path: Path) -> None:
    """A power cut right after an export that made its folder would else take all of it."""
    package = box.exporter.study(box.key_of(box.scan()))
    refusing = FailingFiles(("fsync_folder", 1))
    with pytest.raises(ApplianceError):
        FolderWriter(tmp_path / "stick", refusing).write(package.entries, package.identity)
    assert contents(tmp_path / "stick") == {}
    write(package, tmp_path / "stick")
    assert is_whole(tmp_path / "stick")


def test_a_folder_with_something_in_it_is_left_alone(box: AnExport, tmp_path: Path) -> None:
    package = box.exporter.study(box.key_of(box.scan()))
    stick = tmp_path / "stick"
    stick.mkdir()
    (stick / "holiday.jpg").write_bytes(b"mine")
    with pytest.raises(Unsuitable):
        write(package, stick)
    assert contents(stick) == {"holiday.jpg": b"mine"}


@pytest.mark.parametrize("left", ["System Volume Information", "lost+found", ".Trashes", ".Trash-1000"])
def test_a_stick_that_was_plugged_in_elsewhere_counts_as_empty(box: AnExport, tmp_path: Path, left: str) -> None:
    package = box.exporter.study(box.key_of(box.scan()))
    stick = tmp_path / "stick"
    (stick / left).mkdir(parents=True)
    write(package, stick)
    assert check_folder(stick) == len(package.entries) - 1


def test_what_the_box_itself_needs_stays_free_on_its_disk(box: AnExport, tmp_path: Path) -> None:
    package = box.exporter.study(box.key_of(box.scan()))
    all_of_it = shutil.disk_usage(tmp_path).total
    with pytest.raises(OutOfSpace, match="the box itself needs"):
        FolderWriter(tmp_path / "stick", RealFiles(), reserve_bytes=all_of_it).write(package.entries, package.identity)


def test_another_packages_unfinished_folder_is_left_alone(box: AnExport, tmp_path: Path) -> None:
    one, other = box.exporter.study(box.key_of(box.scan())), box.exporter.study(box.key_of(box.scan()))
    stick = tmp_path / "stick"
    with pytest.raises(ApplianceError):
        FolderWriter(stick, FailingFiles(12)).write(one.entries, one.identity)
    before = contents(stick)
    with pytest.raises(Unsuitable):
        write(other, stick)
    assert contents(stick) == before


def test_whatever_operation_fails_the_next_run_ends_well(box: AnExport, tmp_path: Path) -> None:
    key = box.key_of(box.scan(slices=2))
    first, again = box.exporter.study(key), box.exporter.study(key)
    number = 0
    while True:
        number += 1
        stick = tmp_path / f"stick{number}"
        stick.mkdir()
        failing = FailingFiles(number)
        try:
            FolderWriter(stick, failing).write(first.entries, first.identity)
        except ApplianceError:
            assert NOTE in contents(stick) or not contents(stick) or is_whole(stick)
        else:
            break
        if not is_whole(stick):
            write(again, stick)
        assert is_whole(stick)
    assert number > 40


def is_whole(stick: Path) -> bool:
    try:
        return check_folder(stick) > 0
    except ApplianceError:
        return False


def test_a_changed_file_is_found(box: AnExport, tmp_path: Path) -> None:
    package = box.exporter.study(box.key_of(box.scan()))
    write(package, tmp_path / "stick")
    one = next((tmp_path / "stick" / "DICOM").rglob("IM000002"))
    one.write_bytes(one.read_bytes()[:-1] + b"!")
    with pytest.raises(Refused):
        check_folder(tmp_path / "stick")


def test_whole_files_of_a_cut_off_run_are_kept(box: AnExport, tmp_path: Path) -> None:
    key = box.key_of(box.scan(slices=3))
    stick = tmp_path / "stick"
    first = box.exporter.study(key)
    write(first, stick)
    note = FolderWriter(stick, RealFiles())
    (stick / "README.TXT").unlink()
    before = {path: path.stat().st_ino for path in (stick / "DICOM").rglob("IM*")}
    kept = tmp_path / "empty"
    with pytest.raises(ApplianceError):
        FolderWriter(kept, FailingFiles(8)).write(first.entries, first.identity)
    (stick / NOTE).write_bytes((kept / NOTE).read_bytes())
    second = box.exporter.study(key)
    note.write(second.entries, second.identity)
    assert {path: path.stat().st_ino for path in (stick / "DICOM").rglob("IM*")} == before
    assert is_whole(stick)


@pytest.mark.peer("mount")
@pytest.mark.as_root("mounts a small disk")
def test_a_medium_that_is_too_small_is_told_before_anything_is_written(box: AnExport, tmp_path: Path) -> None:
    package = box.exporter.study(box.key_of(box.scan(slices=40)))
    stick = tmp_path / "stick"
    stick.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", str(stick)], check=True)
    try:
        with pytest.raises(OutOfSpace):
            write(package, stick)
        assert [path.name for path in stick.iterdir()] == [NOTE]
    finally:
        subprocess.run(["umount", str(stick)], check=True)
