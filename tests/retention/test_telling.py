"""What the clinic is told of erasing: before, after, and when something does not come to its end."""

from datetime import timedelta
from pathlib import Path

import pytest

from appliance.accounts.roles import Role
from appliance.audit.events import OPERATOR
from appliance.clock import microseconds
from appliance.jobs.running import Runner
from appliance.keys.secret import SecretKey
from appliance.notifications.codes import NoticeCode, Severity
from appliance.notifications.notices import acknowledge
from appliance.notifications.queries import Notice, ended_untold, open_notices, set_told
from appliance.notifications.telling import due
from appliance.retention import holds
from appliance.retention.erasing import ErasingParts, erase
from appliance.retention.erasure_jobs import ProvingParts, erasure_jobs
from appliance.retention.jobs import PURGE, retention_jobs
from appliance.retention.proposals import approve, cancel, propose
from appliance.retention.queries_decisions import HoldReason, Kind, Scope
from appliance.store.files import RealFiles
from tests.retention.a_keeper import AKeeper, actor_of

DAY = timedelta(days=1)


@pytest.fixture
def keeper(tmp_path: Path) -> AKeeper:
    keeper = AKeeper(tmp_path)
    keeper.choose("es", keeper.clinic.person(Role.ADMINISTRATOR, user_name="admin"))
    (tmp_path / "inbox").mkdir(exist_ok=True)
    with keeper.database.write() as tx:
        tx.change("INSERT INTO box VALUES (1, zeroblob(16), 'Praxis', 0)")
    return keeper


def told(keeper: AKeeper) -> dict[NoticeCode, int | None]:
    """Tell what is due now, as the job does; give what it was."""
    now = keeper.clock.now()
    with keeper.database.write() as tx:
        telling = due(open_notices(tx), ended_untold(tx), now)
        set_told(tx, [one.notice_key for one in (*telling.notices, *telling.over)], now)
    return {one.code: one.number for one in telling.notices}


def over(keeper: AKeeper) -> list[NoticeCode]:
    with keeper.database.read() as tx:
        return [one.code for one in due([], ended_untold(tx), keeper.clock.now()).over]


def shown(keeper: AKeeper, code: NoticeCode) -> Notice | None:
    with keeper.database.read() as tx:
        return next((one for one in open_notices(tx) if one.code is code), None)


def erasing(keeper: AKeeper) -> ErasingParts:
    folder = keeper.clinic.folder
    return ErasingParts(folder, keeper.database, keeper.clinic.accounts.audit, RealFiles(), keeper.clock)


def run(keeper: AKeeper, name: str) -> None:
    """Run a job as the process does, to its end."""
    parts = erasing(keeper)
    proving = ProvingParts(parts, SecretKey.new(), lambda: 1, lambda: 2, lambda: 2)
    jobs = {job.name: job for job in (*retention_jobs(keeper.room, parts), *erasure_jobs(proving))}
    runner = Runner(keeper.database, keeper.clock, lambda: False)
    one = runner.begin(jobs[name], None)
    runner.run(jobs[name], one)
    with keeper.database.read() as tx:
        assert tx.rows("SELECT outcome FROM runs WHERE run_key = :key", key=one.run_key) == [("done",)]


def test_each_new_proposal_is_told_at_once_and_its_end_is(keeper: AKeeper) -> None:
    ana, one, other = keeper.somebody("ana"), keeper.study(), keeper.study()
    propose(keeper.room, Scope.STUDY, [one], Kind.DUE, keeper.confirmed(ana))
    assert told(keeper) == {NoticeCode.ERASURE_PROPOSED: 1}
    assert told(keeper) == {}
    notice = shown(keeper, NoticeCode.ERASURE_PROPOSED)
    assert notice is not None
    assert notice.severity is Severity.WARNING
    with keeper.database.write() as tx:
        acknowledge(tx, notice.notice_key, keeper.clock.now(), ana.account_key)
    propose(keeper.room, Scope.STUDY, [other], Kind.DUE, keeper.confirmed(ana))
    assert told(keeper) == {NoticeCode.ERASURE_PROPOSED: 2}  # whoever knew of the first does not know of this
    cancel(keeper.room, 1, actor_of(ana))
    assert told(keeper) == {}
    left = shown(keeper, NoticeCode.ERASURE_PROPOSED)
    assert left is not None
    assert left.number == 1
    cancel(keeper.room, 2, actor_of(ana))
    keeper.clock.pass_time(days=1)
    assert over(keeper) == [NoticeCode.ERASURE_PROPOSED]


def test_a_proposal_that_is_refused_when_it_is_approved_is_open_no_more(keeper: AKeeper) -> None:
    ana, bea, study = keeper.somebody("ana"), keeper.somebody("bea"), keeper.study()
    proposed = propose(keeper.room, Scope.STUDY, [study], Kind.DUE, keeper.confirmed(ana))
    set_hold(keeper, study)
    assert approve(keeper.room, proposed, keeper.confirmed(bea)) != []
    assert shown(keeper, NoticeCode.ERASURE_PROPOSED) is None


def test_what_a_night_erased_is_told_each_time_and_never_as_over(keeper: AKeeper) -> None:
    ana, bea = keeper.somebody("ana"), keeper.somebody("bea")
    for count in (2, 1):
        studies = [keeper.study() for _each in range(count)]
        proposed = propose(keeper.room, Scope.STUDY, studies, Kind.DUE, keeper.confirmed(ana))
        approve(keeper.room, proposed, keeper.confirmed(bea))
        told(keeper)
        run(keeper, PURGE)
        assert told(keeper) == {NoticeCode.ERASURE_DONE: count}
        assert shown(keeper, NoticeCode.ERASURE_PROPOSED) is None
    run(keeper, PURGE)
    keeper.clock.pass_time(days=1)
    assert shown(keeper, NoticeCode.ERASURE_DONE) is None
    assert over(keeper) == [NoticeCode.ERASURE_PROPOSED]


def test_an_erasure_that_does_not_end_on_the_box_is_told_after_a_day(keeper: AKeeper) -> None:
    keeper.study()
    erase_first(keeper)
    association = keeper.clinic.folder / "inbox" / bytes(16).hex()
    association.mkdir()  # a device has not ended it, and some of what is erased came over it
    with keeper.database.write() as tx:
        tx.change("INSERT INTO ending_associations VALUES (zeroblob(16), 1)")
        tx.change("UPDATE erasures SET files_gone_at = NULL, gone_sequence = NULL")
    run(keeper, "prove erasures")
    assert told(keeper) == {}
    keeper.clock.pass_time(days=2)
    run(keeper, "prove erasures")
    assert told(keeper) == {NoticeCode.ERASURE_UNFINISHED: 1}
    association.rmdir()
    run(keeper, "prove erasures")
    assert shown(keeper, NoticeCode.ERASURE_UNFINISHED) is None


@pytest.mark.parametrize("seen_days", [0, 31])
def test_a_target_that_may_hold_a_key_after_thirty_days_is_told(keeper: AKeeper, seen_days: int) -> None:
    keeper.study()
    now = keeper.clock.now()
    with keeper.database.write() as tx:
        tx.change(
            "INSERT INTO backup_targets (target_key, target_id, name, kind, location, append_only, schedule, "
            "warn_after_seconds, alarm_after_seconds, created_at, seen_at) "
            "VALUES (1, zeroblob(16), 'disk', 'folder', '{}', 0, '{}', 1, 1, 0, :now)",
            now=microseconds(now),
        )  # fmt: skip
        tx.change(
            "INSERT INTO backup_snapshots (target_key, repository, snapshot_id, kind, taken_at, audit_sequence, "
            "audit_chain, file_count, bytes) VALUES (1, 'keys', 'old', 'night', :at, 0, x'', 1, 1)",
            at=microseconds(now - DAY),
        )
    erase_first(keeper)
    keeper.clock.pass_time(days=29)
    run(keeper, "prove erasures")
    assert told(keeper) == {}
    keeper.clock.pass_time(days=2)
    with keeper.database.write() as tx:
        tx.change("UPDATE backup_targets SET seen_at = :at", at=microseconds(now + seen_days * DAY))
    run(keeper, "prove erasures")
    assert told(keeper) == {NoticeCode.ERASURE_UNPROVED: 1}
    with keeper.database.write() as tx:
        tx.change("UPDATE backup_snapshots SET gone_at = :at", at=microseconds(keeper.clock.now()))
    run(keeper, "prove erasures")
    assert shown(keeper, NoticeCode.ERASURE_UNPROVED) is None


def erase_first(keeper: AKeeper) -> None:
    erase(erasing(keeper), "study", keeper.studies()[0], "request", OPERATOR)


def set_hold(keeper: AKeeper, study: int) -> None:
    holds.set_hold(keeper.room, Scope.STUDY, study, (HoldReason.COMPLAINT, "2026/5"), OPERATOR)
