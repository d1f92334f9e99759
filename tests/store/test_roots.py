"""Roots of a box, and subkeys of before: sealed under today's, found by their root."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from appliance.errors import NotFound, Tampered, WrongKey
from appliance.keys.derivation import derive_key
from appliance.keys.hierarchy import Subkey, derive, seal_earlier, unseal_earlier
from appliance.keys.secret import SecretKey
from appliance.keys.wrapping import seal_secret
from appliance.store.roots import earlier_keys, note_root, replace_subkey, roots, subkey_of_root
from tests.store.a_box import ABox

NOW = datetime(2026, 11, 21, tzinfo=UTC)


@pytest.fixture
def box(tmp_path: Path) -> ABox:
    return ABox(tmp_path).create()


def test_a_root_is_noted_once(box: ABox) -> None:
    with box.database.write() as tx:
        assert [note_root(tx, b"12345678", NOW), note_root(tx, b"12345678", NOW), note_root(tx, b"x", NOW)] == [1, 1, 2]
    with box.database.read() as tx:
        assert [(root.number, root.fingerprint, root.retired_at) for root in roots(tx)] == [
            (1, b"12345678", None), (2, b"x", None),
        ]  # fmt: skip


def test_every_subkey_of_before_opens_with_todays_and_is_found_by_its_root(box: ABox) -> None:
    keys = [derive(SecretKey.new(), Subkey.BACKUP) for _ in range(4)]
    with box.database.write() as tx:
        numbers = [note_root(tx, bytes([place]), NOW) for place in range(3)]
        for place, number in enumerate(numbers):
            replace_subkey(tx, Subkey.BACKUP, keys[place], keys[place + 1], (number, place, NOW))
        with pytest.raises(WrongKey):
            replace_subkey(tx, Subkey.BACKUP, keys[0], keys[1], (1, 9, NOW))
    with box.database.read() as tx:
        assert [kept.key for kept in earlier_keys(tx, Subkey.BACKUP, keys[3])] == keys[:3]
        assert [subkey_of_root(tx, Subkey.BACKUP, keys[3], number) for number in (*numbers, None)] == keys
        assert earlier_keys(tx, Subkey.AUDIT, keys[3]) == []
        with pytest.raises(NotFound):
            subkey_of_root(tx, Subkey.BACKUP, keys[3], 9)
        assert "SecretKey" not in repr(earlier_keys(tx, Subkey.BACKUP, keys[3]))


def test_what_is_sealed_as_an_earlier_key_opens_as_that_one_only() -> None:
    current, earlier = SecretKey.new(), SecretKey.new()
    sealed = seal_earlier(current, Subkey.AUDIT, 1, earlier)
    assert unseal_earlier(current, Subkey.AUDIT, 1, sealed) == earlier
    for subkey, number in ((Subkey.AUDIT, 2), (Subkey.BACKUP, 1)):
        with pytest.raises(WrongKey):
            unseal_earlier(current, subkey, number, sealed)
    short = seal_secret(derive_key(current, b"enamel earlier keys"), b"audit 1", b"short")
    with pytest.raises(Tampered):
        unseal_earlier(current, Subkey.AUDIT, 1, short)
