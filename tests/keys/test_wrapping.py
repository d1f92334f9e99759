"""Wrapped keys: they open where they belong, and nowhere else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import Tampered, WrongKey
from appliance.identifiers import FileId
from appliance.keys.secret import SecretKey
from appliance.keys.wrapping import WRAPPED_KEY_BYTES, seal_secret, unseal_secret, unwrap_data_key, wrap_data_key

KEY, DATA_KEY, ID = SecretKey(bytes(range(32))), SecretKey(bytes(range(32, 64))), FileId(bytes(16))


def test_a_wrapped_key_opens_with_its_wrapping_key_and_file_id_only() -> None:
    wrapped = wrap_data_key(KEY, ID, DATA_KEY)
    assert len(wrapped) == WRAPPED_KEY_BYTES
    assert unwrap_data_key(KEY, ID, wrapped) == DATA_KEY
    with pytest.raises(WrongKey):
        unwrap_data_key(KEY, FileId.new(), wrapped)
    with pytest.raises(WrongKey):
        unwrap_data_key(SecretKey.new(), ID, wrapped)


@given(st.integers(0, 8 * WRAPPED_KEY_BYTES - 1))
def test_a_flipped_bit_in_a_wrapped_key_is_told(bit: int) -> None:
    wrapped = bytearray(wrap_data_key(KEY, ID, DATA_KEY))
    wrapped[bit // 8] ^= 1 << bit % 8
    with pytest.raises(WrongKey):
        unwrap_data_key(KEY, ID, bytes(wrapped))


@pytest.mark.parametrize("length", [0, 27, 59, 61])
def test_a_wrapped_key_of_another_length_is_told(length: int) -> None:
    with pytest.raises(Tampered):
        unwrap_data_key(KEY, ID, bytes(length))


@given(st.binary(max_size=100), st.binary(max_size=20))
def test_any_small_secret_comes_back_in_its_context(secret: bytes, context: bytes) -> None:
    sealed = seal_secret(KEY, context, secret)
    assert unseal_secret(KEY, context, sealed) == secret
    with pytest.raises(WrongKey):
        unseal_secret(KEY, context + b"x", sealed)


def test_a_sealed_secret_that_was_cut_is_told() -> None:
    with pytest.raises(Tampered):
        unseal_secret(KEY, b"", bytes(27))


def test_the_same_key_wrapped_twice_does_not_look_the_same() -> None:
    assert len({wrap_data_key(KEY, ID, DATA_KEY)[:12] for _ in range(1000)}) == 1000
