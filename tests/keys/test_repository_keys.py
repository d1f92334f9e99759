"""A repository's key file is written anew: restic opens it at once by the same password, and by no other."""

import json
import os
import subprocess
from base64 import b64decode, b64encode
from pathlib import Path

import pytest

from appliance.errors import Tampered, WrongKey
from appliance.keys.repository_keys import is_stretched, key_file_name, unstretched

pytestmark = pytest.mark.peer("restic")
PASSWORD = b"17" * 32


def restic(place: Path, *words: str, password: bytes = PASSWORD) -> subprocess.CompletedProcess[bytes]:
    environment = {**os.environ, "RESTIC_REPOSITORY": str(place), "RESTIC_PASSWORD": password.decode()}
    return subprocess.run(["restic", "--no-cache", *words], env=environment, capture_output=True, check=False)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("made") / "repository"
    assert restic(place, "init").returncode == 0
    return place


@pytest.fixture
def old(made: Path) -> bytes:
    (path,) = (made / "keys").iterdir()
    return path.read_bytes()


def altered(key_file: bytes, **facts: object) -> bytes:
    return json.dumps({**json.loads(key_file), **facts}).encode()


def test_restic_opens_what_was_written_anew_and_only_by_the_same_password(made: Path, old: bytes) -> None:
    new = unstretched(old, PASSWORD)
    (path,) = (made / "keys").iterdir()
    path.rename(made / "old")
    (made / "keys" / key_file_name(new)).write_bytes(new)
    try:
        assert restic(made, "backup", str(made / "config")).returncode == 0
        assert restic(made, "check", "--read-data").returncode == 0
        refused = restic(made, "snapshots", password=b"18" * 32)
        assert refused.returncode != 0
        assert b"wrong password" in refused.stderr
    finally:
        (made / "keys" / key_file_name(new)).unlink()
        (made / "old").rename(path)


def test_it_costs_next_to_nothing_and_tells_nothing_of_the_machine(old: bytes) -> None:
    new = unstretched(old, PASSWORD)
    facts, before = json.loads(new), json.loads(old)
    assert before["N"] * before["r"] * before["p"] > 10_000
    assert facts["N"] * facts["r"] * facts["p"] < 1000
    assert (is_stretched(old), is_stretched(new)) == (True, False)
    assert (facts["hostname"], facts["username"]) == ("", "")
    assert facts["salt"] != before["salt"]


def test_another_password_and_every_changed_byte_of_what_is_sealed_are_refused(old: bytes) -> None:
    with pytest.raises(WrongKey):
        unstretched(old, b"18" * 32)
    quick = unstretched(old, PASSWORD)
    data = bytearray(b64decode(json.loads(quick)["data"]))
    for place in range(len(data)):
        data[place] ^= 1
        with pytest.raises(WrongKey):
            unstretched(altered(quick, data=b64encode(data).decode()), PASSWORD)
        data[place] ^= 1


@pytest.mark.parametrize(
    "wrong",
    [b"", b"{}", b"[]", b"\xff\xff", b'"text"', b'{"salt": "A", "data": "AAAA", "N": 16, "r": 8, "p": 1}'],
)
def test_what_is_no_key_file_is_told(wrong: bytes) -> None:
    with pytest.raises(Tampered):
        unstretched(wrong, PASSWORD)


@pytest.mark.parametrize("facts", [{"N": "16"}, {"N": 17}, {"r": 0}, {"salt": 7}, {"data": "AAAA"}, {"data": ""}])
def test_facts_that_cannot_be_are_told(old: bytes, facts: dict[str, object]) -> None:
    with pytest.raises(Tampered):
        unstretched(altered(unstretched(old, PASSWORD), **facts), PASSWORD)


@pytest.mark.parametrize("wrong", [b"", b"{}", b"[]", b"\xff", b"3"])
def test_whether_it_is_stretched_cannot_be_said_of_anything_else(wrong: bytes) -> None:
    with pytest.raises(Tampered):
        is_stretched(wrong)
