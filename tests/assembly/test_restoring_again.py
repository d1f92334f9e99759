"""A restore that goes on needs no room for what it has, and a drill keeps away from what is the living box's."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.assembly.box import open_box
from appliance.assembly.folders import Folders
from appliance.assembly.restoring import Choice, Restoring, chosen
from appliance.assembly.restoring_targets import gather_erased
from appliance.assembly.restoring_vault import Fetching, asked_around, asked_for, disk_faults
from appliance.audit.chain import Head
from appliance.backup.engine import OnProgress, Repository, Snapshot, nobody_listens
from appliance.backup.faults import BackupFailed, Fault
from appliance.backup.marks import Mark
from appliance.backup.running import Kind, back_up
from appliance.clock import SystemClock
from appliance.errors import OutOfSpace, Refused, Unavailable
from appliance.identifiers import FileId
from appliance.integrity.reading import sealed_bytes
from appliance.keys.hierarchy import Subkey
from appliance.recovery.queries_restore import ToFetch
from appliance.store.database import Database
from tests.assembly.a_full_box import FullBox, as_it_is, backup_parts, copy, new_target, study_slice
from tests.assembly.a_lost_box import (
    OPEN,
    Lost,
    check_whole,
    make_lost,
    packs_on,
    packs_with_files,
    restore,
    settings_of,
    told_of,
)
from tests.intake.a_clinic import SetClock

pytestmark = pytest.mark.peer("restic")
REST = st.binary(min_size=15, max_size=15)
ON_FEW_SHELVES = st.sets(
    st.builds(lambda shelf, rest: FileId(bytes([shelf]) + rest), st.integers(0, 2), REST), min_size=40, max_size=60
)
FILES = st.sets(st.binary(min_size=16, max_size=16).map(FileId), min_size=1, max_size=60)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Lost:
    return make_lost(tmp_path_factory.mktemp("lost"))


class Cut(Exception):
    """The plug was pulled."""


class Noting:
    """A repository that notes what it is asked to write."""

    def __init__(self, real: Repository, *, cuts: bool = False) -> None:
        self._real = real
        self._cuts = cuts
        self.asked: list[Sequence[str]] = []
        self.listed: list[str] = []
        self.waited = 0

    def __getattr__(self, name: str) -> object:
        return getattr(self._real, name)

    def names(self, snapshot_id: str) -> dict[str, int]:
        self.listed.append(snapshot_id)
        return self._real.names(snapshot_id)

    def restore(
        self, snapshot_id: str, into: Path, include: Sequence[str] = (), on_progress: OnProgress = nobody_listens,
        *, waits: bool = True,
    ) -> None:  # fmt: skip
        self.asked.append(include)
        self.waited += waits
        self._real.restore(snapshot_id, into, include, on_progress, waits=waits)
        if self._cuts:
            for path in sorted(path for path in into.rglob("*") if path.is_file())[:2]:
                path.unlink()
            raise Cut


def test_what_a_cut_left_whole_is_not_written_again_and_what_it_left_half_is_gone(made: Lost, tmp_path: Path) -> None:
    cut = Noting(made.source.files, cuts=True)
    with pytest.raises(Cut):
        restore(tmp_path / "new", made.box.root, replace(made.source, files=cut))  # type: ignore[arg-type]  # it is one
    left = tmp_path / "new" / "exchange" / f".inbox-key.json.{'0' * 16}"
    left.parent.mkdir(exist_ok=True)
    left.write_text("{}")
    again = Noting(made.source.files)
    restore(tmp_path / "new", made.box.root, replace(made.source, files=again))  # type: ignore[arg-type]  # it is one
    (asked,) = again.asked
    stored = [FileId(file_id) for (file_id,) in made.box.rows("SELECT file_id FROM files WHERE place = 'vault'")]
    written = [one for one in stored if any(_covers(path, one) for path in asked)]
    assert (len(stored), len(written)) == (9, 2), "what the cut took, and nothing else"
    assert not left.exists()
    check_whole(tmp_path / "new", made.box)


@given(FILES, st.data())
def test_every_wanted_file_is_asked_for_and_little_else(there: set[FileId], data: st.DataObject) -> None:
    wanted = data.draw(st.sets(st.sampled_from(sorted(there)), min_size=1))
    written: set[FileId] = set()
    for include, files in asked_for(wanted, there):
        covered = {one for one in there if not include or any(_covers(path, one) for path in include)}
        assert set(files) <= covered
        written |= covered
    assert wanted <= written
    assert len(written - wanted) <= 0.1 * len(written)


@given(ON_FEW_SHELVES, st.data())
def test_what_is_gone_is_asked_for_by_no_shelf_and_no_name(there: set[FileId], data: st.DataObject) -> None:
    lost = data.draw(st.sets(st.sampled_from(sorted(there)), min_size=1, max_size=2))
    wanted = there - lost - data.draw(st.sets(st.sampled_from(sorted(there)), max_size=2))
    asked: set[FileId] = set()
    for include, files in asked_around(wanted, there, lost):
        assert not any(_covers(path, one) for path in include for one in lost)
        assert all(any(_covers(path, one) for path in include) for one in files)
        asked |= set(files)
    assert asked == wanted


def _covers(path: str, file_id: FileId) -> bool:
    name = str(file_id)
    return path in (f"/vault/{name[:2]}", f"/vault/{name[:2]}/{name}")


@pytest.mark.parametrize("is_gone", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_what_was_catalogued_while_the_catalogue_was_laid_out_comes_back_with_it(tmp_path: Path, is_gone: bool) -> None:
    """Its bytes are in the copy of the vault, its key in the record of its association, its row in neither."""
    clock = SetClock()
    box = FullBox(tmp_path / "data", clock)
    box.add_study(1)
    target = new_target(box, tmp_path / "disk")
    copy(box, target)
    clock.ahead = timedelta(days=1)  # of two copies within a second, neither is the newer one
    before = packs_on(tmp_path / "disk")
    box.receive([study_slice(2, place) for place in (1, 2)])

    class Meanwhile(Database):
        def copy_into(self, path: Path) -> None:
            super().copy_into(path)
            box.take_in()

    key = box.rooms.keyring.key(Subkey.CATALOGUE)
    back_up(replace(backup_parts(box), database=Meanwhile(box.folders.catalogue, key, box.clock)), target, Kind.NIGHT)
    box.close()
    lost = Lost(box, tmp_path / "disk")
    if is_gone:
        for pack in packs_with_files(lost, packs_on(tmp_path / "disk") - before):
            pack.unlink()
        outcome = restore(tmp_path / "new", box.root, lost.source)
        assert (outcome.studies, outcome.files, outcome.later_files) == (1, 3, 2)
        return
    outcome = restore(tmp_path / "new", box.root, lost.source)
    assert (outcome.studies, outcome.files, outcome.later_files) == (2, 5, 0)
    check_whole(tmp_path / "new", box)


def test_a_scan_that_only_its_first_copy_holds_is_found_among_many(tmp_path: Path) -> None:
    """It was lost before its first night; of all the copies of what arrived, the few that may have it are listed."""
    clock = SetClock()
    box = FullBox(tmp_path / "data", clock)
    target = new_target(box, tmp_path / "disk")
    copy(box, target)
    for number in range(1, 9):
        clock.ahead += timedelta(hours=1)
        box.add_study(number, slices=1)
        clock.ahead += timedelta(minutes=4)
        back_up(backup_parts(box), as_it_is(box, target), Kind.ARRIVALS)
    ((first,),) = box.rows("SELECT file_id FROM versions ORDER BY version_key LIMIT 1")
    path = box.rooms.vault.path_of(FileId(first))
    sound = path.read_bytes()
    path.unlink()
    clock.ahead += timedelta(hours=12)
    with pytest.raises(BackupFailed):
        copy(box, target)
    box.close()
    lost = Lost(box, tmp_path / "disk")
    listed = Noting(lost.source.files)
    outcome = restore(tmp_path / "new", box.root, replace(lost.source, files=listed))  # type: ignore[arg-type]  # it is one
    assert (outcome.studies, outcome.files) == (8, 8)
    assert len(listed.listed) <= 4, "the night, and three of what arrived"
    path.write_bytes(sound)
    check_whole(tmp_path / "new", box)


def test_a_disk_that_is_too_small_is_told_with_what_it_needs_before_anything_is_fetched(tmp_path: Path) -> None:
    box = FullBox(tmp_path / "data")
    large = ToFetch(FileId(bytes(16)), 1 << 50, None, None, in_vault=True)
    fetching = Fetching(box.rooms, tmp_path / "arriving", lambda _: None)
    need = ((sealed_bytes(1 << 50)) >> 20) + 64
    words = rf"has \d+ MiB free, and needs {need} MiB .*: make room and give the same line"
    with pytest.raises(OutOfSpace, match=words):
        fetching.run([large], [])  # no target is asked


@pytest.mark.parametrize("fault", [*Fault])
def test_a_disk_that_fills_meanwhile_is_said_to_be_the_new_boxs_own(fault: Fault) -> None:
    told = pytest.raises(OutOfSpace, match="begin anew on a larger one")
    with told if fault is Fault.FULL else pytest.raises(BackupFailed), disk_faults():
        raise BackupFailed(fault)


def drill(folder: Path, lost: Lost, *, is_drill: bool) -> FullBox:
    restoring = Restoring(settings_of(folder), lost.box.root, [lost.source], SystemClock(), is_drill=is_drill)
    restoring.run(Choice(), OPEN, gather_erased([lost.source], lost.box.root))
    return FullBox(folder)


def test_a_box_that_came_back_for_a_drill_knows_no_target_and_mails_nobody(made: Lost, tmp_path: Path) -> None:
    box = drill(tmp_path / "drill", made, is_drill=True)
    assert box.rows("SELECT removed_at IS NOT NULL, sealed_credentials FROM backup_targets") == [(1, None)]
    told = "SELECT subject_kind, subject_key FROM audit_events WHERE event = 'backup target removed'"
    assert box.rows(told) == [("backup target", 1)]
    check_whole(tmp_path / "drill", made.box)
    assert told_of(tmp_path / "drill").is_drill
    real = drill(tmp_path / "real", made, is_drill=False)
    assert not told_of(tmp_path / "real").is_drill
    assert real.rows("SELECT removed_at FROM backup_targets") == [(None,)]


def test_a_drill_is_not_gone_on_with_as_none_nor_the_other_way(made: Lost, tmp_path: Path) -> None:
    def cut(step: str) -> None:
        if step == "proving":
            raise Cut

    for is_drill in (True, False):
        folder = tmp_path / str(is_drill)
        begun = Restoring(settings_of(folder), made.box.root, [made.source], SystemClock(), cut, is_drill=is_drill)
        with pytest.raises(Cut):
            begun.run(Choice(), OPEN, frozenset())
        assert json.loads((folder / "restore" / "state.json").read_text())["is_drill"] is is_drill
        with pytest.raises(Refused, match="drill"):
            drill(folder, made, is_drill=not is_drill)


def snapshots(*told: tuple[int, int, int]) -> Iterator[Snapshot]:
    """Give snapshots of days, each with its trail's line and event; no line for one of before."""
    for number, (day, line, sequence) in enumerate(told):
        mark = Mark(line, Head(sequence, bytes(32))).encode() if line >= 0 else ""
        yield Snapshot(f"{number:08x}", datetime(2031, 1, 1, tzinfo=UTC) + timedelta(days=day), "night", mark=mark)


def test_the_newest_is_the_one_whose_trail_came_furthest_whatever_the_clock_said() -> None:
    after_a_dead_battery = [*snapshots((100, 0, 10), (2, 0, 20), (3, 0, 30), (50, -1, 0))]
    assert chosen(after_a_dead_battery, Choice()).snapshot_id == "00000002"
    assert chosen(after_a_dead_battery, Choice(before=datetime(2031, 1, 3, tzinfo=UTC))).snapshot_id == "00000001"
    after_a_restore = [*snapshots((1, 0, 10), (2, 0, 90), (3, 1, 12))]
    assert chosen(after_a_restore, Choice()).snapshot_id == "00000002", "what the lost box did is another line"
    assert chosen([*snapshots((1, -1, 0), (2, -1, 0))], Choice()).snapshot_id == "00000001"


def test_what_the_disk_refuses_to_move_is_not_copied_instead(made: Lost, disk_path: Path) -> None:
    target = disk_path / "back"
    target.mkdir()
    with TemporaryDirectory(dir="/dev/shm") as elsewhere:  # another disk: a rename to there is refused
        (target / "inbox").symlink_to(elsewhere)
        with pytest.raises(Unavailable):
            restore(target, made.box.root, made.source)
        assert not [*Path(elsewhere).iterdir()], "a copy is durable only after a sync that nobody made"
        (target / "inbox").unlink()
    restore(target, made.box.root, made.source)
    check_whole(target, made.box).close()


def test_a_key_that_was_being_written_when_a_start_was_cut_off_is_gone_after_the_next(
    made: Lost, tmp_path: Path
) -> None:
    target = tmp_path / "back"
    restore(target, made.box.root, made.source)
    folders = Folders.of(settings_of(target))
    left = [folders.dicom_tls / f".dicom-key.pem.{'0' * 16}", folders.web_tls / f".web-names.{'0' * 16}"]
    for path in left:
        path.write_bytes(b"half of a key")
    open_box(settings_of(target), None, SystemClock())
    assert not any(path.exists() for path in left)
