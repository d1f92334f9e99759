"""Rotating keys: numbered, wrapped, retired, destroyed."""

import json
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from appliance.errors import NotFound, OutOfSpace, Unavailable, WrongKey
from appliance.identifiers import BoxId
from appliance.keys.authority import new_device_root, new_web_root
from appliance.keys.inbox_seal import key_file_digest, open_association_key, seal_association_key
from appliance.keys.secret import SecretKey
from appliance.store.files import Draft, RealFiles
from appliance.store.rotating_keys import (
    KeyKind,
    RotatingKeys,
    current_inbox_public_key,
    knows_inbox_key,
    write_inbox_public_key,
)
from tests.store.a_box import ABox
from tests.store.failing_files import FailingFiles

NOW = datetime(2026, 11, 21, tzinfo=UTC)


@pytest.fixture
def box(tmp_path: Path) -> ABox:
    return ABox(tmp_path).create()


def test_the_newest_wrapping_key_is_current_and_the_old_one_still_opens(box: ABox) -> None:
    with box.database.write() as tx:
        first = box.keys.current_wrapping_key(tx)
        assert box.keys.rotate_wrapping_key(tx) == 2
        second = box.keys.current_wrapping_key(tx)
        assert (first.number, second.number) == (1, 2)
        assert first.key != second.key
        assert box.keys.wrapping_key(tx, 1) == first.key


def test_a_current_key_cannot_be_destroyed_and_a_destroyed_one_never_comes_back(box: ABox) -> None:
    with box.database.write() as tx:
        with pytest.raises(NotFound, match="no retired wrapping key 1"):
            box.keys.destroy(tx, KeyKind.WRAPPING, 1)
        box.keys.rotate_wrapping_key(tx)
        box.keys.destroy(tx, KeyKind.WRAPPING, 1)
        for ask in (lambda: box.keys.wrapping_key(tx, 1), lambda: box.keys.destroy(tx, KeyKind.WRAPPING, 1)):
            with pytest.raises(NotFound):
                ask()
        with pytest.raises(NotFound):
            box.keys.wrapping_key(tx, 7)
        assert box.keys.rotate_wrapping_key(tx) == 3
        kept = tx.rows("SELECT wrapped_key FROM rotating_keys WHERE kind = 'wrapping' AND destroyed_at IS NOT NULL")
        assert kept == [(None,)]


def test_what_was_sealed_to_an_old_inbox_key_opens_until_it_is_destroyed(box: ABox) -> None:
    association_key = SecretKey.new()
    with box.database.write() as tx:
        old = current_inbox_public_key(tx)
        sealed = seal_association_key(old.public_key, b"facts", association_key)
        new = box.keys.rotate_inbox_key(tx)
        assert current_inbox_public_key(tx) == new
        assert (old.number, new.number) == (1, 2)
        private = box.keys.inbox_private_keys(tx)
        assert open_association_key(private[1], b"facts", sealed) == association_key
        box.keys.destroy(tx, KeyKind.INBOX, 1)
        assert set(box.keys.inbox_private_keys(tx)) == {2}


def test_authorities_are_kept_apart_and_given_back_whole(box: ABox) -> None:
    web, devices = new_web_root("Praxis", ["enamel.local"], NOW), new_device_root("Praxis", NOW)
    with box.database.write() as tx:
        with pytest.raises(Unavailable, match="no web authority key was made"):
            box.keys.current_authority(tx, KeyKind.WEB_AUTHORITY)
        assert box.keys.keep_authority(tx, KeyKind.WEB_AUTHORITY, web) == 1
        assert box.keys.keep_authority(tx, KeyKind.DEVICE_AUTHORITY, devices) == 1
        assert box.keys.current_authority(tx, KeyKind.WEB_AUTHORITY) == web
        assert box.keys.current_authority(tx, KeyKind.DEVICE_AUTHORITY) == devices


def test_another_root_opens_none_of_them(box: ABox) -> None:
    other = RotatingKeys(SecretKey.new(), box.clock)
    with box.database.read() as tx:
        for ask in (other.current_wrapping_key, other.inbox_private_keys):
            with pytest.raises(WrongKey):
                ask(tx)


def test_a_wrapped_key_moved_to_another_row_does_not_open(box: ABox) -> None:
    with box.database.write() as tx:
        box.keys.rotate_wrapping_key(tx)
        tx.change(
            "UPDATE rotating_keys SET wrapped_key = (SELECT wrapped_key FROM rotating_keys "
            "WHERE kind = 'wrapping' AND number = 1) WHERE kind = 'wrapping' AND number = 2"
        )
        with pytest.raises(WrongKey):
            box.keys.current_wrapping_key(tx)


def test_without_any_key_yet_the_box_says_so(tmp_path: Path) -> None:
    box = ABox(tmp_path)
    box.database.create_or_migrate()
    with box.database.read() as tx:
        for ask in (box.keys.current_wrapping_key, current_inbox_public_key):
            with pytest.raises(Unavailable, match="was made yet"):
                ask(tx)


def test_the_receivers_file_holds_the_public_half_and_is_replaced_in_one_step(box: ABox) -> None:
    box_id, path = BoxId.new(), box.folder / "inbox-key.json"
    with box.database.read() as tx:
        public = current_inbox_public_key(tx)
        private = box.keys.inbox_private_keys(tx)[1]
    for n in range(1, 6):
        with pytest.raises(OutOfSpace):
            write_inbox_public_key(FailingFiles(n, 28), path, box_id, public)
        assert path.exists() == (n == 5)
    write_inbox_public_key(box.files, path, box_id, public)
    found = json.loads(path.read_bytes())
    assert found.pop("sha256") == key_file_digest(box_id, 1, public.public_key)
    assert found == {"box_id": str(box_id), "number": 1, "public_key": public.public_key.hex()}
    assert private.reveal().hex() not in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) & 0o027 == 0


def test_a_key_is_retired_when_the_next_is_made_and_listed_until_it_is_destroyed(box: ABox) -> None:
    began = box.clock.now()
    with box.database.write() as tx:
        first = box.keys.made_at(tx, KeyKind.WRAPPING)
        assert box.keys.retired(tx, KeyKind.WRAPPING, box.clock.now()) == []
        box.keys.rotate_wrapping_key(tx)
        assert box.keys.made_at(tx, KeyKind.WRAPPING) > first
        assert box.keys.retired(tx, KeyKind.WRAPPING, first) == []
        assert box.keys.retired(tx, KeyKind.WRAPPING, box.clock.now()) == [1]
        box.keys.destroy(tx, KeyKind.WRAPPING, 1)
        assert box.keys.retired(tx, KeyKind.WRAPPING, box.clock.now()) == []
    assert first <= began


def test_a_pair_is_known_by_its_number_and_its_public_key_together(box: ABox) -> None:
    with box.database.write() as tx:
        first = current_inbox_public_key(tx)
        second = box.keys.rotate_inbox_key(tx, 0)
        assert knows_inbox_key(tx, first.number, first.public_key)
        assert knows_inbox_key(tx, second.number, second.public_key)
        assert not knows_inbox_key(tx, first.number, second.public_key)


def test_keys_made_and_retired_ahead_of_the_clock_count_from_now(box: ABox) -> None:
    with box.database.write() as tx:
        box.keys.rotate_wrapping_key(tx)
        made = box.keys.made_at(tx, KeyKind.WRAPPING)
        now = made - timedelta(days=1)
        assert box.keys.retired(tx, KeyKind.WRAPPING, now) == []
        box.keys.bring_back(tx, now)
        assert box.keys.made_at(tx, KeyKind.WRAPPING) == now
        assert list(box.keys.retired(tx, KeyKind.WRAPPING, now)) == [1]


def test_writing_the_inbox_key_clears_what_a_cut_off_write_of_it_left(box: ABox, tmp_path: Path) -> None:
    file, files = tmp_path / "exchange" / "inbox-key.json", RealFiles()
    file.parent.mkdir()
    Draft(files, file, b"half of a k")
    with box.database.read() as tx:
        write_inbox_public_key(files, file, BoxId.new(), current_inbox_public_key(tx))
    assert [*file.parent.iterdir()] == [file]
