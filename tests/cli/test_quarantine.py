"""What waits in quarantine, from the command line: looked at, copied out, tried again."""

import json
from pathlib import Path

import pytest

from appliance.keys.hierarchy import Keyring
from tests.intake.a_clinic import Clinic, Sent, ct_slice, sent
from tests.intake.test_quarantine import quarantined, taken_in
from tests.warm import run

READABLE, UNNAMED = sent(ct_slice(1)), sent(ct_slice(2, StudyInstanceUID=None))


@pytest.fixture
def box(tmp_path: Path) -> list[str]:
    """Make a box with one scan whose reader died and one without a study; give how to name it to a command."""
    data = tmp_path / "data"
    data.mkdir()
    clinic = Clinic(data)
    quarantined(clinic, READABLE)
    taken_in(clinic, UNNAMED)
    clinic.database.close()
    (data / "catalogue").mkdir()
    for file in data.glob("catalogue.db*"):
        file.rename(data / "catalogue" / file.name)
    (data / "settings.toml").write_text('clinic_name = "Lilas"\n')
    keyring = tmp_path / "keyring"
    keyring.write_bytes(Keyring.for_process("staff", clinic.root).encode())
    return ["--json", "--data", str(data), "--keyring", str(keyring)]


def answered(*words: str) -> dict[str, object]:
    done = run(*words)
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout)
    return found


def copied(box: list[str], target: Path, came: Sent, key: str) -> None:
    answered("quarantine", "export", key, str(target), *box)
    assert target.stat().st_mode & 0o777 == 0o600
    assert target.read_bytes()[128:132] == b"DICM"
    assert target.read_bytes().endswith(came.dataset)


def test_what_waits_is_looked_at_copied_out_and_tried_again(box: list[str], tmp_path: Path) -> None:
    shown = answered("quarantine", "show", "1", *box)
    assert (shown["reason"], shown["sop_instance_uid"]) == ("parser crashed", "1.2.3.4.5.1")
    copied(box, tmp_path / "one.dcm", READABLE, "1")
    copied(box, tmp_path / "two.dcm", UNNAMED, "2")
    answered("quarantine", "export", "2", str(tmp_path / "two.raw"), "--dataset-only", *box)
    assert (tmp_path / "two.raw").read_bytes() == UNNAMED.dataset
    assert answered("quarantine", "retry", "1", *box)["outcome"] == "new"
    still = run("quarantine", "retry", "2", *box)
    assert still.returncode == 3
    assert json.loads(still.stdout)["reason"] == "no study instance uid"
    waiting = json.loads(run("quarantine", "list", *box).stdout)
    assert [row["quarantine_key"] for row in waiting] == [2]
    told = [row["event"] for row in json.loads(run("audit", "list", *box).stdout)]
    assert told.count("quarantine exported") == 3
    assert told.count("quarantine retried") == 2


def test_what_is_hopeless_is_dismissed_with_a_reason_from_standard_input(box: list[str], tmp_path: Path) -> None:
    assert run("quarantine", "resolve", "2", *box, given="").returncode == 15
    done = run("quarantine", "resolve", "2", *box, given="the console was mended\n")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"quarantine_key": 2, "dismissed": True}
    waiting = json.loads(run("quarantine", "list", *box).stdout)
    assert [row["quarantine_key"] for row in waiting] == [1]
    answered("quarantine", "retry", "1", *box)
    rows = {row["quarantine_key"]: row for row in json.loads(run("quarantine", "list", "--all", *box).stdout)}
    assert [(rows[key]["state"], rows[key]["resolved_by"], rows[key]["dismissal_reason"]) for key in (1, 2)] == [
        ("listed", "operator", None),
        ("dismissed", "operator", "the console was mended"),
    ]
    shown = answered("quarantine", "show", "2", *box)
    assert (shown["resolved_by"], shown["dismissal_reason"]) == ("operator", "the console was mended")
    copied(box, tmp_path / "kept.dcm", UNNAMED, "2")
    assert run("quarantine", "resolve", "2", *box, given="again\n").returncode == 10
    assert run("quarantine", "resolve", "9", *box, given="nothing\n").returncode == 12
    assert answered("quarantine", "reopen", "2", *box) == {"quarantine_key": 2, "dismissed": False}
    assert [row["quarantine_key"] for row in json.loads(run("quarantine", "list", *box).stdout)] == [2]
    assert run("quarantine", "reopen", "1", *box).returncode == 10
    assert "mended" not in run("audit", "list", *box).stdout


def test_a_copy_replaces_no_file_and_an_unknown_entry_is_not_found(box: list[str], tmp_path: Path) -> None:
    taken = tmp_path / "taken.dcm"
    taken.write_bytes(b"mine")
    assert run("quarantine", "export", "1", str(taken), *box).returncode == 15
    assert taken.read_bytes() == b"mine"
    assert run("quarantine", "export", "9", str(tmp_path / "none.dcm"), *box).returncode == 12
    assert not (tmp_path / "none.dcm").exists()
    assert run("quarantine", "show", "9", *box).returncode == 12
    assert run("quarantine", "retry", "9", *box).returncode == 12
    assert run("quarantine", "retry", "1", *box).returncode == 0
    assert run("quarantine", "retry", "1", *box).returncode == 10
