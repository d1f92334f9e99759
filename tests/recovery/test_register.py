"""Kits and drills: what the register says of them, and what the trail does."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from appliance.audit.events import OPERATOR, AuditLog
from appliance.audit.queries import latest
from appliance.errors import NotFound, Unsuitable
from appliance.identifiers import BoxId
from appliance.keys.secret import SecretKey
from appliance.recovery import queries
from appliance.recovery.drills import FAILED, RESTORED, Drill, months_after, next_due_on, record_drill
from appliance.recovery.kits import checked_holders, current_kits, opening_kits, record_made, record_read_back
from appliance.store.box import BoxRow, name_box
from appliance.store.database import Database
from appliance.store.roots import Ending, end_root, note_root
from tests.assembly.a_calendar import Calendar

MADE, LATER = datetime(2026, 1, 31, 9, tzinfo=UTC), datetime(2026, 3, 1, 9, tzinfo=UTC)
AUDIT = AuditLog(SecretKey.new(), Calendar(LATER))


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(tmp_path / "catalogue.db", SecretKey.new(), Calendar(MADE))
    made.create_or_migrate()
    yield made
    made.close()


def told(database: Database) -> list[tuple[str, str]]:
    with database.read() as tx:
        return [(entry.event, entry.outcome) for entry in latest(tx, 5)]


def test_a_kit_takes_the_place_of_the_one_before_and_the_code_stays(database: Database) -> None:
    with database.write() as tx:
        record_read_back(tx, AUDIT, None, MADE, OPERATOR)
        record_made(tx, AUDIT, 7, ("Ana", "Safe", "Notary"), MADE, OPERATOR)
        record_made(tx, AUDIT, 8, (), LATER, OPERATOR)
    with database.read() as tx:
        assert [(kit.form, kit.identifier) for kit in current_kits(tx)] == [("shares", 8), ("code", None)]
        ended = queries.find_kit(tx, "shares", 7)
    assert ended is not None
    assert (ended.holders, ended.ended_at) == (("Ana", "Safe", "Notary"), LATER)
    assert told(database)[:2] == [("recovery kit made", "success")] * 2


def test_reading_a_kit_back_is_dated_also_of_one_that_nobody_entered(database: Database) -> None:
    with database.write() as tx:
        record_made(tx, AUDIT, 7, (), MADE, OPERATOR)
        assert record_read_back(tx, AUDIT, 7, LATER, OPERATOR).read_back_at == LATER
        assert record_read_back(tx, AUDIT, 9, LATER, OPERATOR).identifier == 9
    assert told(database)[0] == ("recovery kit read back", "success")


def test_a_kit_that_was_replaced_opens_the_box_until_its_root_secret_is_rotated(database: Database) -> None:
    with database.write() as tx:
        for number in (7, 8):
            record_made(tx, AUDIT, number, (), MADE, OPERATOR)
        assert [kit.identifier for kit in opening_kits(tx)] == [8, 7]
        end_root(tx, note_root(tx, bytes(32), MADE), Ending(LATER, "rotated", 1, bytes(32), bytes(32)))
        queries.add_kit(tx, "code", None, (), LATER)
        assert [kit.form for kit in opening_kits(tx)] == ["code"]


@pytest.mark.parametrize("holders", [["one"], ["a", "b", ""], ["a", "b", "c\nd"], ["a", "b", "c" * 81]])
def test_keepers_are_three_short_lines_or_none(holders: list[str]) -> None:
    with pytest.raises(Unsuitable):
        checked_holders(holders)
    assert checked_holders([]) == ()
    assert checked_holders([" Ana ", "Safe", "Notary"]) == ("Ana", "Safe", "Notary")


def test_the_next_drill_is_due_six_months_after_the_last_that_restored(database: Database) -> None:
    with database.write() as tx:
        assert next_due_on(tx) < MADE.date()
        name_box(tx, BoxRow(BoxId.new(), "Clinic", MADE))
        assert next_due_on(tx) == date(2026, 7, 28)
        record_drill(tx, AUDIT, Drill(date(2026, 2, 10), RESTORED, minutes=90), LATER, OPERATOR)
        record_drill(tx, AUDIT, Drill(date(2026, 2, 20), FAILED), LATER, OPERATOR)
        assert next_due_on(tx) == date(2026, 8, 10)
        assert [(one.done_on.day, one.outcome, one.minutes) for one in queries.all_drills(tx)] == [
            (20, "failed", None),
            (10, "restored", 90),
        ]
    assert told(database)[:2] == [("drill recorded", "failure"), ("drill recorded", "success")]


@pytest.mark.parametrize(
    ("drill", "fault"),
    [
        (Drill(date(2026, 3, 3), RESTORED), Unsuitable),
        (Drill(date(2026, 2, 1), "well"), Unsuitable),
        (Drill(date(2026, 2, 1), RESTORED, minutes=0), Unsuitable),
        (Drill(date(2026, 2, 1), RESTORED, target_key=5), NotFound),
    ],
)
def test_a_drill_that_cannot_have_been_is_refused(database: Database, drill: Drill, fault: type[Exception]) -> None:
    with database.write() as tx, pytest.raises(fault):
        record_drill(tx, AUDIT, drill, LATER, OPERATOR)


def test_months_are_counted_by_the_calendar() -> None:
    assert months_after(date(2026, 8, 31), 6) == date(2027, 2, 28)
    assert months_after(date(2026, 12, 1), 6) == date(2027, 6, 1)
    assert months_after(date(2026, 6, 15), 6) == date(2026, 12, 15)
