"""The list of ends, and the end of one study."""

from datetime import date, timedelta, timezone
from pathlib import Path

import pytest

from appliance.accounts.roles import Role
from appliance.errors import NotFound
from appliance.retention import queries
from appliance.retention.barriers import Barrier
from appliance.retention.ends import BEGINNING, _write, due_page, end_of_study, refresh_ends
from appliance.retention.holds import set_hold
from appliance.retention.queries_decisions import HoldReason, Scope
from appliance.retention.rules import ended_by
from tests.retention.a_keeper import CHILD, AKeeper, actor_of


@pytest.fixture
def keeper(tmp_path: Path) -> AKeeper:
    return AKeeper(tmp_path)


def due(keeper: AKeeper) -> list[int]:
    with keeper.database.read() as tx:
        return [study.study_key for study in due_page(tx, keeper.room).studies]


def listed(keeper: AKeeper) -> dict[int, str]:
    with keeper.database.read() as tx:
        return {int(key): str(until) for key, until in tx.rows("SELECT study_key, kept_until FROM retention_ends")}


def test_the_list_holds_each_studys_last_day(keeper: AKeeper) -> None:
    keeper.choose("de", keeper.somebody("ana", Role.ADMINISTRATOR))
    adult, child = keeper.study(taken="20100301"), keeper.study(CHILD, taken="20200601")
    assert refresh_ends(keeper.room) == 2
    assert listed(keeper) == {adult: "2021-06-01", child: "2046-02-11"}  # arrived in 2020: kept a year from there
    assert refresh_ends(keeper.room) == 0
    with keeper.database.read() as tx:
        end = end_of_study(tx, keeper.room, child)
        assert queries.count_ends(tx) == 2
    assert end is not None
    assert end.kept_until == date(2046, 2, 11)


def test_without_rules_nothing_is_ever_due(keeper: AKeeper) -> None:
    study = keeper.study(taken="19990101")
    assert refresh_ends(keeper.room) == 0
    assert due(keeper) == []
    with keeper.database.read() as tx:
        assert end_of_study(tx, keeper.room, study) is None


def test_a_study_that_is_not_there_has_no_end(keeper: AKeeper) -> None:
    with keeper.database.read() as tx, pytest.raises(NotFound):
        end_of_study(tx, keeper.room, 99)


def test_the_list_follows_when_rules_end(keeper: AKeeper) -> None:
    keeper.choose("es", keeper.somebody("ana", Role.ADMINISTRATOR))
    study = keeper.study()
    refresh_ends(keeper.room)
    assert listed(keeper) == {study: "2025-06-01"}
    with keeper.database.write() as tx:
        tx.change("UPDATE retention_rules SET ended_at = 1")
    assert refresh_ends(keeper.room) == 1
    assert listed(keeper) == {}


def test_a_line_that_is_no_longer_due_is_never_shown_as_due(keeper: AKeeper) -> None:
    keeper.choose("es", keeper.somebody("ana", Role.ADMINISTRATOR))
    study = keeper.study()
    refresh_ends(keeper.room)
    assert due(keeper) == [study]
    keeper.one_more_study(study, "20260101")  # the patient came again: the list does not know it yet
    assert due(keeper) == []
    with keeper.database.write() as tx:
        tx.change("UPDATE retention_rules SET ended_at = 1")
    assert due(keeper) == []


def test_a_line_of_a_study_that_is_gone_is_not_shown(keeper: AKeeper) -> None:
    keeper.choose("es", keeper.somebody("ana", Role.ADMINISTRATOR))
    study = keeper.study()
    refresh_ends(keeper.room)
    with keeper.database.write() as tx:  # as no code of ours leaves it: the line goes with its study
        tx.change("UPDATE studies SET patient_key = patient_key WHERE study_key = :key", key=study)
        tx.change("PRAGMA defer_foreign_keys = ON")
        tx.change("UPDATE retention_ends SET study_key = 999")
        assert due_page(tx, keeper.room).studies == []
        tx.change("UPDATE retention_ends SET study_key = :key", key=study)


def test_what_is_due_is_paged_with_the_longest_over_first(keeper: AKeeper) -> None:
    keeper.choose("es", keeper.somebody("ana", Role.ADMINISTRATOR))
    keys = [keeper.study(taken=f"20{year:02}0601", arrived_on=date(2000 + year, 6, 1)) for year in (19, 12, 15, 12)]
    refresh_ends(keeper.room)
    found, after = [], BEGINNING
    with keeper.database.read() as tx:
        assert queries.count_ended(tx, ended_by(keeper.room.today())) == 4
        while True:
            page = due_page(tx, keeper.room, after, 1)
            found += [study.study_key for study in page.studies]
            if page.after is None:
                break
            after = page.after
    assert found == [keys[1], keys[3], keys[2], keys[0]]


def test_what_keeps_a_due_study_is_told_with_it(keeper: AKeeper) -> None:
    ana = keeper.somebody("ana", Role.ADMINISTRATOR)
    keeper.choose("es", ana)
    held, odd, free = keeper.study(), keeper.study(), keeper.study()
    set_hold(keeper.room, Scope.PATIENT, keeper.patient(held), (HoldReason.LITIGATION, "2026/17"), actor_of(ana))
    one, other = keeper.patient(free), keeper.patient(odd)
    with keeper.database.write() as tx:
        tx.change(
            "INSERT INTO identity_conflicts (kind, patient_key, other_patient_key, study_key, found_at) "
            "VALUES ('same id, other person', :one, :other, NULL, 0)",
            one=one, other=other,
        )  # fmt: skip
    refresh_ends(keeper.room)
    with keeper.database.read() as tx:
        barriers = {study.study_key: study.barriers for study in due_page(tx, keeper.room).studies}
    assert barriers == {held: (Barrier.HELD,), odd: (Barrier.IDENTITY,), free: (Barrier.IDENTITY,)}


def test_a_day_ends_at_the_clinics_midnight(tmp_path: Path) -> None:
    for hours, is_due in ((-3, False), (12, True)):
        folder = tmp_path / str(hours)
        folder.mkdir()
        keeper = AKeeper(folder, timezone(timedelta(hours=hours)))
        keeper.choose("es", keeper.somebody("ana", Role.ADMINISTRATOR))
        keeper.study(taken="20220101", arrived_on=date(2022, 1, 1))
        keeper.clock.at = keeper.clock.at.replace(year=2027, month=1, day=3, hour=14)
        refresh_ends(keeper.room)
        assert bool(due(keeper)) is is_due


def test_looking_through_all_patients_tells_how_far_it_is_and_leaves_off_when_told(keeper: AKeeper) -> None:
    keeper.choose("es", keeper.somebody("ana", Role.ADMINISTRATOR))
    keeper.study()
    told: list[int] = []
    refresh_ends(keeper.room, told.append)
    assert told == [1, 1]
    refresh_ends(keeper.room, told.append, lambda: True)
    assert told == [1, 1]


def test_a_study_that_goes_while_the_list_is_written_takes_its_line_along(keeper: AKeeper) -> None:
    keeper.choose("es", keeper.somebody("ana", Role.ADMINISTRATOR))
    study = keeper.study()
    with keeper.database.read() as tx:
        studies, _last = queries.studies_of_next_patients(tx, 0, 10)
        rules = [kept.rule for kept in queries.rules(tx)]
    with keeper.database.write() as tx:
        tx.change("DELETE FROM versions")
        tx.change("DELETE FROM instances")
        tx.change("DELETE FROM series")
        tx.change("DELETE FROM studies WHERE study_key = :key", key=study)
    assert _write(keeper.room, rules, studies) == 1
    assert listed(keeper) == {}
