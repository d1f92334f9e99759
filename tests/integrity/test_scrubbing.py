"""The scrub reads all within its month, gives way to arrivals, and its findings stand until the file is whole."""

import fcntl
import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from appliance.identifiers import FileId
from appliance.integrity.idle import idle_priority, io_priority
from appliance.integrity.jobs import scrub_slice
from appliance.integrity.scrubbing import LEAST_REST, Scrubbed, Slice, scrub
from appliance.jobs.job import Run, Stopped
from tests.intake.a_clinic import Clinic, ct_slice

SLICES = 70  # more than one batch


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Clinic:
    made = Clinic(tmp_path_factory.mktemp("scrubbed"))
    made.take(*(ct_slice(number) for number in range(1, SLICES + 1)))
    return made


@pytest.fixture(autouse=True)
def _nothing_read(clinic: Clinic) -> Iterator[None]:
    yield
    clinic.clock.ahead = timedelta()
    with clinic.database.write() as tx:
        tx.change("DELETE FROM scrubbed_files")
        tx.change("DELETE FROM integrity_faults")


def slices(stopping: Callable[[], bool] = lambda: False, wait: Callable[[float], object] = lambda _: None) -> Slice:
    return Slice(stopping, lambda _files, _bytes: None, wait)


def scrubbed(clinic: Clinic, going: Slice | None = None) -> Scrubbed:
    return scrub(clinic.integrity, going or slices())


def a_file(clinic: Clinic, number: int) -> tuple[Path, bytes]:
    identifier = clinic.rows("SELECT file_id FROM versions ORDER BY version_key")[number][0]
    assert isinstance(identifier, bytes)
    path = clinic.parts.vault.path_of(FileId(identifier))
    return path, identifier


def test_a_small_archive_is_read_whole_and_then_rests(clinic: Clinic) -> None:
    first = scrubbed(clinic)
    assert (first.files, first.faults, first.gave_way) == (SLICES, 0, False)
    assert first.bytes_read == clinic.rows("SELECT sum(plaintext_bytes) FROM files")[0][0]
    assert scrubbed(clinic).files == 0
    clinic.clock.ahead = LEAST_REST + timedelta(minutes=1)
    assert scrubbed(clinic).files == SLICES


def test_what_was_read_before_the_plug_was_pulled_is_not_read_again(clinic: Clinic) -> None:
    seen: list[int] = []
    going = Slice(lambda: len(seen) >= 10, lambda files, _bytes: seen.append(files), lambda _: None)
    assert scrubbed(clinic, going).files == 10
    assert scrubbed(clinic).files == SLICES - 10


def test_a_clock_that_was_set_back_keeps_no_file_from_its_turn(clinic: Clinic) -> None:
    clinic.clock.ahead = timedelta(days=400)
    scrubbed(clinic)
    clinic.clock.ahead = timedelta()
    assert scrubbed(clinic).files == 0
    clinic.clock.ahead = LEAST_REST + timedelta(minutes=1)
    assert scrubbed(clinic).files == SLICES


def test_a_finding_stands_once_with_its_name_until_the_file_is_whole(clinic: Clinic) -> None:
    path, identifier = a_file(clinic, 3)
    sound = path.read_bytes()
    path.write_bytes(sound[:-1])
    assert scrubbed(clinic).faults == 1
    clinic.clock.ahead = 2 * LEAST_REST
    assert scrubbed(clinic).faults == 1
    told = "SELECT place, fault, file_id, found_by, repaired_at IS NULL FROM integrity_faults"
    assert clinic.rows(told) == [("vault", "shortened", identifier, "scrub", 1)]
    assert clinic.rows("SELECT file_id FROM damaged_files") == [(identifier,)]
    path.write_bytes(sound)
    clinic.clock.ahead = 4 * LEAST_REST
    assert scrubbed(clinic).faults == 0
    assert clinic.rows(told) == [("vault", "shortened", identifier, "scrub", 0)]
    assert clinic.rows("SELECT file_id FROM damaged_files") == []


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (lambda content: content[:200] + bytes([content[200] ^ 1]) + content[201:], "altered"),
        (lambda content: content[:9] + bytes([content[9] ^ 1]) + content[10:], "altered"),
        (lambda content: bytes(64) + content[64:], "altered"),
        (lambda content: content[:30], "shortened"),
        (lambda _: b"", "shortened"),
        (lambda content: content + b"more", "lengthened"),
    ],
)
def test_what_became_of_a_file_is_named(clinic: Clinic, change: Callable[[bytes], bytes], name: str) -> None:
    path, identifier = a_file(clinic, 5)
    sound = path.read_bytes()
    path.write_bytes(change(sound))
    scrubbed(clinic)
    path.write_bytes(sound)
    assert clinic.rows("SELECT fault, file_id FROM integrity_faults") == [(name, identifier)]


def test_two_files_that_changed_places_are_both_named(clinic: Clinic) -> None:
    (one, first), (other, second) = a_file(clinic, 1), a_file(clinic, 2)
    aside = one.with_name("aside")
    for _ in range(2):
        one.rename(aside)
        other.rename(one)
        aside.rename(other)
        scrubbed(clinic)
        clinic.clock.ahead += 2 * LEAST_REST
    found = clinic.rows("SELECT fault, file_id, repaired_at IS NULL FROM integrity_faults ORDER BY file_id")
    assert found == sorted([("exchanged", first, 0), ("exchanged", second, 0)], key=lambda row: row[1])


def test_a_file_that_is_gone_is_missing(clinic: Clinic) -> None:
    path, identifier = a_file(clinic, 6)
    aside = path.rename(clinic.folder / "aside")
    scrubbed(clinic)
    aside.rename(path)
    assert clinic.rows("SELECT fault, file_id FROM integrity_faults") == [("missing", identifier)]


def test_while_scans_arrive_it_waits_and_then_leaves_the_rest_to_the_next_run(clinic: Clinic) -> None:
    arriving = clinic.folder / "inbox" / ("0" * 32)
    arriving.mkdir()
    waits: list[float] = []
    try:
        given_up = scrubbed(clinic, slices(wait=waits.append))
        assert (given_up.files, given_up.gave_way, sum(waits)) == (0, True, 600.0)
        assert scrubbed(clinic, slices(wait=lambda _: arriving.rmdir())).files == SLICES
    finally:
        if arriving.exists():
            arriving.rmdir()


def test_what_was_cut_off_and_lies_in_the_inbox_keeps_nobody_waiting(clinic: Clinic) -> None:
    cut = clinic.folder / "inbox" / ("1" * 32)
    cut.mkdir()
    long_ago = clinic.clock.now().timestamp() - 3600
    os.utime(cut, (long_ago, long_ago))
    try:
        assert scrubbed(clinic).files == SLICES
        held = os.open(cut, os.O_RDONLY)
        fcntl.flock(held, fcntl.LOCK_SH)
        clinic.clock.ahead = 2 * LEAST_REST
        assert scrubbed(clinic).gave_way, "a slow scanner is still at it"
        os.close(held)
    finally:
        cut.rmdir()


def test_its_disk_time_is_idle_time_and_is_given_back() -> None:
    before = io_priority()
    if os.fork() == 0:  # niceness stays with whoever took it
        with idle_priority():
            inside = io_priority()
        os._exit(0 if inside == 3 << 13 and io_priority() == before else 1)
    assert os.waitstatus_to_exitcode(os.wait()[1]) == 0


def test_the_job_fails_by_what_it_found_and_tells_how_much_it_read(clinic: Clinic) -> None:
    path, _ = a_file(clinic, 7)
    sound = path.read_bytes()
    path.write_bytes(sound[:-1])
    run = Run(1, clinic.clock, clinic.database, lambda: False)
    scrub_slice(clinic.integrity, run)
    path.write_bytes(sound)
    assert (run.fault, run.failed_count) == ("damage found", 1)
    ending = Run(2, clinic.clock, clinic.database, lambda: True)
    with pytest.raises(Stopped):
        scrub_slice(clinic.integrity, ending)
