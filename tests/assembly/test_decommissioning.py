"""The end of a whole box: certificate first, keys next, and a plug pulled at any step is made good by the same line."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from pathlib import Path
from threading import Thread

import pytest

from appliance.assembly import decommissioning, locker
from appliance.assembly.held import held_by_jobs, held_by_supervisor
from appliance.assembly.rooms import Rooms, open_rooms
from appliance.audit.events import OPERATOR
from appliance.clock import SystemClock
from appliance.errors import CatalogueMissing, NotFound, Refused, Unavailable
from appliance.export.entries import Shelf
from appliance.export.whole import ArchiveExporter
from appliance.jobs.clock_marks import believe_clock
from appliance.keys.hierarchy import Keyring
from appliance.retention.certificate import check_certificate
from appliance.retention.queries_decisions import Scope, find_open_proposal
from appliance.store.files import RealFiles
from tests.assembly.a_calendar import Calendar
from tests.assembly.a_full_box import FullBox, study_slice
from tests.retention.raw_bytes import everything_in
from tests.store.failing_files import FailingFiles

CLINIC = "Clínica Ñ"


@pytest.fixture
def box(tmp_path: Path) -> FullBox:
    box = FullBox(tmp_path / "data", SystemClock(), CLINIC)
    box.add_study(1)
    with box.rooms.database.write() as tx:
        believe_clock(tx, box.clock)
    return box


def rooms_of(box: FullBox) -> Rooms:
    return open_rooms(box.settings, Keyring.for_process("jobs", box.root), box.clock)


def propose(box: FullBox, *, approved: bool = True, at: int = 1) -> None:
    with box.rooms.database.write() as tx:
        tx.change(
            "INSERT INTO erasure_proposals (kind, scope, subject_key, file_count, proposed_at, proposed_by, "
            "approved_by, alone, not_before) VALUES ('decommissioning', 'box', 0, 0, :at, 1, :by, 0, 1)",
            by=2 if approved else None, at=at,
        )  # fmt: skip


def export(box: FullBox, folder: Path) -> None:
    """Export everything, as the clinic does before it gives the box up."""
    shelf = Shelf(box.rooms.database, box.rooms.rotating_keys, box.rooms.vault)
    ArchiveExporter(shelf, box.rooms.audit, box.clock, RealFiles()).export(folder)


def ready(rooms: Rooms, *, without_export: bool = False) -> None:
    with rooms.database.read() as tx:
        decommissioning.find_ready(tx, rooms, without_export=without_export)


def certified(box: FullBox) -> decommissioning.Certified:
    rooms = rooms_of(box)
    with rooms.database.read() as tx:
        proposal = find_open_proposal(tx, Scope.BOX, 0)
    assert proposal is not None
    return decommissioning.certify(rooms, proposal, OPERATOR, "en")


def test_a_box_ends_only_when_proposed_agreed_to_exported_and_under_no_hold(box: FullBox, tmp_path: Path) -> None:
    rooms = rooms_of(box)
    with pytest.raises(NotFound):
        ready(rooms)
    propose(box, approved=False)
    with pytest.raises(Refused, match="approval"):
        ready(rooms)
    with box.rooms.database.write() as tx:
        tx.change("UPDATE erasure_proposals SET approved_by = 2")
    with pytest.raises(Refused, match="export"):
        ready(rooms)
    ready(rooms, without_export=True)
    export(box, tmp_path / "out")
    ready(rooms)
    box.add_study(2)  # a scan came since
    with pytest.raises(Refused, match="export"):
        ready(rooms)
    with box.rooms.database.write() as tx:
        tx.change("INSERT INTO legal_holds VALUES (1, NULL, 1, 'litigation', 'AZ-1', 0, NULL, NULL, NULL)")
    with pytest.raises(Refused, match="cannot be done"):
        ready(rooms, without_export=True)


def test_a_scan_that_waits_in_the_inbox_of_a_locked_box_is_not_destroyed_unexported(
    box: FullBox, tmp_path: Path
) -> None:
    rooms = rooms_of(box)
    propose(box)
    export(box, tmp_path / "out")
    box.receive([study_slice(2, 1)])
    with pytest.raises(Refused, match="1 received files wait in the inbox"):
        ready(rooms)
    ready(rooms, without_export=True)
    box.take_in()
    with pytest.raises(Refused, match="since the last scan came"):
        ready(rooms)
    export(box, tmp_path / "again")
    ready(rooms)


@pytest.mark.parametrize("days", [-400, 400])
def test_a_clock_that_was_set_after_the_export_hides_no_scan_that_came_then(tmp_path: Path, days: int) -> None:
    clock = Calendar(SystemClock().now())
    box = FullBox(tmp_path / "data", clock, CLINIC)
    box.add_study(1)
    export(box, tmp_path / "out")
    clock.stepped = timedelta(days=days)
    propose(box)
    rooms = rooms_of(box)
    with box.rooms.database.write() as tx:
        believe_clock(tx, clock)
    ready(rooms)
    box.add_study(2)
    with pytest.raises(Refused, match="since the last scan came"):
        ready(rooms)
    export(box, tmp_path / "again")
    ready(rooms)


def test_what_was_catalogued_from_an_association_that_has_not_ended_counts_as_not_exported(
    box: FullBox, tmp_path: Path
) -> None:
    rooms = rooms_of(box)
    propose(box)
    export(box, tmp_path / "out")
    box.receive([study_slice(2, 1)], end=False)
    box.take_in()  # it is listed already, though nothing tells of its association yet
    with pytest.raises(Refused):
        ready(rooms)


def test_the_certificate_is_signed_once_and_everything_is_gone_after_it(box: FullBox) -> None:
    propose(box)
    first, again = certified(box), certified(box)
    assert first.erasure_key == again.erasure_key
    assert check_certificate(first.certificate).fingerprint == first.fingerprint
    assert box.rows("SELECT number FROM audit_events WHERE event = 'box decommissioned'") == [(3,)]
    sealed = box.folders.sealed_root.read_bytes()
    box.close()
    assert box.folders.top_names == {path.name for path in box.data.iterdir() if path.is_dir()} - {"run"}
    with decommissioning.stopped(box.folders):
        decommissioning.destroy(box.folders, RealFiles(), "ab" * 32, "cd" * 16)
    left = [path.name for path in box.data.rglob("*") if path.is_file()]
    assert sorted(left) == ["decommissioned.json", "settings.toml"]
    raw = everything_in(box.data)
    assert sealed not in raw
    assert b"Invented" not in raw
    assert json.loads((box.data / "decommissioned.json").read_bytes())["certificate_sha256"] == "ab" * 32
    with pytest.raises(CatalogueMissing):
        box.rows("SELECT 1 FROM studies")


def test_a_certificate_is_of_the_proposal_that_people_agreed_to_last(box: FullBox) -> None:
    propose(box)
    first = certified(box)
    with box.rooms.database.write() as tx:
        tx.change("UPDATE erasure_proposals SET cancelled_at = 1")
        at = tx.rows("SELECT erased_at FROM erasures")[0][0]
    propose(box, at=at + 1)
    assert certified(box).erasure_key != first.erasure_key


@contextmanager
def supervised(box: FullBox) -> Iterator[None]:
    with held_by_supervisor(box.folders):
        yield


@contextmanager
def doing_jobs(box: FullBox) -> Iterator[None]:
    with held_by_jobs(box.folders):
        yield


@contextmanager
def opened(box: FullBox) -> Iterator[None]:
    """Somebody has the catalogue open: the pages, intake, or a command."""
    with box.rooms.database.read():
        yield


@contextmanager
def locked(box: FullBox) -> Iterator[None]:
    """A locked box of units: its locker answers, and its receiver takes scans."""
    with locker.listen(box.folders.locker_socket) as listener:
        answering = Thread(target=locker.answer_next, args=(listener, _Locked()))
        answering.start()
        yield
        answering.join()


class _Locked:
    """Says that it is locked, and nothing else."""

    def status(self) -> locker.LockStatus:
        return locker.LockStatus(True, "passphrase", True, 0, 0, {})

    def lock(self) -> None:
        raise AssertionError

    def unlock(self, passphrase: str | None) -> None:
        raise AssertionError(passphrase)


@pytest.mark.parametrize("running", [supervised, doing_jobs, opened, locked])
def test_a_box_of_which_anything_runs_is_neither_certified_nor_destroyed(
    box: FullBox, running: Callable[[FullBox], AbstractContextManager[None]]
) -> None:
    box.close()
    box.folders.create()
    with running(box), pytest.raises((Unavailable, Refused)), decommissioning.stopped(box.folders):
        raise AssertionError("it runs")
    box.close()
    with decommissioning.stopped(box.folders):
        pass
    with box.rooms.database.read(), pytest.raises(Unavailable):
        decommissioning.destroy(box.folders, RealFiles(), "ab" * 32, "cd" * 16)
    assert box.folders.sealed_root.exists()


def test_a_disk_that_refuses_any_step_is_gone_on_with_and_the_root_goes_first(box: FullBox) -> None:
    propose(box)
    certified(box)
    box.close()
    number, sealed = 0, box.folders.sealed_root
    while True:
        number += 1
        failing = FailingFiles(3 * number)
        try:
            decommissioning.destroy(box.folders, failing, "ab" * 32, "cd" * 16)
            break
        except Unavailable:
            others = [
                path for name in ("vault", "catalogue") for path in (box.data / name).rglob("*") if path.is_file()
            ]
            assert not sealed.exists() or len(others) >= 4  # nothing goes before the root
            assert decommissioning.was_begun(box.folders) or sealed.exists()
            assert sealed.exists() or not box.folders.inbox_key.exists()  # or a receiver would take what nothing opens
    assert number > 2
    assert not any(path.is_file() for path in (box.data / "vault").rglob("*"))
    assert not sealed.exists()
