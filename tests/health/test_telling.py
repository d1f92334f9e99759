"""Keys that change by themselves: nobody is told while they do, and everybody when they do not."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from appliance.health.telling import OLD_AFTER, note_keys
from appliance.intake.rotation import ROTATE_AFTER
from appliance.notifications.codes import NoticeCode, Severity
from appliance.notifications.notices import find_open
from tests.store.a_box import ABox

DAY = timedelta(days=1)


@pytest.fixture
def box(tmp_path: Path) -> ABox:
    return ABox(tmp_path).create()


def told(box: ABox, now: datetime) -> tuple[Severity, int | None] | None:
    with box.database.write() as tx:
        note_keys(tx, box.keys, now)
        found = find_open(tx, NoticeCode.KEYS_OLD)
    return None if found is None else (found.severity, found.number)


def test_keys_that_nobody_changes_are_told_after_a_day_in_which_intake_could(box: ABox) -> None:
    assert OLD_AFTER > ROTATE_AFTER
    made = box.clock.now()
    late = made + OLD_AFTER + timedelta(minutes=1)
    assert told(box, made + OLD_AFTER - timedelta(minutes=1)) is None
    assert told(box, late) == (Severity.ADVICE, 35)  # the box was locked for a month: intake changes them now
    assert told(box, late + DAY / 2) == (Severity.ADVICE, 35)
    assert told(box, late + DAY) == (Severity.WARNING, 36)
    with box.database.write() as tx:
        box.keys.rotate_wrapping_key(tx)
    assert told(box, late + DAY) == (Severity.WARNING, 36)  # the inbox pair is as old as it was
    with box.database.write() as tx:
        box.keys.rotate_inbox_key(tx)
    assert told(box, made + DAY) is None


def test_a_box_that_has_no_keys_yet_has_none_that_are_old(tmp_path: Path) -> None:
    box = ABox(tmp_path)
    box.database.create_or_migrate()
    assert told(box, box.clock.now()) is None
