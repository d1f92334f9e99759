"""`enamel keys`: how the root secret may be kept."""

import json
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from appliance.keys.recovery import root_from_recovery_code
from appliance.keys.recovery_shares import make_kit
from appliance.keys.secret import SecretKey
from appliance.store.files import is_in_memory

ROOT = Path(__file__).parents[2]


@pytest.fixture
def memory() -> Iterator[Path]:
    with TemporaryDirectory(dir="/dev/shm") as folder:
        yield Path(folder)


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


def test_two_papers_of_the_kit_give_a_box_another_passphrase(tmp_path: Path) -> None:
    _, made, _ = enamel(tmp_path / "data", "init", "--sealing", "file")
    shares = make_kit(root_from_recovery_code(str(made["recovery_code"]))).shares
    status, _, told = enamel(
        tmp_path / "data", "recover", given=f"{shares[2]}\n{shares[0]}\nsix quite random words here\n"
    )
    assert status == 0, told
    _, facts, _ = enamel(tmp_path / "data", "status")
    assert facts["asks_passphrase"]


def test_papers_of_another_box_give_no_passphrase(tmp_path: Path) -> None:
    enamel(tmp_path / "data", "init", "--sealing", "file")
    shares = make_kit(SecretKey(bytes(range(32)))).shares
    status, _, told = enamel(tmp_path / "data", "recover", "--sealing", "file", given=f"{shares[0]}\n{shares[1]}\n")
    assert (status, told != "") == (31, True)


def test_keys_are_rotated_by_a_command_and_the_receiver_gets_the_next(tmp_path: Path) -> None:
    enamel(tmp_path / "data", "init", "--sealing", "file")
    published = tmp_path / "data" / "exchange" / "inbox-key.json"
    assert json.loads(published.read_bytes())["number"] == 1
    status, made, told = enamel(tmp_path / "data", "rotate")
    assert status == 0, told
    assert made == {"wrapping_key": 2, "inbox_key": 2}
    assert json.loads(published.read_bytes())["number"] == 2


def test_a_recovery_file_is_its_owners_alone_and_lies_in_memory(tmp_path: Path, memory: Path) -> None:
    file = memory / "code"
    status, made, told = enamel(tmp_path / "data", "init", "--sealing", "file", "--recovery-file", str(file))
    assert status == 0, told
    assert made["recovery_file"] == str(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert enamel(tmp_path / "data", "recover", "--sealing", "file", given=file.read_text())[0] == 0


def test_no_box_is_made_that_would_leave_its_recovery_code_on_a_disk(tmp_path: Path, memory: Path) -> None:
    assert not is_in_memory(ROOT), "these tests run from a disk"
    (memory / "elsewhere").symlink_to(ROOT)
    (memory / "taken").write_text("another box's")
    faults = {
        ROOT / "recovery-code": "never lies on a disk",
        memory / "elsewhere" / "recovery-code": "never lies on a disk",
        memory / "absent" / "recovery-code": "never lies on a disk",
        memory / "taken": "there already",
    }
    for file, fault in faults.items():
        status, _, told = enamel(tmp_path / "data", "init", "--sealing", "file", "--recovery-file", str(file))
        assert (status, fault in told) == (15, True), told
    assert not (tmp_path / "data").exists()
    assert not (ROOT / "recovery-code").exists()
    assert (memory / "taken").read_text() == "another box's"
