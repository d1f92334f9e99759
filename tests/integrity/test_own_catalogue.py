"""What the nightly test says of the box's own catalogue, by what targets remember, and of targets that are away."""

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from appliance.audit.events import OPERATOR, Event, EventCode
from appliance.backup.queries import find_target
from appliance.backup.running import Kind, back_up
from appliance.integrity.anchors import look_back
from appliance.integrity.proofs import prove_all
from appliance.jobs.job import Run
from appliance.keys.sealing import root_fingerprint
from appliance.store.roots import note_root
from tests.integrity.a_proof import Proved

pytestmark = pytest.mark.peer("restic")


@pytest.fixture
def proved(tmp_path: Path) -> Proved:
    return Proved.in_folder(tmp_path, scans=2)


def night(proved: Proved) -> None:
    with proved.box.database.read() as tx:
        target = find_target(tx, proved.target.target_key)
    assert target is not None
    back_up(proved.box.backup, target, Kind.NIGHT)
    proved.box.pass_by(timedelta(hours=1))


def tonight(proved: Proved) -> Run:
    run = Run(1, proved.box.clock, proved.box.database, lambda: False)
    prove_all(proved.parts, run, in_full=False)
    return run


def test_an_older_data_folder_that_was_put_back_whole_is_told_by_what_lies_on_a_target(
    proved: Proved, tmp_path: Path
) -> None:
    night(proved)
    proved.box.database.close()
    older = shutil.copytree(proved.box.folder, tmp_path / "older")
    proved.box.scan(first=9, count=1)
    night(proved)
    assert tonight(proved).fault is None
    proved.box.database.close()
    shutil.rmtree(proved.box.folder)
    shutil.copytree(older, proved.box.folder)
    assert look_back(proved.box.integrity) is None, "nothing on the box itself tells"
    run = tonight(proved)
    assert run.fault == "older catalogue"
    stands = "SELECT place, fault, thing FROM integrity_faults WHERE repaired_at IS NULL"
    assert proved.box.rows(stands) == [("catalogue", "older", "trail on target 1")]
    assert proved.box.rows("SELECT code FROM notices WHERE ended_at IS NULL") == [("integrity faults",)]
    assert proved.box.rows("SELECT verdict FROM restore_tests ORDER BY test_key DESC LIMIT 1") == [("proved",)]
    with proved.box.database.write() as tx:  # it was put to use on purpose
        proved.box.audit.record(tx, Event(EventCode.CATALOGUE_REBUILT, OPERATOR, number=0))
    assert tonight(proved).fault is None
    assert proved.box.rows(stands) == proved.box.rows("SELECT 1 FROM notices WHERE ended_at IS NULL") == []


def test_a_disk_in_a_drawer_fails_no_night_in_which_another_was_proved(proved: Proved) -> None:
    night(proved)
    away = proved.box.target("second")
    proved.box.disk("second").rename(proved.box.disk("second").with_name("drawer"))
    assert away.target_key == 2
    run = tonight(proved)
    assert (run.fault, run.failed_count) == (None, 0)
    assert proved.box.rows("SELECT target_key, verdict, fault FROM restore_tests ORDER BY test_key") == [
        (1, "proved", None), (2, "could not run", "unplugged"),
    ]  # fmt: skip


def test_after_another_key_the_copies_of_before_are_not_called_damaged(proved: Proved) -> None:
    night(proved)
    with proved.box.database.write() as tx:
        sequence = proved.box.audit.record(tx, Event(EventCode.CATALOGUE_REKEYED, OPERATOR, number=2))
        root = note_root(tx, root_fingerprint(proved.box.root), proved.box.clock.now())
        tx.change(
            "INSERT INTO earlier_keys (subkey, number, sealed_key, root_key, last_sequence, ended_at) "
            "VALUES ('catalogue', 1, x'00', :root, :sequence, 1)", root=root, sequence=sequence - 1,
        )  # fmt: skip
    proof = proved.test()
    assert (proof.ending.verdict, proof.ending.fault, list(proof.found)) == ("could not run", "incomplete", [])
    proved.box.pass_by(-timedelta(days=2))
    night(proved)
    assert proved.test().ending.verdict == "proved", "whatever the clock says"


def test_what_is_proved_is_what_was_made_last_whatever_the_clock_said(proved: Proved) -> None:
    proved.box.clock.stepped = timedelta(days=300)
    night(proved)
    proved.box.clock.stepped = timedelta()
    proved.box.scan(first=5, count=1)
    night(proved)
    assert proved.test().ending.verdict == "proved"
    newest = "SELECT snapshot_id FROM backup_snapshots WHERE repository = 'keys' ORDER BY snapshot_key DESC LIMIT 1"
    assert proved.box.rows("SELECT snapshot_id FROM restore_tests") == proved.box.rows(newest)
