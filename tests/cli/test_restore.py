"""`enamel restore` at a keyboard: what is typed wrongly is asked for again, and nothing else is."""

import os
import pty
import select
import sys
from pathlib import Path

import pytest

from appliance.keys.recovery_shares import make_kit
from tests.assembly.a_lost_box import make_lost
from tests.cli.test_commands import ROOT, run

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
        "2 different shares of one kit are needed: this is one. Please type it again.",
        "Please choose again.",
        "the two are not the same. Please choose again.",
        "The box is back in",
    ):
        assert said in shown
    assert PASSPHRASE not in shown
    assert run("check", "--data", str(new), given=PASSPHRASE + "\n").returncode == 0


def test_without_a_folder_it_says_so_and_without_a_target_too(tmp_path: Path) -> None:
    bare = run("restore", "--target", "folder:/mnt/usb")
    assert (bare.returncode, "say where the box is to be" in bare.stderr) == (15, True)
    assert run("restore", "--data", str(tmp_path / "none")).returncode == 2
    wrong = run("restore", "--target", "usb", "--data", str(tmp_path / "none"))
    assert (wrong.returncode, "is written folder:/path" in wrong.stderr) == (15, True)
