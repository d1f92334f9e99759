"""The nightly jobs as the box runs them, with real erasing."""

import errno
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from appliance.accounts.account import Account
from appliance.accounts.roles import Role
from appliance.audit.events import PROCESS, AuditLog, Event
from appliance.clock import Clock
from appliance.errors import OutOfSpace
from appliance.identifiers import FileId
from appliance.jobs.job import Job
from appliance.jobs.running import Runner
from appliance.keys.secret import SecretKey
from appliance.retention.erasing import ErasingParts
from appliance.retention.jobs import DUE_LIST, PURGE, erase_proposed, retention_jobs
from appliance.retention.proposals import approve, propose
from appliance.retention.queries_decisions import Kind, Scope
from appliance.store.files import FileLayer, RealFiles
from appliance.store.runs import RunOutcome
from appliance.store.transactions import WriteTransaction
from tests.retention.a_keeper import AKeeper
from tests.store.failing_files import FailingFiles


class Refusing(AuditLog):
    """A trail that cannot be written for one study, as on a disk that is full just then."""

    def __init__(self, key: SecretKey, clock: Clock, study_key: int) -> None:
        super().__init__(key, clock)
        self._study_key = study_key

    def record(self, tx: WriteTransaction, event: Event) -> int:
        if event.study_key == self._study_key:
            raise OutOfSpace("the disk is full")
        return super().record(tx, event)


@dataclass
class Night:
    """A Spanish clinic whose studies are due, and its jobs."""

    keeper: AKeeper
    jobs: dict[str, Job]
    erasing: ErasingParts
    people: tuple[Account, Account] | None = None

    def run(self, name: str) -> tuple[RunOutcome | None, int, str | None]:
        """Run a job as the process does; give how it ended, how much was done and what failed."""
        runner = Runner(self.keeper.database, self.keeper.clock, lambda: False)
        run = runner.begin(self.jobs[name], None)
        runner.run(self.jobs[name], run)
        with self.keeper.database.read() as tx:
            rows = tx.rows("SELECT outcome, done_count, fault FROM runs WHERE run_key = :key", key=run.run_key)
        return RunOutcome(rows[0][0]), int(rows[0][1]), rows[0][2]

    def agree(self, scope: Scope, keys: list[int], kind: Kind) -> None:
        self.people = self.people or (self.keeper.somebody("ana"), self.keeper.somebody("bea"))
        proposed = propose(self.keeper.room, scope, keys, kind, self.keeper.confirmed(self.people[0]))
        assert approve(self.keeper.room, proposed, self.keeper.confirmed(self.people[1])) == []

    def put_files(self) -> list[Path]:
        """Put a file into the vault for each row of one; give where they lie."""
        with self.keeper.database.read() as tx:
            ids = [FileId(row[0]) for row in tx.rows("SELECT file_id FROM files")]
        paths = [self.erasing.vault.path_of(file_id) for file_id in ids]
        for path in paths:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"sealed")
        return paths

    def with_files(self, files: FileLayer) -> None:
        """Let the jobs work on other files."""
        jobs = retention_jobs(self.keeper.room, replace(self.erasing, files=files))
        self.jobs = {job.name: job for job in jobs}


@pytest.fixture
def night(tmp_path: Path) -> Night:
    keeper = AKeeper(tmp_path)
    keeper.choose("es", keeper.clinic.person(Role.ADMINISTRATOR, user_name="admin"))
    audit = keeper.clinic.accounts.audit
    erasing = ErasingParts(tmp_path, keeper.database, audit, RealFiles(), keeper.clock)
    return Night(keeper, {job.name: job for job in retention_jobs(keeper.room, erasing)}, erasing)


def test_a_night_lists_and_purges(night: Night) -> None:
    studies = [night.keeper.study() for _each in range(3)]
    assert night.run(DUE_LIST) == (RunOutcome.DONE, 3, None)
    night.agree(Scope.STUDY, studies[:2], Kind.DUE)
    assert night.run(PURGE) == (RunOutcome.DONE, 2, None)
    assert night.keeper.studies() == studies[2:]
    with night.keeper.database.read() as tx:
        erased = tx.rows("SELECT scope, kind, proposed_by IS NOT NULL, approved_by IS NOT NULL FROM erasures")
        left = tx.rows("SELECT count(*) FROM retention_ends")
    assert erased == [("study", "due", 1, 1)] * 2
    assert left == [(1,)]
    assert night.run(PURGE) == (RunOutcome.DONE, 0, None)


@pytest.mark.parametrize("scope", [Scope.PATIENT, Scope.SERIES, Scope.INSTANCE])
def test_a_wish_is_done_in_its_scope(night: Night, scope: Scope) -> None:
    study = night.keeper.study()
    key = {Scope.PATIENT: night.keeper.patient(study), Scope.SERIES: 1, Scope.INSTANCE: 1}[scope]
    night.agree(scope, [key], Kind.REQUEST)
    assert night.run(PURGE)[0] is RunOutcome.DONE
    with night.keeper.database.read() as tx:
        assert tx.rows("SELECT scope, kind FROM erasures") == [(scope.value, "request")]
    assert night.keeper.studies() == ([study] if scope is Scope.INSTANCE else [])


def test_what_could_not_be_erased_fails_the_run_and_is_done_by_the_next(night: Night) -> None:
    one, other = night.keeper.study(), night.keeper.study()
    night.agree(Scope.STUDY, [one, other], Kind.DUE)
    refusing = replace(night.erasing, audit=Refusing(night.erasing.audit._key, night.keeper.clock, one))
    night.jobs = {job.name: job for job in retention_jobs(night.keeper.room, refusing)}
    assert night.run(PURGE) == (RunOutcome.FAILED, 1, "not erased")
    assert night.keeper.studies() == [one]
    night.jobs = {job.name: job for job in retention_jobs(night.keeper.room, night.erasing)}
    assert night.run(PURGE) == (RunOutcome.DONE, 1, None)
    assert night.keeper.studies() == []


def test_what_nobody_signed_in_proposed_is_done_by_the_process(night: Night) -> None:
    study = night.keeper.study()
    night.agree(Scope.STUDY, [study], Kind.DUE)
    with night.keeper.database.write() as tx:
        tx.change("UPDATE erasure_proposals SET proposed_by = NULL")
    proposal = night.keeper.proposal(1)
    with night.keeper.database.write() as tx:
        erase_proposed(tx, night.erasing, proposal)
    with night.keeper.database.read() as tx:
        kinds = tx.rows("SELECT actor_kind FROM audit_events WHERE event = 'erased'")
    assert kinds == [(PROCESS.kind.value,)]


def test_what_is_left_to_another_process_fails_no_night(night: Night) -> None:
    """On a box the keys that files came under lie where jobs see a read-only disk."""
    for error, ended, fault in ((errno.EROFS, RunOutcome.DONE, None), (errno.EIO, RunOutcome.FAILED, "unavailable")):
        study = night.keeper.study()
        night.put_files()
        night.agree(Scope.STUDY, [study], Kind.DUE)
        night.with_files(FailingFiles(("unlink", 1), error))
        assert night.run(PURGE) == (ended, 1, fault)
        with night.keeper.database.read() as tx:
            assert tx.rows("SELECT count(*) FROM erasures WHERE files_gone_at IS NULL") == [(1,)]
        night.with_files(RealFiles())
        assert night.run(PURGE)[0] is RunOutcome.DONE


def test_a_disk_that_fails_at_any_step_leaves_what_the_next_night_completes(night: Night) -> None:
    """Each step of removing files fails in turn, until a night goes through without meeting its fault."""
    for nth in range(1, 60):
        study = night.keeper.study()
        paths = night.put_files()
        assert len(paths) == 3
        night.agree(Scope.STUDY, [study], Kind.DUE)
        files = FailingFiles(nth)
        night.with_files(files)
        ended = night.run(PURGE)[0]
        night.with_files(RealFiles())
        assert night.run(PURGE)[0] is RunOutcome.DONE
        assert night.keeper.studies() == []
        assert [path for path in paths if path.exists()] == []
        with night.keeper.database.read() as tx:
            assert tx.rows("SELECT count(*) FROM erasures WHERE files_gone_at IS NULL") == [(0,)]
            assert tx.rows("SELECT count(*) FROM files") == [(0,)]
        if len(files.done) < nth:
            assert (ended, nth > 3) == (RunOutcome.DONE, True)
            return
    raise AssertionError("it never went through")
