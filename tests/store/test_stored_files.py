"""Rows of sealed files, files opened from their rows, and what is worth nothing alone."""

import io
import shutil
from pathlib import Path

import pytest

from appliance.errors import ApplianceError, NotFound, Tampered, WrongKey
from appliance.identifiers import AssociationId, FileId
from appliance.keys.hierarchy import Subkey, derive
from appliance.keys.secret import SecretKey
from appliance.keys.stream import SealedStream
from appliance.store.rotating_keys import KeyKind
from appliance.store.stored_files import (
    NewFile,
    add_file,
    files_in_inbox,
    find_file,
    find_orphans,
    mark_in_vault,
    remove_row,
    rewrap_some,
    unseal_row,
    uses_wrapping_key,
)
from tests.store.a_box import ABox

ASSOCIATION = AssociationId(bytes(16))
SCAN = b"scan of Ana Muster" * 300


@pytest.fixture
def box(tmp_path: Path) -> ABox:
    folder = tmp_path / "box"
    folder.mkdir()
    return ABox(folder).create()


def read(box: ABox, file_id: FileId) -> bytes:
    with box.database.read() as tx:
        sealed = unseal_row(tx, box.keys, file_id)
    with sealed.open(box.vault) as stream:
        return stream.read(0, stream.plaintext_bytes)


def settle(box: ABox, file_id: FileId) -> None:
    box.vault.move_in(ASSOCIATION, [file_id])
    with box.database.write() as tx:
        mark_in_vault(tx, file_id)


def test_a_file_is_read_by_its_row_before_while_and_after_it_moves(box: ABox) -> None:
    file_id = box.arrive(ASSOCIATION, SecretKey.new(), SCAN)
    with box.database.read() as tx:
        assert [row.file_id for row in files_in_inbox(tx)] == [file_id]
    for _ in range(3):
        with box.database.read() as tx:
            sealed = unseal_row(tx, box.keys, file_id)
        with sealed.open(box.vault) as stream:
            assert stream.read(1998, 8) == SCAN[1998:2006]
        box.vault.move_in(ASSOCIATION, [file_id])
        with sealed.open(box.vault) as stream:
            assert stream.read(0, 10_000) == SCAN
        settle(box, file_id)
    with box.database.read() as tx:
        assert files_in_inbox(tx) == []
        row = find_file(tx, file_id)
    assert row is not None
    assert (row.in_vault, row.association_id, row.plaintext_bytes) == (True, None, len(SCAN))


def test_a_file_of_our_own_making_has_its_row_in_the_vault_at_once(box: ABox) -> None:
    with box.database.write() as tx:
        file = NewFile(FileId.new(), SecretKey.new(), 0, None, 5)
        add_file(tx, box.keys.current_wrapping_key(tx), file)
        row = find_file(tx, file.file_id)
        assert row is not None
        assert row.in_vault
        assert unseal_row(tx, box.keys, file.file_id).data_key == file.data_key


def test_old_files_open_after_a_rotation_and_no_longer_after_their_key_is_destroyed(box: ABox) -> None:
    file_id = box.arrive(ASSOCIATION, SecretKey.new(), SCAN)
    with box.database.write() as tx:
        box.keys.rotate_wrapping_key(tx)
    assert read(box, file_id) == SCAN
    with box.database.write() as tx:
        box.keys.destroy(tx, KeyKind.WRAPPING, 1)
    with pytest.raises(NotFound):
        read(box, file_id)


def test_an_erased_row_leaves_a_file_that_is_found_as_an_orphan(box: ABox) -> None:
    kept, erased = (box.arrive(ASSOCIATION, SecretKey.new(), SCAN) for _ in range(2))
    settle(box, kept)
    settle(box, erased)
    with box.database.write() as tx:
        remove_row(tx, erased)
        assert find_file(tx, erased) is None
        with pytest.raises(NotFound, match="no such file"):
            unseal_row(tx, box.keys, erased)
        assert find_orphans(tx, box.vault.stored_ids()) == [erased]
        assert find_orphans(tx, box.vault.stored_ids()) == [erased]
    box.vault.path_of(erased).unlink()
    with box.database.read() as tx:
        assert find_orphans(tx, box.vault.stored_ids()) == []


def test_a_file_changed_swapped_or_missing_is_tampered(box: ABox) -> None:
    one, other = (box.arrive(ASSOCIATION, SecretKey.new(), SCAN) for _ in range(2))
    settle(box, one)
    settle(box, other)
    shutil.copy(box.vault.path_of(other), box.vault.path_of(one))
    with pytest.raises(Tampered, match="another file's id"):
        read(box, one)
    box.vault.path_of(one).unlink()
    with pytest.raises(Tampered, match="missing"):
        read(box, one)
    content = bytearray(box.vault.path_of(other).read_bytes())
    content[-1] ^= 1
    box.vault.path_of(other).write_bytes(content)
    with pytest.raises(Tampered):
        read(box, other)


def test_wrapped_keys_swapped_between_rows_do_not_open(box: ABox) -> None:
    one, other = (box.arrive(ASSOCIATION, SecretKey.new(), SCAN) for _ in range(2))
    with box.database.write() as tx:
        tx.change(
            "UPDATE files SET wrapped_key = (SELECT wrapped_key FROM files WHERE file_id = :other) "
            "WHERE file_id = :one",
            one=one.value,
            other=other.value,
        )
    with pytest.raises(WrongKey):
        read(box, one)


def test_with_all_files_but_not_the_root_nothing_decrypts(box: ABox) -> None:
    file_id = box.arrive(ASSOCIATION, SecretKey.new(), SCAN)
    settle(box, file_id)
    box.database.close()
    thief = ABox(box.folder, SecretKey.new())
    with pytest.raises(WrongKey):
        read(thief, file_id)
    for path in box.folder.rglob("*"):
        assert path.is_dir() or not set(pieces(SCAN)) & set(pieces(path.read_bytes()))


def pieces(content: bytes) -> list[bytes]:
    return [content[i : i + 8] for i in range(len(content) - 7)]


def test_with_root_and_files_but_without_the_catalogue_nothing_decrypts(box: ABox) -> None:
    file_id = box.arrive(ASSOCIATION, SecretKey.new(), SCAN)
    settle(box, file_id)
    box.database.close()
    for path in box.folder.glob("catalogue.db*"):
        path.unlink()
    finder = ABox(box.folder, box.root)
    finder.database.create_or_migrate()
    with pytest.raises(ApplianceError):
        read(finder, file_id)
    # every key that the root gives is tried on the file itself: its data key was random and is gone
    sealed = box.vault.path_of(file_id).read_bytes()
    for key in (box.root, *(derive(box.root, subkey) for subkey in Subkey)):
        with pytest.raises(WrongKey):
            SealedStream(key, file_id, io.BytesIO(sealed))


def test_with_root_and_catalogue_but_without_the_files_there_is_no_scan(box: ABox) -> None:
    file_id = box.arrive(ASSOCIATION, SecretKey.new(), SCAN)
    settle(box, file_id)
    box.database.close()
    shutil.rmtree(box.folder / "vault")
    shutil.rmtree(box.folder / "inbox")
    finder = ABox(box.folder, box.root)
    with pytest.raises(Tampered, match="missing"):
        read(finder, file_id)
    with finder.database.read() as tx:  # nothing of a scan is in any row, opened or not
        tables = [row[0] for row in tx.rows("SELECT name FROM sqlite_schema WHERE type = 'table' AND sql NOT NULL")]
        rows = "".join(str(tx.rows(f"SELECT * FROM {table}")) for table in tables)  # noqa: S608 - the names are the schema's own
    assert "Ana Muster" not in rows


def test_keys_are_wrapped_anew_in_batches_and_a_damaged_one_is_counted_and_left(box: ABox) -> None:
    ids = sorted(box.arrive(ASSOCIATION, SecretKey.new(), SCAN).value for _ in range(5))
    with box.database.write() as tx:
        tx.change("UPDATE files SET wrapped_key = zeroblob(length(wrapped_key)) WHERE file_id = :id", id=ids[1])
        box.keys.rotate_wrapping_key(tx)
        first = rewrap_some(tx, box.keys, b"", 3)
        assert (first.last, first.done, first.failed) == (ids[2], 2, 1)
        rest = rewrap_some(tx, box.keys, ids[2], 3)
        assert (rest.last, rest.done, rest.failed) == (ids[4], 2, 0)
        assert rewrap_some(tx, box.keys, ids[4], 3).last is None
        again = rewrap_some(tx, box.keys, b"", 9)
        assert (again.done, again.failed) == (0, 1)
        assert uses_wrapping_key(tx, 1)
        tx.change("DELETE FROM files WHERE file_id = :id", id=ids[1])
        assert not uses_wrapping_key(tx, 1)
    assert read(box, FileId(ids[0])) == read(box, FileId(ids[4])) == SCAN
