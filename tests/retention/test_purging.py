"""The job that erases: only what may go, and what is cut off is done by the next run."""

from collections import Counter
from pathlib import Path

import pytest

from appliance.accounts.roles import Role
from appliance.errors import Unavailable
from appliance.retention.holds import set_hold
from appliance.retention.proposals import approve, propose
from appliance.retention.purging import Outcome, purge
from appliance.retention.queries_decisions import HoldReason, Kind, Proposal, Scope
from appliance.store.transactions import WriteTransaction
from tests.retention.a_keeper import AKeeper, actor_of, take_away


@pytest.fixture
def keeper(tmp_path: Path) -> AKeeper:
    keeper = AKeeper(tmp_path)
    keeper.choose("es", keeper.clinic.person(Role.ADMINISTRATOR, user_name="admin"))
    return keeper


def agreed(keeper: AKeeper, studies: list[int]) -> list[int]:
    ana, bea = keeper.somebody("ana"), keeper.somebody("bea")
    keys = propose(keeper.room, Scope.STUDY, studies, Kind.DUE, keeper.confirmed(ana))
    assert approve(keeper.room, keys, keeper.confirmed(bea)) == []
    return keys


def test_what_two_agreed_on_is_erased_and_nothing_else(keeper: AKeeper) -> None:
    one, other, third = keeper.study(), keeper.study(), keeper.study()
    keys = agreed(keeper, [one, other])
    assert purge(keeper.room, take_away) == Counter({Outcome.ERASED: 2})
    assert keeper.studies() == [third]
    assert all(keeper.proposal(key).done_at == keeper.clock.now() for key in keys)
    assert purge(keeper.room, take_away) == Counter()


def test_what_still_waits_is_left(keeper: AKeeper) -> None:
    study = keeper.study()
    propose(keeper.room, Scope.STUDY, [study], Kind.DUE, keeper.confirmed(keeper.somebody("ana")))
    assert purge(keeper.room, take_away) == Counter({Outcome.WAITING: 1})
    assert keeper.studies() == [study]


def test_a_hold_after_the_approval_wins(keeper: AKeeper) -> None:
    one, other = keeper.study(), keeper.study()
    keys = agreed(keeper, [one, other])
    why = (HoldReason.LITIGATION, "2026/1")
    set_hold(keeper.room, Scope.STUDY, one, why, actor_of(keeper.somebody("carla")))
    assert purge(keeper.room, take_away) == Counter({Outcome.REFUSED: 1, Outcome.ERASED: 1})
    assert keeper.studies() == [one]
    assert keeper.proposal(keys[0]).refused == "held"
    assert keeper.events()[-1] == "erasure refused"


def test_a_disk_that_refuses_leaves_it_for_the_next_run_and_stops_no_other(keeper: AKeeper) -> None:
    one, other = keeper.study(), keeper.study()
    keys = agreed(keeper, [one, other])

    def refusing(tx: WriteTransaction, proposal: Proposal) -> None:
        take_away(tx, proposal)
        if proposal.subject_key == one:
            raise Unavailable("the disk refused")

    assert purge(keeper.room, refusing) == Counter({Outcome.FAILED: 1, Outcome.ERASED: 1})
    assert keeper.studies() == [one]
    assert keeper.proposal(keys[0]).is_open
    assert purge(keeper.room, take_away) == Counter({Outcome.ERASED: 1})
    assert keeper.studies() == []


def test_a_run_that_is_told_to_stop_leaves_the_rest(keeper: AKeeper) -> None:
    studies = [keeper.study() for _each in range(3)]
    agreed(keeper, studies)
    told = iter([False, True])
    assert purge(keeper.room, take_away, lambda: next(told)) == Counter({Outcome.ERASED: 1})
    assert keeper.studies() == studies[1:]


def test_a_proposal_that_was_cancelled_meanwhile_is_not_done(keeper: AKeeper) -> None:
    one, other = keeper.study(), keeper.study()
    keys = agreed(keeper, [one, other])

    def cancelling(tx: WriteTransaction, proposal: Proposal) -> None:
        take_away(tx, proposal)
        tx.change("UPDATE erasure_proposals SET cancelled_at = 1 WHERE proposal_key = :key", key=keys[1])

    assert purge(keeper.room, cancelling) == Counter({Outcome.ERASED: 1, Outcome.WAITING: 1})
    assert keeper.studies() == [other]


def test_decommissioning_is_not_the_nights_work(keeper: AKeeper) -> None:
    ana, bea = keeper.somebody("ana"), keeper.somebody("bea")
    keys = propose(keeper.room, Scope.BOX, [1], Kind.DECOMMISSIONING, keeper.confirmed(ana))
    approve(keeper.room, keys, keeper.confirmed(bea))
    assert purge(keeper.room, take_away) == Counter()
    assert keeper.proposal(keys[0]).is_open
