"""`enamel restore` at a keyboard: what is typed wrongly is asked for again, and nothing else is."""

import json
import os
import pty
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from appliance.keys.recovery_shares import make_kit
from appliance.keys.secret import SecretKey
from tests.assembly.a_full_box import FullBox, copy, new_target
from tests.assembly.a_lost_box import make_lost
from tests.cli.test_commands import ROOT
from tests.warm import run

PASSPHRASE = "amber fjord quiet comet nine"  # noqa: S105  of a box that lives for one test


def converse(arguments: list[str], answers: list[str]) -> tuple[int, str]:
    """Run a command at a terminal and answer each time it waits behind a colon; give its status and what was shown."""
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(ROOT)
        os.execv(sys.executable, [sys.executable, "-m", "appliance", *arguments])  # noqa: S606 - the command itself, at a terminal of its own
    shown, waiting = b"", list(answers)
    while True:
        if select.select([terminal], [], [], 0.7)[0]:
            try:
                shown += os.read(terminal, 65536)
            except OSError:  # the command ended
                break
        elif waiting and shown.rstrip().endswith(b":"):
            os.write(terminal, waiting.pop(0).encode() + b"\n")
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), shown.decode(errors="replace")


@pytest.mark.slow
@pytest.mark.peer("restic")
def test_a_person_who_mistypes_is_asked_again_for_that_alone_and_the_box_comes_back(tmp_path: Path) -> None:
    lost = make_lost(tmp_path)
    shares = make_kit(lost.box.root).shares
    words = shares[0].split()
    answers = [
        " ".join([*words[:6], "zzz", *words[7:]]), " ".join(word[:4] for word in words), shares[0], shares[2],
        "too weak", "too weak", PASSPHRASE, PASSPHRASE + "!", PASSPHRASE, PASSPHRASE,
    ]  # fmt: skip
    new = tmp_path / "new"
    status, shown = converse(["restore", "--target", f"folder:{lost.disk}", "--data", str(new)], answers)
    assert status == 0, shown
    for said in (
        "word 7 is not one of the list's words. Please type it again.",
        "This is share 1 of kit ",
        "2 different shares of one kit are needed: this is one. Please type it again.",
        "Please choose again.",
        "the two are not the same. Please choose again.",
        "The box is back in",
    ):
        assert said in shown
    assert PASSPHRASE not in shown
    assert run("check", "--data", str(new), given=PASSPHRASE + "\n").returncode == 0


def test_no_paper_is_asked_for_where_the_folder_or_the_target_will_not_do(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert run("keys", "init", "--sealing", "file", "--data", str(tmp_path / "box")).returncode == 0
    for target, data, status, said in (
        ("absent", "new", 20, f"folder:{tmp_path}/absent: the backup disk is not there"),
        ("empty", "new", 12, f"folder:{tmp_path}/empty: there is no backup of a box there"),
        ("empty", "box", 10, f"there is a box in {tmp_path}/box already"),
    ):
        told = run("restore", "--target", f"folder:{tmp_path / target}", "--data", str(tmp_path / data))
        assert (told.returncode, said in told.stderr) == (status, True), told.stderr
    assert not (tmp_path / "new").exists()


@contextmanager
def stuck(packs: Path) -> Iterator[None]:
    """Let a disk answer no read of a repository's packs for a while: whoever opens a pipe waits for its other end."""
    whole = {path: path.read_bytes() for path in packs.rglob("*") if path.is_file()}
    assert whole
    for path in whole:
        path.unlink()
        os.mkfifo(path)
    yield
    for path, content in whole.items():
        path.unlink()
        path.write_bytes(content)


@pytest.mark.slow
@pytest.mark.peer("restic")
def test_an_interrupt_is_told_to_lose_nothing_and_the_same_line_goes_on(tmp_path: Path) -> None:
    lost = make_lost(tmp_path)
    papers = "\n".join(make_kit(lost.box.root).shares[:2]) + "\n"
    line = ["restore", "--target", f"folder:{lost.disk}", "--sealing", "file", "--data", str(tmp_path / "new")]
    hears = ["env", "--default-signal=INT"]  # behind an & a shell lets nobody hear it
    command = [*hears, sys.executable, "-m", "appliance", *line]
    pipe = subprocess.PIPE
    with (
        stuck(lost.disk / "keys" / "data"),
        subprocess.Popen(command, cwd=ROOT, text=True, stdin=pipe, stdout=pipe, stderr=pipe) as process,
    ):
        assert process.stdin is not None
        assert process.stderr is not None
        process.stdin.write(papers)
        process.stdin.close()
        begun = next(said for said in process.stderr if said.startswith("Fetching the newest catalogue"))
        process.send_signal(signal.SIGINT)
        told = process.stderr.read()
        assert process.wait() == 130, told
    assert begun
    assert "Cut off. Nothing is lost: the same line goes on from here." in told
    assert "Traceback" not in told
    done = run(*line, given=papers)
    assert (done.returncode, "Going on with what was begun here, from the copy of" in done.stderr) == (0, True)


@pytest.mark.slow
@pytest.mark.peer("restic")
def test_several_targets_are_listed_each_and_the_newer_one_is_named(tmp_path: Path) -> None:
    lost = make_lost(tmp_path)
    box = FullBox(lost.box.folders.data)
    copy(box, new_target(box, tmp_path / "newer"))
    box.close()
    papers = "\n".join(make_kit(lost.box.root).shares[:2]) + "\n"
    places = [f"folder:{lost.disk}", f"folder:{tmp_path / 'newer'}"]
    both = [word for place in places for word in ("--target", place)]
    listed = run("restore", "--list", "--json", *both, "--data", str(tmp_path / "new"), given=papers)
    assert {row["target"] for row in json.loads(listed.stdout)} == {*places}
    done = run("restore", *both, "--sealing", "file", "--data", str(tmp_path / "new"), given=papers)
    assert done.returncode == 0, done.stderr
    assert f"{places[1]} has a newer copy" in done.stderr
    assert f"enamel run --data {tmp_path / 'new'}" in done.stdout
    newest = run("restore", *both[2:], *both[:2], "--sealing", "file", "--data", str(tmp_path / "other"), given=papers)
    assert (newest.returncode, "has a newer copy" in newest.stderr) == (0, False)


@pytest.mark.slow
@pytest.mark.peer("restic")
def test_another_boxs_copies_are_named_by_the_number_on_its_papers(tmp_path: Path) -> None:
    lost = make_lost(tmp_path)
    papers = "\n".join(make_kit(SecretKey(bytes(range(32)))).shares[:2]) + "\n"
    told = run("restore", "--list", "--target", f"folder:{lost.disk}", "--data", str(tmp_path / "new"), given=papers)
    number = json.loads((lost.disk / "enamel-target.json").read_bytes())["box_id"]
    assert (told.returncode, f"it is of the box {number}" in told.stderr) == (10, True), told.stderr


def test_without_a_folder_it_says_so_and_without_a_target_too(tmp_path: Path) -> None:
    bare = run("restore", "--target", "folder:/mnt/usb")
    assert (bare.returncode, "say where the box is to be" in bare.stderr) == (15, True)
    assert run("restore", "--data", str(tmp_path / "none")).returncode == 2
    wrong = run("restore", "--target", "usb", "--data", str(tmp_path / "none"))
    assert (wrong.returncode, "is written folder:/path" in wrong.stderr) == (15, True)
