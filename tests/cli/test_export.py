"""Scans leave by the command line: a package as ZIP, under a passphrase, into a folder; the whole archive."""

import json
import subprocess
import zipfile
from pathlib import Path

import pytest

from appliance.keys.hierarchy import Keyring
from tests.export.a_package import AnExport, asked
from tests.warm import run


@pytest.fixture
def box(tmp_path: Path) -> list[str]:
    """Make a box with one study of three images; give how to name it to a command."""
    data = tmp_path / "data"
    data.mkdir()
    made = AnExport(data)
    made.scan(slices=3)
    made.database.close()
    (data / "catalogue").mkdir()
    for file in data.glob("catalogue.db*"):
        file.rename(data / "catalogue" / file.name)
    (data / "settings.toml").write_text('clinic_name = "Lilas"\n')
    keyring = tmp_path / "keyring"
    keyring.write_bytes(Keyring.for_process("staff", made.archive.box.root).encode())
    return ["--json", "--data", str(data), "--keyring", str(keyring)]


def answered(*words: str) -> dict[str, object]:
    done = run(*words)
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout)
    return found


def test_a_study_is_written_as_a_zip_that_only_this_user_may_read(box: list[str], tmp_path: Path) -> None:
    target = tmp_path / "jaw.zip"
    told = answered("export", "study", "1", "--to", str(target), *box)
    assert target.stat().st_mode & 0o777 == 0o600
    with zipfile.ZipFile(target) as archive:
        assert archive.testzip() is None
        assert len(archive.namelist()) == told["files"]
    assert [path.name for path in tmp_path.glob("*.partial")] == []


def test_what_is_there_already_is_not_replaced(box: list[str], tmp_path: Path) -> None:
    target = tmp_path / "jaw.zip"
    target.write_bytes(b"mine")
    assert run("export", "study", "1", "--to", str(target), *box).returncode == 15
    assert target.read_bytes() == b"mine"


@pytest.mark.peer("7z")
def test_a_passphrase_is_told_once_and_opens_the_zip(box: list[str], tmp_path: Path) -> None:
    told = answered("export", "study", "1", "--to", str(tmp_path / "jaw.zip"), "--encrypt", *box)
    asked(["7z", "t", f"-p{told['passphrase']}", "jaw.zip"], tmp_path)
    wrong = subprocess.run(["7z", "t", "-pwrong", "jaw.zip"], cwd=tmp_path, capture_output=True, check=False)
    assert wrong.returncode != 0
    assert str(told["passphrase"]) not in run("audit", "list", *box).stdout


def test_a_folder_is_not_encrypted_and_says_so(box: list[str], tmp_path: Path) -> None:
    assert run("export", "patient", "1", "--to", str(tmp_path / "stick"), "--encrypt", *box).returncode == 15
    plain = [word for word in box if word != "--json"]
    done = run("export", "patient", "1", "--to", str(tmp_path / "stick"), *plain)
    assert done.returncode == 0, done.stderr
    assert "not encrypted" in done.stdout
    answered("export", "check", str(tmp_path / "stick"), "--json")


def test_the_whole_archive_is_written_and_goes_on(box: list[str], tmp_path: Path) -> None:
    target = tmp_path / "everything"
    first = answered("export", "archive", str(target), *box)
    assert (first["file_count"], first["not_exported"], first["resumed"]) == (3, 0, False)
    assert answered("export", "archive", str(target), *box)["resumed"] is True
    answered("export", "check", str(target), "--json")
    [row] = json.loads(run("export", "list", *box).stdout)
    assert (row["scope"], row["file_count"]) == ("archive", 3)
    assert row["finished_at"] is not None


@pytest.mark.parametrize("place", ["everything", "vault/out.zip"])
def test_nothing_in_clear_is_written_among_what_the_box_keeps_sealed(
    box: list[str], tmp_path: Path, place: str
) -> None:
    target = tmp_path / "data" / place
    words = ["study", "1", "--to", str(target)] if place.endswith(".zip") else ["archive", str(target)]
    assert run("export", *words, *box).returncode == 15
    assert not target.exists()


def test_what_could_not_be_exported_is_the_exit_status(box: list[str], tmp_path: Path) -> None:
    sealed = next(path for path in (tmp_path / "data" / "vault").rglob("*") if path.is_file())
    sealed.write_bytes(sealed.read_bytes()[:-1] + b"\x00")
    done = run("export", "archive", str(tmp_path / "everything"), *box)
    assert done.returncode == 3
    assert json.loads(done.stdout)["not_exported"] == 1


def test_nothing_of_a_patient_is_in_a_refusal(box: list[str], tmp_path: Path) -> None:
    done = run("export", "study", "99", "--to", str(tmp_path / "a.zip"), *box)
    assert done.returncode == 12
    assert "Prüfung" not in done.stderr
    assert not (tmp_path / "a.zip").exists()
