"""What backup does by itself, on a clock that a test steps."""

import shutil
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from appliance.audit.events import OPERATOR, Event, EventCode
from appliance.backup import queries_copies
from appliance.backup.faults import Fault
from appliance.backup.guard import Guard
from appliance.backup.jobs import ANCHOR, BACKUP, COPY_ARRIVALS, PRUNE, Nights, backup_jobs, is_night_due
from appliance.backup.standing import Standing, standing_of
from appliance.backup.target import Target, location_of
from appliance.backup.targets import NewTarget, declare_destroyed, open_target, register_target, remove_target
from appliance.backup.tombstones import carry_tombstones, gather_tombstones
from appliance.identifiers import FileId
from appliance.integrity.jobs import proof_jobs
from appliance.integrity.portions import Room
from appliance.integrity.proofs import ProofParts
from appliance.jobs.clock_marks import believe_clock
from appliance.keys.hierarchy import Keyring
from appliance.store.runs import RunOutcome
from tests.backup.a_backup import BackedUp
from tests.backup.doing_jobs import do, kinds, later, row, whose_clock_is_right

pytestmark = pytest.mark.peer("restic")
MADRID = ZoneInfo("Europe/Madrid")


@pytest.fixture
def clinic(tmp_path: Path) -> BackedUp:
    return whose_clock_is_right(tmp_path)


def test_a_box_without_a_target_has_nothing_to_do_and_says_so_by_no_failure(clinic: BackedUp) -> None:
    for name in (BACKUP, COPY_ARRIVALS, PRUNE, ANCHOR):
        assert do(clinic, name) == (RunOutcome.DONE, None)


def test_a_new_target_gets_everything_within_minutes_and_then_what_is_new(clinic: BackedUp) -> None:
    clinic.scan(count=2)
    target = clinic.target()
    assert do(clinic, COPY_ARRIVALS) == (RunOutcome.DONE, None)
    assert row(clinic, target).covered_at is not None
    assert kinds(clinic, "files") == ["night"]
    clinic.pass_by(timedelta(minutes=10))
    do(clinic, COPY_ARRIVALS)
    clinic.pass_by(timedelta(minutes=10))
    before = kinds(clinic, "keys")
    do(clinic, COPY_ARRIVALS)
    assert kinds(clinic, "keys") == before, "nothing new, nothing copied"
    clinic.scan(first=5, count=1, study="1.2.3.7")
    do(clinic, COPY_ARRIVALS)
    assert kinds(clinic, "files")[-1] == "arrivals"
    with clinic.database.read() as tx:
        assert queries_copies.studies_by_copies(tx) == {1: 2}


def test_a_disk_in_a_drawer_fails_no_run_and_what_it_missed_is_made_good_when_it_is_back(clinic: BackedUp) -> None:
    clinic.scan(count=1)
    target = clinic.target()
    do(clinic, COPY_ARRIVALS)
    clinic.disk().rename(clinic.disk().with_name("drawer"))
    other = clinic.target("second")
    clinic.pass_by(timedelta(days=3))
    assert do(clinic, BACKUP) == (RunOutcome.DONE, None), "the other disk is there"
    assert do(clinic, ANCHOR) == (RunOutcome.DONE, None)
    assert row(clinic, target).fault is Fault.UNPLUGGED
    assert standing_of(row(clinic, target), clinic.clock.now()) is Standing.WARNING
    assert standing_of(row(clinic, other), clinic.clock.now()) is Standing.GOOD
    clinic.disk().with_name("drawer").rename(clinic.disk())
    clinic.pass_by(timedelta(minutes=90))
    do(clinic, COPY_ARRIVALS)
    assert row(clinic, target).fault is None
    assert standing_of(row(clinic, target), clinic.clock.now()) is Standing.GOOD


def test_a_night_for_which_no_target_is_there_fails(clinic: BackedUp) -> None:
    clinic.target()
    clinic.disk().rename(clinic.disk().with_name("drawer"))
    assert do(clinic, BACKUP) == (RunOutcome.FAILED, "unplugged")


def test_a_place_without_its_disk_keeps_no_other_from_its_copy(clinic: BackedUp, tmp_path: Path) -> None:
    """It was added on the page, and nothing is mounted there: it is a folder of the box's own disk."""
    clinic.scan(count=1)
    (tmp_path / "mount").mkdir()
    key = register_target(clinic.backup, NewTarget("usb", location_of("folder", {"path": str(tmp_path / "mount")})),
                          OPERATOR)  # fmt: skip
    strange = clinic.target("strange")
    (clinic.disk("strange") / "enamel-target.json").write_text("{}")
    good = clinic.target()
    for name in (COPY_ARRIVALS, BACKUP):
        assert do(clinic, name) == (RunOutcome.FAILED, "not ours"), "of the disk with a strange mark alone"
        assert row(clinic, good).covered_at is not None
    assert row(clinic, replace(good, target_key=key)).fault is Fault.UNPLUGGED
    assert row(clinic, strange).fault is Fault.NOT_OURS
    assert list((tmp_path / "mount").iterdir()) == []


def test_what_is_over_goes_as_soon_as_nobody_is_at_work_on_the_target(clinic: BackedUp) -> None:
    target = clinic.target()
    clinic.pass_by(timedelta(hours=(9 - clinic.clock.now().hour) % 24))  # all of it is of one day
    for _ in range(2):
        do(clinic, BACKUP)
        clinic.pass_by(timedelta(hours=3))
    keys = clinic.backup.work_folder / f"{target.target_id.hex()}.keys.guard"
    with ExitStack() as reading:
        reading.enter_context(Guard(keys).shared())

        def wait(_: float) -> None:
            clinic.pass_by(timedelta(minutes=1))
            reading.close()

        assert do(clinic, PRUNE, wait) == (RunOutcome.DONE, None)
    assert len(open_target(clinic.backup, row(clinic, target)).keys.snapshots()) == 1
    with Guard(keys).shared():
        do(clinic, BACKUP)
        clinic.pass_by(timedelta(hours=3))
        assert do(clinic, PRUNE, lambda _: clinic.pass_by(timedelta(minutes=2))) == (RunOutcome.FAILED, "busy")


def test_nothing_is_removed_beside_a_restore_test(clinic: BackedUp) -> None:
    prune = next(job for job in backup_jobs(clinic.backup, UTC) if job.name == PRUNE)
    room = Room(clinic.folder, 0)
    tests = proof_jobs(ProofParts(clinic.integrity, clinic.backup, Keyring.for_process("jobs", clinic.root), room), UTC)
    assert {job.lane for job in tests} == {prune.lane} != {""}


def test_after_a_restore_the_first_clearing_keeps_what_the_box_made_since(clinic: BackedUp) -> None:
    """The catalogue that came back knows neither its own snapshot nor what the lost box made after it."""
    clinic.scan(count=1)
    target = clinic.target()
    do(clinic, BACKUP)
    clinic.pass_by(timedelta(hours=3))
    do(clinic, BACKUP)
    with clinic.database.write() as tx:
        tx.change("DELETE FROM backup_snapshots")
    clinic.pass_by(timedelta(days=1))
    do(clinic, BACKUP)
    own = clinic.rows("SELECT snapshot_id FROM backup_snapshots WHERE repository = 'keys'")
    clinic.pass_by(timedelta(hours=3))
    do(clinic, PRUNE)
    left = open_target(clinic.backup, row(clinic, target)).keys.snapshots()
    assert [one.snapshot_id for one in left][-1:] == [snapshot_id for (snapshot_id,) in own]


def test_an_older_copy_of_a_disk_takes_what_arrives_at_once(clinic: BackedUp) -> None:
    """The snapshot that the next would be compared with is not there any more."""
    clinic.scan(count=1)
    target = clinic.target()
    do(clinic, BACKUP)
    opened = open_target(clinic.backup, row(clinic, target))
    opened.files.forget([one.snapshot_id for one in opened.files.snapshots()])
    clinic.pass_by(timedelta(minutes=10))
    clinic.scan(first=5, count=1, study="1.2.3.7")
    assert do(clinic, COPY_ARRIVALS) == (RunOutcome.DONE, None)
    assert [one.tag for one in opened.files.snapshots()] == ["arrivals"]


def test_catalogues_end_after_27_days_and_one_is_always_left(clinic: BackedUp) -> None:
    clinic.scan(count=1)
    target = clinic.target()
    for _ in range(3):
        do(clinic, BACKUP)
        clinic.pass_by(timedelta(days=13))
        with clinic.database.write() as tx:
            believe_clock(tx, clinic.clock)
    assert do(clinic, PRUNE) == (RunOutcome.DONE, None)
    opened = open_target(clinic.backup, row(clinic, target))
    assert len(opened.keys.snapshots()) == 2
    assert len(kinds(clinic, "keys")) == 2
    clinic.pass_by(timedelta(days=60))
    with clinic.database.write() as tx:
        believe_clock(tx, clinic.clock)
    do(clinic, PRUNE)
    assert len(opened.keys.snapshots()) == len(opened.files.snapshots()) == 1
    assert opened.keys.check("all") == opened.files.check("all") == []


def test_what_restic_left_half_written_goes_with_the_next_pruning_and_nothing_else(clinic: BackedUp) -> None:
    """It is of no snapshot, so nothing else would ever remove it, and what was erased would lie in it for good."""
    clinic.scan(count=1)
    clinic.target()
    do(clinic, BACKUP)
    there = {path for path in clinic.disk().rglob("*") if path.is_file()}
    names = ("config", f"index/{'1' * 64}", f"data/{'2' * 2}/{'2' * 64}")
    left = [clinic.disk() / repository / f"{name}-tmp-1234" for repository in ("files", "keys") for name in names]
    for path in left:
        path.write_bytes(b"half of it")
    assert do(clinic, PRUNE) == (RunOutcome.DONE, None)
    assert {path for path in clinic.disk().rglob("*") if path.is_file()} == there


def test_a_copy_that_was_gone_and_is_there_again_goes_again(clinic: BackedUp) -> None:
    """Its keys would be back for good: an older image of the disk, or removals that a power cut undid."""
    clinic.scan(count=1)
    target = clinic.target()
    do(clinic, BACKUP)
    shutil.copytree(clinic.disk(), clinic.disk("image"), dirs_exist_ok=True)
    do(clinic, BACKUP)
    later(clinic, timedelta(days=28))
    do(clinic, PRUNE)
    first = "SELECT gone_at IS NOT NULL FROM backup_snapshots WHERE repository = 'keys' ORDER BY snapshot_key LIMIT 1"
    assert clinic.rows(first) == [(1,)]
    shutil.copytree(clinic.disk("image"), clinic.disk(), dirs_exist_ok=True)
    opened = open_target(clinic.backup, row(clinic, target))
    assert len(opened.keys.snapshots()) == 2
    assert do(clinic, PRUNE) == (RunOutcome.DONE, None)
    assert len(opened.keys.snapshots()) == 1
    assert clinic.rows(first) == [(1,)]


def test_a_copy_that_nobody_noted_is_as_old_as_its_date(clinic: BackedUp) -> None:
    """Taken for the newest it would stay, and the newest of all would go in its place."""
    target = clinic.target()
    do(clinic, BACKUP)
    later(clinic, timedelta(minutes=20))
    do(clinic, BACKUP)
    with clinic.database.write() as tx:  # as after a kill between the first copy and its note
        tx.change("DELETE FROM backup_snapshots WHERE snapshot_key <= 2")
    newest = open_target(clinic.backup, row(clinic, target)).keys.snapshots()[-1]
    later(clinic, timedelta(hours=3))
    for _ in range(2):
        assert do(clinic, PRUNE) == (RunOutcome.DONE, None)
        assert newest in open_target(clinic.backup, row(clinic, target)).keys.snapshots()


def test_nothing_goes_while_the_clock_is_in_doubt(clinic: BackedUp) -> None:
    clinic.scan(count=1)
    target = clinic.target()
    do(clinic, BACKUP)
    do(clinic, BACKUP)
    clinic.clock.stepped += timedelta(days=60)
    do(clinic, PRUNE)
    assert len(open_target(clinic.backup, row(clinic, target)).keys.snapshots()) == 2


def test_a_snapshot_that_nobody_noted_is_noted_and_one_that_somebody_removed_is_told_as_gone(clinic: BackedUp) -> None:
    target = clinic.target()
    do(clinic, BACKUP)
    do(clinic, BACKUP)
    with clinic.database.write() as tx:
        tx.change("DELETE FROM backup_snapshots WHERE repository = 'keys' AND snapshot_key < 3")
    removed = clinic.rows("SELECT snapshot_id FROM backup_snapshots WHERE repository = 'keys'")[0][0]
    open_target(clinic.backup, row(clinic, target)).keys.forget([str(removed)])
    do(clinic, PRUNE)
    assert clinic.rows("SELECT audit_sequence, gone_at IS NULL FROM backup_snapshots WHERE repository = 'keys' "
                       "ORDER BY snapshot_key")[1:] == [(0, 1)]  # fmt: skip
    assert clinic.rows("SELECT gone_at IS NULL FROM backup_snapshots WHERE snapshot_id = :id", id=removed) == [(0,)]


def test_the_trail_s_end_is_carried_each_hour_that_something_happened_in(clinic: BackedUp) -> None:
    target = clinic.target()
    do(clinic, BACKUP)
    do(clinic, ANCHOR)
    assert "anchor" not in kinds(clinic, "files"), "the night's own is of this hour"
    clinic.pass_by(timedelta(hours=2))
    with clinic.database.write() as tx:
        sequence = clinic.audit.record(tx, Event(EventCode.AUDIT_READ, OPERATOR))
    do(clinic, ANCHOR)
    do(clinic, ANCHOR)
    assert kinds(clinic, "files").count("anchor") == 1
    assert clinic.rows("SELECT max(audit_sequence) FROM backup_snapshots") == [(sequence,)]
    opened = open_target(clinic.backup, row(clinic, target))
    last = [one for one in opened.files.snapshots() if one.tag == "anchor"][-1]
    assert f'"sequence": {sequence}'.encode() in b"".join(opened.files.dump(last.snapshot_id, "anchor.json"))


def test_tombstones_are_carried_once_and_gathered_from_every_target(clinic: BackedUp) -> None:
    targets = [clinic.target(), clinic.target("second")]
    assert carry_tombstones(clinic.backup, targets[0]) == 0
    erased = [FileId.new() for _ in range(3)]
    for number, file_id in enumerate(erased, 1):
        with clinic.database.write() as tx:
            tx.change("INSERT INTO erasures (erasure_key, erasure_id, scope, kind, file_count, bytes, erased_at, "
                      "audit_sequence) VALUES (:key, :id, 'study', 'request', 1, 1, 1, 1)",
                      key=number, id=FileId.new().value)  # fmt: skip
            tx.change("INSERT INTO tombstones (file_id, erasure_key) VALUES (:id, :key)", id=file_id.value, key=number)
        do(clinic, COPY_ARRIVALS)
        assert carry_tombstones(clinic.backup, targets[0]) == 0, "they are there"
    opened = [open_target(clinic.backup, row(clinic, target)).files for target in targets]
    key = clinic.backup.audit_key
    assert gather_tombstones(opened, key) == gather_tombstones(opened[1:], key) == set(erased)
    do(clinic, PRUNE)
    assert gather_tombstones(opened, key) == set(erased)


def test_a_night_is_due_once_a_day_by_the_clinic_s_time_and_made_good_after_a_week_off() -> None:
    begun = datetime(2031, 1, 1, tzinfo=UTC)
    target = Target(1, bytes(16), "x", location_of("folder", {"path": "/x"}), None, False, time(1, 30), timedelta(1),
                    timedelta(7), begun, covered_at=begun)  # fmt: skip
    off = datetime(2031, 7, 1, 12, tzinfo=UTC), datetime(2031, 7, 8, 12, tzinfo=UTC)
    now, nights = begun, []
    while now < datetime(2032, 1, 1, tzinfo=UTC):
        if not off[0] < now < off[1] and is_night_due(target, MADRID, now):
            nights.append(now)
            target = replace(target, night_at=now)
        now += timedelta(minutes=10)
    days = [night.astimezone(MADRID).date() for night in nights]
    assert len(days) == len(set(days)) == 365 - 7 + 1, "a week without power is made good by one run"
    late = [night for night in nights if night.astimezone(MADRID).time() >= time(1, 40)]
    assert late == [off[1]]


def test_nights_are_at_all_times_that_targets_have(clinic: BackedUp) -> None:
    nights = Nights()
    noon = datetime(2031, 1, 1, 12, tzinfo=UTC)
    assert nights.next_after(noon, UTC) == datetime(2031, 1, 2, 1, 30, tzinfo=UTC)
    target = clinic.target()
    nights.set_to([target, replace(target, at=time(22, 15))])
    assert nights.next_after(noon, UTC) == datetime(2031, 1, 1, 22, 15, tzinfo=UTC)
    assert nights.text() == "daily 01:30"


def test_a_target_s_standing_goes_from_good_over_warning_to_alarm(clinic: BackedUp) -> None:
    target = clinic.target()
    now = clinic.clock.now()
    assert standing_of(target, now) is Standing.FIRST_COPY
    do(clinic, BACKUP)
    seen = row(clinic, target)
    for days, expected in ((0, Standing.GOOD), (1.5, Standing.WARNING), (7.5, Standing.ALARM)):
        assert standing_of(seen, clinic.clock.now() + timedelta(days=days)) is expected
    remove_target(clinic.backup, target.target_key, OPERATOR)
    assert standing_of(row(clinic, target), now) is Standing.REMOVED
    declare_destroyed(clinic.backup, target.target_key, OPERATOR)
    assert standing_of(row(clinic, target), now) is Standing.DESTROYED
