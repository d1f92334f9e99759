"""When restore tests are due, and made up for, by what is known of each target's last."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest

from appliance.audit.events import OPERATOR
from appliance.backup import queries
from appliance.backup.marker import MARKER, Marker
from appliance.backup.target import Target
from appliance.backup.targets import register_target
from appliance.clock import microseconds
from appliance.integrity.jobs import DueTests, proof_jobs
from appliance.integrity.portions import Room
from appliance.integrity.proofs import ProofParts
from appliance.jobs.job import Job
from appliance.jobs.running import Runner
from appliance.jobs.schedule import Daily, MadeUp, Monthly
from appliance.keys.hierarchy import Keyring
from appliance.store.runs import RunOutcome
from tests.backup.a_backup import BackedUp, new_disk
from tests.backup.doing_jobs import do_of

DAY = timedelta(days=1)


class Proven(BackedUp):
    """A clinic with a disk that nobody copied to, and rows of tests that were."""

    def target_now(self) -> Target:
        with self.database.read() as tx:
            (target,) = queries.used_targets(tx)
        return target

    def note_test(self, at: datetime, verdict: str, fault: str | None = None, *, full: bool = False) -> None:
        """Note a test of the disk that began then."""
        with self.database.write() as tx:
            tx.change("INSERT INTO runs (job, started_at, done_count, failed_count) VALUES ('restore test', 1, 0, 0)")
            tx.change(
                "INSERT INTO restore_tests (run_key, target_key, snapshot_id, is_full, started_at, finished_at, "
                "verdict, audit_events, file_count, bytes, series_decoded, fault_count, fault) "
                "VALUES ((SELECT max(run_key) FROM runs), 1, '', :full, :at, :at, :verdict, 0, 0, 0, 0, 0, :fault)",
                full=int(full), at=microseconds(at), verdict=verdict, fault=fault,
            )  # fmt: skip


@pytest.fixture
def clinic(tmp_path: Path) -> Proven:
    one = Proven(tmp_path / "data")
    one.pass_by(timedelta(hours=(9 - one.clock.now().hour) % 24))
    register_target(one.backup, new_disk(one.disk()), OPERATOR)
    return one


def due_of(clinic: Proven, *, in_full: bool) -> DueTests:
    schedule = MadeUp(Monthly(2, time(5)) if in_full else Daily(time(4)), timedelta(hours=1))
    return DueTests(parts_of(clinic), UTC, schedule, in_full=in_full)


def parts_of(clinic: Proven) -> ProofParts:
    return ProofParts(clinic.integrity, clinic.backup, Keyring.for_process("jobs", clinic.root), Room(clinic.folder, 0))


def test_a_nights_test_is_due_until_one_could_be_made(clinic: Proven) -> None:
    nightly = due_of(clinic, in_full=False)
    assert not nightly.is_due(clinic.target_now()), "it was added after today's"
    clinic.pass_by(DAY)
    assert nightly.is_due(clinic.target_now())
    for away in ("unplugged", "unreachable", "busy", "stopped"):
        clinic.note_test(clinic.clock.now(), "could not run", away)
    assert nightly.is_due(clinic.target_now())
    clinic.note_test(clinic.clock.now() + 9 * DAY, "proved")
    assert nightly.is_due(clinic.target_now()), "by a clock that was wrong"
    clinic.note_test(clinic.clock.now(), "could not run", "incomplete")
    assert not nightly.is_due(clinic.target_now()), "nothing was copied there: tomorrow again"
    clinic.pass_by(DAY)
    assert nightly.is_due(clinic.target_now())
    clinic.note_test(clinic.clock.now(), "failed")
    assert not nightly.is_due(clinic.target_now())


def test_the_whole_test_of_a_month_is_due_until_a_whole_one_was_made(clinic: Proven) -> None:
    in_full = due_of(clinic, in_full=True)
    clinic.pass_by(32 * DAY)
    clinic.note_test(clinic.clock.now(), "proved")
    assert in_full.is_due(clinic.target_now())
    clinic.note_test(clinic.clock.now(), "proved", full=True)
    assert not in_full.is_due(clinic.target_now())


def test_a_test_that_was_missed_is_made_up_for_only_while_the_disk_is_there(clinic: Proven) -> None:
    jobs = {job.name: job for job in proof_jobs(parts_of(clinic), UTC)}
    clinic.pass_by(DAY)

    def planned() -> timedelta:
        assert do_of(clinic, [*jobs.values()], "repair") == (RunOutcome.DONE, None)
        return jobs["restore test"].schedule.next_after(clinic.clock.now(), UTC) - clinic.clock.now()

    assert planned() > timedelta(hours=12), "an empty mount point is no disk"
    target = clinic.target_now()
    (clinic.disk() / MARKER).write_bytes(Marker(target.target_id, clinic.box_id).encode())
    assert planned() <= timedelta(hours=1)
    clinic.note_test(clinic.clock.now(), "proved")
    assert planned() > timedelta(hours=12)


def test_a_person_who_asks_gets_the_test_of_every_target_and_the_night_only_what_is_due(clinic: Proven) -> None:
    register_target(clinic.backup, new_disk(clinic.disk("other"), "other"), OPERATOR)
    clinic.pass_by(DAY)
    clinic.note_test(clinic.clock.now(), "proved")
    nightly = due_of(clinic, in_full=False)
    asked = "SELECT count(*) FROM restore_tests WHERE fault = 'unplugged'"
    for is_asked, count in ((False, 1), (True, 3)):
        run = Runner(clinic.database, clinic.clock).begin(Job("restore test", nightly.schedule, nightly.run), None)
        nightly.run(replace(run, is_asked=is_asked))
        assert clinic.rows(asked) == [(count,)]
