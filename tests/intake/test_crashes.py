"""Intake is cut at every file operation and at every commit; a restart loses nothing and does nothing twice."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path

import pytest

from appliance.errors import Unavailable
from appliance.inbox.association import Outcome
from appliance.intake.service import Intake
from appliance.store.database import Database
from appliance.store.files import RealFiles
from appliance.store.transactions import WriteTransaction
from tests.intake.a_clinic import Clinic, Sent, ct_slice, sent, store


class Crash(BaseException):
    """The power goes: no handler of ours sees it."""


class CrashingFiles(RealFiles):
    """Stops at the n-th change of the disk: before it with a refusal, or after it as a power cut does."""

    def __init__(self, at: int, *, after: bool) -> None:
        self.left = at
        self._after = after

    def _count(self) -> bool:
        self.left -= 1
        if self.left == 0 and not self._after:
            raise OSError(errno.EIO, "the disk refused")
        return self.left == 0

    def rename(self, source: Path, target: Path) -> None:
        crash = self._count()
        super().rename(source, target)
        self._stop(crash)

    def unlink(self, path: Path) -> None:
        crash = self._count()
        try:
            super().unlink(path)
        finally:  # also when there was nothing to unlink
            self._stop(crash)

    def fsync_folder(self, path: Path) -> None:
        crash = self._count()
        super().fsync_folder(path)
        self._stop(crash)

    def make_folder(self, path: Path, mode: int = 0o700) -> None:
        crash = self._count()
        super().make_folder(path, mode)
        self._stop(crash)

    def _stop(self, crash: bool) -> None:
        if crash:
            raise Crash


class CrashingDatabase(Database):
    """Stops at the n-th transaction that changes rows: before its commit, or right after."""

    left = 0
    after = False

    @contextmanager
    def write(self) -> Iterator[WriteTransaction]:
        self.left -= 1
        crash = self.left == 0
        with super().write() as tx:
            yield tx
            if crash and not self.after:
                raise Crash
        if crash:
            raise Crash


def objects() -> list[Sent]:
    """Three slices, one again, one changed, one that cannot be listed, and that again."""
    slices = [sent(ct_slice(number)) for number in (1, 2, 3)]
    changed = sent(ct_slice(2, SeriesDescription="again"))
    unlisted = sent(ct_slice(4, StudyInstanceUID=None))
    return [*slices, slices[0], changed, unlisted, unlisted]


def check(clinic: Clinic, came: list[Sent]) -> None:
    """Start intake afresh, and check the rules that always hold."""
    intake = clinic.intake()
    intake.step()
    intake.step()
    intake.close()
    rows = clinic.rows("SELECT sequence, outcome, file_id FROM arrivals ORDER BY sequence")
    assert [row[0] for row in rows] == list(range(1, len(came) + 1))
    assert [row[1] for row in rows] == ["new", "new", "new", "duplicate", "version", "quarantined", "duplicate"]
    versions = clinic.rows("SELECT file_id, dataset_offset FROM versions ORDER BY arrived_at")
    stored = [clinic.stored_dataset(bytes(key), int(offset)) for key, offset in versions]  # type: ignore[call-overload]  # rows are untyped
    assert stored == [one.dataset for one in (*came[:3], came[4])]
    in_vault = {file_id.value for file_id in clinic.parts.vault.stored_ids()}
    assert in_vault == {row[0] for row in clinic.rows("SELECT file_id FROM files WHERE place = 'vault'")}
    assert len(in_vault) == 5
    assert not list((clinic.folder / "inbox").iterdir())
    assert clinic.rows("SELECT instance_count FROM studies") == [(3,)]
    assert clinic.rows("SELECT count(*) FROM audit_events WHERE event = 'association ended'") == [(1,)]


def run_until_crash(intake: Intake) -> bool:
    """Run one start and step; say whether it was cut."""
    try:
        intake.start()
        intake.step()
        intake.step()
    except (Crash, Unavailable):
        return True
    finally:
        intake.close()
    return False


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("every", [pytest.param(1, marks=pytest.mark.slow), 7])
def test_a_crash_at_any_change_of_the_disk(tmp_path: Path, every: int, *, after: bool) -> None:
    came = objects()
    for at in range(1, 70, every):
        folder = tmp_path / str(at)
        folder.mkdir()
        clinic = Clinic(folder)
        clinic.receive(came)
        files = CrashingFiles(at, after=after)
        crashed = run_until_crash(Intake(clinic.parts_with(files)))
        check(clinic, came)
        if not crashed:
            assert at > 10
            return
    pytest.fail("there are more changes than were tried")


@pytest.mark.parametrize("after", [False, True])
def test_a_crash_at_any_commit(tmp_path: Path, *, after: bool) -> None:
    came = objects()
    for at in range(1, 20):
        folder = tmp_path / str(at)
        folder.mkdir()
        clinic = Clinic(folder)
        clinic.receive(came)
        sound = clinic.database
        crashing = clinic.crashing(CrashingDatabase)
        crashing.left, crashing.after = at, after
        crashed = run_until_crash(Intake(clinic.parts))
        clinic.use(sound)
        check(clinic, came)
        if not crashed:
            assert at > 2  # the rows; then what moved, the end and 'settled'
            return
    pytest.fail("there are more commits than were tried")


def test_a_step_that_is_done_again_changes_nothing(tmp_path: Path) -> None:
    clinic = Clinic(tmp_path)
    clinic.receive(objects())
    check(clinic, objects())
    before = clinic.rows("SELECT count(*), max(sequence) FROM audit_events")
    intake = clinic.intake()
    assert intake.step() == 0
    intake.close()
    assert clinic.rows("SELECT count(*), max(sequence) FROM audit_events") == before


def test_what_came_while_intake_was_off_is_catalogued_in_order(tmp_path: Path) -> None:
    clinic = Clinic(tmp_path)
    for number in range(12):
        clinic.receive([sent(ct_slice(3 * number + part)) for part in (3, 1, 2)])
    intake = clinic.intake()
    assert intake.step() == 36
    intake.close()
    numbers = clinic.rows(
        "SELECT i.instance_number FROM arrivals a JOIN instances i USING (instance_key) "
        "JOIN associations o USING (association_id) ORDER BY i.instance_key"
    )
    assert [row[0] for row in numbers] == [3 * number + part for number in range(12) for part in (3, 1, 2)]
    assert clinic.rows("SELECT completeness, instance_count FROM series") == [("no gaps", 36)]


def test_a_file_that_is_still_coming_is_left_alone_and_listed_when_it_is_whole(tmp_path: Path) -> None:
    clinic = Clinic(tmp_path)
    association = clinic.receive([sent(ct_slice(1))], end=False)
    one = sent(ct_slice(2))
    coming = association.begin(one.sop_class_uid, one.sop_instance_uid, one.transfer_syntax_uid)
    coming.write(one.dataset)
    intake = clinic.intake()
    assert intake.step() == 1
    assert intake.step() == 0
    coming.commit()
    assert intake.step() == 1
    assert clinic.rows("SELECT instance_count FROM studies") == [(2,)]
    intake.close()


@pytest.mark.parametrize("objects", [0, 1])
def test_a_step_of_the_clock_costs_no_file_that_is_still_being_written(tmp_path: Path, objects: int) -> None:
    clinic = Clinic(tmp_path)
    association = clinic.association()
    for number in range(objects):
        store(association, sent(ct_slice(number + 2)))
    one = sent(ct_slice(1))
    coming = association.begin(one.sop_class_uid, one.sop_instance_uid, one.transfer_syntax_uid)
    coming.write(one.dataset)
    clinic.clock.ahead = timedelta(days=8)
    for path in (*association.folder.iterdir(), association.folder):
        with suppress(FileNotFoundError):  # a helper of the association makes and renames files beside it
            os.utime(path, (1e9, 1e9))
    intake = clinic.intake()
    for _ in range(3):
        intake.step()
    assert clinic.rows("SELECT count(*) FROM audit_events WHERE event = 'inbox swept'") == [(0,)]
    coming.commit()
    store(association, sent(ct_slice(9)))
    association.end(Outcome.RELEASED)
    for _ in range(2):
        intake.step()
    intake.close()
    assert clinic.rows("SELECT instance_count FROM studies") == [(objects + 2,)]
    assert not association.folder.exists(), "it ended, and was put away"
    assert clinic.rows("SELECT outcome FROM associations") == [("released",)]


def test_what_a_dead_receiver_left_cut_is_swept_after_seven_days(tmp_path: Path) -> None:
    clinic = Clinic(tmp_path)
    association = clinic.receive([sent(ct_slice(2))], end=False)
    association.begin("1.2.840.10008.5.1.4.1.1.2", "1.2.3.4", "1.2.840.10008.1.2.1").write(bytes(300_000))
    clinic.clock.ahead = timedelta(days=8)
    intake = clinic.intake()
    intake.step()
    assert association.folder.exists(), "its receiver lives"
    association.let_go()
    for _ in range(3):
        intake.step()
    intake.close()
    assert clinic.rows("SELECT number FROM audit_events WHERE event = 'inbox swept'") == [(1,)]
    assert not association.folder.exists()
