"""The vault: found in either place, moved once."""

import itertools
from pathlib import Path

import pytest

from appliance.errors import ApplianceError, Tampered, Unavailable
from appliance.identifiers import AssociationId, FileId
from appliance.store.vault import Vault
from tests.store.failing_files import FailingFiles

ASSOCIATION = AssociationId(bytes(16))
IDS = [FileId(bytes([first]) + bytes(15)) for first in (1, 1 + 16, 255)] + [FileId(b"\x01" + bytes(14) + b"\x07")]


def folder_with_arrivals(folder: Path) -> Path:
    (folder / "vault").mkdir(parents=True)
    arrivals = folder / "inbox" / str(ASSOCIATION)
    arrivals.mkdir(parents=True)
    for file_id in IDS:
        (arrivals / str(file_id)).write_bytes(file_id.value)
    return folder


def content(vault: Vault, file_id: FileId) -> bytes:
    with vault.open_file(file_id, ASSOCIATION) as file:
        return file.read()


def test_a_file_is_found_before_and_after_its_move(tmp_path: Path) -> None:
    vault = Vault(folder_with_arrivals(tmp_path), FailingFiles())
    for _ in range(2):
        assert [content(vault, file_id) for file_id in IDS] == [file_id.value for file_id in IDS]
        vault.move_in(ASSOCIATION, IDS)
    assert list((tmp_path / "inbox" / str(ASSOCIATION)).iterdir()) == []
    with vault.open_file(IDS[0]) as file:
        assert file.read() == IDS[0].value
    assert list(vault.stored_ids()) == sorted(IDS)


def test_each_folder_is_synced_once_whatever_the_number_of_files(tmp_path: Path) -> None:
    files = FailingFiles()
    Vault(folder_with_arrivals(tmp_path), files).move_in(ASSOCIATION, IDS)
    assert files.done.count("rename") == 4
    assert files.done.count("fsync_folder") == 1 + 3  # the vault with the made shelves, then each filled one
    assert files.done[-3:] == ["fsync_folder"] * 3
    assert files.done.index("fsync_folder") < files.done.index("rename"), "nothing moves where a power cut may take"


def test_moving_nothing_touches_nothing(tmp_path: Path) -> None:
    files = FailingFiles()
    Vault(folder_with_arrivals(tmp_path), files).move_in(ASSOCIATION, [])
    assert files.done == []


def test_a_move_that_fails_anywhere_loses_nothing_and_is_made_good_by_the_next(tmp_path: Path) -> None:
    for n in itertools.count(1):
        folder = folder_with_arrivals(tmp_path / str(n))
        files = FailingFiles(n)
        try:
            Vault(folder, files).move_in(ASSOCIATION, IDS)
            break
        except Unavailable:
            vault = Vault(folder, FailingFiles())
            assert [content(vault, file_id) for file_id in IDS] == [file_id.value for file_id in IDS]
            vault.move_in(ASSOCIATION, IDS)
            assert list(vault.stored_ids()) == sorted(IDS)
    assert n == 12  # three shelves made and synced at once, four renames, three last syncs


def test_a_replayed_file_never_replaces_the_one_in_the_vault(tmp_path: Path) -> None:
    vault = Vault(folder_with_arrivals(tmp_path), FailingFiles())
    vault.move_in(ASSOCIATION, IDS)
    replay = vault.inbox_path_of(ASSOCIATION, IDS[0])
    replay.write_bytes(b"forged")
    vault.move_in(ASSOCIATION, IDS)
    assert content(vault, IDS[0]) == IDS[0].value
    assert replay.read_bytes() == b"forged"


def test_a_file_in_neither_place_is_told(tmp_path: Path) -> None:
    vault = Vault(folder_with_arrivals(tmp_path), FailingFiles())
    missing = FileId(bytes([9] * 16))
    for ask in (
        lambda: vault.open_file(missing),
        lambda: vault.open_file(missing, ASSOCIATION),
        lambda: vault.move_in(ASSOCIATION, [*IDS, missing]),
    ):
        with pytest.raises(Tampered, match="missing"):
            ask()
    assert list(vault.stored_ids()) == sorted(IDS)


def test_a_file_whose_folder_was_settled_before_it_is_found_and_moved(tmp_path: Path) -> None:
    vault = Vault(folder_with_arrivals(tmp_path), FailingFiles())
    (tmp_path / "settled").mkdir()
    (tmp_path / "inbox" / str(ASSOCIATION)).rename(tmp_path / "settled" / str(ASSOCIATION))
    for _ in range(2):
        assert [content(vault, file_id) for file_id in IDS] == [file_id.value for file_id in IDS]
        vault.move_in(ASSOCIATION, IDS)
    assert list(vault.stored_ids()) == sorted(IDS)


@pytest.mark.parametrize("name", ["rename", "make_folder"])
def test_a_file_that_cannot_be_moved_keeps_no_other_back(tmp_path: Path, name: str) -> None:
    vault = Vault(folder_with_arrivals(tmp_path), FailingFiles((name, 1)))
    with pytest.raises(Unavailable):
        vault.move_in(ASSOCIATION, IDS)
    moved = IDS[1:] if name == "rename" else [one for one in IDS if one.value[0] != IDS[0].value[0]]
    assert list(vault.stored_ids()) == sorted(moved)


def test_of_several_refusals_the_first_is_told(tmp_path: Path) -> None:
    vault = Vault(folder_with_arrivals(tmp_path), FailingFiles(("fsync_folder", 2)))
    with pytest.raises(Tampered):
        vault.move_in(ASSOCIATION, [FileId(bytes([1, *[9] * 15])), *IDS])
    assert list(vault.stored_ids()) == sorted(IDS)


def test_a_file_is_removed_from_the_inbox_only_and_removing_it_twice_is_no_error(tmp_path: Path) -> None:
    files = FailingFiles()
    vault = Vault(folder_with_arrivals(tmp_path), files)
    vault.move_in(ASSOCIATION, IDS[:1])
    for file_id in (*IDS[:2], *IDS[:2]):
        vault.remove_arrived(ASSOCIATION, file_id)
    assert files.done.count("unlink") == 1, "where nothing is, nothing is asked of a disk that may be read-only"
    assert content(vault, IDS[0]) == IDS[0].value
    with pytest.raises(Tampered):
        content(vault, IDS[1])


@pytest.mark.parametrize("n", range(1, 3))
def test_a_removal_that_fails_says_so(tmp_path: Path, n: int) -> None:
    folder = folder_with_arrivals(tmp_path)
    with pytest.raises(ApplianceError):
        Vault(folder, FailingFiles(n)).remove_arrived(ASSOCIATION, IDS[0])
    Vault(folder, FailingFiles()).remove_arrived(ASSOCIATION, IDS[0])
    assert not (folder / "inbox" / str(ASSOCIATION) / str(IDS[0])).exists()


def made(vault: Vault, files: FailingFiles, file_id: FileId) -> None:
    descriptor = vault.create(file_id)
    files.write(descriptor, file_id.value)
    files.fsync(descriptor)
    files.close(descriptor)
    vault.settle(file_id)


def test_a_file_of_our_own_making_lies_apart_from_the_vault_durably_and_can_be_removed(tmp_path: Path) -> None:
    files = FailingFiles()
    (tmp_path / "vault").mkdir()
    vault = Vault(tmp_path, files)
    made(vault, files, IDS[0])
    assert files.done == [
        *["make_folder", "fsync_folder"] * 2, "create_exclusive", "write", "fsync", "fsync_folder",
    ]  # fmt: skip
    with vault.open_file(IDS[0]) as file:
        assert file.read() == IDS[0].value
    assert list(vault.pack_ids()) == [IDS[0]]
    assert list(vault.stored_ids()) == [], "what can be made again is in no backup"
    for _ in range(2):
        vault.remove(IDS[0])
        assert list(vault.pack_ids()) == []


def test_what_has_its_row_is_removed_from_the_vault_as_well(tmp_path: Path) -> None:
    vault = Vault(folder_with_arrivals(tmp_path), FailingFiles())
    vault.move_in(ASSOCIATION, IDS)
    vault.remove(IDS[0])
    assert list(vault.stored_ids()) == sorted(IDS[1:])
    assert list(vault.pack_ids()) == [], "no pack was ever made here"


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 8])
def test_a_file_that_cannot_be_made_or_removed_says_so(tmp_path: Path, n: int) -> None:
    files = FailingFiles(n)
    (tmp_path / "vault").mkdir()
    vault = Vault(tmp_path, files)
    with pytest.raises(Unavailable):
        made(vault, files, IDS[0])
    made(vault, files, IDS[1])
    files.fail_next(1)
    with pytest.raises(Unavailable):
        vault.remove(IDS[1])


def test_foreign_names_in_the_vault_are_passed_over(tmp_path: Path) -> None:
    vault = Vault(folder_with_arrivals(tmp_path), FailingFiles())
    vault.move_in(ASSOCIATION, IDS[:1])
    shelf = vault.path_of(IDS[0]).parent
    (shelf / ("ff" + "0" * 30)).write_bytes(b"")
    (shelf / ".tmp").write_bytes(b"")
    (tmp_path / "vault" / "lost+found").mkdir()
    assert list(vault.stored_ids()) == IDS[:1]


def test_a_vault_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="ENOENT"):
        list(Vault(tmp_path / "nowhere", FailingFiles()).stored_ids())


def test_what_is_put_aside_twice_or_came_again_is_replaced_by_nothing(tmp_path: Path) -> None:
    vault = Vault(folder_with_arrivals(tmp_path), FailingFiles())
    vault.move_aside(ASSOCIATION)
    folder_again = tmp_path / "inbox" / str(ASSOCIATION)
    folder_again.mkdir()
    vault.move_aside(ASSOCIATION)
    assert len(list((tmp_path / "settled" / "aside").iterdir())) == 2
    folder_again.mkdir()
    vault.move_back(ASSOCIATION)
    assert list(folder_again.iterdir()) == []
    assert len(list((tmp_path / "settled" / "aside").iterdir())) == 2


def test_what_was_put_aside_comes_back_whole_where_nothing_took_its_place(tmp_path: Path) -> None:
    files = FailingFiles()
    vault = Vault(folder_with_arrivals(tmp_path), files)
    there = tmp_path / "inbox" / str(ASSOCIATION)
    before = sorted(path.name for path in there.iterdir())
    vault.move_aside(ASSOCIATION)
    assert not there.exists()
    vault.move_back(ASSOCIATION)
    assert sorted(path.name for path in there.iterdir()) == before
    assert files.done[-2:] == ["rename", "fsync_folder"]
