"""That a night's run left something of the box out is told until a night's run is whole, whatever arrives meanwhile."""

import errno
from datetime import timedelta
from pathlib import Path

import pytest

from appliance.audit.events import OPERATOR
from appliance.backup import queries
from appliance.backup.faults import BackupFailed, Fault
from appliance.backup.running import Kind, back_up
from appliance.backup.standing import Standing, fault_told, standing_of
from appliance.backup.target import Target
from appliance.backup.targets import add_target, remove_target
from appliance.backup.telling import tell_of_targets
from appliance.errors import OutOfSpace
from appliance.identifiers import FileId
from appliance.notifications.codes import NoticeCode
from appliance.notifications.queries import open_notices
from tests.backup.a_backup import BackedUp, new_disk
from tests.store.failing_files import FailingFiles

pytestmark = pytest.mark.peer("restic")


@pytest.fixture
def clinic(tmp_path: Path) -> BackedUp:
    clinic = BackedUp(tmp_path / "data")
    clinic.scan(count=2)
    return clinic


def now(clinic: BackedUp, target: Target) -> Target:
    with clinic.database.read() as tx:
        found = queries.find_target(tx, target.target_key)
    assert found is not None
    return found


def run(clinic: BackedUp, target: Target, kind: Kind) -> Fault | None:
    try:
        back_up(clinic.backup, now(clinic, target), kind)
    except BackupFailed as failed:
        return failed.fault
    return None


def told(clinic: BackedUp, target: Target) -> tuple[Standing, Fault | None, bool]:
    """Say how the target stands, what its page tells, and whether its notice that copies fail is open."""
    at = clinic.clock.now()
    with clinic.database.write() as tx:
        tell_of_targets(tx, at)
        fails = NoticeCode.BACKUP_FAILS in {one.code for one in open_notices(tx)}
    row = now(clinic, target)
    return standing_of(row, at), fault_told(row), fails


def doubted(clinic: BackedUp) -> bool:
    with clinic.database.read() as tx:
        return queries.is_vault_in_doubt(tx)


MISSED = (Standing.WARNING, Fault.INCOMPLETE, True)
GOOD = (Standing.GOOD, None, False)


def lose_a_file(clinic: BackedUp) -> tuple[FileId, bytes]:
    lost = next(clinic.parts.vault.stored_ids())
    content = clinic.parts.vault.path_of(lost).read_bytes()
    clinic.parts.vault.remove(lost)
    return lost, content


def missed(clinic: BackedUp) -> tuple[Target, FileId, bytes]:
    """Give a target with one whole night, and one after it that missed a file."""
    target = clinic.target()
    clinic.pass_by(timedelta(hours=1))  # a run of arrivals looks at the last minutes again
    assert run(clinic, target, Kind.NIGHT) is None
    lost, content = lose_a_file(clinic)
    clinic.pass_by(timedelta(hours=1))
    assert run(clinic, target, Kind.NIGHT) is Fault.INCOMPLETE
    return target, lost, content


def test_it_is_told_through_good_copies_of_arrivals_until_a_night_is_whole(clinic: BackedUp) -> None:
    target, lost, content = missed(clinic)
    assert told(clinic, target) == MISSED
    clinic.scan(first=7, count=1)
    assert run(clinic, target, Kind.ARRIVALS) is None
    assert now(clinic, target).fault is None
    assert told(clinic, target) == MISSED
    clinic.parts.vault.path_of(lost).write_bytes(content)
    assert told(clinic, target) == MISSED, "that the file is back is for a run to say"
    assert run(clinic, target, Kind.NIGHT) is None
    assert told(clinic, target) == GOOD


def test_a_disk_that_is_away_does_not_hide_it_but_another_fault_is_told_first(clinic: BackedUp) -> None:
    target, _, _ = missed(clinic)
    away = clinic.disk().with_name("drawer")
    clinic.disk().rename(away)
    assert run(clinic, target, Kind.ARRIVALS) is Fault.UNPLUGGED
    assert told(clinic, target) == MISSED
    with clinic.database.write() as tx:
        queries.note_fault(tx, target.target_key, Fault.FULL)
    assert told(clinic, target) == (Standing.WARNING, Fault.FULL, True)
    away.rename(away.with_name("disk"))
    assert run(clinic, target, Kind.ARRIVALS) is None
    assert told(clinic, target) == MISSED


@pytest.mark.parametrize("kind", list(Kind))
def test_that_the_box_s_own_disk_was_full_is_over_with_the_next_copy(clinic: BackedUp, kind: Kind) -> None:
    target = clinic.target()
    assert run(clinic, target, Kind.NIGHT) is None
    full = clinic.backup.__class__(**{**vars(clinic.backup), "files": FailingFiles(1, errno.ENOSPC)})
    with pytest.raises(OutOfSpace):
        back_up(full, now(clinic, target), kind)
    assert told(clinic, target) == MISSED
    assert not doubted(clinic), "nothing is known to be missing"
    assert run(clinic, target, Kind.ARRIVALS) is None
    assert told(clinic, target) == GOOD


def test_a_whole_night_anywhere_says_that_nothing_is_missing_any_more(clinic: BackedUp) -> None:
    other = clinic.target("other")
    target, lost, content = missed(clinic)
    assert doubted(clinic)
    clinic.pass_by(timedelta(hours=1))
    assert run(clinic, other, Kind.NIGHT) is Fault.INCOMPLETE
    assert doubted(clinic)
    clinic.parts.vault.path_of(lost).write_bytes(content)
    clinic.pass_by(timedelta(hours=1))
    assert run(clinic, other, Kind.NIGHT) is None
    assert not doubted(clinic), "whatever becomes of the first disk"
    assert told(clinic, target)[1] is Fault.INCOMPLETE, "that one holds no whole night since"


def test_it_is_over_with_a_target_that_was_removed_and_is_used_again(clinic: BackedUp) -> None:
    target, _, _ = missed(clinic)
    remove_target(clinic.backup, target.target_key, OPERATOR)
    assert add_target(clinic.backup, new_disk(clinic.disk()), OPERATOR).target_key == target.target_key
    assert now(clinic, target).night_missed_at is None
