"""The disk refuses once or for good, or holds what nobody wrote: intake goes on, and nothing acknowledged is lost."""

import errno
import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO

import pytest

from appliance.errors import Unavailable
from appliance.identifiers import FileId
from appliance.inbox.association import ASSOCIATION_NAME, END_NAME
from appliance.inbox.spool import Spool, SpoolEvent
from appliance.intake.service import Intake
from appliance.store.files import RealFiles
from tests.intake.a_clinic import Clinic, Sent, ct_slice, sent
from tests.intake.test_crashes import check, objects
from tests.intake.test_inbox_faults import files_of, flip
from tests.store.failing_files import FailingFiles


class RefusingFiles(RealFiles):
    """Refuses to read or to move some files, for as long as it is told to."""

    def __init__(self) -> None:
        self.unreadable: set[str] = set()
        self.immovable: set[str] = set()

    def open_read(self, path: Path) -> BinaryIO:
        self._check(path.name in self.unreadable)
        return super().open_read(path)

    def rename(self, source: Path, target: Path) -> None:
        self._check(source.name in self.immovable)
        super().rename(source, target)

    def _check(self, refused: bool) -> None:
        if refused:
            raise OSError(errno.EIO, "bad sector")


def listed(clinic: Clinic) -> int:
    return len(clinic.rows("SELECT 1 FROM instances"))


def vault_files(clinic: Clinic) -> list[Path]:
    return [path for path in (clinic.folder / "vault").rglob("*") if path.is_file()]


def opened_datasets(clinic: Clinic) -> list[bytes]:
    rows = clinic.rows("SELECT file_id, dataset_offset FROM versions ORDER BY arrived_at")
    return [clinic.stored_dataset(bytes(key), int(offset)) for key, offset in rows]  # type: ignore[call-overload]  # rows are untyped


def step(intake: Intake, times: int = 1) -> int:
    """Step as `run` does; give how often the disk's refusal was told."""
    refused = 0
    for _ in range(times):
        try:
            intake.step()
        except Unavailable:
            refused += 1
    return refused


@pytest.mark.parametrize("every", [pytest.param(1, marks=pytest.mark.slow), 6])
def test_one_refusal_of_the_disk_anywhere_strands_nothing_in_the_same_process(tmp_path: Path, every: int) -> None:
    came = objects()
    for n in range(3, 150, every):
        clinic = Clinic(a_folder(tmp_path, n))
        clinic.receive(came)
        files = FailingFiles(n)
        intake = Intake(clinic.parts_with(files))
        started = False
        for _ in range(4):
            try:
                started = started or intake.start()
            except Unavailable:
                continue
            step(intake)
        intake.close()
        assert opened_datasets(clinic) == [one.dataset for one in (*came[:3], came[4])], files.done[n - 1]
        assert clinic.rows("SELECT DISTINCT place FROM files") == [("vault",)]
        assert not list((clinic.folder / "inbox").iterdir())
        assert not [path for path in (clinic.folder / "settled").rglob("*") if len(path.name) == 32 and path.is_file()]
        check(clinic, came)
        if len(files.done) < n:
            assert n > 30
            return
    pytest.fail("there are more operations than were tried")


def a_folder(parent: Path, n: int) -> Path:
    folder = parent / str(n)
    folder.mkdir()
    return folder


def test_a_file_that_was_put_away_with_its_folder_is_found_and_moved(tmp_path: Path) -> None:
    clinic, files = Clinic(tmp_path), RefusingFiles()
    association = clinic.receive([sent(ct_slice(1))])
    files.immovable = {path.name for path in files_of(association)}
    intake = Intake(clinic.parts_with(files))
    intake.start()
    assert step(intake) == 1
    intake.close()
    (tmp_path / "settled").mkdir(exist_ok=True)
    association.folder.rename(tmp_path / "settled" / association.folder.name)  # as a release before this one did
    assert opened_datasets(clinic) == [sent(ct_slice(1)).dataset]
    clinic.intake().close()
    assert [path.name for path in vault_files(clinic)] == [*files.immovable]
    assert opened_datasets(clinic) == [sent(ct_slice(1)).dataset]


def test_a_file_that_cannot_be_moved_or_is_gone_keeps_no_other_back(tmp_path: Path) -> None:
    clinic, files = Clinic(tmp_path), RefusingFiles()
    first = clinic.receive([sent(ct_slice(1)), sent(ct_slice(2)), sent(ct_slice(3))])
    names = [path.name for path in files_of(first)]
    files.immovable = {*names[:2]}
    intake = Intake(clinic.parts_with(files))
    intake.start()
    step(intake, 2)
    (first.folder / names[1]).unlink()
    clinic.receive([sent(ct_slice(4))])
    assert step(intake, 3) == 0
    assert listed(clinic) == 4
    assert sorted(path.name for path in first.folder.iterdir()) == sorted([ASSOCIATION_NAME, END_NAME, names[0]])
    intake.close()
    clinic.parts = clinic.parts_with(files)
    clinic.receive([sent(ct_slice(5))])
    intake = clinic.intake()
    step(intake, 2)
    assert listed(clinic) == 5
    files.immovable, clinic.clock.ahead = set(), timedelta(minutes=15)
    step(intake, 3)
    assert len(vault_files(clinic)) == 4
    intake.close()


def test_a_file_that_cannot_be_read_waits_alone_and_is_listed_when_it_can_be(tmp_path: Path) -> None:
    clinic, files = Clinic(tmp_path), RefusingFiles()
    first = clinic.receive([sent(ct_slice(1)), sent(ct_slice(2))])
    files.unreadable = {files_of(first)[0].name}
    later = clinic.receive([sent(ct_slice(3))])
    broken = clinic.receive([sent(ct_slice(4))])
    files.unreadable |= {files_of(broken)[0].name}
    intake = Intake(clinic.parts_with(files))
    intake.start()
    assert step(intake, 4) == 0
    assert listed(clinic) == 2
    assert [one.folder.exists() for one in (first, later, broken)] == [True, False, True]
    assert not clinic.rows("SELECT 1 FROM quarantine")
    files.unreadable = set()
    step(intake)
    assert listed(clinic) == 2  # left alone for a while
    clinic.clock.ahead = timedelta(seconds=30)
    step(intake, 2)
    assert listed(clinic) == 4
    assert not first.folder.exists()
    intake.close()


@pytest.mark.parametrize("name", [ASSOCIATION_NAME, END_NAME])
def test_a_record_that_the_disk_refuses_keeps_no_other_association_back(tmp_path: Path, name: str) -> None:
    clinic, files = Clinic(tmp_path), RefusingFiles()
    files.unreadable = {name}
    clinic.receive([sent(ct_slice(1))])
    intake = Intake(clinic.parts_with(files))
    intake.start()
    assert step(intake, 3) == 0
    files.unreadable, clinic.clock.ahead = set(), timedelta(seconds=30)
    step(intake, 2)
    assert listed(clinic) == 1
    intake.close()


def link(path: Path) -> None:
    path.symlink_to("/proc/self/environ")


@pytest.mark.parametrize("make", [os.mkfifo, Path.mkdir, link])
@pytest.mark.parametrize("name", [ASSOCIATION_NAME, END_NAME, str(FileId.new())], ids=["association", "end", "a file"])
def test_what_is_no_file_neither_hangs_nor_ends_intake(
    tmp_path: Path, make: Callable[[Path], object], name: str
) -> None:
    clinic = Clinic(tmp_path)
    first = clinic.receive([sent(ct_slice(1))])
    (first.folder / name).unlink(missing_ok=True)
    make(first.folder / name)
    clinic.receive([sent(ct_slice(2))])
    intake = clinic.intake()
    assert step(intake, 3) == 0
    assert listed(clinic) == (1 if name == ASSOCIATION_NAME else 2)
    assert len(clinic.rows("SELECT 1 FROM quarantine")) == (0 if name == END_NAME else 1)
    intake.close()


def test_an_associations_folder_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    clinic = Clinic(tmp_path)
    first = clinic.receive([sent(ct_slice(1))])
    first.folder.rename(tmp_path / "elsewhere")
    first.folder.symlink_to(tmp_path / "elsewhere")
    intake = clinic.intake()
    assert step(intake, 2) == 0
    assert listed(clinic) == 0
    assert len(clinic.rows("SELECT 1 FROM quarantine")) == 1
    intake.close()


@pytest.mark.parametrize("part", [0, 40])
def test_a_record_that_is_being_written_is_waited_for(tmp_path: Path, part: int) -> None:
    clinic = Clinic(tmp_path)
    record = clinic.receive([sent(ct_slice(1))]).folder / ASSOCIATION_NAME
    whole = record.read_bytes()
    record.write_bytes(whole[:part])
    intake = clinic.intake()
    step(intake, 2)
    record.write_bytes(whole)
    step(intake, 2)
    assert listed(clinic) == 1
    assert not clinic.rows("SELECT 1 FROM quarantine")
    assert not clinic.rows("SELECT 1 FROM audit_events WHERE event = 'file forged'")
    intake.close()


def test_a_cut_record_is_told_when_nothing_comes_any_more_and_looked_at_again_at_the_next_start(tmp_path: Path) -> None:
    clinic = Clinic(tmp_path)
    record = clinic.receive([sent(ct_slice(1))]).folder / ASSOCIATION_NAME
    whole = record.read_bytes()
    record.write_bytes(whole[:40])
    intake = clinic.intake()
    clinic.clock.ahead = timedelta(hours=1)
    step(intake, 3)
    assert clinic.rows("SELECT reason FROM quarantine") == [("damaged",)]
    intake.close()
    (clinic.parts.aside / record.parent.name / record.name).write_bytes(whole)
    intake = clinic.intake()
    step(intake, 2)
    assert listed(clinic) == 1
    intake.close()


@pytest.mark.parametrize("how", ["flipped", "cut", "gone", "unreadable"])
def test_a_scan_sent_again_takes_the_place_of_a_stored_file_that_rotted(tmp_path: Path, how: str) -> None:
    clinic, files = Clinic(tmp_path), RefusingFiles()
    clinic.parts = clinic.parts_with(files)
    clinic.take(ct_slice(1))
    (rotten,) = vault_files(clinic)
    spoil(rotten, how, files)
    clinic.take(ct_slice(1))
    assert opened_datasets(clinic) == [sent(ct_slice(1)).dataset]
    assert clinic.rows("SELECT file_id, reason FROM quarantine") == [(bytes.fromhex(rotten.name), "damaged")]
    assert clinic.rows("SELECT count(*) FROM audit_events WHERE event = 'file damaged'") == [(1,)]
    assert clinic.rows("SELECT version_count FROM instances") == [(1,)]
    assert rotten.exists() == (how != "gone")
    clinic.take(ct_slice(1))
    assert len(vault_files(clinic)) == (1 if how == "gone" else 2)


def spoil(path: Path, how: str, files: RefusingFiles) -> None:
    if how == "flipped":
        flip(path, 200)
    elif how == "cut":
        os.truncate(path, path.stat().st_size - 1)
    elif how == "gone":
        path.unlink()
    else:
        files.unreadable = {path.name}


def test_a_quarantined_scan_sent_again_takes_the_place_of_its_rotten_file(tmp_path: Path) -> None:
    clinic = Clinic(tmp_path)
    one = ct_slice(1, StudyInstanceUID=None)
    clinic.take(one)
    (rotten,) = vault_files(clinic)
    flip(rotten, 200)
    clinic.take(one)
    reasons = clinic.rows("SELECT reason FROM quarantine ORDER BY quarantine_key")
    assert reasons == [("no study instance uid",), ("damaged",)]
    (kept,) = clinic.rows("SELECT file_id FROM quarantine ORDER BY quarantine_key LIMIT 1")[0]
    assert kept != bytes.fromhex(rotten.name)
    assert len(vault_files(clinic)) == 2


def test_a_second_copy_that_a_crash_left_is_judged_before_it_goes(tmp_path: Path) -> None:
    clinic, files = Clinic(tmp_path), NothingIsRemoved()
    clinic.take(ct_slice(1))
    (rotten,) = vault_files(clinic)
    clinic.receive([sent(ct_slice(1))])
    intake = Intake(clinic.parts_with(files))
    intake.start()
    assert step(intake) == 1
    intake.close()
    flip(rotten, 200)
    intake = clinic.intake()
    step(intake, 2)
    intake.close()
    assert opened_datasets(clinic) == [sent(ct_slice(1)).dataset]
    assert not list((tmp_path / "inbox").iterdir())


class NothingIsRemoved(RealFiles):
    def unlink(self, path: Path) -> None:
        raise OSError(errno.EIO, f"bad sector under {path.name}")


def test_many_scans_sent_again_stay_one_copy(tmp_path: Path) -> None:
    clinic = Clinic(tmp_path)
    came: list[Sent] = [sent(ct_slice(number)) for number in range(1, 41)]
    for _ in range(2):
        clinic.receive(came)
    intake = clinic.intake()
    step(intake, 2)
    intake.close()
    assert len(vault_files(clinic)) == 40
    assert clinic.rows("SELECT outcome, count(*) FROM arrivals GROUP BY outcome ORDER BY outcome") == [
        ("duplicate", 40), ("new", 40),
    ]  # fmt: skip


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_spoiled_event_ends_no_cards_and_is_recorded_once(tmp_path: Path, number: int) -> None:
    clinic = Clinic(tmp_path)
    folder = tmp_path / "spool" / "receiver"
    spool = Spool(folder, clinic.clock)
    for name in "ABC":
        spool.record(SpoolEvent.ASSOCIATION_REFUSED, {"calling_ae_title": name, "called_ae_title": "E"})
    flip(folder / f"{number:012d}.json", 3)
    intake = clinic.intake()
    step(intake, 4)
    cards = [row[0] for row in clinic.rows("SELECT calling_ae_title FROM unknown_senders ORDER BY sender_key")]
    assert cards == [name for at, name in enumerate("ABC", 1) if at != number]
    assert clinic.rows("SELECT last_sequence FROM spools") == [(3,)]
    assert clinic.rows("SELECT number FROM audit_events WHERE event = 'file damaged'") == [(number,)]
    intake.close()
