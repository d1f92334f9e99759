"""A box that came back from a copy says so: to everybody in the list, to whoever sees how it stands, and in full."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from appliance.accounts.roles import Role
from appliance.recovery.restorations import TOLD_FOR, Restored, record_restored
from appliance.web.staff.words import day_and_time
from tests.web.a_clinic import AClinic, Browser
from tests.web.test_keeping_front import put_target

RECOVERY, LIST, OVERVIEW = "/keeping/recovery", "/studies", "/keeping"
BACK, DRILL, NOT_IN_IT = "This box was brought back on", "not the clinic's box", "came after that copy are not in it"
COMPARED = "The scanners' lists were compared"


@pytest.fixture
def clinic(tmp_path: Path) -> AClinic:
    return AClinic(tmp_path)


@pytest.fixture
def administrator(clinic: AClinic) -> Browser:
    return clinic.signed_in(clinic.person(Role.ADMINISTRATOR, image_right=True))


def brought_back(clinic: AClinic, *, is_drill: bool = False, target: int = 1, **counts: int) -> tuple[int, datetime]:
    """Enter that the box came back now; give the place of its event, and when the copy was taken."""
    now = clinic.clock.now()
    taken_at = now - timedelta(hours=31)
    what = Restored(bytes([target]) * 16, taken_at, 569, is_drill=is_drill, **counts)
    with clinic.database.write() as tx:
        return record_restored(tx, clinic.accounts.audit, what, now), taken_at


def say_compared(browser: Browser, sequence: int) -> int:
    return browser.post(f"{RECOVERY}/restorations/{sequence}/compared", page=RECOVERY).status_code


@pytest.mark.parametrize("role", [Role.RECEPTION, Role.ASSISTANT, Role.DENTIST])
def test_everybody_who_works_with_the_list_reads_when_and_from_which_copy(clinic: AClinic, role: Role) -> None:
    browser = clinic.signed_in(clinic.person(role))
    assert BACK not in browser.get(LIST).text
    _sequence, taken_at = brought_back(clinic)
    for address in (LIST, "/studies/latest", "/studies?when=today"):
        page = browser.get(address).text
        assert f"{BACK} {day_and_time(clinic.clock.now())} from the copy of {day_and_time(taken_at)}." in page
        assert NOT_IN_IT in page
        assert (f'href="{RECOVERY}"' in page) is (role is Role.DENTIST), "a link only for whom it opens"


@pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.DENTIST, Role.AUDITOR])
def test_the_overview_says_so_to_whoever_sees_how_the_box_stands(clinic: AClinic, role: Role) -> None:
    browser = clinic.signed_in(clinic.person(role))
    assert "Brought back from a copy" not in browser.get(OVERVIEW).text
    _sequence, taken_at = brought_back(clinic)
    page = browser.get(OVERVIEW).text
    for words in (BACK, day_and_time(taken_at), NOT_IN_IT, "To be compared"):
        assert words in page


def test_recovery_tells_from_which_place_and_how_much_came_back(clinic: AClinic, administrator: Browser) -> None:
    assert BACK not in administrator.get(RECOVERY).text
    put_target(clinic, 1, "Disk <black>", None)
    _sequence, taken_at = brought_back(clinic, missing_count=3, erased_count=1, later_count=17)
    page = administrator.get(RECOVERY).text
    told = ("569 files", "3 files", "1 file", "17 files", "Disk &lt;black&gt;", "no scan is in it")
    for words in (day_and_time(clinic.clock.now()), day_and_time(taken_at), *told):
        assert words in page
    assert "another copy may have them" in page


def test_a_place_that_the_copy_did_not_know_is_told_as_such(clinic: AClinic, administrator: Browser) -> None:
    brought_back(clinic, target=9)
    page = administrator.get(RECOVERY).text
    assert "a place that the copy did not know yet" in page
    assert "another copy may have them" not in page


def test_it_goes_for_everybody_once_somebody_says_below_the_facts_that_the_scanners_were_compared(
    clinic: AClinic, administrator: Browser
) -> None:
    sequence, _taken_at = brought_back(clinic)
    reception = clinic.signed_in(clinic.person(Role.RECEPTION))
    assert COMPARED not in administrator.get(LIST).text, "it is put away under Recovery alone"
    assert say_compared(administrator, sequence) == 303
    assert say_compared(administrator, sequence) == 303, "said twice it stays the first's"
    assert [code for code, _ in clinic.events() if code == "restore compared"] == ["restore compared"]
    assert BACK not in reception.get(LIST).text
    page = administrator.get(RECOVERY).text
    assert COMPARED not in page
    assert "Ana Prueba" in page
    overview = administrator.get(OVERVIEW).text
    assert BACK in overview
    assert NOT_IN_IT not in overview
    clinic.clock.at += TOLD_FOR
    assert BACK not in clinic.signed_in(clinic.person(Role.AUDITOR)).get(OVERVIEW).text


def test_after_a_month_the_list_says_it_no_more_and_the_overview_goes_on_asking(clinic: AClinic) -> None:
    brought_back(clinic)
    clinic.clock.at += TOLD_FOR - timedelta(minutes=1)
    dentist = clinic.person(Role.DENTIST)
    assert BACK in clinic.signed_in(dentist).get(LIST).text
    clinic.clock.at += timedelta(minutes=1)
    assert BACK not in clinic.signed_in(dentist).get(LIST).text
    assert "To be compared" in clinic.signed_in(dentist).get(OVERVIEW).text


def test_a_box_of_a_drill_says_always_that_it_is_not_the_clinics(clinic: AClinic) -> None:
    sequence, _taken_at = brought_back(clinic, is_drill=True)
    clinic.clock.at += 10 * TOLD_FOR
    administrator = clinic.signed_in(clinic.person(Role.ADMINISTRATOR, image_right=True))
    for address in (LIST, OVERVIEW):
        assert DRILL in administrator.get(address).text.replace("&#39;", "'")
    page = administrator.get(RECOVERY).text
    assert "It copies nowhere and mails nobody." in page
    assert COMPARED not in page
    assert say_compared(administrator, sequence) == 404


def test_the_last_time_counts_and_the_one_before_is_kept(clinic: AClinic, administrator: Browser) -> None:
    put_target(clinic, 1, "The USB disk", None)
    put_target(clinic, 2, "The cellar", None)
    first, _taken_at = brought_back(clinic)
    say_compared(administrator, first)
    clinic.clock.pass_time(minutes=1)
    brought_back(clinic, target=2)
    assert BACK in administrator.get(LIST).text
    page = administrator.get(RECOVERY).text
    assert page.index("The cellar") < page.index("Brought back before that") < page.index("The USB disk")


def test_what_was_never_restored_cannot_have_been_compared(clinic: AClinic, administrator: Browser) -> None:
    assert say_compared(administrator, 1) == 404
    assert "restore compared" not in dict(clinic.events())
