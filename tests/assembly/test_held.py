"""One box at a time on a data folder, whoever starts it and however the one before ended."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from appliance.assembly.folders import Folders
from appliance.assembly.held import held_by_intake, held_by_supervisor
from appliance.errors import Unavailable

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def folders(tmp_path: Path, short_path: Path) -> Folders:
    return Folders(tmp_path / "data", short_path / "run")


def test_a_second_box_on_the_same_data_is_refused_until_the_first_ends(folders: Folders) -> None:
    with held_by_supervisor(folders):
        for again in (held_by_supervisor, held_by_intake):
            with pytest.raises(Unavailable, match=f"a box runs on {folders.data} already"), again(folders):
                raise AssertionError("two at once")
    with held_by_intake(folders):
        for again in (held_by_supervisor, held_by_intake):
            with pytest.raises(Unavailable), again(folders):
                raise AssertionError("two at once")
    with held_by_supervisor(folders):
        pass


def test_the_same_folder_by_another_name_is_the_same_folder(folders: Folders, tmp_path: Path, short_path: Path) -> None:
    (tmp_path / "link").symlink_to(folders.data)
    other = Folders(tmp_path / "link", short_path / "run of its own")
    with held_by_supervisor(folders), pytest.raises(Unavailable), held_by_supervisor(other):
        raise AssertionError("two at once")


def test_two_boxes_do_not_share_their_sockets_and_one_refused_holds_nothing(folders: Folders, tmp_path: Path) -> None:
    other = Folders(tmp_path / "other data", folders.run)
    with held_by_supervisor(folders):
        with pytest.raises(Unavailable, match=f"a box runs on {folders.run} already"), held_by_supervisor(other):
            raise AssertionError("two at once")
        with held_by_intake(other):
            pass


def test_a_copy_of_a_folder_that_is_held_is_free(folders: Folders, tmp_path: Path, short_path: Path) -> None:
    with held_by_supervisor(folders):
        shutil.copytree(folders.data, tmp_path / "copy")
        with held_by_supervisor(Folders(tmp_path / "copy", short_path / "run of the copy")):
            pass


def test_whoever_is_killed_holds_nothing_and_no_child_holds_for_it(folders: Folders) -> None:
    program = (
        "import subprocess, sys, time; from pathlib import Path; from appliance.assembly.folders import Folders\n"
        "from appliance.assembly.held import held_by_supervisor\n"
        "with held_by_supervisor(Folders(Path(sys.argv[1]), Path(sys.argv[2]))):\n"
        "    print(subprocess.Popen(['sleep', '600'], stdout=subprocess.DEVNULL).pid, flush=True); time.sleep(600)\n"
    )
    command = [sys.executable, "-c", program, str(folders.data), str(folders.run)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=REPOSITORY) as holder:
        assert holder.stdout
        child = int(holder.stdout.readline())
        try:
            with pytest.raises(Unavailable), held_by_supervisor(folders):
                raise AssertionError("two at once")
            holder.kill()
            holder.wait()
            with held_by_supervisor(folders):
                os.kill(child, 0)
        finally:
            os.kill(child, signal.SIGKILL)


def test_a_vault_that_is_not_there_is_not_taken_for_a_free_one(folders: Folders) -> None:
    with pytest.raises(Unavailable, match="the disk refused"), held_by_intake(folders):
        raise AssertionError("nothing was held")
