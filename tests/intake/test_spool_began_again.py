"""Events whose numbers begin again are told of and taken, each once."""

import os
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from appliance.inbox.spool import Spool, SpoolEvent
from appliance.intake import queries
from appliance.intake.service import Intake
from appliance.intake.spool import LOCKER
from tests.intake.a_clinic import Clinic

TOLD = "SELECT event, number FROM audit_events WHERE event LIKE '%lock%' OR event LIKE 'spool%' ORDER BY sequence"
LOCKED, UNLOCKED = ("box locked", None), ("box unlocked", None)


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[Clinic]:
    clinic = Clinic(tmp_path)
    yield clinic
    clinic.database.close()


def folder(clinic: Clinic) -> Path:
    return clinic.folder / "spool" / LOCKER


def tell(clinic: Clinic, *events: SpoolEvent) -> None:
    """Write events as a process does that has just begun."""
    spool = Spool(folder(clinic), clinic.clock)
    for event in events:
        clinic.clock.ahead += timedelta(seconds=1)
        spool.record_each(event, {"by": "operator"})


def taken(clinic: Clinic, intake: Intake | None = None) -> list[tuple[object, ...]]:
    """Let an intake look twice, the same one or one that has just begun; give what the trail then holds."""
    for _ in range(2):
        (intake or clinic.intake()).step()
    return clinic.rows(TOLD)


def empty(clinic: Clinic) -> None:
    shutil.rmtree(folder(clinic))


@pytest.mark.parametrize("is_running", [True, False])
def test_events_of_an_emptied_spool_are_taken_and_the_emptying_is_told_once(clinic: Clinic, is_running: bool) -> None:
    intake = clinic.intake() if is_running else None
    tell(clinic, *[SpoolEvent.BOX_LOCKED] * 3)
    assert taken(clinic, intake) == [LOCKED] * 3
    empty(clinic)
    tell(clinic, SpoolEvent.BOX_UNLOCKED)
    assert taken(clinic, intake) == [LOCKED] * 3 + [("spool began again", 3), UNLOCKED]
    tell(clinic, SpoolEvent.BOX_LOCKED)
    assert taken(clinic, intake)[-2:] == [UNLOCKED, LOCKED]


@pytest.mark.parametrize("count", [3, 5])
def test_a_spool_that_passed_its_old_numbers_while_nobody_looked_is_taken_whole(clinic: Clinic, count: int) -> None:
    tell(clinic, *[SpoolEvent.BOX_LOCKED] * 3)
    taken(clinic)
    empty(clinic)
    tell(clinic, *[SpoolEvent.BOX_UNLOCKED] * count)
    assert taken(clinic) == [LOCKED] * 3 + [("spool began again", 3)] + [UNLOCKED] * count


def test_a_spool_that_came_back_older_gives_no_event_twice(clinic: Clinic) -> None:
    tell(clinic, SpoolEvent.BOX_LOCKED, SpoolEvent.BOX_UNLOCKED)
    shutil.copytree(folder(clinic), clinic.folder / "copy")
    assert taken(clinic) == [LOCKED, UNLOCKED]
    tell(clinic, SpoolEvent.UNLOCK_FAILED)
    taken(clinic)
    empty(clinic)
    shutil.copytree(clinic.folder / "copy", folder(clinic))
    tell(clinic, SpoolEvent.BOX_LOCKED, SpoolEvent.BOX_UNLOCKED)
    first = [LOCKED, UNLOCKED, ("unlock failed", None)]
    assert taken(clinic) == [*first, ("spool began again", 3), LOCKED, UNLOCKED]


def test_a_file_that_is_no_event_and_cannot_be_removed_is_told_once(clinic: Clinic) -> None:
    tell(clinic, SpoolEvent.BOX_LOCKED)
    (folder(clinic) / "000000000002.json").mkdir()
    damaged = "SELECT number FROM audit_events WHERE event = 'file damaged'"
    assert taken(clinic) == [LOCKED]
    tell(clinic, SpoolEvent.BOX_UNLOCKED)
    assert taken(clinic) == [LOCKED, UNLOCKED]
    assert clinic.rows(damaged) == [(2,)]


def test_an_event_taken_before_its_digest_was_kept_is_not_taken_again(clinic: Clinic) -> None:
    tell(clinic, SpoolEvent.BOX_LOCKED)
    taken(clinic)
    with clinic.database.write() as tx:
        tx.change("DELETE FROM taken_events")
    assert taken(clinic) == [LOCKED]


def test_digests_are_kept_of_as_many_events_as_a_spool_holds(clinic: Clinic) -> None:
    clinic.intake().step()
    with clinic.database.write() as tx:
        for spool in ("receiver", LOCKER):
            queries.note_taken(tx, spool, [number.to_bytes(32, "big") for number in range(5)], 3)
        queries.note_taken(tx, LOCKER, [os.urandom(32)], 3)
    with clinic.database.read() as tx:
        assert queries.taken_events(tx, "receiver") == {number.to_bytes(32, "big") for number in (2, 3, 4)}
        assert len(queries.taken_events(tx, LOCKER)) == 3
