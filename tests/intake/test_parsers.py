"""One child reads what one sender sends over many associations, and no scan's poison costs another's."""

import sys
from datetime import timedelta
from pathlib import Path

import pytest

from appliance.intake.service import Intake
from appliance.sandbox.birth import Birth, Confined, Nursery, executed
from tests.intake.a_clinic import Clinic, ct_slice, sent, store

TURNCOAT = "tests.sandbox.turncoat"


class Counted:
    """Counts the children that are made and those that are left."""

    def __init__(self, birth: Birth) -> None:
        self._birth = birth
        self.made = 0
        self.alive = 0

    def __call__(self, mode: str) -> Confined:
        child = self._birth(mode)
        self.made, self.alive = self.made + 1, self.alive + 1

        def end() -> None:
            self.alive -= 1
            child.end()

        return Confined(child.process_id, child.reading, child.writing, end)


def turncoats(how: str) -> Counted:
    made = executed((sys.executable, "-m", TURNCOAT, how))
    return Counted(lambda _: made("facts"))


def outcomes(clinic: Clinic) -> list[tuple[object, ...]]:
    return clinic.rows(
        "SELECT a.outcome, count(*) FROM arrivals a GROUP BY a.outcome ORDER BY a.outcome",
    )


def test_the_associations_of_one_sender_share_a_child_and_another_sender_has_its_own(tmp_path: Path) -> None:
    clinic, nursery = Clinic(tmp_path), Nursery("facts")
    for number in range(1, 13):
        address = "192.0.2.8" if number % 4 == 0 else "192.0.2.7"
        store(clinic.association(address=address), sent(ct_slice(number)))
    children = Counted(nursery.birth)
    intake = Intake(clinic.parts, children)
    intake.start()
    assert intake.step() == 12
    assert (children.made, children.alive) == (2, 2)
    intake.step()
    assert children.alive == 0, "a sender that is silent costs no process"
    intake.close()
    nursery.close()


@pytest.mark.parametrize("how", ["nonsense", "fault", "dies"])
def test_what_a_taken_child_says_of_others_is_not_believed_by_itself(tmp_path: Path, how: str) -> None:
    clinic = Clinic(tmp_path)
    for number in range(1, 6):
        words = "TAINT" if number == 2 else "CBCT"
        clinic.receive([sent(ct_slice(number, StudyDescription=words))])
    children = turncoats(how)
    intake = Intake(clinic.parts, children)
    intake.start()
    intake.step()
    assert outcomes(clinic) == [("new", 5)]
    assert children.made > 1
    intake.close()
    assert children.alive == 0


def test_a_scan_that_kills_its_child_costs_itself_and_gives_each_association_its_own(tmp_path: Path) -> None:
    clinic = Clinic(tmp_path)
    for number in range(1, 7):
        words = "POISON" if number == 3 else "CBCT"
        clinic.receive([sent(ct_slice(number, StudyDescription=words))])
    children = turncoats("dies")
    intake = Intake(clinic.parts, children)
    intake.start()
    intake.step()
    assert outcomes(clinic) == [("new", 5), ("quarantined", 1)]
    assert clinic.rows("SELECT reason FROM quarantine") == [("parser crashed",)]
    assert children.made == 1 + 1 + 3  # one until it died, one that the poison was asked of again, one each
    clinic.clock.ahead = timedelta(seconds=1)
    intake.step()
    assert children.alive == 0
    intake.close()


def test_four_hundred_associations_of_one_slice_are_all_listed_in_order(tmp_path: Path) -> None:
    clinic = Clinic(tmp_path)
    for number in range(1, 401):
        clinic.receive([sent(ct_slice(number))])
    intake = clinic.intake()
    assert intake.step() == 400
    intake.close()
    numbers = clinic.rows("SELECT instance_number FROM instances ORDER BY instance_key")
    assert numbers == [(number,) for number in range(1, 401)]
    assert clinic.rows("SELECT completeness, instance_count FROM series") == [("no gaps", 400)]
    assert not list((tmp_path / "inbox").iterdir())
