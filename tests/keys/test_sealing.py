"""The root secret at rest: in a file, under a passphrase, sealed to this machine."""

import json
from pathlib import Path

import pytest

from appliance.errors import Refused, Tampered, Unavailable, WrongPassphrase
from appliance.keys.passphrases import PassphraseCost
from appliance.keys.sealing import (
    Host,
    HostKey,
    Method,
    asks_passphrase,
    host_key_of,
    open_root,
    root_fingerprint,
    seal_to_file,
    seal_to_host,
    seal_to_passphrase,
    sealed_by,
    sealed_fingerprint,
)
from appliance.keys.secret import SecretKey

CHEAP = PassphraseCost(memory_kib=64, passes=1, lanes=1)
ROOT = SecretKey(bytes(range(32)))
needs_host = pytest.mark.peer("systemd-creds")


def changed(sealed: bytes, **changes: object) -> bytes:
    return json.dumps(json.loads(sealed) | changes).encode()


def test_a_root_in_a_file_opens_by_itself() -> None:
    sealed = seal_to_file(ROOT)
    assert open_root(sealed) == ROOT
    assert not asks_passphrase(sealed)
    assert sealed_by(sealed) is Method.FILE


def test_a_root_under_a_passphrase_opens_with_it_alone() -> None:
    sealed = seal_to_passphrase(ROOT, "nine lives", CHEAP)
    assert asks_passphrase(sealed)
    assert sealed_by(sealed) is Method.PASSPHRASE
    assert open_root(sealed, "nine lives") == ROOT
    for wrong in ("Nine lives", "", None):
        with pytest.raises(WrongPassphrase):
            open_root(sealed, wrong)
    assert ROOT.reveal().hex().encode() not in sealed
    assert sealed != seal_to_passphrase(ROOT, "nine lives", CHEAP)


def test_the_default_cost_of_a_guess_is_256_mib() -> None:
    sealed = seal_to_passphrase(ROOT, "nine lives")
    assert json.loads(sealed)["cost"] == {"memory_kib": 262144, "passes": 3, "lanes": 4}
    assert open_root(sealed, "nine lives") == ROOT


@needs_host
def test_a_root_sealed_to_the_machine_asks_for_its_passphrase_too() -> None:
    sealed = seal_to_host(ROOT, "nine lives", Host(), HostKey.HOST, CHEAP)
    assert asks_passphrase(sealed)
    assert sealed_by(sealed) is Method.CREDENTIAL
    assert open_root(sealed, "nine lives") == ROOT
    with pytest.raises(WrongPassphrase):
        open_root(sealed, "ten lives")
    with pytest.raises(WrongPassphrase):
        open_root(sealed)


@needs_host
def test_a_root_sealed_to_the_machine_alone_opens_by_itself() -> None:
    sealed = seal_to_host(ROOT, None, Host(), HostKey.HOST)
    assert not asks_passphrase(sealed)
    assert open_root(sealed) == ROOT
    assert ROOT.reveal().hex().encode() not in sealed


def test_a_passphrase_for_a_root_that_asks_for_none_is_refused() -> None:
    for given in ("whatever", ""):
        with pytest.raises(Refused, match="asks for no passphrase"):
            open_root(seal_to_file(ROOT), given)


@needs_host
def test_a_passphrase_for_a_machine_that_opens_alone_is_refused() -> None:
    with pytest.raises(Refused, match="asks for no passphrase"):
        open_root(seal_to_host(ROOT, None, Host(), HostKey.HOST), "whatever")


@needs_host
def test_what_another_machine_sealed_does_not_open_here() -> None:
    sealed = seal_to_host(ROOT, None, Host(), HostKey.HOST)
    secret = json.loads(sealed)["secret"]
    with pytest.raises(Unavailable, match="systemd-creds refused"):
        open_root(changed(sealed, secret=secret[:80] + ("A" if secret[80] != "A" else "B") + secret[81:]))


def test_a_machine_without_systemd_creds_says_so(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="cannot be run: FileNotFoundError"):
        seal_to_host(ROOT, None, Host(program=str(tmp_path / "systemd-creds")), HostKey.HOST)


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"\xff", b'{"format": "enamel sealed root", "method": "x"}'])
def test_what_is_no_sealed_root_is_tampered(content: bytes) -> None:
    for ask in (open_root, asks_passphrase, sealed_by):
        with pytest.raises(Tampered, match="no sealed root"):
            ask(content)


@pytest.mark.parametrize("changes", [{"secret": "00"}, {"secret": "zz"}, {"secret": 5}, {"root": None}, {"root": "x"}])
def test_a_damaged_root_file_is_tampered(changes: dict[str, object]) -> None:
    with pytest.raises(Tampered, match="damaged"):
        open_root(changed(seal_to_file(ROOT), **changes))


@pytest.mark.parametrize("missing", ["secret", "salt", "cost", "root"])
def test_a_passphrase_file_that_lacks_a_part_is_tampered(missing: str) -> None:
    content = json.loads(seal_to_passphrase(ROOT, "nine lives", CHEAP))
    del content[missing]
    with pytest.raises(Tampered, match="damaged"):
        open_root(json.dumps(content).encode(), "nine lives")


def test_a_root_swapped_for_another_is_told_by_its_fingerprint() -> None:
    other = json.loads(seal_to_file(SecretKey.new()))
    with pytest.raises(Tampered, match="another root"):
        open_root(changed(seal_to_file(ROOT), secret=other["secret"]))
    assert len(root_fingerprint(ROOT)) == 8
    assert root_fingerprint(ROOT) != root_fingerprint(SecretKey.new())


def test_what_of_the_machine_seals_a_root_is_told_and_a_damaged_word_of_it_too() -> None:
    assert host_key_of(seal_to_file(SecretKey.new())) is None
    told = {"format": "enamel sealed root", "method": "systemd-credential", "root": "", "host_key": "host+tpm2"}
    assert host_key_of(json.dumps(told).encode()) is HostKey.HOST_AND_TPM2
    for damaged in ({**told, "host_key": "hots"}, {name: word for name, word in told.items() if name != "host_key"}):
        with pytest.raises(Tampered):
            host_key_of(json.dumps(damaged).encode())


def test_which_root_is_sealed_is_told_without_opening_it() -> None:
    root = SecretKey(bytes(range(32)))
    sealed = seal_to_file(root)
    assert sealed_fingerprint(sealed) == root_fingerprint(root)
    table = json.loads(sealed)
    for root_told in (None, 7, "no hexadecimal"):
        with pytest.raises(Tampered):
            sealed_fingerprint(json.dumps(table | {"root": root_told}).encode())
