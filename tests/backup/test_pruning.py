"""What is removed from a target, and what must not be."""

from datetime import UTC, timedelta
from pathlib import Path

import pytest

from appliance.backup import queries_copies
from appliance.backup.jobs import BACKUP, COPY_ARRIVALS, PRUNE, backup_jobs
from appliance.backup.targets import open_target
from appliance.identifiers import FileId
from appliance.integrity.checking import check_box
from appliance.integrity.portions import Room
from appliance.integrity.proofs import ProofParts
from appliance.integrity.repairing import Repaired, repair_all
from appliance.jobs.job import Job, Run
from appliance.keys.hierarchy import Keyring
from appliance.store.runs import RunOutcome
from tests.backup.a_backup import BackedUp
from tests.backup.doing_jobs import do, do_of, kinds, later, row, whose_clock_is_right

pytestmark = pytest.mark.peer("restic")


@pytest.fixture
def clinic(tmp_path: Path) -> BackedUp:
    return whose_clock_is_right(tmp_path)


def write_more_nights(clinic: BackedUp) -> None:
    """Write down more nights after the last than one repair looks through."""
    with clinic.database.write() as tx:
        tx.change(
            "INSERT INTO backup_snapshots (target_key, repository, snapshot_id, kind, taken_at, audit_sequence, "
            "audit_chain, file_count, bytes) WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n "
            "WHERE n < 20) SELECT target_key, repository, printf('%08d', n), kind, taken_at + n, audit_sequence, "
            "audit_chain, 1, 1 FROM backup_snapshots, n WHERE snapshot_key = (SELECT max(snapshot_key) FROM "
            "backup_snapshots WHERE repository = 'files' AND kind = 'night')"
        )


@pytest.mark.parametrize("night", [(RunOutcome.FAILED, "incomplete"), (RunOutcome.DONE, None)])
def test_what_befalls_a_scan_before_its_first_night_takes_no_good_copy_away(
    clinic: BackedUp, night: tuple[RunOutcome, str | None]
) -> None:
    """It is lost, and that night is not whole; or altered, and what the night copies is bad."""
    clinic.scan(count=2)
    target = clinic.target()
    do(clinic, BACKUP)
    later(clinic, timedelta(hours=8))
    clinic.scan(first=7, count=1, study="1.2.3.7")
    do(clinic, COPY_ARRIVALS)
    ((newest,),) = clinic.rows("SELECT file_id FROM versions ORDER BY version_key DESC LIMIT 1")
    assert isinstance(newest, bytes)
    path = clinic.parts.vault.path_of(FileId(newest))
    sound = path.read_bytes()
    if night[1]:
        path.unlink()
    else:
        path.write_bytes(bytes(len(sound)))
    later(clinic, timedelta(hours=15))
    assert do(clinic, BACKUP) == night
    later(clinic, timedelta(hours=3))
    assert do(clinic, PRUNE) == (RunOutcome.DONE, None)
    for _ in range(5):  # nights that lack it
        later(clinic, timedelta(days=5))
        do(clinic, BACKUP)
    do(clinic, PRUNE)
    write_more_nights(clinic)
    assert check_box(clinic.integrity).faults
    parts = ProofParts(
        clinic.integrity, clinic.backup, Keyring.for_process("jobs", clinic.root), Room(clinic.folder, 0)
    )
    run = Run(1, clinic.clock, clinic.database, lambda: False)
    assert repair_all(parts, run) == Repaired(1, 1)
    assert path.read_bytes() == sound
    later(clinic, timedelta(days=3))
    do(clinic, BACKUP)
    do(clinic, PRUNE)
    assert "arrivals" not in {one.tag for one in open_target(clinic.backup, row(clinic, target)).files.snapshots()}


def test_large_catalogues_are_thinned_within_the_hour_and_nothing_else_is_touched(clinic: BackedUp) -> None:
    target, jobs = clinic.target(), backup_jobs(clinic.backup, UTC)
    prune = next(job for job in jobs if job.name == PRUNE)
    do_of(clinic, jobs, BACKUP)
    do_of(clinic, jobs, PRUNE)
    for number in range(5):
        clinic.scan(first=number, count=1, study=f"1.2.3.{number}")
        later(clinic, timedelta(minutes=10))
        do_of(clinic, jobs, COPY_ARRIVALS)
    before, pruned_at = kinds(clinic, "files"), row(clinic, target).pruned_at
    later(clinic, timedelta(hours=2))
    assert is_planned(prune, clinic) > timedelta(hours=12), "small ones wait for the night"
    with clinic.database.write() as tx:
        tx.change("UPDATE backup_snapshots SET bytes = 80000000 WHERE repository = 'keys'")
    clinic.scan(first=9, count=1, study="1.2.3.9")
    do_of(clinic, jobs, COPY_ARRIVALS)
    assert is_planned(prune, clinic) <= timedelta(hours=1)
    assert do_of(clinic, jobs, PRUNE) == (RunOutcome.DONE, None)
    assert is_planned(prune, clinic) > timedelta(hours=12)
    assert kinds(clinic, "keys") == ["arrivals"], "the newest, and none of two hours ago"
    opened = open_target(clinic.backup, row(clinic, target))
    assert [one.tag for one in opened.keys.snapshots()] == ["arrivals"]
    assert kinds(clinic, "files") == [*before, "arrivals"]
    assert row(clinic, target).pruned_at == pruned_at, "the night still clears"


def is_planned(job: Job, clinic: BackedUp) -> timedelta:
    return job.schedule.next_after(clinic.clock.now(), UTC) - clinic.clock.now()


def test_what_one_copy_has_is_not_copied_by_the_next(clinic: BackedUp) -> None:
    """Files of the two minutes before a copy may lack their rows in it; those that had them are known."""
    clinic.target()
    jobs = backup_jobs(clinic.backup, UTC)
    do_of(clinic, jobs, COPY_ARRIVALS)
    later(clinic, timedelta(minutes=10))
    clinic.scan(count=2)
    for _ in range(3):
        do_of(clinic, jobs, COPY_ARRIVALS)
        clinic.pass_by(timedelta(seconds=30))
    assert kinds(clinic, "files") == ["night", "arrivals"]
    clinic.scan(first=5, count=1)
    do_of(clinic, jobs, COPY_ARRIVALS)
    assert kinds(clinic, "files") == ["night", "arrivals", "arrivals"]
    with clinic.database.read() as tx:
        assert queries_copies.studies_by_copies(tx) == {1: 1}


@pytest.mark.parametrize("befalls", ["lost", "altered"])
def test_the_last_whole_copy_of_a_file_stays_until_the_file_is_whole_again(clinic: BackedUp, befalls: str) -> None:
    clinic.scan(count=2)
    target = clinic.target()
    do(clinic, BACKUP)
    [(first,)] = clinic.rows("SELECT snapshot_id FROM backup_snapshots WHERE repository = 'files'")
    path = clinic.parts.vault.path_of(next(clinic.parts.vault.stored_ids()))
    sound = path.read_bytes()
    path.unlink()
    if befalls == "altered":
        path.write_bytes(bytes(len(sound)))
        assert check_box(clinic.integrity).faults

    def is_there() -> bool:
        return first in {one.snapshot_id for one in open_target(clinic.backup, row(clinic, target)).files.snapshots()}

    for _ in range(6):  # nights that lack it, or hold it altered
        later(clinic, timedelta(days=6))
        do(clinic, BACKUP)
        do(clinic, PRUNE)
    assert is_there(), "36 days old, and the one whole copy"
    check_box(clinic.integrity)
    parts = ProofParts(
        clinic.integrity, clinic.backup, Keyring.for_process("jobs", clinic.root), Room(clinic.folder, 0)
    )
    assert repair_all(parts, Run(1, clinic.clock, clinic.database, lambda: False)) == Repaired(1, 1)
    assert path.read_bytes() == sound
    later(clinic, timedelta(days=1))
    do(clinic, BACKUP)
    do(clinic, PRUNE)
    assert not is_there()
