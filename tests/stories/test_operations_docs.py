"""What the operators' guide says is what happens: its blocks marked `sh test` are run as they stand, page by page.

Around each page: a box with three studies in $DATA that asks for no passphrase, a backup of it on the disk $USB, two
papers of its kit, a folder $NEW that is not there, $MEMORY in memory. A command that asks is answered as a person at
the keyboard would, by `answers/<its words>` where there is such a file. A page may bring a preparation of its own.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from appliance.jobs.clock_marks import believe_clock
from appliance.keys.recovery_shares import make_kit
from tests.assembly.a_full_box import FullBox, copy, new_target

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs" / "operations"
BLOCK = re.compile(r"^```sh test\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PASSPHRASE = "six words that nobody guesses soon"  # noqa: S105  of boxes that live for one test
pytestmark = pytest.mark.peer("restic")

SHIM = """#!/bin/bash
name="$1"; [ -f "$ANSWERS/$1 $2" ] && name="$1 $2"
input=/dev/null; [ -f "$ANSWERS/$name" ] && input="$ANSWERS/$name"
exec "{python}" -m appliance "$@" < "$input"
"""


def blocks_of(text: str) -> list[str]:
    """Give the blocks of a page that are to be run."""
    return BLOCK.findall(text)


PAGES = sorted(page.name for page in GUIDE.glob("*.md") if blocks_of(page.read_text(encoding="utf-8")))


@pytest.fixture
def environment(disk_path: Path, tmp_path: Path) -> Iterator[dict[str, str]]:
    box = FullBox(disk_path / "data")
    for number in (1, 2, 3):
        box.add_study(number)
    copy(box, new_target(box, tmp_path / "usb"))
    box.close()
    shares = make_kit(box.root).shares
    answers, programs = tmp_path / "answers", tmp_path / "bin"
    answers.mkdir()
    programs.mkdir()
    for name, lines in {"restore": [*shares[:2], PASSPHRASE], "kit check": shares[1:]}.items():
        (answers / name).write_text("\n".join(lines) + "\n")
    (programs / "enamel").write_text(SHIM.format(python=sys.executable))
    (programs / "enamel").chmod(0o755)
    with TemporaryDirectory(dir="/dev/shm") as memory:
        yield {
            "PATH": f"{programs}:{os.environ['PATH']}", "HOME": str(tmp_path), "PYTHONPATH": str(ROOT),
            "ANSWERS": str(answers), "DATA": str(disk_path / "data"), "USB": str(tmp_path / "usb"),
            "NEW": str(tmp_path / "new"), "MEMORY": memory, "LC_ALL": "C.UTF-8",
        }  # fmt: skip


def run_page(text: str, environment: dict[str, str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a page's blocks one after the other, as one person would; the first that fails ends it."""
    script = "set -euo pipefail\n" + "\n".join(blocks_of(text))
    return subprocess.run(
        ["bash", "-x", "-c", script], env=environment, cwd=folder, capture_output=True, text=True, check=False
    )


def answer_after_restore(environment: dict[str, str]) -> None:
    """A restored box asks for its new passphrase, whatever is done with it."""
    for command in ("check", "audit verify", "audit list"):
        (Path(environment["ANSWERS"]) / command).write_text(PASSPHRASE + "\n")


def agree_to_the_end(environment: dict[str, str]) -> None:
    """Two people have agreed, by codes of their apps, that the box ends; whoever ends it types the clinic's name."""
    box = FullBox(Path(environment["DATA"]))
    with box.rooms.database.write() as tx:
        believe_clock(tx, box.clock)
        tx.change(
            "INSERT INTO erasure_proposals (kind, scope, subject_key, file_count, proposed_at, proposed_by, "
            "approved_by, alone, not_before) VALUES ('decommissioning', 'box', 0, 0, 1, 1, 2, 0, 1)"
        )
    box.close()
    (Path(environment["ANSWERS"]) / "decommission finish").write_text(f"{box.settings.clinic_name}\n")


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_the_steps_of_a_page_work_as_they_stand(page: str, environment: dict[str, str], disk_path: Path) -> None:
    answer_after_restore(environment)
    if page == "decommissioning.md":
        agree_to_the_end(environment)
    done = run_page((GUIDE / page).read_text(encoding="utf-8"), environment, disk_path)
    assert done.returncode == 0, done.stderr[-4000:]


def test_a_step_that_does_not_work_is_noticed(tmp_path: Path) -> None:
    bare = {"PATH": os.environ["PATH"]}
    page = "```sh test\necho one\n```\ntext\n```sh\nexit 5\n```\n```sh test\nfalse\necho two\n```\n"
    done = run_page(page, bare, tmp_path)
    assert (done.returncode, done.stdout) == (1, "one\n")


def test_the_pages_that_the_guide_owes_have_steps() -> None:
    assert {"restore.md", "drill.md"} <= set(PAGES)
