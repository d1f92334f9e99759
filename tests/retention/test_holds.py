"""Legal holds: set and lifted by people, kept by the catalogue itself."""

from pathlib import Path

import pytest
import sqlcipher3

from appliance.errors import NotFound, Unsuitable
from appliance.retention import queries_decisions as decisions
from appliance.retention.holds import lift_hold, set_hold
from appliance.retention.queries_decisions import HoldReason, Scope
from tests.retention.a_keeper import AKeeper, actor_of

WHY = (HoldReason.COMPLAINT, " 2026/4 ")


@pytest.fixture
def keeper(tmp_path: Path) -> AKeeper:
    return AKeeper(tmp_path)


def test_a_hold_is_kept_with_who_when_and_why_and_both_ends_are_events(keeper: AKeeper) -> None:
    ana = keeper.somebody("ana")
    study = keeper.study()
    hold_key = set_hold(keeper.room, Scope.STUDY, study, WHY, actor_of(ana))
    patient = keeper.patient(study)
    with keeper.database.read() as tx:
        (hold,) = decisions.holds_in_force(tx)
        assert decisions.holds_of_study(tx, study, patient) == [hold]
    assert (hold.hold_key, hold.study_key, hold.patient_key) == (hold_key, study, None)
    assert (hold.reason, hold.reference, hold.set_by) == (HoldReason.COMPLAINT, "2026/4", ana.account_key)
    lift_hold(keeper.room, hold_key, actor_of(ana))
    assert keeper.events()[-2:] == ["hold set", "hold lifted"]
    with keeper.database.read() as tx:
        assert decisions.holds_in_force(tx) == []
        lifted = decisions.find_hold(tx, hold_key)
    assert lifted is not None
    assert lifted.lifted_by == ana.account_key
    with pytest.raises(NotFound):
        lift_hold(keeper.room, hold_key, actor_of(ana))


def test_a_patients_hold_keeps_each_of_the_patients_studies(keeper: AKeeper) -> None:
    ana = keeper.somebody("ana")
    study, stranger = keeper.study(), keeper.study()
    other = keeper.one_more_study(study, "20240101")
    patient, stranger_patient = keeper.patient(study), keeper.patient(stranger)
    hold_key = set_hold(keeper.room, Scope.PATIENT, patient, WHY, actor_of(ana))
    with keeper.database.read() as tx:
        assert len(decisions.holds_of_study(tx, other, patient)) == 1
        assert decisions.holds_of_study(tx, stranger, stranger_patient) == []
    assert lift_hold(keeper.room, hold_key, actor_of(ana)).patient_key == patient


@pytest.mark.parametrize("by_patient", [False, True])
def test_the_catalogue_refuses_to_delete_what_is_under_a_hold(keeper: AKeeper, by_patient: bool) -> None:
    ana = keeper.somebody("ana")
    study, free = keeper.study(), keeper.study()
    subject = (Scope.PATIENT, keeper.patient(study)) if by_patient else (Scope.STUDY, study)
    set_hold(keeper.room, *subject, WHY, actor_of(ana))
    for held in (
        "DELETE FROM instances WHERE series_key IN (SELECT series_key FROM series WHERE study_key = :key)",
        "DELETE FROM studies WHERE study_key = :key",
    ):
        with keeper.database.write() as tx, pytest.raises(sqlcipher3.IntegrityError, match="legal hold"):
            tx.change(held, key=study)
    with keeper.database.write() as tx:
        tx.change("DELETE FROM versions")
        tx.change(
            "DELETE FROM instances WHERE series_key IN (SELECT series_key FROM series WHERE study_key = :key)", key=free
        )
        tx.change("DELETE FROM series WHERE study_key = :key", key=free)
        assert tx.change("DELETE FROM studies WHERE study_key = :key", key=free) == 1


@pytest.mark.parametrize("reference", ["", "   ", "x" * 61, "line\nbreak"])
def test_a_hold_needs_the_clinics_file_number(keeper: AKeeper, reference: str) -> None:
    study = keeper.study()
    with pytest.raises(Unsuitable):
        set_hold(keeper.room, Scope.STUDY, study, (HoldReason.OTHER, reference), actor_of(keeper.somebody("ana")))


def test_a_hold_is_set_on_a_study_or_patient_that_is_there(keeper: AKeeper) -> None:
    actor = actor_of(keeper.somebody("ana"))
    for scope in (Scope.STUDY, Scope.PATIENT):
        with pytest.raises(NotFound):
            set_hold(keeper.room, scope, 77, WHY, actor)
    with pytest.raises(Unsuitable):
        set_hold(keeper.room, Scope.SERIES, 1, WHY, actor)
