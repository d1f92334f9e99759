"""Each process of a box does its work with its own user's rights, also on a box that was restored by root."""

import os
import shutil
import stat
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from appliance.assembly.owner import go_on_as_owner
from appliance.assembly.restoring_state import take_rights
from appliance.audit.events import PROCESS
from appliance.identifiers import FileId
from appliance.integrity.checking import check_box
from appliance.integrity.repairing import repair_all
from appliance.jobs.job import Run
from appliance.retention.erasing import ErasingParts, erase, finish_all
from tests.assembly.box_users import NUMBERS, as_user, give, lay_out, open_folder
from tests.integrity.a_proof import Proved

pytestmark = [pytest.mark.as_root("works as the users of a box"), pytest.mark.peer("restic", "mount")]
JOBS, INTAKE = "enamel-jobs", "enamel-intake"


@pytest.fixture
def restored() -> Iterator[Proved]:
    """Give a box whose rooms are a box's, whose stored files root has just put there, and its copies."""
    with open_folder() as folder:
        made = Proved.in_folder(folder, scans=3)
        made.night()
        made.box.database.close()
        box = made.box.folder
        give(folder, JOBS)  # the disk with the copies, and where jobs work
        lay_out(box)
        for path, mode in ((box, 0o2775), (box / "catalogue.db", 0o660)):  # its catalogue lies in the data folder here
            os.chown(path, NUMBERS[INTAKE], NUMBERS["enamel-catalogue"])
            path.chmod(mode)
        for room in ("vault", "settled", "inbox"):
            take_rights(box / room)
        yield made
        made.box.database.close()


def stored(proved: Proved) -> list[Path]:
    rows = proved.box.rows("SELECT file_id FROM versions ORDER BY version_key")
    proved.box.database.close()
    return [proved.box.parts.vault.path_of(FileId(row[0])) for row in rows if isinstance(row[0], bytes)]


def done(user: str, proved: Proved, work: Callable[[], object]) -> str:
    """Do something as a user, with a connection to the catalogue that the user opens."""
    proved.box.database.close()
    return as_user(user, work)


def repaired(proved: Proved) -> tuple[int, int, str | None]:
    check_box(proved.box.integrity)
    run = Run(1, proved.box.clock, proved.box.database, lambda: False)
    told = repair_all(proved.parts, run)
    return told.damaged, told.repaired, run.fault


def test_what_root_restored_belongs_to_the_rooms_owner_and_is_written_by_its_group(restored: Proved) -> None:
    there = [(path.is_dir(), path.stat()) for path in restored.box.folder.joinpath("vault").rglob("*")]
    told = {(is_folder, one.st_uid, one.st_gid, stat.S_IMODE(one.st_mode)) for is_folder, one in there}
    owner, group = NUMBERS[INTAKE], NUMBERS["enamel-vault"]
    assert told == {(True, owner, group, 0o2770), (False, owner, group, 0o640)}


def test_jobs_repair_a_restored_box_and_make_a_shelf_that_is_lost(restored: Proved) -> None:
    paths = stored(restored)
    before, lost = [path.read_bytes() for path in paths], paths[0].parent
    for path in paths:
        path.write_bytes(b"not what was stored")
    shutil.rmtree(lost)
    assert done(JOBS, restored, lambda: repaired(restored)) == "(3, 3, None)"
    assert [path.read_bytes() for path in paths] == before
    assert stat.S_IMODE(lost.stat().st_mode) == 0o2770
    assert done(INTAKE, restored, paths[0].unlink) == "None", "what jobs put there, intake removes"


def test_jobs_take_no_shelf_away(restored: Proved) -> None:
    shelf = stored(restored)[0].parent
    assert "PermissionError" in done(JOBS, restored, lambda: shelf.rename(shelf.with_name("gone")))
    assert "PermissionError" in done("enamel-receiver", restored, lambda: list(shelf.iterdir()))


def test_what_this_box_refuses_is_not_said_of_the_copies(restored: Proved) -> None:
    path = stored(restored)[0]
    path.unlink()
    path.parent.chmod(0o2750)
    assert done(JOBS, restored, lambda: repaired(restored)) == "(1, 0, 'repair refused here')"


def test_jobs_erase_the_files_and_intake_the_keys_they_came_under(restored: Proved) -> None:
    box = restored.box
    paths = stored(restored)

    def parts() -> ErasingParts:
        return ErasingParts(box.folder, box.database, box.audit, box.files, box.clock)

    def erased() -> int | None:
        return erase(parts(), "study", 1, "error", PROCESS).files_gone_at

    def finished() -> int:
        return finish_all(parts())

    with shown_read_only(box.folder / "inbox"), shown_read_only(box.folder / "settled"):
        assert done(JOBS, restored, erased) == "None"
        assert [path for path in paths if path.exists()] == []
        assert done(JOBS, restored, finished).startswith("NoRight")
    assert done(INTAKE, restored, finished) == "1"
    with shown_read_only(box.folder / "inbox"), shown_read_only(box.folder / "settled"):
        assert done(JOBS, restored, finished) == "0"


def test_what_an_operator_makes_for_jobs_is_theirs(restored: Proved) -> None:
    place = restored.box.folder / "backup"

    def make() -> list[int]:
        go_on_as_owner(place)
        (place / "made").touch()
        return [*os.getresuid(), *os.getresgid(), *os.getgroups()]

    assert done("root", restored, make) == repr([NUMBERS[JOBS]] * 7)
    assert (place / "made").stat().st_uid == NUMBERS[JOBS]
    restored.box.folder.joinpath("own").mkdir()

    def who_stays(folder: Path) -> int:
        go_on_as_owner(folder)
        return os.getuid()

    assert done("root", restored, lambda: who_stays(restored.box.folder / "own")) == "0"
    assert done(INTAKE, restored, lambda: who_stays(place)) == str(NUMBERS[INTAKE])


@contextmanager
def shown_read_only(folder: Path) -> Iterator[None]:
    """Show a folder as systemd shows it to a unit that may not write there."""
    subprocess.run(["mount", "--bind", str(folder), str(folder)], check=True)
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", str(folder)], check=True)
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)
