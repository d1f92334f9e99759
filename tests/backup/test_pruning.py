"""What is removed from a target, and what must not be."""

from datetime import timedelta
from pathlib import Path

import pytest

from appliance.backup.jobs import BACKUP, COPY_ARRIVALS, PRUNE
from appliance.backup.targets import open_target
from appliance.identifiers import FileId
from appliance.integrity.checking import check_box
from appliance.integrity.proofs import ProofParts
from appliance.integrity.repairing import Repaired, repair_all
from appliance.jobs.job import Run
from appliance.keys.hierarchy import Keyring
from appliance.store.runs import RunOutcome
from tests.backup.a_backup import BackedUp
from tests.backup.doing_jobs import do, later, row, whose_clock_is_right

pytestmark = pytest.mark.peer("restic")


@pytest.fixture
def clinic(tmp_path: Path) -> BackedUp:
    return whose_clock_is_right(tmp_path)


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
    with clinic.database.write() as tx:  # and more of them than one repair looks through
        tx.change(
            "INSERT INTO backup_snapshots (target_key, repository, snapshot_id, kind, taken_at, audit_sequence, "
            "audit_chain, file_count, bytes) WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n "
            "WHERE n < 20) SELECT target_key, repository, printf('%08d', n), kind, taken_at + n, audit_sequence, "
            "audit_chain, 1, 1 FROM backup_snapshots, n WHERE snapshot_key = (SELECT max(snapshot_key) FROM "
            "backup_snapshots WHERE repository = 'files' AND kind = 'night')"
        )
    assert check_box(clinic.integrity).faults
    parts = ProofParts(clinic.integrity, clinic.backup, Keyring.for_process("jobs", clinic.root))
    run = Run(1, clinic.clock, clinic.database, lambda: False)
    assert repair_all(parts, run) == Repaired(1, 1)
    assert path.read_bytes() == sound
    later(clinic, timedelta(days=3))
    do(clinic, BACKUP)
    do(clinic, PRUNE)
    assert "arrivals" not in {one.tag for one in open_target(clinic.backup, row(clinic, target)).files.snapshots()}
