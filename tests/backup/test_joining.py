"""A disk that was a target before and is added again, at the machine or on the page."""

from dataclasses import replace
from datetime import time, timedelta
from pathlib import Path

import pytest

from appliance.audit.events import OPERATOR
from appliance.backup import queries
from appliance.backup.jobs import ANCHOR, COPY_ARRIVALS, PRUNE
from appliance.backup.pruning import prune_target
from appliance.backup.running import Kind, back_up
from appliance.backup.target import Target
from appliance.backup.targets import add_target, declare_destroyed, open_target, register_target, remove_target
from appliance.jobs.clock_marks import believe_clock
from appliance.retention.erasing import ErasingParts, erase
from appliance.retention.proofs import Standing, proofs_of, update_all
from appliance.retention.queries_erasing import Erasure
from appliance.retention.queries_proofs import unproved
from appliance.store.runs import RunOutcome
from tests.backup.a_backup import BackedUp, new_disk
from tests.backup.doing_jobs import do, whose_clock_is_right

pytestmark = pytest.mark.peer("restic")


@pytest.fixture
def clinic(tmp_path: Path) -> BackedUp:
    return whose_clock_is_right(tmp_path)


def rows(clinic: BackedUp) -> list[Target]:
    with clinic.database.read() as tx:
        return queries.targets(tx)


def an_erasure(clinic: BackedUp) -> Erasure:
    parts = ErasingParts(clinic.folder, clinic.database, clinic.audit, clinic.files, clinic.clock)
    return erase(parts, "study", 1, "request", OPERATOR)


def proofs_on(clinic: BackedUp, erasure: Erasure) -> list[Standing]:
    with clinic.database.read() as tx:
        return [proof.standing for proof in proofs_of(tx, erasure, clinic.clock.now())]


def test_a_disk_that_was_called_destroyed_and_turns_up_counts_with_what_is_on_it(clinic: BackedUp) -> None:
    clinic.scan(count=1)
    target = clinic.target()
    back_up(clinic.backup, target, Kind.NIGHT)
    erasure = an_erasure(clinic)
    first = proofs_on(clinic, erasure)
    declare_destroyed(clinic.backup, target.target_key, OPERATOR)
    with clinic.database.write() as tx:
        assert update_all(tx, clinic.audit, clinic.clock.now()) == 1
    assert proofs_on(clinic, erasure) == [Standing.DESTROYED]
    again = add_target(clinic.backup, new_disk(clinic.disk(), "found", warn_after=timedelta(days=2)), OPERATOR)
    with clinic.database.read() as tx:
        (used,) = queries.used_targets(tx)
        proofs = unproved(tx)
    assert (used.name, used.warn_after) == ("found", timedelta(days=2))
    assert used.target_key == again.target_key == target.target_key
    assert (used.destroyed_at, used.copied_through, used.pruned_at) == (None, None, None)
    assert (first, proofs_on(clinic, erasure), proofs) == (
        [Standing.HOLDS], [Standing.HOLDS], [erasure.erasure_key],
    )  # fmt: skip
    assert clinic.rows("SELECT count(*) FROM backup_snapshots WHERE gone_at IS NULL") == [(2,)]
    clinic.pass_by(timedelta(days=28))
    with clinic.database.write() as tx:
        believe_clock(tx, clinic.clock)
    back_up(clinic.backup, used, Kind.NIGHT)
    prune_target(clinic.backup, used)
    assert proofs_on(clinic, erasure) == [Standing.PRUNED]


@pytest.mark.parametrize("destroyed", [False, True])
def test_a_removed_disk_that_is_added_again_on_the_page_goes_on_as_the_one_that_it_was(
    clinic: BackedUp, destroyed: bool
) -> None:
    """The page draws another id for it; what is on the disk says whose it is, once somebody can look."""
    clinic.scan(count=1)
    target = clinic.target()
    back_up(clinic.backup, target, Kind.NIGHT)
    remove_target(clinic.backup, target.target_key, OPERATOR)
    if destroyed:
        declare_destroyed(clinic.backup, target.target_key, OPERATOR)
    new = register_target(clinic.backup, new_disk(clinic.disk(), "again", at=time(22, 15)), OPERATOR)
    clinic.pass_by(timedelta(days=3))  # it is plugged in later, and that it is late was told
    for name in (ANCHOR, COPY_ARRIVALS, PRUNE):
        assert do(clinic, name) == (RunOutcome.DONE, None), name
        clinic.pass_by(timedelta(minutes=4))
    (used,) = rows(clinic)
    assert (used.target_key, used.target_id, used.name) == (target.target_key, target.target_id, "again")
    assert (used.removed_at, used.destroyed_at, used.fault, used.at) == (None, None, None, time(22, 15))
    assert len(open_target(clinic.backup, used).keys.snapshots()) > 1, "it has its first night again"
    told = "SELECT event, subject_key FROM audit_events WHERE event LIKE 'backup target%' ORDER BY sequence DESC"
    assert clinic.rows(told)[:2] == [("backup target added", target.target_key), ("backup target removed", new)]
    assert clinic.rows("SELECT count(*) FROM notices WHERE ended_at IS NULL AND subject_key = :key", key=new) == [(0,)]


def test_a_disk_in_use_or_of_an_earlier_root_is_taken_up_by_nobody(clinic: BackedUp) -> None:
    target = clinic.target()
    moved = replace(new_disk(clinic.disk()).location, facts={"path": f"{clinic.disk()}/.", "same_disk": "yes"})
    register_target(clinic.backup, new_disk(clinic.disk(), location=moved), OPERATOR)
    assert do(clinic, ANCHOR) == (RunOutcome.FAILED, "not ours")
    with clinic.database.write() as tx:
        tx.change("INSERT INTO roots (root_key, fingerprint, since) VALUES (1, x'00', 1)")
        ended = "UPDATE backup_targets SET removed_at = 1, root_key = 1 WHERE target_key = :key"
        tx.change(ended, key=target.target_key)
    assert do(clinic, ANCHOR) == (RunOutcome.FAILED, "not ours")
    assert len(rows(clinic)) == 2


def test_a_target_that_was_copied_to_gives_its_row_up_for_no_other_disk(clinic: BackedUp) -> None:
    """After a restore no target was seen by the new box: the disk in this one's place may be one that was removed."""
    target, removed = clinic.target(), clinic.target("removed")
    back_up(clinic.backup, target, Kind.NIGHT)
    remove_target(clinic.backup, removed.target_key, OPERATOR)
    with clinic.database.write() as tx:
        tx.change("UPDATE backup_targets SET seen_at = NULL")
    place = clinic.disk()
    place.rename(place.with_name("drawer"))
    clinic.disk("removed").rename(place)
    assert do(clinic, ANCHOR) == (RunOutcome.FAILED, "not ours")
    assert [one.removed_at is None for one in rows(clinic)] == [True, False]
