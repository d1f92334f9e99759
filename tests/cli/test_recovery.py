"""`enamel kit` and `enamel drills`: made in memory, read back by typing, entered in the register."""

import json
import stat
import subprocess
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from appliance.assembly.box import unseal_root
from appliance.assembly.folders import Folders
from appliance.config import read_settings
from appliance.keys.recovery import recovery_code
from appliance.keys.recovery_shares import make_kit, root_from_shares
from tests.warm import run

PASSPHRASE = "amber fjord quiet comet nine"  # noqa: S105  of a box that lives for one test


@pytest.fixture
def data(tmp_path: Path) -> Path:
    made = tmp_path / "data"
    assert run("keys", "init", "--sealing", "file", "--data", str(made), "--clinic-name", "Clínica Ñ").returncode == 0
    return made


def test_a_kit_is_made_read_back_and_listed_and_no_file_has_a_word_of_it(data: Path) -> None:
    names = [word for name in ("Ana", "Safe", "Notary") for word in ("--holder", name)]
    made = json.loads(run("kit", "make", "--data", str(data), "--json", *names).stdout)
    root = unseal_root(Folders.of(read_settings(data / "settings.toml")), None)
    assert root_from_shares(made["shares"][:2]) == root
    two = f"{made['shares'][2]}\n{made['shares'][0]}\n"
    checked = run("kit", "check", "--data", str(data), "--json", given=two)
    assert json.loads(checked.stdout) == {"form": "shares", "kit": made["kit"], "opens": True}
    assert run("kit", "check", "--data", str(data), given=recovery_code(root) + "\n").returncode == 0
    code, shares = json.loads(run("kit", "list", "--data", str(data), "--json").stdout)
    assert (code["form"], shares["holders"]) == ("code", ["Ana", "Safe", "Notary"])
    assert code["read_back_at"]
    assert shares["read_back_at"]
    words = made["shares"][0].split()
    whole = b"".join(path.read_bytes() for path in data.rglob("*") if path.is_file())
    assert " ".join(words[:3]).encode() not in whole


def test_a_kit_that_was_replaced_is_said_to_open_the_box_as_before(data: Path) -> None:
    run("kit", "make", "--data", str(data))
    assert "opens this box as well" not in run("kit", "list", "--data", str(data)).stdout
    run("kit", "make", "--data", str(data))
    listed = run("kit", "list", "--data", str(data)).stdout
    assert ("replaced at" in listed, "opens this box as well" in listed) == (True, True)


def test_papers_of_another_box_and_mistyped_ones_are_told_and_enter_nothing(data: Path, tmp_path: Path) -> None:
    kit = make_kit(unseal_root(Folders.of(read_settings(data / "settings.toml")), None))
    other = tmp_path / "other"
    run("keys", "init", "--sealing", "file", "--data", str(other))
    foreign = run("kit", "check", "--data", str(other), given="\n".join(kit.shares[:2]) + "\n")
    assert (foreign.returncode, "not of this box" in foreign.stderr) == (10, True)
    words = kit.shares[0].split()
    typo = run("kit", "check", "--data", str(data), given=" ".join([*words[:4], "zebra", *words[5:]]) + "\n")
    assert (typo.returncode, typo.stderr.strip()) == (14, "enamel: word 5 is not one of the list's words")
    assert run("kit", "list", "--data", str(data), "--json").stdout.strip() == "[]"


def test_two_papers_seal_the_root_anew_when_nobody_knows_the_passphrase(data: Path) -> None:
    shares = make_kit(unseal_root(Folders.of(read_settings(data / "settings.toml")), None)).shares
    one = run("keys", "recover", "--data", str(data), given=f"{shares[0]}\n{shares[0]}\n{PASSPHRASE}\n")
    assert one.returncode == 14
    assert run("check", "--data", str(data)).returncode == 0, "sealed as before"
    done = run("keys", "recover", "--data", str(data), given=f"{shares[2]}\n{shares[0]}\n{PASSPHRASE}\n")
    assert done.returncode == 0, done.stderr
    assert json.loads(run("keys", "status", "--data", str(data), "--json").stdout)["asks_passphrase"]
    assert run("check", "--data", str(data), given=PASSPHRASE + "\n").returncode == 0
    assert run("check", "--data", str(data), given="another amber fjord\n").returncode == 13


@pytest.fixture
def memory() -> Iterator[Path]:
    with TemporaryDirectory(dir="/dev/shm") as folder:
        yield Path(folder)


@pytest.mark.peer("pdftotext")
def test_printed_papers_lie_in_memory_for_their_owner_alone_and_bring_the_root_back(data: Path, memory: Path) -> None:
    done = run("kit", "make", "--data", str(data), "--to", str(memory / "kit"))
    assert done.returncode == 0
    files = sorted((memory / "kit").iterdir())
    assert [file.name for file in files] == [f"share-{n}.{ending}" for n in (1, 2, 3) for ending in ("pdf", "txt")]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    read = [words_of(file) for file in files]
    assert read[0] == read[1]
    root = unseal_root(Folders.of(read_settings(data / "settings.toml")), None)
    assert root_from_shares([" ".join(read[0]), " ".join(read[4])]) == root
    assert "Clínica Ñ" in (memory / "kit" / "share-1.txt").read_text()
    assert all(len(line) <= 80 for line in (memory / "kit" / "share-2.txt").read_text().splitlines())
    again = run("kit", "make", "--data", str(data), "--to", str(memory / "kit"))
    assert (again.returncode, "there already" in again.stderr) == (15, True)


def test_papers_are_in_the_language_of_the_mails_or_in_another(data: Path) -> None:
    assert "SHARE 1 OF 3" in run("kit", "make", "--data", str(data)).stdout
    settings = data / "settings.toml"
    before, mail = settings.read_text().split("[mail]")
    in_spanish = mail.replace('language = "en"', 'language = "es"', 1)
    settings.write_text(f"{before}[mail]{in_spanish}")
    assert "PARTE 1 DE 3" in run("kit", "make", "--data", str(data)).stdout
    assert "KIT DE RECUPERAÇÃO" in run("kit", "make", "--language", "pt", "--data", str(data)).stdout


def words_of(file: Path) -> list[str]:
    """Give a paper's words in their printed order, by the numbers beside them."""
    if file.suffix == ".pdf":
        asked = subprocess.run(["pdftotext", "-layout", str(file), "-"], capture_output=True, check=True)
        text = asked.stdout.decode()
        assert text.count("\f") == 1, "a share is one page"
    else:
        text = file.read_text()
    tokens = " ".join(text.split()).split("photograph none.")[1].split("To bring")[0].replace("Word", " ").split()
    found = {
        int(number): word
        for number, word in pairwise(tokens)
        if number.isdigit() and int(number) <= 33 and word.isalpha() and word.islower()
    }
    return [found[number] for number in range(1, 34)]


def test_shares_are_never_left_on_a_disk_and_a_keyring_makes_none(data: Path, disk_path: Path) -> None:
    refused = run("kit", "make", "--data", str(data), "--to", str(disk_path / "kit"))
    assert (refused.returncode, "never lie on a disk" in refused.stderr) == (15, True)
    assert not (disk_path / "kit").exists()
    two = run("kit", "make", "--data", str(data), "--holder", "Ana", "--holder", "Safe")
    assert (two.returncode, "name 3 keepers" in two.stderr) == (15, True)
    keyring = run("kit", "make", "--data", str(data), "--keyring", "/dev/null")
    assert (keyring.returncode, "no root secret" in keyring.stderr) == (15, True)
    assert run("kit", "list", "--data", str(data), "--json").stdout.strip() == "[]"


def test_a_drill_is_entered_and_the_next_is_due_in_six_months(data: Path) -> None:
    assert "No drill" in run("drills", "list", "--data", str(data)).stdout
    done = run("drills", "add", "restored", "--on", "2026-05-31", "--minutes", "80", "--data", str(data), "--json")
    assert json.loads(done.stdout) == {"next_due_on": "2026-11-28"}
    listed = json.loads(run("drills", "list", "--data", str(data), "--json").stdout)
    assert listed["drills"] == [{"done_on": "2026-05-31", "outcome": "restored", "target": None, "minutes": 80}]
    unknown = run("drills", "add", "failed", "--target", "cellar", "--data", str(data))
    assert (unknown.returncode, "no backup target" in unknown.stderr) == (12, True)
    assert run("drills", "add", "failed", "--on", "31.5.2026", "--data", str(data)).returncode == 2
