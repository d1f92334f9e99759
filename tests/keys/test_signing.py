"""What a box signs is checked by OpenSSL and by us, offline, and no changed bit passes."""

import hashlib
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import Tampered
from appliance.keys.secret import SecretKey
from appliance.keys.signing import SigningKey, verify

SINCE = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
KEY = SigningKey(SecretKey(bytes(range(32))), "Praxis Nordend", SINCE)


def test_the_same_seed_gives_the_same_key_and_certificate_for_ever() -> None:
    again = SigningKey(SecretKey(bytes(range(32))), "Praxis Nordend", SINCE)
    assert again.certificate == KEY.certificate
    assert KEY.fingerprint == "550f6220dd638af028496f0d4a69004663f32334a5641f92d8def309ae5c0b70"
    assert hashlib.sha256(KEY.public_key).hexdigest() == KEY.fingerprint
    assert SigningKey(SecretKey.new(), "Praxis Nordend", SINCE).fingerprint != KEY.fingerprint


@given(st.binary(max_size=500))
def test_what_was_signed_is_told_with_its_signer(data: bytes) -> None:
    signer = verify(data, KEY.sign(data) + bytes(100))
    assert (signer.fingerprint, signer.name) == (KEY.fingerprint, "Praxis Nordend (Enamel signing)")


@given(st.data())
def test_no_changed_bit_of_what_was_signed_passes(data: st.DataObject) -> None:
    signed = bytearray(b"an erasure of a study, on a day")
    signature = KEY.sign(bytes(signed))
    at = data.draw(st.integers(0, 8 * len(signed) - 1))
    signed[at // 8] ^= 1 << at % 8
    with pytest.raises(Tampered):
        verify(bytes(signed), signature)


@given(st.binary(max_size=300))
def test_no_other_bytes_are_taken_for_a_signature(signature: bytes) -> None:
    with pytest.raises(Tampered):
        verify(b"data", signature)


def test_no_changed_bit_of_a_signature_makes_it_one_of_other_bytes() -> None:
    signature = KEY.sign(b"data")
    for at in range(8 * len(signature)):
        changed = bytearray(signature)
        changed[at // 8] ^= 1 << at % 8
        with pytest.raises(Tampered):
            verify(b"other data", bytes(changed))


@pytest.mark.parametrize("behind", [b"\x01", b"\0\0\x30", b"more"])
def test_nothing_but_zeros_stands_behind_a_signature(behind: bytes) -> None:
    signature = KEY.sign(b"data")
    assert verify(b"data", signature + bytes(9)) == verify(b"data", signature)
    with pytest.raises(Tampered):
        verify(b"data", signature + behind)


def test_openssl_verifies_it_and_refuses_other_bytes(tmp_path: Path) -> None:
    paths = {name: tmp_path / name for name in ("data", "signature", "certificate")}
    paths["data"].write_bytes(b"an erasure")
    paths["signature"].write_bytes(KEY.sign(b"an erasure"))
    paths["certificate"].write_bytes(KEY.certificate)
    command = [
        "openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", str(paths["signature"]), "-content",
        str(paths["data"]), "-CAfile", str(paths["certificate"]), "-purpose", "any", "-out", str(tmp_path / "out"),
    ]  # fmt: skip
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
    paths["data"].write_bytes(b"an erasurE")
    assert subprocess.run(command, capture_output=True, check=False).returncode != 0
