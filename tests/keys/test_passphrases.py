"""Passphrases that become keys, and account passwords."""

import pytest

from appliance.errors import Tampered, Unsuitable
from appliance.keys.passphrases import (
    PassphraseCost,
    hash_password,
    key_from_passphrase,
    needs_rehash,
    new_salt,
    password_matches,
)

CHEAP = PassphraseCost(memory_kib=64, passes=1, lanes=1)
SALT = bytes(range(16))
REFERENCE = "8110e1165eb0e1114ee37d5ff017573ba0084b8366b4108db44749954b8d9871"  # Debian's argon2 20171227


def test_a_passphrase_gives_the_same_key_however_its_accents_are_typed() -> None:
    composed, decomposed = "caf\u00e9 cre\u0301me", "cafe\u0301 cr\u00e9me"
    assert key_from_passphrase(composed, SALT, CHEAP) == key_from_passphrase(decomposed, SALT, CHEAP)


def test_another_passphrase_salt_or_cost_gives_another_key() -> None:
    key = key_from_passphrase("one", SALT, CHEAP)
    assert key != key_from_passphrase("One", SALT, CHEAP)
    assert key != key_from_passphrase("one", new_salt(), CHEAP)
    assert key != key_from_passphrase("one", SALT, PassphraseCost(memory_kib=128, passes=1, lanes=1))


def test_a_passphrase_key_is_argon2id_as_its_own_reference_gives_it() -> None:
    # argon2 (the reference's command line): echo -n password | argon2 somesalt12345678 -id -t 2 -k 256 -p 1 -l 32
    key = key_from_passphrase("password", b"somesalt12345678", PassphraseCost(memory_kib=256, passes=2, lanes=1))
    assert key.reveal().hex() == REFERENCE


def test_an_empty_passphrase_or_a_short_salt_is_refused() -> None:
    with pytest.raises(Unsuitable):
        key_from_passphrase("", SALT, CHEAP)
    with pytest.raises(Unsuitable):
        key_from_passphrase("x", SALT[:8], CHEAP)


@pytest.mark.parametrize(
    ("memory_kib", "passes", "lanes"), [(7, 1, 1), (2**23, 1, 1), (64, 0, 1), (64, 65, 1), (64, 1, 0), (1024, 1, 65)]
)
def test_a_cost_out_of_bounds_is_refused(memory_kib: int, passes: int, lanes: int) -> None:
    with pytest.raises(Unsuitable):
        PassphraseCost(memory_kib, passes, lanes)


def test_a_password_matches_its_own_hash_and_no_other() -> None:
    kept = hash_password("Zahn-fee 7")
    assert kept.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert kept != hash_password("Zahn-fee 7")
    assert password_matches(kept, "Zahn-fee 7")
    assert not password_matches(kept, "zahn-fee 7")
    assert not password_matches(kept, "")
    assert not needs_rehash(kept)


def test_a_hash_made_at_a_lower_cost_is_to_be_made_anew() -> None:
    assert needs_rehash(
        "$argon2id$v=19$m=1024,t=1,p=1$AAECAwQFBgcICQoLDA0ODw$7DZrS9EgWVbBQKxR1u8zOqLHbdGCNVMpa6OkCXG4LGw"
    )


def test_a_row_without_a_hash_is_damage_and_not_a_wrong_password() -> None:
    with pytest.raises(Tampered):
        password_matches("not a hash", "x")
