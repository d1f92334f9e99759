"""A box that was really restored says so on its own pages, from what its catalogue keeps and nothing else."""

from pathlib import Path

import pytest

from appliance.accounts.roles import Role
from appliance.assembly.restoring import Choice
from appliance.web.staff.words import day_and_time
from tests.assembly.a_full_box import FullBox, copy, new_target
from tests.assembly.a_lost_box import Lost, make_lost, restore, told_of
from tests.web.a_clinic import AClinic

pytestmark = pytest.mark.peer("restic")


def test_the_pages_of_a_restored_box_tell_of_the_copy_and_of_its_newest_scan(tmp_path: Path) -> None:
    lost = make_lost(tmp_path)
    (newest,) = lost.box.rows("SELECT max(last_arrived_at) FROM studies")[0]
    restore(tmp_path / "new", lost.box.root, lost.source)
    told, (snapshot,) = told_of(tmp_path / "new"), lost.source.keys.snapshots()
    assert (told.taken_at, told.target_name, told.study_count, told.file_count) == (snapshot.taken_at, "disk", 3, 9)
    assert told.newest_at is not None
    assert told.newest_at.timestamp() == pytest.approx(newest / 1e6)
    clinic = AClinic(tmp_path / "new" / "catalogue", root=lost.box.root)
    clinic.clock.at = told.restored_at
    browser = clinic.signed_in(clinic.person(Role.DENTIST))
    for page in (browser.get("/studies").text, browser.get("/keeping").text):
        assert f"from the copy of {day_and_time(snapshot.taken_at)}." in page
    page = browser.get("/keeping/recovery").text
    for words in (day_and_time(told.newest_at), "3 studies, 9 files, each verified", "<bdi>disk</bdi>"):
        assert words in page


@pytest.mark.slow
def test_a_box_that_is_restored_twice_keeps_both_times(tmp_path: Path) -> None:
    lost = make_lost(tmp_path)
    restore(tmp_path / "new", lost.box.root, lost.source)
    again = FullBox(tmp_path / "new")
    copy(again, new_target(again, tmp_path / "other"))
    again.close()
    restore(tmp_path / "newer", lost.box.root, Lost(again, tmp_path / "other").source, choice=Choice())
    rows = FullBox(tmp_path / "newer").rows("SELECT sequence FROM restorations")
    assert rows == FullBox(tmp_path / "newer").rows("SELECT sequence FROM audit_events WHERE event = 'box restored'")
    assert len(rows) == 2
