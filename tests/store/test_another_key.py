"""A catalogue's copy under another key, and who may have the catalogue open meanwhile."""

from pathlib import Path

import pytest
import sqlcipher3

from appliance.clock import SystemClock
from appliance.errors import CatalogueMissing, OutOfSpace, Tampered, Unavailable, WrongKey
from appliance.keys.secret import SecretKey
from appliance.store.database import Database, _fold_log, has_key
from appliance.store.holding import Hold, held_alone
from appliance.store.rotating_keys import KeyKind, RotatingKeys
from tests.store.a_box import ABox


@pytest.fixture
def box(tmp_path: Path) -> ABox:
    box = ABox(tmp_path).create()
    box.database.close()
    return box


def copy_of(box: ABox) -> tuple[Path, SecretKey]:
    path, key = box.folder / "copy" / "catalogue.db", SecretKey.new()
    path.parent.mkdir()
    with box.database.alone() as lone:
        lone.copy(path, key)
    return path, key


def test_a_copy_has_every_row_and_opens_with_its_own_key_only(box: ABox) -> None:
    path, key = copy_of(box)
    copy = Database(path, key, SystemClock())
    with copy.read() as tx, box.database.read() as old:
        for table in ("kind, number, wrapped_key FROM rotating_keys", "type, name, sql FROM sqlite_schema"):
            sql = f"SELECT {table} ORDER BY 1, 2"
            assert tx.rows(sql) == old.rows(sql)
    assert copy.check_integrity() == []
    assert has_key(path, key)
    assert not has_key(path, SecretKey.new())
    with pytest.raises(WrongKey):
        Database(path, SecretKey.new(), SystemClock()).check_integrity()


def test_a_copy_replaces_nothing(box: ABox) -> None:
    path, key = copy_of(box)
    before = path.read_bytes()
    with box.database.alone() as lone, pytest.raises(Unavailable):
        lone.copy(path, key)
    assert path.read_bytes() == before


def test_whoever_has_it_alone_shuts_everybody_out_until_the_end(box: ABox) -> None:
    other = Database(box.folder / "catalogue.db", box.database._key, SystemClock())
    with box.database.alone():
        with pytest.raises(Unavailable, match="another key"), other.read():
            pass
        with pytest.raises(Unavailable, match="another key"):
            has_key(box.folder / "catalogue.db", SecretKey.new())
        assert not (box.folder / "catalogue.db-wal").exists(), "all of it lies in one file"
    with other.read(), pytest.raises(Unavailable, match="lock the box"), box.database.alone():
        pass
    with other.read(), pytest.raises(Unavailable, match="lock the box"), held_alone(box.folder):
        pass
    other.close()
    with held_alone(box.folder):
        pass


def test_a_program_that_holds_no_folder_is_noticed_as_well(box: ABox) -> None:
    other = Database(box.folder / "catalogue.db", box.database._key, SystemClock())
    with other.read():
        other._local.hold.end()
        with pytest.raises(Unavailable, match="lock the box"), box.database.alone():
            pass


def test_only_somebody_else_is_taken_for_somebody_else() -> None:
    class Refusing:
        def execute(self, _: str) -> None:
            error = sqlcipher3.OperationalError("full")
            error.sqlite_errorcode = sqlcipher3.SQLITE_FULL
            raise error

    with pytest.raises(sqlcipher3.OperationalError):
        _fold_log(Refusing())


def test_a_catalogue_that_is_missing_or_empty_has_no_key_and_is_held_by_nobody(tmp_path: Path) -> None:
    assert not has_key(tmp_path / "catalogue.db", SecretKey.new())
    (tmp_path / "catalogue.db").touch()
    assert not has_key(tmp_path / "catalogue.db", SecretKey.new())
    with pytest.raises(CatalogueMissing), Database(tmp_path / "catalogue.db", SecretKey.new(), SystemClock()).alone():
        pass
    with pytest.raises(Unavailable):
        Hold(tmp_path / "absent")


def test_a_damaged_structure_is_told_and_not_taken_for_another_key(box: ABox) -> None:
    path = box.folder / "catalogue.db"
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.truncate(size // 4096 // 2 * 4096)
    try:
        opened = has_key(path, box.database._key)
    except (Tampered, OutOfSpace, Unavailable) as fault:
        assert isinstance(fault, Tampered)  # noqa: PT017  either outcome is right, a wrong key is not
    else:
        assert opened


def test_every_rotating_key_is_handed_over_and_the_key_before_opens_none(box: ABox) -> None:
    following = SecretKey.new()
    with box.database.write() as tx:
        box.keys.rotate_wrapping_key(tx)
        box.keys.destroy(tx, KeyKind.WRAPPING, 1)
        before = {2: box.keys.wrapping_key(tx, 2)}
        pairs = dict(box.keys.inbox_private_keys(tx))
        assert box.keys.open_all(tx) == 2
        after = box.keys.hand_over(tx, following)
        assert after.open_all(tx) == 2
        with pytest.raises(WrongKey):
            box.keys.open_all(tx)
        again = RotatingKeys(following, box.clock)
        assert {2: again.wrapping_key(tx, 2)} == before
        assert dict(again.inbox_private_keys(tx)) == pairs
    with box.database.write() as tx, pytest.raises(WrongKey):
        box.keys.hand_over(tx, SecretKey.new())
