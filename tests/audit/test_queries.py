"""The link of one event is read alone, to compare it with a head that was kept elsewhere."""

from pathlib import Path

from appliance.audit.events import OPERATOR, Event, EventCode
from appliance.audit.queries import head, link_at
from tests.intake.a_clinic import Clinic


def test_the_last_event_has_the_link_of_the_head_and_one_that_never_was_has_none(tmp_path: Path) -> None:
    clinic = Clinic(tmp_path)
    with clinic.database.write() as tx:
        sequence = clinic.audit.record(tx, Event(EventCode.BOX_CREATED, OPERATOR))
    with clinic.database.read() as tx:
        assert (head(tx).sequence, head(tx).chain) == (sequence, link_at(tx, sequence))
        assert link_at(tx, sequence + 1) is None
