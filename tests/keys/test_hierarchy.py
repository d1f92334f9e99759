"""What comes from the root, and who is given it."""

import hashlib
import hmac
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import KeysSealed, Unsuitable, WrongKey
from appliance.keys.hierarchy import (
    LAST_EPOCH,
    SUBKEYS_OF,
    Keyring,
    Subkey,
    catalogue_keys,
    derive,
    repository_password,
    unseal_earlier,
)
from appliance.keys.secret import SecretKey, same_bytes

ROOT = SecretKey(bytes(range(32)))
keyrings = st.dictionaries(st.sampled_from(Subkey), st.binary(min_size=32, max_size=32).map(SecretKey))


def by_rfc_5869(info: bytes) -> bytes:
    extracted = hmac.digest(bytes(32), ROOT.reveal(), hashlib.sha256)
    return hmac.digest(extracted, info + b"\x01", hashlib.sha256)


@pytest.mark.parametrize("subkey", Subkey)
def test_a_subkey_is_hkdf_of_the_root_under_its_own_label(subkey: Subkey) -> None:
    assert derive(ROOT, subkey).reveal() == by_rfc_5869(b"enamel subkey\x00" + subkey.value.encode())


def test_no_two_purposes_share_a_key() -> None:
    keys = [derive(ROOT, subkey).reveal() for subkey in Subkey]
    assert len({*keys, ROOT.reveal()}) == len(Subkey) + 1


def test_the_receiver_is_given_nothing_and_intake_only_its_three_keys() -> None:
    assert SUBKEYS_OF["receiver"] == frozenset()
    intake = Keyring.for_process("intake", ROOT)
    assert {subkey for subkey in Subkey if holds(intake, subkey)} == {
        Subkey.CATALOGUE,
        Subkey.KEY_WRAPPING,
        Subkey.AUDIT,
    }
    staff = Keyring.for_process("staff", ROOT)
    assert {subkey for subkey in Subkey if not holds(staff, subkey)} == {Subkey.BACKUP, Subkey.SIGNING}
    jobs = Keyring.for_process("jobs", ROOT)
    assert {subkey for subkey in Subkey if not holds(jobs, subkey)} == {Subkey.ACCOUNTS, Subkey.PSEUDONYM}
    held = {subkey: keyring.key(subkey) for keyring in (staff, jobs) for subkey in Subkey if holds(keyring, subkey)}
    assert held == {subkey: derive(ROOT, subkey) for subkey in Subkey}


def test_each_repository_has_a_password_of_its_own() -> None:
    targets = [bytes([number]) * 16 for number in range(3)]
    passwords = {
        (target, name): repository_password(ROOT, target, name) for target in targets for name in ("files", "keys")
    }
    assert len({password.reveal() for password in passwords.values()} | {ROOT.reveal()}) == 7
    assert passwords[targets[1], "keys"].reveal() == by_rfc_5869(b"enamel backup repository\x00keys\x00" + targets[1])


def holds(keyring: Keyring, subkey: Subkey) -> bool:
    try:
        keyring.key(subkey)
    except KeysSealed:
        return False
    return True


@given(keyrings)
def test_a_keyring_comes_back_through_its_pipe(keys: dict[Subkey, SecretKey]) -> None:
    decoded = Keyring.decode(Keyring(keys).encode())
    assert {subkey: decoded.key(subkey) for subkey in keys} == keys
    assert [holds(decoded, subkey) for subkey in Subkey] == [subkey in keys for subkey in Subkey]


@pytest.mark.parametrize(
    "line", [b"x", b"audit", b"audit 00", b"audit " + b"0" * 65, b"audit " + b"G" * 64, b"root " + b"0" * 64, b"\xff"]
)
def test_what_is_no_keyring_is_refused_without_repeating_it(line: bytes) -> None:
    with pytest.raises(Unsuitable) as fault:
        Keyring.decode(Keyring.for_process("intake", ROOT).encode() + line + b"\n")
    assert "0000" not in str(fault.value)


def test_a_keyring_and_a_key_do_not_print_and_a_key_is_never_pickled() -> None:
    keyring = Keyring({subkey: derive(ROOT, subkey) for subkey in Subkey})
    shown = f"{keyring!r} {keyring} {ROOT!r} {ROOT} {[ROOT]}"
    for secret in (ROOT, *(keyring.key(subkey) for subkey in Subkey)):
        assert secret.reveal().hex() not in shown
        assert repr(secret.reveal()) not in shown
    with pytest.raises(TypeError):
        pickle.dumps(ROOT)
    with pytest.raises(TypeError):
        hash(ROOT)


def test_keys_are_equal_by_their_bytes_and_to_nothing_else() -> None:
    assert SecretKey(bytes(32)) == SecretKey(bytes(32))
    assert SecretKey(bytes(32)) != ROOT
    assert ROOT.reveal() != ROOT
    assert same_bytes(b"a", b"a")
    assert not same_bytes(b"a", b"b")


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_key_has_256_bits(length: int) -> None:
    with pytest.raises(ValueError, match="a key has 32 bytes"):
        SecretKey(bytes(length))


def test_a_catalogue_has_one_of_a_hundred_keys_of_its_root_and_the_first_is_as_it_always_was() -> None:
    keys = dict(catalogue_keys(ROOT))
    assert list(keys) == list(range(1, LAST_EPOCH + 1))
    assert keys[1] == derive(ROOT, Subkey.CATALOGUE)
    assert keys[2].reveal() == by_rfc_5869(b"enamel subkey\x00catalogue\x002")
    assert len({key.reveal() for key in keys.values()}) == LAST_EPOCH
    assert Keyring.for_process("intake", ROOT, 2).key(Subkey.CATALOGUE) == keys[2]
    assert Keyring.for_process("intake", ROOT, 2).key(Subkey.AUDIT) == derive(ROOT, Subkey.AUDIT)


def test_an_earlier_key_that_a_release_sealed_opens_ever_after() -> None:
    """A vector: today's key, the number, and what was sealed; never made anew."""
    sealed = bytes.fromhex(
        "5c28fe37950b8dfc7b842df1e75f985f90add4b85e9bb8e38520a1c40ea8835af57626e18bc15bbaab3397573c5ff30f213a241d6eb25cb0f4117e6d"
    )
    assert unseal_earlier(ROOT, Subkey.AUDIT, 3, sealed) == SecretKey(bytes(reversed(range(32))))
    for wrong in ((ROOT, Subkey.BACKUP, 3), (ROOT, Subkey.AUDIT, 2), (SecretKey(bytes(32)), Subkey.AUDIT, 3)):
        with pytest.raises(WrongKey):
            unseal_earlier(*wrong, sealed)
