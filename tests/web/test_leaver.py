"""The leaver's button, with real devices at the receiver: what it ends, and what the page says before and after."""

from dataclasses import replace
from pathlib import Path
from time import monotonic

import pytest

from appliance.accounts.account import Account
from appliance.accounts.peers.approval import add_peer
from appliance.accounts.peers.certificates import register_certificate
from appliance.accounts.peers.publishing import Publication
from appliance.accounts.peers.queries import Peer
from appliance.accounts.peers.queries_certificates import Certificate
from appliance.accounts.roles import Permission, Role
from appliance.accounts.tokens import issue_laboratory_token, issue_token
from appliance.accounts.trail import person as actor_of
from appliance.audit.events import OPERATOR
from appliance.inbox.admission import PeerEntry
from appliance.keys.authority import certificate_sha256, ends_at, serial_number
from appliance.store.files import RealFiles
from appliance.web.staff.app import create_app
from tests.dicom_scp.a_device import Device, DeviceAuthority
from tests.dicom_scp.receiver_process import Running, running
from tests.store.failing_files import FailingFiles
from tests.web.a_clinic import AClinic, Browser
from tests.web.a_proof import SECRET, code_now

SHORTLY = 2.0  # seconds, of which a process of DCMTK takes most
HOLDS = PeerEntry("Room 2", ("PROMAX",), ("127.0.0.1",))


def register(clinic: AClinic, device: Device, name: str, answerable: Account | None) -> None:
    pem = device.issued.certificate
    made = Certificate(
        0, name, certificate_sha256(pem), serial_number(pem), clinic.clock.now(), ends_at(pem),
        None if answerable is None else answerable.account_key,
    )  # fmt: skip
    with clinic.database.write() as tx:
        register_certificate(tx, clinic.accounts, made, OPERATOR)


def publish_to(clinic: AClinic, receiver: Running) -> None:
    """Let this clinic's pages say who may send to a receiver, as on a box."""
    clinic.context = replace(clinic.context, publication=Publication(receiver.folder.places.admission, RealFiles()))
    clinic.app = create_app(clinic.context)
    peer = Peer(0, "Room 2", "PROMAX", (), "127.0.0.1", None, clinic.clock.now())
    add_peer(clinic.accounts, clinic.context.publication, peer, OPERATOR)


@pytest.fixture
def leaver(clinic: AClinic) -> Account:
    return clinic.person(Role.ASSISTANT, user_name="lea", display_name="Lea Asistente", totp_secret=SECRET)


def administrators(clinic: AClinic) -> Browser:
    """Give a browser in which an administrator is in, at the clinic's app of now."""
    return clinic.signed_in(clinic.person(Role.ADMINISTRATOR, user_name="ada", totp_secret=SECRET))


@pytest.fixture
def browser(clinic: AClinic) -> Browser:
    return administrators(clinic)


@pytest.mark.peer("storescu", "echoscu")
def test_a_device_that_a_leaver_answered_for_is_out_within_a_second_and_others_send_on(
    clinic: AClinic, leaver: Account, tmp_path: Path
) -> None:
    authority = DeviceAuthority(tmp_path / "box")
    hers, other, nobodys = (authority.device(name) for name in ("hers", "other", "nobodys"))
    with running(tmp_path / "box", peers=[HOLDS]) as receiver:
        register(clinic, hers, "Lea's laptop", leaver)
        register(clinic, other, "ProMax", clinic.person(Role.DENTIST))
        register(clinic, nobodys, "Ceph", None)
        publish_to(clinic, receiver)
        browser = administrators(clinic)
        assert [one.sends(receiver) for one in (hers, other, nobodys)] == [True, True, True]
        path = f"/people/{leaver.account_key}"
        code = code_now(clinic)
        assert hers.is_heard(receiver)
        closed = browser.post(f"{path}/close", page=path, code=code)
        pressed = monotonic()
        assert closed.headers["location"] == f"{path}?told=closed"
        assert not hers.is_heard(receiver)
        assert monotonic() - pressed < SHORTLY
        assert [one.sends(receiver) for one in (hers, other, nobodys)] == [False, True, True]


@pytest.mark.peer("echoscu")
def test_a_certificate_revoked_on_the_page_opens_nothing_from_then(clinic: AClinic, tmp_path: Path) -> None:
    authority = DeviceAuthority(tmp_path / "box")
    stolen, other = authority.device("stolen"), authority.device("other")
    with running(tmp_path / "box", peers=[HOLDS]) as receiver:
        register(clinic, stolen, "ProMax", None)
        register(clinic, other, "Ceph", None)
        publish_to(clinic, receiver)
        browser = administrators(clinic)
        page = browser.get("/senders").text
        assert ("ProMax" in page, "nobody by name" in page) == (True, True)
        refused = browser.post("/certificates/1/revoke", page="/senders", code="000000")
        assert (refused.status_code, "does not match" in refused.text) == (403, True)
        assert stolen.is_heard(receiver)
        answer = browser.post("/certificates/1/revoke", page="/senders", code=code_now(clinic))
        assert answer.headers["location"] == "/senders?told=revoked"
        assert (stolen.is_heard(receiver), other.is_heard(receiver)) == (False, True)
        assert "Revoked on" in browser.get("/senders?told=revoked").text
        assert clinic.events()[-1] == ("certificate revoked", "success")
        again = browser.post("/certificates/1/revoke", page="/senders", code=code_now(clinic))
        assert again.status_code == 404


def put_certificate(clinic: AClinic, name: str, answerable: Account | None, at: int) -> None:
    now = clinic.clock.now()
    ends = now.replace(year=now.year + 5)
    made = Certificate(
        0, name, bytes([at]) * 32, f"{at:x}", now, ends, None if answerable is None else answerable.account_key
    )
    with clinic.database.write() as tx:
        register_certificate(tx, clinic.accounts, made, OPERATOR)


def test_the_page_says_before_and_after_what_ends_and_what_does_not(
    clinic: AClinic, leaver: Account, browser: Browser
) -> None:
    path = f"/people/{leaver.account_key}"
    assert "Nobody is signed in with it now" in browser.get(path).text
    for at, (name, who) in enumerate((("ProMax", leaver), ("Ceph", leaver), ("Old scanner", None)), 1):
        put_certificate(clinic, name, who, at)
    scopes = [Permission.LIST_STUDIES]
    issue_token(clinic.accounts, "her phone", scopes, OPERATOR, answerable_key=leaver.account_key)
    issue_token(clinic.accounts, "planning PC", scopes, OPERATOR)
    theirs = [clinic.signed_in(leaver) for _ in range(2)]
    before = browser.get(path).text
    ends = ["Access of 1 machine: her phone", "Certificates of 2 devices: ProMax, Ceph"]
    stays = ["Certificate 3 of Old scanner.", "enamel tokens revoke 2"]
    browsers = "2 browsers that are signed in"
    assert [words in before for words in ("This ends when you press", browsers, *ends, *stays)] == [True] * 6
    own = theirs[0].get("/account").text
    assert [words in own for words in (browsers, *ends, stays[0])] == [True, True, True, False], (
        "the rest is not theirs"
    )
    kept = theirs[0].post("/account/export", page="/account").json()
    assert (kept["devices_answered_for"], kept["machines"]) == (["ProMax", "Ceph"], ["her phone"])
    closed = browser.post(f"{path}/close", page=path, code=code_now(clinic))
    after = browser.get(closed.headers["location"]).text
    assert [words in after for words in ("Ended with it", browsers, *ends, *stays)] == [True] * 6
    assert "could not be told yet" not in after
    later = browser.get(path).text
    assert [words in later for words in (*ends, *stays)] == [True, True, False, False]
    assert "ProMax" in browser.get("/senders").text


@pytest.mark.parametrize(
    ("role", "other", "names", "going"),
    [
        (Role.ADMINISTRATOR, Role.RECEPTION, {"gave out", "ProMax"}, {"gave out", "ProMax"}),
        (Role.ASSISTANT, Role.RECEPTION, {"viewing PC", "the worklist"}, {"viewing PC"}),
        (Role.ASSISTANT, Role.LAB, {"viewing PC", "the worklist"}, {"viewing PC", "the worklist"}),
        (Role.DENTIST, Role.DENTIST, {"viewing PC", "the worklist"}, {"viewing PC"}),
        (Role.LAB, Role.RECEPTION, {"mill"}, {"mill"}),
    ],
)
def test_another_role_is_told_by_name_what_it_ends_before_and_after(
    clinic: AClinic, browser: Browser, role: Role, other: Role, names: set[str], going: set[str]
) -> None:
    sees = role not in (Role.ADMINISTRATOR, Role.LAB)
    person = clinic.person(role, user_name="eva", image_right=sees, totp_secret=SECRET)
    key = person.account_key
    put_certificate(clinic, "ProMax", person, 1)
    issue_token(clinic.accounts, "viewing PC", [Permission.VIEW_IMAGES], OPERATOR, answerable_key=key)
    issue_token(clinic.accounts, "the worklist", [Permission.LIST_STUDIES], OPERATOR, answerable_key=key)
    issue_token(clinic.accounts, "gave out", [Permission.LIST_STUDIES], actor_of(person, "192.0.2.10"))
    if role is Role.LAB:
        issue_laboratory_token(clinic.accounts, "mill", key, OPERATOR)
    path, every = f"/people/{key}", ("ProMax", "viewing PC", "the worklist", "gave out", "mill")
    before = part(browser.get(path).text, "This ends with another role", "</ul>")
    assert {name for name in every if name in before} == names
    changed = browser.post(f"{path}/role", page=path, role=other.value, code=code_now(clinic))
    assert changed.headers["location"].startswith(f"{path}?told=changed.")
    clinic.clock.pass_time(seconds=1)
    after = browser.get(changed.headers["location"]).text
    assert "The role is changed" in after
    ended = part(after, "Ended with the role of before", "</ul>")
    assert {name for name in every if name in ended} == going
    assert "Ended with the role of before" not in browser.get(path).text
    assert "Ended with the role of before" not in browser.get(f"{path}?told=changed.1.2").text


def part(page: str, begins: str, ends: str) -> str:
    return page.partition(begins)[2].partition(ends)[0]


def test_whoever_answers_for_nothing_is_told_of_nothing_that_ends_with_another_role(
    clinic: AClinic, leaver: Account, browser: Browser
) -> None:
    put_certificate(clinic, "ProMax", leaver, 1)
    path = f"/people/{leaver.account_key}"
    assert "This ends with another role" not in browser.get(path).text, "no assistant lets devices in"
    changed = browser.post(f"{path}/role", page=path, role="reception", code=code_now(clinic))
    assert "Ended with the role of before" not in browser.get(changed.headers["location"]).text


def test_what_ended_before_is_not_said_to_end_now(clinic: AClinic, leaver: Account, browser: Browser) -> None:
    put_certificate(clinic, "ProMax", leaver, 1)
    assert browser.post("/certificates/1/revoke", page="/senders", code=code_now(clinic)).status_code == 303
    clinic.signed_in(leaver)
    clinic.clock.pass_time(days=8)
    browser = clinic.signed_in(clinic.person(Role.ADMINISTRATOR, user_name="bea", totp_secret=SECRET))
    path = f"/people/{leaver.account_key}"
    assert "Nobody is signed in with it now" in browser.get(path).text
    browser.post(f"{path}/close", page=path, code=code_now(clinic))
    assert "Ended with it" not in browser.get(f"{path}?told=closed").text


def test_where_the_receiver_cannot_be_told_the_account_is_closed_and_the_page_says_so(tmp_path: Path) -> None:
    clinic = AClinic(tmp_path, FailingFiles(("create_exclusive", 1)))
    leaver = clinic.person(Role.ASSISTANT)
    put_certificate(clinic, "ProMax", leaver, 1)
    browser = administrators(clinic)
    path = f"/people/{leaver.account_key}"
    closed = browser.post(f"{path}/close", page=path, code=code_now(clinic))
    assert closed.headers["location"] == f"{path}?told=closed"
    assert "could not be told yet" in browser.get(closed.headers["location"]).text
    clinic.context.publication.publish_if_due(clinic.accounts)
    assert "could not be told yet" not in browser.get(closed.headers["location"]).text
