"""A stranger may make cards of unknown senders, but not fill the catalogue with them."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from appliance.inbox.spool import Spool, SpoolEvent
from appliance.intake.spool import CARDS_IN_ALL, CARDS_OF_ADDRESS, RECEIVER
from tests.intake.a_clinic import Clinic


class Impatient(Spool):
    """A spool whose minutes are over at once."""

    def record(self, event: SpoolEvent, facts: Mapping[str, str]) -> None:
        self._minute = (0.0, 0)
        super().record(event, facts)


def knock(spool: Spool, title: str, address: str) -> None:
    names = ("called_ae_title", "implementation_class_uid", "implementation_version_name", "certificate_sha256")
    facts = dict.fromkeys(names, "") | {"calling_ae_title": title, "address": address, "reason": "calling-ae-title"}
    spool.record(SpoolEvent.ASSOCIATION_REFUSED, facts)


def cards(clinic: Clinic) -> list[object]:
    return [row[0] for row in clinic.rows("SELECT calling_ae_title FROM unknown_senders ORDER BY sender_key")]


def test_cards_are_bounded_by_address_and_in_all_and_go_after_a_month(tmp_path: Path) -> None:
    clinic = Clinic(tmp_path)
    spool = Impatient(tmp_path / "spool" / RECEIVER, clinic.clock)
    intake = clinic.intake()
    knock(spool, "HONEST", "192.0.2.200")
    for number in range(CARDS_OF_ADDRESS * 3):
        knock(spool, f"LIAR{number}", "192.0.2.66")
    intake.step()
    kept = cards(clinic)
    assert len(kept) == CARDS_OF_ADDRESS + 1
    assert "HONEST" in kept, "one address pushes out only its own"
    assert f"LIAR{CARDS_OF_ADDRESS * 3 - 1}" in kept
    for number in range(CARDS_IN_ALL + 20):
        knock(spool, "MANY", f"198.51.100.{number}")
    intake.step()
    assert len(cards(clinic)) == CARDS_IN_ALL
    clinic.clock.ahead = timedelta(days=31)
    knock(spool, "NEW", "192.0.2.201")
    intake.step()
    assert cards(clinic) == ["NEW"]
    intake.close()
