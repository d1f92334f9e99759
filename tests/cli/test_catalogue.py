"""`enamel catalogue rebuild`: the new catalogue is whole before the old one moves, and the old one stays beside it."""

import json
import shutil
from pathlib import Path

import pytest

from appliance.assembly.folders import Folders
from appliance.assembly.held import held_by_supervisor
from appliance.assembly.rebuilding import rebuild_catalogue
from appliance.assembly.rooms import Rooms
from appliance.audit.events import OPERATOR, Event, EventCode
from appliance.errors import Unavailable
from tests.cli.a_disk import quick_disk
from tests.cli.test_trail import box
from tests.store.failing_files import FailingFiles
from tests.warm import run


def snapshot(rooms: Rooms) -> Path:
    rooms.database.close()
    return Path(shutil.copy(rooms.folders.catalogue, rooms.folders.data.with_name("snapshot.db")))


def damage(catalogue: Path) -> None:
    content = bytearray(catalogue.read_bytes())
    content[20000] ^= 1
    catalogue.write_bytes(content)


def test_a_damaged_catalogue_is_made_again_and_the_old_one_stays_beside_it(tmp_path: Path) -> None:
    data, rooms = box(tmp_path)
    kept = snapshot(rooms)
    damage(rooms.folders.catalogue)
    assert run("check", "--data", data).returncode != 0
    done = run("catalogue", "rebuild", "--snapshot", str(kept), "--data", data, "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["added"], told["without_key"]) == (0, [])
    assert Path(told["old"]).exists()
    assert run("check", "--data", data).returncode == 0
    listed = run("audit", "list", "--data", data, "--json")
    assert "catalogue rebuilt" in listed.stdout


def test_a_rebuild_that_nobody_told_what_was_erased_since_says_so(tmp_path: Path) -> None:
    data, rooms = box(tmp_path)
    kept = snapshot(rooms)
    again = ("catalogue", "rebuild", "--snapshot", str(kept), "--data", data)
    assert "NOT KNOWN" not in run(*again).stdout, "the old catalogue told"
    rooms.folders.catalogue.unlink()
    done = run(*again)
    assert (done.returncode, "NOT KNOWN" in done.stdout) == (0, True)


def with_a_copy(tmp_path: Path) -> tuple[str, Rooms, str]:
    """Make a box and a copy of it; give how to name it, its rooms, and where the copy lies."""
    data, rooms = box(tmp_path)
    disk = quick_disk(data, tmp_path / "disk")
    place = ("backup", "add", "folder", "--path", str(disk), "--same-disk", "--name", "blue")
    added = run(*place, "--data", data)
    assert (added.returncode, f"  folder:{disk}\n" in added.stdout) == (0, True), "what to write onto the papers"
    assert run("backup", "run", "--data", data).returncode == 0
    rooms.database.close()
    return data, rooms, f"folder:{disk}"


@pytest.mark.peer("restic")
@pytest.mark.parametrize("harm", ["damaged", "gone", "of another key"])
def test_a_catalogue_is_made_again_from_a_backup_by_one_command(tmp_path: Path, harm: str) -> None:
    data, rooms, disk = with_a_copy(tmp_path)
    if harm == "damaged":
        damage(rooms.folders.catalogue)
    elif harm == "gone":
        rooms.folders.catalogue.unlink()
    else:
        assert run("catalogue", "rekey", "--data", data).returncode == 0
        assert run("backup", "run", "--data", data).returncode == 0
        rooms.folders.catalogue.unlink()
    done = run("catalogue", "rebuild", "--target", disk, "--data", data, "--json")
    assert done.returncode == 0, done.stderr
    assert run("check", "--data", data).returncode == 0
    assert "catalogue rebuilt" in run("audit", "list", "--data", data, "--json").stdout
    assert not list((rooms.folders.backup).rglob("*.db"))


@pytest.mark.peer("restic")
def test_a_backup_is_asked_for_nothing_while_the_box_runs_and_no_other_boxs_is_taken(tmp_path: Path) -> None:
    data, rooms, disk = with_a_copy(tmp_path)
    before = rooms.folders.catalogue.read_bytes()
    words = ("catalogue", "rebuild", "--target", disk, "--data", data)
    with held_by_supervisor(rooms.folders):
        assert run(*words).returncode == 20
    assert run(*words, "--before", "2020-01-01").returncode == 12
    assert run(*words, "--snapshot", "x").returncode == 15
    assert run("catalogue", "rebuild", "--data", data).returncode == 15
    other, its = box(tmp_path / "other")
    its.database.close()
    assert run("catalogue", "rebuild", "--target", disk, "--data", other).returncode != 0
    assert rooms.folders.catalogue.read_bytes() == before
    assert not (rooms.folders.backup / "rebuilding").exists()


def test_a_catalogue_that_is_gone_is_made_again(tmp_path: Path) -> None:
    data, rooms = box(tmp_path)
    kept = snapshot(rooms)
    rooms.folders.catalogue.unlink()
    done = run("catalogue", "rebuild", "--snapshot", str(kept), "--data", data)
    assert (done.returncode, "Remove it" in done.stdout) == (0, False)
    assert run("check", "--data", data).returncode == 0


def test_a_box_that_runs_another_boxs_snapshot_and_a_damaged_one_are_refused_and_nothing_changes(
    tmp_path: Path,
) -> None:
    data, rooms = box(tmp_path)
    kept = snapshot(rooms)
    _, other = box(tmp_path / "other")
    before = rooms.folders.catalogue.read_bytes()
    with held_by_supervisor(rooms.folders):
        assert run("catalogue", "rebuild", "--snapshot", str(kept), "--data", data).returncode == 20
    assert run("catalogue", "rebuild", "--snapshot", str(snapshot(other)), "--data", data).returncode == 31
    damage(kept)
    assert run("catalogue", "rebuild", "--snapshot", str(kept), "--data", data).returncode == 30
    assert run("catalogue", "rebuild", "--snapshot", str(tmp_path / "none"), "--data", data).returncode == 15
    assert rooms.folders.catalogue.read_bytes() == before
    assert {one.name for one in rooms.folders.catalogue.parent.iterdir()} == {"catalogue.db"}


@pytest.mark.parametrize("error_at", range(1, 8))
def test_whatever_the_disk_refuses_one_whole_catalogue_is_in_place_and_a_second_try_ends_it(
    tmp_path: Path, error_at: int
) -> None:
    _, rooms = box(tmp_path)
    kept = snapshot(rooms)
    failing = FailingFiles(error_at)
    try:
        rebuild_catalogue(rooms, kept, (), failing)
    except Unavailable:
        assert len(failing.done) == error_at
    else:
        assert len(failing.done) < error_at
    assert rooms.database.check_integrity() == []
    assert rebuild_catalogue(rooms, kept, ()).rebuilt.without_key == ()
    assert rooms.database.check_integrity() == []
    assert Folders.of(rooms.settings).catalogue.exists()


def test_verify_with_targets_proves_every_copy_in_full(tmp_path: Path) -> None:
    data, rooms = box(tmp_path)
    disk = quick_disk(data, tmp_path / "disk")
    place = ("backup", "add", "folder", "--path", str(disk), "--same-disk", "--name", "blue")
    assert run(*place, "--data", data).returncode == 0
    assert run("backup", "run", "--data", data).returncode == 0
    done = run("verify", "--targets", "--data", data, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["targets"]["blue"]["verdict"] == "proved"
    walked = json.loads(run("audit", "verify", "--targets", "--data", data, "--json").stdout)
    assert walked["holds"]
    assert [(one["name"], one["anchors"] > 0, one["why"]) for one in walked["targets"]] == [("blue", True, "")]
    damaged = next(path for path in (disk / "files").rglob("snapshots/*"))
    damaged.unlink()
    missed = run("verify", "--targets", "--data", data, "--json")
    assert missed.returncode == 3
    assert "missing" in " ".join(json.loads(missed.stdout)["faults"])
    disk.rename(tmp_path / "drawer")
    away = run("audit", "verify", "--targets", "--data", data)
    assert away.returncode == 3, "what was to be read was not there"
    assert "The record holds" in away.stdout
    (tmp_path / "drawer").rename(disk)
    with rooms.database.write() as tx:  # as whoever has the key could
        tx.change("DELETE FROM audit_events WHERE sequence > 1")
        tx.change("UPDATE backup_snapshots SET audit_sequence = 0")
        rooms.audit.record(tx, Event(EventCode.BOX_RESTORED, OPERATOR))
    forged = run("audit", "verify", "--targets", "--data", data)
    assert "blue: 1 more prove nothing, for event 2 says that the box was restored" in forged.stdout
    rooms.database.close()
