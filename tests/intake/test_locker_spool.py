"""What a locked box could not write into the trail stands there after the next unlock, with its own time."""

from datetime import timedelta
from pathlib import Path

from appliance.clock import microseconds
from appliance.inbox.spool import Spool, SpoolEvent
from appliance.intake.spool import LOCKER, RECEIVER
from tests.intake.a_clinic import Clinic

EVENTS = "SELECT event, outcome, actor_kind, at FROM audit_events WHERE event LIKE '%lock%' ORDER BY sequence"


def test_locking_unlocking_and_failures_are_taken_once_with_their_true_times(tmp_path: Path) -> None:
    clinic = Clinic(tmp_path)
    spool = Spool(tmp_path / "spool" / LOCKER, clinic.clock)
    told = []
    for event, by in (
        (SpoolEvent.BOX_LOCKED, "operator"), (SpoolEvent.UNLOCK_FAILED, "nobody"), (SpoolEvent.BOX_UNLOCKED, "nobody"),
    ):  # fmt: skip
        clinic.clock.ahead += timedelta(hours=1)
        before = microseconds(clinic.clock.now())
        spool.record_each(event, {"by": by})
        told.append((before, microseconds(clinic.clock.now())))
    clinic.clock.ahead += timedelta(days=1)
    for _ in range(2):
        clinic.intake().step()
    rows = clinic.rows(EVENTS)
    assert [row[:3] for row in rows] == [
        ("box locked", "success", "operator"), ("unlock failed", "failure", "nobody"),
        ("box unlocked", "success", "nobody"),
    ]  # fmt: skip
    assert all(first <= int(str(row[3])) <= last for row, (first, last) in zip(rows, told, strict=True))


def test_the_receiver_cannot_say_that_the_box_was_unlocked(tmp_path: Path) -> None:
    clinic = Clinic(tmp_path)
    Spool(tmp_path / "spool" / RECEIVER, clinic.clock).record_each(SpoolEvent.BOX_UNLOCKED, {"by": "operator"})
    Spool(tmp_path / "spool" / LOCKER, clinic.clock).record_each(SpoolEvent.ASSOCIATION_REFUSED, {"by": "operator"})
    clinic.intake().step()
    assert clinic.rows(EVENTS) == []
    assert clinic.rows("SELECT count(*) FROM audit_events WHERE event = 'file damaged'") == [(2,)]
