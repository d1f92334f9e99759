"""A copy that was begun and cut off counts as holding keys until the place was listed and cleared since."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from appliance.audit.events import OPERATOR
from appliance.backup import queries
from appliance.backup.faults import BackupFailed
from appliance.backup.pruning import prune_target
from appliance.backup.running import Kind, back_up, run_guard
from appliance.backup.target import Target
from appliance.backup.targets import open_target
from appliance.jobs.clock_marks import believe_clock
from appliance.retention.erasing import ErasingParts, erase, get_erasure
from appliance.retention.proofs import Standing, proofs_of, update_all
from appliance.store.database import Database
from appliance.store.transactions import WriteTransaction
from tests.backup.a_backup import BackedUp

pytestmark = pytest.mark.peer("restic")


class Cut(Exception):
    """The machine lost its power."""


@pytest.fixture
def clinic(tmp_path: Path) -> BackedUp:
    one = BackedUp(tmp_path / "data")
    one.scan()
    return one


def erased_next_day(clinic: BackedUp) -> int:
    clinic.pass_by(timedelta(days=1))
    erasing = ErasingParts(clinic.folder, clinic.database, clinic.audit, clinic.files, clinic.clock)
    return erase(erasing, "study", 1, "request", OPERATOR).erasure_key


def standing(clinic: BackedUp, erasure_key: int) -> Standing:
    erasing = ErasingParts(clinic.folder, clinic.database, clinic.audit, clinic.files, clinic.clock)
    erasure = get_erasure(erasing, erasure_key)
    with clinic.database.write() as tx:
        update_all(tx, clinic.audit, clinic.clock.now())
        (proof,) = proofs_of(tx, erasure, clinic.clock.now())
    return proof.standing


def pruned(clinic: BackedUp, target: Target) -> None:
    with clinic.database.write() as tx:
        believe_clock(tx, clinic.clock)
        now = queries.find_target(tx, target.target_key)
    assert now is not None
    prune_target(clinic.backup, now)


def cut_off(clinic: BackedUp, target: Target, *, before_its_end: bool) -> None:
    """Let a run die before it notes its first catalogue, whole there or all but the snapshot that names it."""
    made = clinic.disk() / "keys" / "snapshots"

    class Dying(Database):
        @contextmanager
        def write(self) -> Iterator[WriteTransaction]:
            if any(made.iterdir()):
                raise Cut
            with super().write() as tx:
                yield tx

    with pytest.raises(Cut):
        back_up(replace(clinic.backup, database=clinic.opened(Dying)), target, Kind.NIGHT)
    for path in made.iterdir() if before_its_end else ():
        path.unlink()


def packs(clinic: BackedUp) -> list[Path]:
    return [path for path in (clinic.disk() / "keys" / "data").rglob("*") if path.is_file()]


def test_a_disk_that_was_pulled_out_of_its_first_copy_is_not_said_to_have_held_nothing(clinic: BackedUp) -> None:
    target = clinic.target()
    cut_off(clinic, target, before_its_end=True)
    erasure = erased_next_day(clinic)
    assert clinic.rows("SELECT count(*) FROM backup_snapshots") == [(0,)]
    assert packs(clinic)
    assert standing(clinic, erasure) is Standing.UNSEEN
    clinic.pass_by(timedelta(days=40))
    assert standing(clinic, erasure) is Standing.UNSEEN, "asked again, however long it lies in a drawer"
    pruned(clinic, target)
    assert standing(clinic, erasure) is Standing.NEVER_HELD
    assert packs(clinic) == []


def test_a_whole_copy_that_nobody_noted_counts_before_and_after_it_is_found(clinic: BackedUp) -> None:
    target = clinic.target()
    cut_off(clinic, target, before_its_end=False)
    erasure = erased_next_day(clinic)
    assert standing(clinic, erasure) is Standing.UNSEEN
    pruned(clinic, target)
    assert standing(clinic, erasure) is Standing.HOLDS, "it is a copy like any other from now on"
    clinic.pass_by(timedelta(hours=2))
    back_up(clinic.backup, target, Kind.NIGHT)
    clinic.pass_by(timedelta(days=28))
    pruned(clinic, target)
    assert standing(clinic, erasure) is Standing.PRUNED


def test_what_a_run_that_goes_on_has_begun_is_not_taken_for_cleared(clinic: BackedUp) -> None:
    target = clinic.target()
    cut_off(clinic, target, before_its_end=True)
    erasure = erased_next_day(clinic)
    with run_guard(clinic.backup, target).alone():
        pruned(clinic, target)
    assert standing(clinic, erasure) is Standing.UNSEEN
    pruned(clinic, target)
    assert standing(clinic, erasure) is Standing.NEVER_HELD


def test_what_was_laid_out_for_a_disk_that_never_comes_back_does_not_stay_on_the_box(clinic: BackedUp) -> None:
    away, here = clinic.target("away"), clinic.target("here")
    left, going = (clinic.backup.work_folder / f"staged-{one.target_id.hex()}" for one in (away, here))
    for folder in (left, going):
        folder.mkdir(parents=True)
        (folder / "catalogue.db").write_bytes(b"a catalogue of the day before the erasure")
    with run_guard(clinic.backup, here).alone():
        clinic.disk("away").rename(clinic.disk("away").with_name("drawer"))
        with pytest.raises(BackupFailed):
            prune_target(clinic.backup, away)
    assert (left.exists(), going.exists()) == (False, True), "a run that goes on keeps its own"


def test_a_run_that_ends_well_leaves_no_doubt_and_no_need_to_clear(clinic: BackedUp) -> None:
    target = clinic.target()
    back_up(clinic.backup, target, Kind.NIGHT)
    assert clinic.rows("SELECT count(*) FROM begun_copies") == [(0,)]
    assert len(open_target(clinic.backup, target).keys.snapshots()) == 1
