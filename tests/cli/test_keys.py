"""`enamel keys`: how the root secret may be kept."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def enamel(data: Path, *words: str, given: str = "") -> tuple[int, dict[str, object], str]:
    command = [sys.executable, "-m", "appliance", "keys", *words, "--data", str(data), "--json"]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT, input=given)
    return done.returncode, json.loads(done.stdout) if done.stdout else {}, done.stderr


@pytest.mark.peer("systemd-creds")
def test_a_root_sealed_to_the_machine_alone_asks_nobody(tmp_path: Path) -> None:
    status, made, told = enamel(tmp_path / "data", "init", "--sealing", "machine", "--host-key", "host")
    assert status == 0, told
    assert str(made["recovery_code"]).startswith("EN")
    _, facts, _ = enamel(tmp_path / "data", "status")
    assert (facts["method"], facts["asks_passphrase"]) == ("systemd-credential", False)


def test_a_demonstrations_file_cannot_be_sealed_to_the_machine_as_well(tmp_path: Path) -> None:
    status, _, told = enamel(tmp_path / "data", "init", "--sealing", "file", "--host-key", "host")
    assert status != 0
    assert "seals to nothing" in told
    assert not (tmp_path / "data").exists()


def test_a_mistyped_recovery_code_is_told_by_its_group_and_changes_nothing(tmp_path: Path) -> None:
    _, made, _ = enamel(tmp_path / "data", "init", "--sealing", "file")
    sealed = (tmp_path / "data" / "keys" / "root.sealed").read_bytes()
    code = str(made["recovery_code"])
    wrong = code[:14] + ("A" if code[14] != "A" else "B") + code[15:]
    status, _, told = enamel(tmp_path / "data", "recover", "--sealing", "file", given=wrong + "\n")
    assert status != 0
    assert "most likely in group 3" in told
    assert code[12:17] not in told
    assert (tmp_path / "data" / "keys" / "root.sealed").read_bytes() == sealed


def test_keys_are_rotated_by_a_command_and_the_receiver_gets_the_next(tmp_path: Path) -> None:
    enamel(tmp_path / "data", "init", "--sealing", "file")
    published = tmp_path / "data" / "exchange" / "inbox-key.json"
    assert json.loads(published.read_bytes())["number"] == 1
    status, made, told = enamel(tmp_path / "data", "rotate")
    assert status == 0, told
    assert made == {"wrapping_key": 2, "inbox_key": 2}
    assert json.loads(published.read_bytes())["number"] == 2
