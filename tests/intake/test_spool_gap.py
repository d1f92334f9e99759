"""What is missing from a spool is told as an event with how many, once; a whole spool tells of no gap."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.inbox.spool import Spool, SpoolEvent
from appliance.intake.spool import LOCKER, RECEIVER
from tests.intake.a_clinic import Clinic

GAPS = "SELECT number FROM audit_events WHERE event = 'spool gap' ORDER BY sequence"


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[Clinic]:
    clinic = Clinic(tmp_path)
    yield clinic
    clinic.database.close()


def folder(clinic: Clinic, spool: str = LOCKER) -> Path:
    return clinic.folder / "spool" / spool


def tell(clinic: Clinic, count: int) -> None:
    spool = Spool(folder(clinic), clinic.clock)
    for _ in range(count):
        spool.record_each(SpoolEvent.BOX_LOCKED, {"by": "operator"})


def gaps(clinic: Clinic) -> list[object]:
    for _ in range(2):
        clinic.intake().step()
    return [row[0] for row in clinic.rows(GAPS)]


def test_a_whole_spool_has_no_gap_however_it_is_taken(clinic: Clinic) -> None:
    tell(clinic, 3)
    assert gaps(clinic) == []
    tell(clinic, 2)
    assert gaps(clinic) == []


@pytest.mark.parametrize(("gone", "told"), [((4,), [1]), ((5, 6), [2]), ((4, 6), [1, 1])])
def test_events_that_somebody_took_away_are_told_once(clinic: Clinic, gone: tuple[int, ...], told: list[int]) -> None:
    tell(clinic, 3)
    assert gaps(clinic) == []
    tell(clinic, 4)
    for number in gone:
        (folder(clinic) / f"{number:012}.json").unlink()
    assert gaps(clinic) == told
    assert gaps(clinic) == told


def test_what_a_full_spool_of_the_receiver_left_out_is_told(clinic: Clinic) -> None:
    spool = Spool(folder(clinic, RECEIVER), clinic.clock, maximum_events=2)
    for number in range(5):
        spool.record(SpoolEvent.ASSOCIATION_REFUSED, {"calling_ae_title": f"A{number}", "address": "192.0.2.9"})
    assert gaps(clinic) == []
    spool.record(SpoolEvent.ASSOCIATION_REFUSED, {"calling_ae_title": "B", "address": "192.0.2.9"})
    assert gaps(clinic) == [3]
