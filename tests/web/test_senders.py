"""Approving, dismissing, removing: rows, the receiver's file, and the trail."""

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread

import pytest

from appliance.accounts.errors import AlreadyAdmitted, NotPublished
from appliance.accounts.peers.approval import add_peer, remove_peer
from appliance.accounts.peers.certificates import register_certificate, revoke_certificate
from appliance.accounts.peers.publishing import keep_published
from appliance.accounts.peers.queries import Peer, insert_peer, peers
from appliance.accounts.peers.queries_certificates import Certificate
from appliance.accounts.roles import Role
from appliance.audit.events import OPERATOR
from appliance.identifiers import AETitle
from appliance.inbox.admission import AdmissionFile, Caller, Refusal, RevokedCertificate, encode_admission
from appliance.store.migrations import known_migrations, statements
from appliance.web.staff.senders import SHOWN_CARDS
from tests.store.failing_files import FailingFiles
from tests.web.a_clinic import AClinic, form_token_in
from tests.web.invented import put_quarantined, put_sender

CALLER = Caller(AETitle("ORTHOPHOS_2"), AETitle("ENAMEL"), "192.0.2.44")


@pytest.fixture
def clinic(tmp_path: Path) -> AClinic:
    return AClinic(tmp_path)


def test_one_click_lets_a_sender_in_and_another_puts_it_out(clinic: AClinic) -> None:
    with clinic.database.write() as tx:
        key = put_sender(tx, clinic.clock.now())
    receiver = AdmissionFile(clinic.context.publication.file, ("ENAMEL",))
    browser = clinic.signed_in(clinic.person(Role.ADMINISTRATOR))
    assert receiver.current().refusal(CALLER) is Refusal.CALLING_AE_TITLE
    assert browser.post(f"/senders/{key}/approve", page="/senders").status_code == 303
    assert receiver.current().refusal(CALLER) is None
    elsewhere = Caller(CALLER.calling_ae_title, CALLER.called_ae_title, "192.0.2.99")
    assert receiver.current().refusal(elsewhere) is Refusal.ADDRESS
    assert browser.post(f"/senders/{key}/approve", page="/senders").status_code == 404
    assert browser.post("/peers/1/remove", page="/senders").status_code == 303
    assert receiver.current().refusal(CALLER) is Refusal.CALLING_AE_TITLE
    assert [event for event, _ in clinic.events()][-2:] == ["sender approved", "peer removed"]


def test_the_page_says_what_to_type_into_a_console(clinic: AClinic) -> None:
    page = clinic.signed_in(clinic.person(Role.ADMINISTRATOR)).get("/senders").text
    said = re.findall(r"<dt>([^<]+)</dt><dd class=\"mono\">([^<]+)</dd>", page)
    receiver = clinic.context.receiver
    assert said == [
        ("Address (host name or IP)", "enamel.test"), ("Port", str(receiver.port)),
        ("Port with TLS", str(receiver.tls_port)), ("AE title of this box", receiver.ae_title),
    ]  # fmt: skip


def test_whoever_waits_for_a_scan_is_told_that_its_scanner_was_refused(clinic: AClinic) -> None:
    refused = "CBCT_NEW tried to send and was refused"
    technician = clinic.signed_in(clinic.person(Role.ASSISTANT, image_right=True))
    administrator = clinic.signed_in(clinic.person(Role.ADMINISTRATOR, image_right=True))
    assert "was refused" not in technician.get("/studies").text
    with clinic.database.write() as tx:
        put_sender(tx, clinic.clock.now() - timedelta(hours=2))
        key = put_sender(tx, clinic.clock.now(), "CBCT_NEW")
    assert refused in technician.get("/studies").text
    assert refused in technician.get("/studies/latest").text, "it appears by itself"
    assert "was refused" not in administrator.get("/studies").text, "the bar counts it, and a card says more"
    assert administrator.post(f"/senders/{key}/approve", page="/senders").status_code == 303
    assert "ORTHOPHOS_2 tried" in technician.get("/studies").text, "another one waits still"


def test_a_refusal_of_long_ago_is_told_no_more(clinic: AClinic) -> None:
    with clinic.database.write() as tx:
        put_sender(tx, clinic.clock.now() - timedelta(days=1, minutes=1))
    assert "was refused" not in clinic.signed_in(clinic.person(Role.RECEPTION)).get("/studies").text


def test_a_device_that_calls_the_box_by_another_name_stays_one_device(clinic: AClinic) -> None:
    when = clinic.clock.now()
    first = Peer(0, "Room 1", "ORTHOPHOS_2", ("OLD_NAME",), "192.0.2.44", None, when)
    key = add_peer(clinic.accounts, clinic.context.publication, first, OPERATOR)
    with clinic.database.write() as tx:
        card = put_sender(tx, when)
    browser = clinic.signed_in(clinic.person(Role.ADMINISTRATOR))
    assert browser.post(f"/senders/{card}/approve", page="/senders").status_code == 303
    with clinic.database.read() as tx:
        assert [(peer.peer_key, peer.name, peer.called_ae_titles) for peer in peers(tx)] == [
            (key, "Room 1", ("OLD_NAME", "ENAMEL"))
        ]
    assert AdmissionFile(clinic.context.publication.file, ()).current().refusal(CALLER) is None


def test_a_device_is_added_once_and_again_once_it_was_removed(clinic: AClinic) -> None:
    publication = clinic.context.publication
    one = Peer(0, "Room 1", "ORTHOPHOS_2", (), "192.0.2.44", None, clinic.clock.now())
    key = add_peer(clinic.accounts, publication, one, OPERATOR)
    again = replace(one, name="Room 2", calling_ae_title="orthophos_2")
    with pytest.raises(AlreadyAdmitted, match=f"peer {key}, Room 1"):
        add_peer(clinic.accounts, publication, again, OPERATOR)
    add_peer(clinic.accounts, publication, replace(one, address="192.0.2.45"), OPERATOR)
    add_peer(clinic.accounts, publication, replace(one, certificate_sha256=bytes(32)), OPERATOR)
    remove_peer(clinic.accounts, publication, key, OPERATOR)
    add_peer(clinic.accounts, publication, again, OPERATOR)
    with clinic.database.read() as tx:
        assert [peer.name for peer in peers(tx)] == ["Room 1", "Room 1", "Room 2"]


def test_devices_that_an_earlier_release_let_in_twice_become_one_with_all_their_names(clinic: AClinic) -> None:
    migration = next(one for one in known_migrations() if one.number == 5)
    when = clinic.clock.now()
    with clinic.database.write() as tx:
        tx.change("DROP INDEX peers_once")
        for called, address in ((("A",), None), (("B", "A"), None), (("C",), "192.0.2.44")):
            insert_peer(tx, Peer(0, "Room", "SCANNER", called, address, None, when), None)
        for statement in statements(migration.sql):
            tx.change(statement)
        found = [(peer.peer_key, sorted(peer.called_ae_titles), peer.address) for peer in peers(tx)]
    assert found == [(1, ["A", "B"], None), (3, ["C"], "192.0.2.44")]


@pytest.mark.parametrize(
    ("kept", "again"),
    [
        ("192.0.2.44", "192.0.2.44/32"),
        ("192.0.2.44/32", "192.0.2.44"),
        ("192.0.2.44/32", "::ffff:192.0.2.44"),
        ("2001:db8::2c/128", "2001:DB8:0:0::2C"),
        ("192.0.2.44/24", "192.0.2.0/24"),
    ],
)
def test_a_device_is_one_however_its_address_was_and_is_written(clinic: AClinic, kept: str, again: str) -> None:
    """Rows of earlier releases are written as they were given."""
    publication = clinic.context.publication
    with clinic.database.write() as tx:
        key = insert_peer(tx, Peer(0, "Room 1", "ORTHOPHOS_2", (), None, None, clinic.clock.now()), None)
        tx.change("UPDATE peers SET address = :address", address=kept)
    with pytest.raises(AlreadyAdmitted, match=f"peer {key}, Room 1"):
        add_peer(
            clinic.accounts, publication, Peer(0, "", "ORTHOPHOS_2", (), again, None, clinic.clock.now()), OPERATOR
        )
    publication.publish(clinic.accounts)
    receiver = AdmissionFile(publication.file, ("ENAMEL",))
    caller = replace(CALLER, address="2001:db8::2c" if "db8" in kept else CALLER.address)
    assert receiver.current().refusal(caller) is None
    remove_peer(clinic.accounts, publication, key, OPERATOR)
    assert receiver.current().refusal(caller) is Refusal.CALLING_AE_TITLE


def test_a_sender_that_an_earlier_release_knew_by_its_network_of_one_is_the_same(clinic: AClinic) -> None:
    when = clinic.clock.now()
    with clinic.database.write() as tx:
        key = insert_peer(tx, Peer(0, "Room 1", "ORTHOPHOS_2", ("OLD",), None, None, when), None)
        tx.change("UPDATE peers SET address = '192.0.2.44/32'")
        card = put_sender(tx, when)
    browser = clinic.signed_in(clinic.person(Role.ADMINISTRATOR))
    assert "192.0.2.44/32" not in browser.get("/senders").text
    assert browser.post(f"/senders/{card}/approve", page="/senders").status_code == 303
    with clinic.database.read() as tx:
        found = [(peer.peer_key, peer.address, peer.called_ae_titles) for peer in peers(tx)]
    assert found == [(key, "192.0.2.44", ("OLD", "ENAMEL"))]


def test_dismissing_puts_the_card_away_and_lets_nobody_in(clinic: AClinic) -> None:
    with clinic.database.write() as tx:
        key = put_sender(tx, clinic.clock.now())
    browser = clinic.signed_in(clinic.person(Role.ADMINISTRATOR))
    assert browser.post(f"/senders/{key}/dismiss", page="/senders").status_code == 303
    assert "Nobody is knocking" in browser.get("/senders").text
    assert AdmissionFile(clinic.context.publication.file, ("ENAMEL",)).current().refusal(CALLER) is not None


def test_the_file_for_the_receiver_is_replaced_whole_and_leaves_nothing_beside_it(clinic: AClinic) -> None:
    with clinic.database.write() as tx:
        keys = [put_sender(tx, clinic.clock.now(), f"SCANNER{number}") for number in range(3)]
    browser = clinic.signed_in(clinic.person(Role.ADMINISTRATOR))
    inodes = set()
    for key in keys:
        browser.post(f"/senders/{key}/approve", page="/senders")
        inodes.add(clinic.context.publication.file.stat().st_ino)
    assert len(inodes) > 1
    assert sorted(path.name for path in clinic.folder.glob("admission*")) == ["admission.json"]


def test_the_quarantine_gives_its_reasons_in_words(clinic: AClinic) -> None:
    with clinic.database.write() as tx:
        put_quarantined(tx, clinic.clock.now(), "too deeply nested")
    text = clinic.signed_in(clinic.person(Role.ADMINISTRATOR)).get("/quarantine").text
    assert "It is nested deeper than any scanner does" in text
    assert "1.2.3" not in text


def test_a_removal_the_receiver_cannot_be_told_of_is_said_and_tried_again(tmp_path: Path) -> None:
    for fail_at in range(2, 7):  # what the file said is read first, which may fail
        folder = tmp_path / str(fail_at)
        folder.mkdir()
        files = FailingFiles()
        clinic = AClinic(folder, files)
        with clinic.database.write() as tx:
            key = put_sender(tx, clinic.clock.now())
        browser = clinic.signed_in(clinic.person(Role.ADMINISTRATOR))
        receiver = AdmissionFile(clinic.context.publication.file, ("ENAMEL",))
        browser.post(f"/senders/{key}/approve", page="/senders")
        token = form_token_in(browser.get("/senders").text)
        files.fail_next(fail_at)
        answer = browser.post_bare("/peers/1/remove", form_token=token)
        assert (answer.status_code, answer.headers["location"]) == (303, "/senders?told=unpublished")
        is_told = receiver.current().refusal(CALLER) is not None
        assert ("could not be told yet" in browser.get("/senders").text) is not is_told
        stop = Event()
        thread = Thread(target=keep_published, args=(clinic.context.publication, clinic.accounts, stop, 0.01))
        thread.start()
        while receiver.current().refusal(CALLER) is None:
            stop.wait(0.01)
        stop.set()
        thread.join()
        assert "could not be told yet" not in browser.get("/senders").text
        assert [event for event, _ in clinic.events()][-1] == "peer removed"


def test_a_list_that_cannot_be_read_is_not_replaced_and_what_it_revokes_stays_revoked(tmp_path: Path) -> None:
    files = FailingFiles()
    clinic = AClinic(tmp_path, files)
    publication, now = clinic.context.publication, clinic.clock.now()
    written = encode_admission([], [RevokedCertificate("00" * 32, "7f", is_held=False)])  # by no row of this catalogue
    publication.file.write_bytes(written)
    one = Peer(0, "A", "A", (), None, None, now)
    files.fail_next(1)
    with pytest.raises(NotPublished, match="could not be read"):
        add_peer(clinic.accounts, publication, one, OPERATOR)
    assert publication.file.read_bytes() == written
    publication.publish_if_due(clinic.accounts)
    told = AdmissionFile(publication.file, ("ENAMEL",)).current()
    assert ([peer.name for peer in told.peers], [each.sha256 for each in told.revoked]) == (["A"], ["00" * 32])


def test_a_list_that_nobody_can_decode_is_replaced(clinic: AClinic) -> None:
    publication = clinic.context.publication
    publication.file.write_bytes(b"{")
    add_peer(clinic.accounts, publication, Peer(0, "A", "A", (), None, None, clinic.clock.now()), OPERATOR)
    assert AdmissionFile(publication.file, ("ENAMEL",)).current().peers[0].name == "A"


def test_a_sender_whose_certificate_was_revoked_is_shown_as_such_and_cannot_be_let_in(clinic: AClinic) -> None:
    now = clinic.clock.now()
    made = Certificate(0, "Room 1", bytes(32), "7f", now, now + timedelta(days=1))
    with clinic.database.write() as tx:
        key = put_sender(tx, now)
        tx.change("UPDATE unknown_senders SET certificate_sha256 = :it, reason = 'certificate-revoked'", it=bytes(32))
        register_certificate(tx, clinic.accounts, made, OPERATOR)
    pinned = Peer(0, "Room 1", "CBCT_1", (), None, bytes(32), now)
    add_peer(clinic.accounts, clinic.context.publication, pinned, OPERATOR)
    browser = clinic.signed_in(clinic.person(Role.ADMINISTRATOR))
    assert browser.get("/senders").text.count("Refused: its certificate is revoked") == 1, "by the receiver's own word"
    revoke_certificate(clinic.accounts, clinic.context.publication, 1, OPERATOR)
    page = browser.get("/senders").text
    assert page.count("Refused: its certificate is revoked") == 2, "the card and the device on the list"
    assert "It shows a certificate that was revoked." in page
    assert f"/senders/{key}/approve" not in page
    refused = browser.post(f"/senders/{key}/approve", page="/senders")
    assert (refused.status_code, refused.text.count("It shows a certificate that was revoked.")) == (409, 2)
    assert clinic.events()[-1] == ("certificate revoked", "success")
    clinic.clock.pass_time(days=1)
    with clinic.database.write() as tx:
        register_certificate(tx, clinic.accounts, replace(made, certificate_sha256=bytes([1]) * 32), OPERATOR)
    later = clinic.signed_in(clinic.person(Role.ADMINISTRATOR, user_name="zoe")).get("/senders").text
    assert ">Ended<" in later, "nobody needs to revoke what is over"


def test_of_many_cards_the_newest_are_shown_and_the_others_counted(clinic: AClinic) -> None:
    with clinic.database.write() as tx:
        for number in range(SHOWN_CARDS + 3):
            put_sender(tx, clinic.clock.now(), f"SCANNER{number:02}")
    text = clinic.signed_in(clinic.person(Role.ADMINISTRATOR)).get("/senders").text
    assert text.count("/approve") == SHOWN_CARDS
    assert "SCANNER26" in text
    assert "SCANNER02" not in text
    assert "3 more senders" in text
