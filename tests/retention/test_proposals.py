"""Two people, each with a code; or one, seven days and everybody's veto."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from appliance.accounts import totp
from appliance.accounts.account import Account
from appliance.accounts.errors import SignInRefused, TooManyAttempts
from appliance.accounts.roles import Role
from appliance.accounts.second_factor import confirm
from appliance.audit.events import OPERATOR
from appliance.deidentify import leaving
from appliance.errors import NotFound, NotPermitted, Unsuitable
from appliance.retention import queries_decisions as decisions
from appliance.retention.barriers import Barrier
from appliance.retention.holds import set_hold
from appliance.retention.proposals import ALONE, MOST_AT_ONCE, Barred, approve, cancel, propose, refuse_all
from appliance.retention.queries_decisions import HoldReason, Kind, Scope
from appliance.retention.standing import Wait, barrier_of, waits_for
from tests.retention.a_keeper import ADDRESS, SECRET, AKeeper, actor_of


@pytest.fixture
def keeper(tmp_path: Path) -> AKeeper:
    """Give a clinic in Spain: five years, no more."""
    keeper = AKeeper(tmp_path)
    keeper.choose("es", keeper.clinic.person(Role.ADMINISTRATOR, user_name="admin", totp_secret=None))
    return keeper


def wait(keeper: AKeeper, proposal_key: int) -> Wait:
    proposal = keeper.proposal(proposal_key)
    with keeper.database.read() as tx:
        return waits_for(tx, keeper.room, proposal)


def barrier(keeper: AKeeper, proposal_key: int) -> Barrier | None:
    proposal = keeper.proposal(proposal_key)
    with keeper.database.read() as tx:
        return barrier_of(tx, keeper.room, proposal)


def due(keeper: AKeeper, study: int, by: Account) -> int:
    return propose(keeper.room, Scope.STUDY, [study], Kind.DUE, keeper.confirmed(by))[0]


def hold(keeper: AKeeper, study: int, by: Account) -> int:
    return set_hold(keeper.room, Scope.STUDY, study, (HoldReason.AUTHORITY, "2026/9"), actor_of(by))


def test_one_proposes_another_approves_and_it_waits_for_the_night(keeper: AKeeper) -> None:
    ana, bea, study = keeper.somebody("ana"), keeper.somebody("bea"), keeper.study()
    key = due(keeper, study, ana)
    assert wait(keeper, key) is Wait.APPROVAL
    assert approve(keeper.room, [key], keeper.confirmed(bea)) == []
    assert wait(keeper, key) is Wait.NIGHT
    proposal = keeper.proposal(key)
    assert (proposal.proposed_by, proposal.approved_by, proposal.alone) == (ana.account_key, bea.account_key, False)
    assert keeper.events()[-2:] == ["erasure proposed", "erasure approved"]


def test_a_box_that_came_back_from_a_copy_ends_every_open_proposal(keeper: AKeeper) -> None:
    ana = keeper.somebody("ana")
    keys = [due(keeper, keeper.study(), ana) for _ in range(2)]
    with keeper.database.write() as tx:
        assert refuse_all(tx, keeper.room) == len(keys)
        assert refuse_all(tx, keeper.room) == 0
    assert {keeper.proposal(key).refused for key in keys} == {Barrier.RESTORED.value}
    assert keeper.events()[-2:] == ["erasure refused"] * 2


def test_nobody_approves_what_they_proposed(keeper: AKeeper) -> None:
    ana, _bea, study = keeper.somebody("ana"), keeper.somebody("bea"), keeper.study()
    key = due(keeper, study, ana)
    with pytest.raises(NotPermitted):
        approve(keeper.room, [key], keeper.confirmed(ana))
    assert wait(keeper, key) is Wait.APPROVAL


def test_a_code_works_once_for_one_decision(keeper: AKeeper) -> None:
    ana = keeper.somebody("ana")
    keeper.clock.pass_time(minutes=1)
    code = totp.current_code(SECRET, keeper.clock.now())
    confirm(keeper.clinic.accounts, ana, code, ADDRESS)
    with pytest.raises(SignInRefused):
        confirm(keeper.clinic.accounts, ana, code, ADDRESS)
    assert keeper.clinic.events()[-1] == ("login failed", "failure")


def test_guessing_codes_is_slowed_down(keeper: AKeeper) -> None:
    ana = keeper.somebody("ana")
    for _attempt in range(5):
        with pytest.raises(SignInRefused):
            confirm(keeper.clinic.accounts, ana, "000000", ADDRESS)
    with pytest.raises(TooManyAttempts):
        confirm(keeper.clinic.accounts, ana, "000000", ADDRESS)


def test_who_has_no_second_factor_or_is_closed_confirms_nothing(keeper: AKeeper) -> None:
    without = keeper.clinic.person(Role.DENTIST, user_name="new.dentist")
    closed = keeper.somebody("closed")
    leaving.close_account(keeper.clinic.accounts, closed.account_key, OPERATOR)
    for account in (without, closed):
        with pytest.raises(SignInRefused):
            confirm(keeper.clinic.accounts, account, totp.current_code(SECRET, keeper.clock.now()), ADDRESS)


@pytest.mark.parametrize("role", [Role.ASSISTANT, Role.RECEPTION, Role.AUDITOR, Role.LAB])
def test_other_roles_neither_propose_nor_approve(keeper: AKeeper, role: Role) -> None:
    ana, other, study = keeper.somebody("ana"), keeper.somebody("other", role), keeper.study()
    with pytest.raises(NotPermitted):
        due(keeper, study, other)
    key = due(keeper, study, ana)
    assert keeper.proposal(key).alone  # whoever may not approve is nobody's second
    with pytest.raises(NotPermitted):
        approve(keeper.room, [key], keeper.confirmed(other))


def test_alone_it_waits_seven_days(keeper: AKeeper) -> None:
    ana, study = keeper.somebody("ana"), keeper.study()
    key = due(keeper, study, ana)
    assert wait(keeper, key) is Wait.TIME
    keeper.clock.at = keeper.proposal(key).proposed_at + ALONE - timedelta(microseconds=1)
    assert wait(keeper, key) is Wait.TIME
    keeper.clock.at += timedelta(microseconds=1)
    assert wait(keeper, key) is Wait.NIGHT


def test_who_comes_to_the_clinic_within_the_seven_days_has_to_agree(keeper: AKeeper) -> None:
    ana, study = keeper.somebody("ana"), keeper.study()
    key = due(keeper, study, ana)
    bea = keeper.somebody("bea")
    keeper.clock.pass_time(days=8)
    assert wait(keeper, key) is Wait.APPROVAL
    approve(keeper.room, [key], keeper.confirmed(bea))
    assert wait(keeper, key) is Wait.NIGHT


def test_closing_the_others_after_a_proposal_makes_nobody_alone(keeper: AKeeper) -> None:
    ana, bea, study = keeper.somebody("ana"), keeper.somebody("bea"), keeper.study()
    key = due(keeper, study, ana)
    leaving.close_account(keeper.clinic.accounts, bea.account_key, OPERATOR)
    keeper.clock.pass_time(days=30)
    assert wait(keeper, key) is Wait.APPROVAL


def test_a_proposal_can_be_cancelled_and_made_again(keeper: AKeeper) -> None:
    ana, study = keeper.somebody("ana"), keeper.study()
    key = due(keeper, study, ana)
    with pytest.raises(Unsuitable):
        due(keeper, study, ana)
    cancel(keeper.room, key, actor_of(ana))
    assert keeper.events()[-1] == "erasure cancelled"
    assert not keeper.proposal(key).is_open
    with pytest.raises(NotFound):
        cancel(keeper.room, key, actor_of(ana))
    assert due(keeper, study, ana) != key


def test_what_is_not_open_is_not_approved(keeper: AKeeper) -> None:
    ana, bea, study = keeper.somebody("ana"), keeper.somebody("bea"), keeper.study()
    key = due(keeper, study, ana)
    approve(keeper.room, [key], keeper.confirmed(bea))
    with pytest.raises(NotFound):
        approve(keeper.room, [key], keeper.confirmed(bea))
    cancel(keeper.room, key, actor_of(ana))
    with pytest.raises(NotFound):
        approve(keeper.room, [key], keeper.confirmed(bea))
    with pytest.raises(NotFound):
        approve(keeper.room, [4711], keeper.confirmed(bea))
    with pytest.raises(NotFound):
        cancel(keeper.room, 4711, actor_of(ana))


def test_nothing_is_proposed_as_due_before_its_time(keeper: AKeeper) -> None:
    ana = keeper.somebody("ana")
    young = keeper.study(taken="20240101", arrived_on=date(2024, 1, 1))
    with pytest.raises(Barred) as barred:
        due(keeper, young, ana)
    assert barred.value.barrier is Barrier.NOT_DUE
    with keeper.database.write() as tx:
        tx.change("UPDATE retention_rules SET ended_at = 1")
    with pytest.raises(Barred) as barred:
        due(keeper, keeper.study(), ana)
    assert barred.value.barrier is Barrier.NO_RULE
    key = propose(keeper.room, Scope.STUDY, [young], Kind.REQUEST, keeper.confirmed(ana))[0]
    assert barrier(keeper, key) is None  # a patient's wish is not bound to the end of the time


def test_one_that_may_not_go_keeps_all_that_were_proposed_with_it(keeper: AKeeper) -> None:
    ana, free, held = keeper.somebody("ana"), keeper.study(), keeper.study()
    hold(keeper, held, ana)
    with pytest.raises(Barred) as barred:
        propose(keeper.room, Scope.STUDY, [free, held], Kind.DUE, keeper.confirmed(ana))
    assert barred.value.barrier is Barrier.HELD
    with keeper.database.read() as tx:
        assert decisions.open_proposals(tx) == []


@pytest.mark.parametrize("scope", [Scope.STUDY, Scope.PATIENT, Scope.SERIES, Scope.INSTANCE])
def test_a_hold_set_after_the_proposal_refuses_it_at_approval(keeper: AKeeper, scope: Scope) -> None:
    ana, bea, study = keeper.somebody("ana"), keeper.somebody("bea"), keeper.study()
    subject = {Scope.STUDY: study, Scope.PATIENT: keeper.patient(study), Scope.SERIES: 1, Scope.INSTANCE: 1}[scope]
    key = propose(keeper.room, scope, [subject], Kind.REQUEST, keeper.confirmed(ana))[0]
    hold(keeper, study, ana)
    (refused,) = approve(keeper.room, [key], keeper.confirmed(bea))
    assert (refused.proposal_key, refused.refused, refused.is_open) == (key, "held", False)
    assert keeper.events()[-1] == "erasure refused"
    with keeper.database.read() as tx:
        assert decisions.refused_proposals(tx, keeper.clock.now() - timedelta(days=1)) == [refused]


def test_images_that_came_or_went_since_refuse_it(keeper: AKeeper) -> None:
    ana, study = keeper.somebody("ana"), keeper.study()
    key = due(keeper, study, ana)
    with keeper.database.write() as tx:
        tx.change("DELETE FROM versions WHERE version_key = (SELECT max(version_key) FROM versions)")
    assert barrier(keeper, key) is Barrier.CHANGED


def test_a_study_that_is_gone_refuses_it(keeper: AKeeper) -> None:
    ana = keeper.somebody("ana")
    with pytest.raises(Barred) as barred:
        due(keeper, 999, ana)
    assert barred.value.barrier is Barrier.GONE


def test_an_open_question_of_identity_keeps_what_is_due_and_not_what_was_sent_in_error(keeper: AKeeper) -> None:
    ana, study = keeper.somebody("ana"), keeper.study()
    patient = keeper.patient(study)
    with keeper.database.write() as tx:
        tx.change(
            "INSERT INTO identity_conflicts (kind, patient_key, study_key, found_at) "
            "VALUES ('study of two patients', :patient, :study, 0)",
            patient=patient, study=study,
        )  # fmt: skip
    with pytest.raises(Barred) as barred:
        due(keeper, study, ana)
    assert barred.value.barrier is Barrier.IDENTITY
    assert propose(keeper.room, Scope.STUDY, [study], Kind.ERROR, keeper.confirmed(ana))


def test_a_patient_is_due_when_the_last_study_is(keeper: AKeeper) -> None:
    ana, study = keeper.somebody("ana"), keeper.study()
    patient = keeper.patient(study)
    assert propose(keeper.room, Scope.PATIENT, [patient], Kind.DUE, keeper.confirmed(ana))
    with keeper.database.write() as tx:
        tx.change("UPDATE erasure_proposals SET cancelled_at = 1")
    keeper.one_more_study(study, "20250101", date(2025, 1, 1))
    with pytest.raises(Barred):
        propose(keeper.room, Scope.PATIENT, [patient], Kind.DUE, keeper.confirmed(ana))


@pytest.mark.parametrize(
    ("scope", "keys", "kind"),
    [
        (Scope.STUDY, [], Kind.DUE),
        (Scope.STUDY, list(range(1, MOST_AT_ONCE + 2)), Kind.DUE),
        (Scope.SERIES, [1], Kind.DUE),
        (Scope.BOX, [1], Kind.REQUEST),
        (Scope.STUDY, [1], Kind.DECOMMISSIONING),
    ],
)
def test_what_cannot_be_proposed_is_refused(keeper: AKeeper, scope: Scope, keys: list[int], kind: Kind) -> None:
    ana = keeper.somebody("ana")
    keeper.study()
    with pytest.raises(Unsuitable):
        propose(keeper.room, scope, keys, kind, keeper.confirmed(ana))


def test_a_box_goes_only_when_nothing_on_it_is_under_a_hold(keeper: AKeeper) -> None:
    ana, study = keeper.somebody("ana"), keeper.study()
    hold_key = hold(keeper, study, ana)
    with pytest.raises(Barred):
        propose(keeper.room, Scope.BOX, [1], Kind.DECOMMISSIONING, keeper.confirmed(ana))
    with keeper.database.write() as tx:
        tx.change("UPDATE legal_holds SET lifted_at = 1 WHERE hold_key = :key", key=hold_key)
    key = propose(keeper.room, Scope.BOX, [1], Kind.DECOMMISSIONING, keeper.confirmed(ana))[0]
    assert wait(keeper, key) is Wait.TIME
    assert barrier(keeper, key) is None


def test_a_clock_in_doubt_puts_everything_off_and_the_first_month_what_is_due(keeper: AKeeper) -> None:
    ana, bea = keeper.somebody("ana"), keeper.somebody("bea")
    one, other = keeper.study(), keeper.study()
    key = due(keeper, one, ana)
    wish = propose(keeper.room, Scope.STUDY, [other], Kind.REQUEST, keeper.confirmed(ana))[0]
    approve(keeper.room, [key, wish], keeper.confirmed(bea))
    keeper.doubted = True
    assert (wait(keeper, key), wait(keeper, wish)) == (Wait.CLOCK, Wait.CLOCK)
    keeper.doubted = False
    with keeper.database.write() as tx:
        tx.change("UPDATE retention_policy SET dry_run_until = dry_run_until + 100000000000000")
    assert (wait(keeper, key), wait(keeper, wish)) == (Wait.DRY_RUN, Wait.NIGHT)
