"""Kills a restore before each of its changes of the disk, one run after the other, and lets it go on.

After each kill comes another one somewhere in what was left to do, then a run to the end; then every byte of the
restored box is compared with the one that was lost, and its trail walked.

`python -m tests.faults.restore_kills --write FILE` tries every change and writes how many those were.
"""

import argparse
import json
import os
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path

from appliance.assembly.restoring import Outcome
from tests.assembly.a_lost_box import Lost, check_whole, make_lost, restore

_CHANGES = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "shutil.rmtree", "shutil.move", "os.chmod"}


def killed_at(number: int, work: Callable[[], object]) -> bool:
    """Do something in a child that is killed before its nth change of the disk; say whether that came."""
    child = os.fork()
    if child == 0:
        left = number

        def hook(event: str, arguments: tuple[object, ...]) -> None:
            nonlocal left
            written = event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
            if event in _CHANGES or written:
                left -= 1
                if left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(hook)
        try:
            work()
        except BaseException:  # noqa: BLE001  a child of a test that fails says so by its status, and why
            traceback.print_exc()
            sys.stderr.flush()
            os._exit(3)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, "the child says why above"
    return os.WIFSIGNALED(status)


def kill_everywhere(made: Lost, folder: Path, numbers: range) -> int:
    """Kill a restore at each of these changes of the disk, one after the other, going on each time; count the kills."""
    for kills, number in enumerate(numbers):
        target = folder / f"at-{number}"

        def work(target: Path = target) -> Outcome:
            return restore(target, made.box.root, made.source)

        if not killed_at(number, work):
            return kills
        if not _is_done(target):
            killed_at(number // 2 + 1, work)
        if not _is_made(target):
            work()
        check_whole(target, made.box).close()
    raise AssertionError("there are more changes than were tried")


def _is_made(target: Path) -> bool:
    """Say whether the folder is a box: what a restore leaves behind after that, the box's first start removes."""
    return (target / "keys" / "root.sealed").exists()


def _is_done(target: Path) -> bool:
    """Say whether nothing is left to be gone on with: asked again, a restore says that there is a box."""
    return _is_made(target) and not (target / "restore" / "state.json").exists()


def main() -> None:
    """Kill at every change, and write the figures."""
    parser = argparse.ArgumentParser(description="Kill a restore at each of its changes of the disk")
    parser.add_argument("--stride", type=int, default=1)
    parser.add_argument("--write", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        kills = kill_everywhere(make_lost(folder), folder, range(1, 2000, asked.stride))
    outcome = {"stride": asked.stride, "restores_killed": kills, "lost_files": 0, "unfinished": 0}
    print(json.dumps(outcome, indent=1))  # noqa: T201  whoever runs it by hand reads it
    if asked.write is not None:
        asked.write.write_text(json.dumps(outcome, indent=1) + "\n")


if __name__ == "__main__":
    main()
