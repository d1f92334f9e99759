"""What the receiver seals with the public half alone."""

import hashlib
import hmac

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from appliance.errors import Tampered, Unsuitable, WrongKey
from appliance.identifiers import FileId
from appliance.keys.inbox_seal import (
    SEALED_KEY_BYTES,
    check_end_mac,
    end_mac,
    instance_key,
    new_inbox_key_pair,
    open_association_key,
    seal_association_key,
)
from appliance.keys.secret import SecretKey

PAIR, KEY, FACTS = new_inbox_key_pair(), SecretKey(bytes(range(32))), b"box, association, peer, time"


def test_an_association_key_opens_with_the_private_half_and_the_same_facts() -> None:
    sealed = seal_association_key(PAIR.public_key, FACTS, KEY)
    assert len(sealed) == SEALED_KEY_BYTES
    assert open_association_key(PAIR.private_key, FACTS, sealed) == KEY
    assert sealed != seal_association_key(PAIR.public_key, FACTS, KEY)


def test_other_facts_or_another_pair_do_not_open_it() -> None:
    sealed = seal_association_key(PAIR.public_key, FACTS, KEY)
    with pytest.raises(WrongKey):
        open_association_key(PAIR.private_key, FACTS + b".", sealed)
    with pytest.raises(WrongKey):
        open_association_key(new_inbox_key_pair().private_key, FACTS, sealed)


@given(st.integers(0, 8 * SEALED_KEY_BYTES - 1))
@example(8 * 31 + 7)  # the bit of a point that X25519 ignores: the HPKE context does not
def test_a_flipped_bit_is_told(bit: int) -> None:
    sealed = bytearray(seal_association_key(PAIR.public_key, FACTS, KEY))
    sealed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(WrongKey):
        open_association_key(PAIR.private_key, FACTS, bytes(sealed))


@pytest.mark.parametrize("length", [0, 79, 81])
def test_a_sealed_key_of_another_length_is_told(length: int) -> None:
    with pytest.raises(Tampered, match="80 bytes"):
        open_association_key(PAIR.private_key, FACTS, bytes(length))


def test_a_point_of_low_order_opens_nothing_and_seals_nothing() -> None:
    with pytest.raises(WrongKey):
        open_association_key(PAIR.private_key, FACTS, bytes(SEALED_KEY_BYTES))
    with pytest.raises(Unsuitable):
        seal_association_key(bytes(32), FACTS, KEY)


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_public_key_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(Unsuitable):
        seal_association_key(bytes(length), FACTS, KEY)


def test_each_file_of_an_association_has_its_own_key() -> None:
    ids = [FileId.new() for _ in range(100)]
    assert len({instance_key(KEY, file_id).reveal() for file_id in ids}) == 100
    extracted = hmac.digest(bytes(32), KEY.reveal(), hashlib.sha256)
    info = b"enamel instance key\x00" + ids[0].value + b"\x01"
    assert instance_key(KEY, ids[0]).reveal() == hmac.digest(extracted, info, hashlib.sha256)


def test_an_end_record_is_told_from_one_that_was_not_written_so() -> None:
    mac = end_mac(KEY, b"released 512")
    check_end_mac(KEY, b"released 512", mac)
    for record, key, shown in (
        (b"released 511", KEY, mac),
        (b"released 512", SecretKey.new(), mac),
        (b"released 512", KEY, mac[:-1]),
        (b"released 512", KEY, b""),
    ):
        with pytest.raises(Tampered, match="end record"):
            check_end_mac(key, record, shown)
