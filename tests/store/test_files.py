"""Durable files, with every operation failing once."""

import errno
import gc
import os
import resource
import socket
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from appliance.errors import OutOfSpace, Unavailable
from appliance.store.files import (
    NO_FILE,
    Draft,
    DurableFolders,
    RealFiles,
    clear_drafts,
    create_durably,
    is_in_memory,
    replace_durably,
    replace_lazily,
    storage_faults,
    sync_disk,
    sync_disk_of,
)
from tests.store.failing_files import FailingFiles


@pytest.fixture(scope="module", autouse=True)
def small_heap() -> Iterator[None]:
    """Let the collector look only at what these tests leave, not each time at all that was imported."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


def open_descriptors() -> int:
    gc.collect()  # what earlier tests left for the collector is not closed in the middle of this one
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - the link of the listing itself must not be followed


def operations_of(step: Callable[[FailingFiles], object]) -> int:
    files = FailingFiles()
    step(files)
    return len(files.done)


def test_a_file_is_synced_before_its_folder_and_is_its_owners_alone(tmp_path: Path) -> None:
    files = FailingFiles()
    create_durably(files, tmp_path / "file", b"content", 0o600)
    assert files.done == ["create_exclusive", "write", "fsync", "fsync_folder"]
    assert (tmp_path / "file").read_bytes() == b"content"
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o600


def test_a_file_is_never_created_over_another_or_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"first")
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    for name in ("file", "link"):
        with pytest.raises(FileExistsError):
            create_durably(RealFiles(), tmp_path / name, b"second")
    assert (tmp_path / "file").read_bytes() == b"first"
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("n", range(1, 5))
def test_a_creation_that_fails_anywhere_leaves_all_of_the_file_or_none(tmp_path: Path, n: int) -> None:
    before = open_descriptors()
    with pytest.raises(OSError, match="Errno 5"):
        create_durably(FailingFiles(n), tmp_path / "file", b"content")
    assert [path.read_bytes() for path in tmp_path.iterdir()] in ([], [b"content"])
    assert open_descriptors() <= before  # fewer when what others left was collected meanwhile


def test_a_replaced_file_is_renamed_only_when_it_is_synced(tmp_path: Path) -> None:
    files = FailingFiles()
    (tmp_path / "file").write_bytes(b"old")
    replace_durably(files, tmp_path / "file", b"new", 0o640)
    assert files.done == ["create_exclusive", "write", "fsync", "rename", "fsync_folder"]
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o640
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"file": b"new"}


@pytest.mark.parametrize("n", range(1, 6))
def test_a_replacement_that_fails_anywhere_leaves_the_old_file_or_the_new(tmp_path: Path, n: int) -> None:
    (tmp_path / "file").write_bytes(b"old")
    before = open_descriptors()
    with pytest.raises(OSError, match="Errno 5"):
        replace_durably(FailingFiles(n), tmp_path / "file", b"new")
    found = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert found == {"file": b"new" if n == 5 else b"old"}
    assert open_descriptors() <= before  # fewer when what others left was collected meanwhile


def test_a_folder_is_made_once_with_its_rights(tmp_path: Path) -> None:
    files = FailingFiles()
    folders = DurableFolders(files)
    for _ in range(2):
        folders.make(tmp_path / "folder", 0o700)
    assert files.done == ["make_folder", "fsync_folder", "make_folder"]
    assert stat.S_IMODE((tmp_path / "folder").stat().st_mode) == 0o700


def test_a_folder_whose_maker_died_before_it_was_synced_is_synced_once_by_the_next(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="Errno 5"):
        DurableFolders(FailingFiles(2)).make(tmp_path / "folder")
    files = FailingFiles()
    folders = DurableFolders(files)
    for _ in range(3):
        folders.make(tmp_path / "folder")
    assert files.done == ["make_folder", "fsync_folder", "make_folder", "make_folder"]


def test_a_folder_that_could_not_be_synced_is_not_taken_for_durable(tmp_path: Path) -> None:
    files = FailingFiles(2)
    folders = DurableFolders(files)
    with pytest.raises(OSError, match="Errno 5"):
        folders.make(tmp_path / "folder")
    folders.make(tmp_path / "folder")
    assert files.done == ["make_folder", "fsync_folder"] * 2


def test_a_link_is_not_followed_when_reading(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    with RealFiles().open_read(tmp_path / "file") as file:
        assert file.read() == b"x"
    with pytest.raises(Unavailable, match="ELOOP"), storage_faults():
        RealFiles().open_read(tmp_path / "link")


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo, lambda path: socket.socket(socket.AF_UNIX).bind(str(path))])
def test_what_is_no_regular_file_is_refused_at_once(tmp_path: Path, make: Callable[[Path], object]) -> None:
    make(tmp_path / "it")
    before = open_descriptors()
    with pytest.raises(OSError, match="Errno") as told:
        RealFiles().open_read(tmp_path / "it")
    assert told.value.errno in NO_FILE
    assert open_descriptors() <= before  # fewer when what others left was collected meanwhile


def test_listing_is_sorted_and_an_empty_folder_can_be_removed(tmp_path: Path) -> None:
    for name in ("b", "a", "c"):
        (tmp_path / name).mkdir()
    assert RealFiles().listdir(tmp_path) == ["a", "b", "c"]
    RealFiles().remove_folder(tmp_path / "b")
    assert RealFiles().listdir(tmp_path) == ["a", "c"]


def test_a_write_that_the_disk_takes_only_in_part_goes_on_and_then_says_so(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(OutOfSpace), storage_faults():
            create_durably(RealFiles(), tmp_path / "file", bytes(1500))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_full_disk_is_told_as_out_of_space(tmp_path: Path, code: int) -> None:
    with pytest.raises(OutOfSpace), storage_faults():
        create_durably(FailingFiles(2, code), tmp_path / "file", b"x")


def test_a_file_that_is_too_large_for_a_stick_is_not_told_as_a_full_one(tmp_path: Path) -> None:
    with pytest.raises(OutOfSpace, match="no file as large"), storage_faults():
        create_durably(FailingFiles(2, errno.EFBIG), tmp_path / "file", b"x")


@pytest.mark.parametrize(("error", "told"), [(OSError(errno.EIO, "x"), "EIO"), (OSError("odd"), "unknown error")])
def test_any_other_fault_is_unavailable_and_names_no_path(error: OSError, told: str) -> None:
    with pytest.raises(Unavailable, match=f"^the disk refused: {told}$"), storage_faults():
        raise error


def test_a_disk_that_takes_only_a_part_is_not_taken_for_one_that_took_all(tmp_path: Path) -> None:
    files, (soft, hard) = RealFiles(), resource.getrlimit(resource.RLIMIT_FSIZE)
    descriptor = files.create_exclusive(tmp_path / "short")
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        with pytest.raises(OSError, match="File too large"):
            files.write(descriptor, bytes(250))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        files.close(descriptor)
    assert (tmp_path / "short").stat().st_size == 100


def test_a_folder_is_held_until_its_last_holder_lets_go(tmp_path: Path) -> None:
    files = RealFiles()
    assert not files.is_held(tmp_path)
    first, second = files.hold_folder(tmp_path), files.hold_folder(tmp_path)
    files.close(first)
    assert files.is_held(tmp_path)
    files.close(second)
    assert not files.is_held(tmp_path)


def test_what_is_gone_or_no_folder_nobody_holds(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert not any(RealFiles().is_held(tmp_path / name) for name in ("gone", "file"))


def test_what_is_gone_with_the_power_is_told_from_a_disk(tmp_path: Path) -> None:
    assert is_in_memory(Path("/dev/shm"))  # noqa: S108  every Linux has a tmpfs there; nothing is written
    assert not is_in_memory(Path("/proc"))
    with pytest.raises(FileNotFoundError):
        is_in_memory(tmp_path / "nowhere")


def test_a_file_that_is_replaced_lazily_is_whole_and_never_synced(tmp_path: Path) -> None:
    files = FailingFiles()
    (tmp_path / "file").write_bytes(b"old")
    replace_lazily(files, tmp_path / "file", b"new")
    assert (tmp_path / "file").read_bytes() == b"new"
    assert files.done == ["create_exclusive", "write", "rename"]


def test_a_whole_disk_is_synced_and_one_that_refuses_is_told(tmp_path: Path) -> None:
    (tmp_path / "written").write_bytes(b"x")
    sync_disk(tmp_path)
    with pytest.raises(OSError, match="synced"):
        sync_disk_of(-1)


def test_what_writers_that_were_cut_off_left_is_cleared_and_nothing_else(tmp_path: Path) -> None:
    for name in ("file", "another"):
        Draft(RealFiles(), tmp_path / name, b"cut off here")
    for name in (".hidden", ".file.0123", "file"):
        (tmp_path / name).touch()
    assert len(list(tmp_path.iterdir())) == 5
    clear_drafts(tmp_path, "file")
    assert len(list(tmp_path.glob(".another.*"))) == len(list(tmp_path.iterdir())) - 3 == 1
    clear_drafts(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {".hidden", ".file.0123", "file"}
