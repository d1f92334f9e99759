"""Erasures in Safekeeping: what was erased, what copies still hold of it, and the certificate, without a name."""

from pathlib import Path

import pytest

from appliance.accounts.roles import Role
from appliance.audit.events import OPERATOR
from appliance.jobs import queries as jobs
from appliance.keys.secret import SecretKey
from appliance.retention.certificate import check_certificate
from appliance.retention.erasing import ErasingParts, erase
from appliance.retention.erasure_jobs import PROVE_ERASURES, ProvingParts, make_certificates
from appliance.store.files import RealFiles
from tests.web.a_clinic import AClinic, Browser
from tests.web.invented import PEOPLE, put_all, put_erasure


@pytest.fixture
def clinic(tmp_path: Path) -> AClinic:
    clinic = AClinic(tmp_path)
    with clinic.database.write() as tx:
        put_all(tx, clinic.clock.now())
        tx.change("INSERT INTO box VALUES (1, zeroblob(16), 'Praxis', 0)")
        jobs.plan(tx, PROVE_ERASURES, "daily 05:30", clinic.clock.now())
    return clinic


@pytest.fixture
def auditor(clinic: AClinic) -> Browser:
    return clinic.signed_in(clinic.person(Role.AUDITOR))


def parts(clinic: AClinic, tmp_path: Path) -> ErasingParts:
    return ErasingParts(tmp_path, clinic.database, clinic.context.accounts.audit, RealFiles(), clinic.clock)


def test_a_box_that_never_erased_anything_says_so(auditor: Browser) -> None:
    assert "Nothing was erased yet" in auditor.get("/keeping/erasures").text
    assert auditor.get("/keeping/erasures/1").status_code == 404


def test_an_erasure_shows_what_each_copy_still_holds(clinic: AClinic, auditor: Browser) -> None:
    with clinic.database.write() as tx:
        key = put_erasure(tx, clinic.clock.now(), "Relay of the IT firm")
    listed, shown = auditor.get("/keeping/erasures").text, auditor.get(f"/keeping/erasures/{key}").text
    assert "One study" in listed
    assert "Still in 1 place for copies" in listed
    for words in ("Relay of the IT firm", "Still holds a key", "is due to go on", "stay there for good", "ab12cd34"):
        assert words in shown
    assert "It does not know yet what was erased." in shown


def test_a_whole_box_that_still_shows_its_pages_is_not_told_to_be_gone(clinic: AClinic, auditor: Browser) -> None:
    with clinic.database.write() as tx:
        key = put_erasure(tx, clinic.clock.now(), "Relay of the IT firm")
        tx.change("UPDATE erasures SET scope = 'box', kind = 'decommissioning'")
    for page in ("/keeping/erasures", f"/keeping/erasures/{key}"):
        shown = auditor.get(page).text
        assert "Everything on the box" in shown
        assert "Not finished" in shown
        assert "Gone from the box" not in shown


def test_a_page_of_an_erasure_names_nobody(clinic: AClinic, auditor: Browser, tmp_path: Path) -> None:
    key = erase(parts(clinic, tmp_path), "patient", 1, "request", OPERATOR).erasure_key
    shown = auditor.get("/keeping/erasures").text + auditor.get(f"/keeping/erasures/{key}").text
    assert "All studies of one patient" in shown
    assert not [person.name for person in PEOPLE if person.name.split("^")[0] in shown]


def test_a_certificate_is_asked_for_made_by_jobs_and_saved(clinic: AClinic, auditor: Browser, tmp_path: Path) -> None:
    key = erase(parts(clinic, tmp_path), "study", 1, "due", OPERATOR).erasure_key
    url = f"/keeping/erasures/{key}"
    page = auditor.get(url).text
    assert "Gone from the box" in page
    assert auditor.get(f"{url}/certificate").headers["location"] == url
    assert auditor.post(f"{url}/certificate", page=url).status_code == 303
    waiting = auditor.get(url).text
    assert "It is being made." in waiting
    assert "data-live" in waiting
    with clinic.database.read() as tx:
        assert [row.job for row in jobs.asked(tx)] == [PROVE_ERASURES]
    seed = SecretKey.new()
    assert make_certificates(ProvingParts(parts(clinic, tmp_path), seed, lambda: 1, lambda: 2, lambda: 2)) == 1
    assert "Save the certificate of" in auditor.get(url).text
    saved = auditor.get(f"{url}/certificate")
    assert saved.headers["content-type"] == "application/pdf"
    assert saved.headers["content-disposition"] == f'attachment; filename="erasure-{key}.pdf"'
    fingerprint = check_certificate(saved.content).fingerprint
    assert fingerprint in auditor.get("/keeping/erasures").text


def test_a_certificate_of_what_was_never_erased_cannot_be_asked_for(auditor: Browser) -> None:
    assert auditor.post("/keeping/erasures/9/certificate", page="/keeping/erasures").status_code == 404
