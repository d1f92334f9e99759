"""The register of device certificates: what is entered, revoked and published, and with whom one ends."""

from dataclasses import replace
from pathlib import Path

import pytest

from appliance.accounts.account import Account
from appliance.accounts.errors import CertificateRevoked, NotPublished
from appliance.accounts.peers import queries
from appliance.accounts.peers.approval import add_peer, approve_sender
from appliance.accounts.peers.certificates import (
    all_certificates,
    confirm_certificate,
    register_certificate,
    revoke_certificate,
)
from appliance.accounts.peers.publishing import Publication
from appliance.accounts.peers.queries import Peer
from appliance.accounts.peers.queries_certificates import Certificate
from appliance.accounts.roles import Permission, Role
from appliance.accounts.tokens import find_token, issue_token
from appliance.audit.events import OPERATOR
from appliance.deidentify import leaving
from appliance.errors import NotFound
from appliance.inbox.admission import PeerEntry, RevokedCertificate, decode_admission, encode_admission
from appliance.recovery.queries_restore import forget_the_old_machine
from appliance.store.migrations import known_migrations, statements
from tests.store.failing_files import FailingFiles
from tests.web.a_clinic import AClinic
from tests.web.invented import put_sender


@pytest.fixture
def clinic(tmp_path: Path) -> AClinic:
    return AClinic(tmp_path)


def key_of(account: Account | None) -> int | None:
    return None if account is None else account.account_key


def issued(clinic: AClinic, name: str, answerable: Account | None = None, at: int = 1) -> Certificate:
    """Enter a certificate of an invented fingerprint."""
    now = clinic.clock.now()
    made = Certificate(0, name, bytes([at]) * 32, f"{at:x}", now, now, key_of(answerable))
    with clinic.database.write() as tx:
        return register_certificate(tx, clinic.accounts, made, OPERATOR)


def published(clinic: AClinic) -> tuple[RevokedCertificate, ...]:
    clinic.context.publication.publish_if_due(clinic.accounts)
    return decode_admission((clinic.folder / "admission.json").read_bytes()).revoked


def revoked_names(clinic: AClinic) -> list[str]:
    return [one.device_name for one in all_certificates(clinic.accounts) if one.revoked_at is not None]


def test_a_certificate_is_entered_revoked_once_published_and_both_are_recorded(clinic: AClinic) -> None:
    one, other = issued(clinic, "ProMax"), issued(clinic, "Ceph", at=2)
    assert all_certificates(clinic.accounts) == [one, other]
    revoke_certificate(clinic.accounts, clinic.context.publication, one.certificate_key, OPERATOR)
    assert published(clinic) == (RevokedCertificate("01" * 32, "1"),)
    assert all_certificates(clinic.accounts) == [replace(one, revoked_at=clinic.clock.now()), other]
    for key in (one.certificate_key, 99):
        with pytest.raises(NotFound):
            revoke_certificate(clinic.accounts, clinic.context.publication, key, OPERATOR)
    with clinic.database.read() as tx:
        told = tx.rows("SELECT event, actor_kind, subject_kind, subject_key FROM audit_events ORDER BY sequence")
    assert told == [
        ("certificate issued", "operator", "certificate", one.certificate_key),
        ("certificate issued", "operator", "certificate", other.certificate_key),
        ("certificate revoked", "operator", "certificate", one.certificate_key),
    ]


def test_a_revocation_that_the_disk_does_not_take_is_kept_and_told_later(tmp_path: Path) -> None:
    clinic = AClinic(tmp_path)
    one, files = issued(clinic, "ProMax"), FailingFiles(("create_exclusive", 1))
    with pytest.raises(NotPublished):
        revoke_certificate(
            clinic.accounts, Publication(tmp_path / "admission.json", files), one.certificate_key, OPERATOR
        )
    assert revoked_names(clinic) == ["ProMax"]
    assert published(clinic) == (RevokedCertificate("01" * 32, "1"),)


def test_a_file_of_an_earlier_release_is_written_anew(clinic: AClinic) -> None:
    file = clinic.folder / "admission.json"
    publication = clinic.context.publication
    one = issued(clinic, "ProMax")
    for content in (b'{"format": 1, "peers": []}\n', None):
        file.unlink(missing_ok=True)
        if content is not None:
            file.write_bytes(content)
            assert not publication.is_current(clinic.accounts)
        publication.publish_if_due(clinic.accounts)
    assert publication.is_current(clinic.accounts), "nobody is admitted and nothing is revoked: no file says the same"
    revoke_certificate(clinic.accounts, publication, one.certificate_key, OPERATOR)
    file.unlink()
    assert not publication.is_current(clinic.accounts)
    publication.publish_if_due(clinic.accounts)
    assert file.read_bytes() == encode_admission([], [RevokedCertificate("01" * 32, "1")])


def test_an_older_catalogue_revokes_what_the_receiver_was_told(clinic: AClinic) -> None:
    one, publication = issued(clinic, "ProMax"), clinic.context.publication
    later = issued(clinic, "Ceph", at=2)
    for each in (one, later):
        revoke_certificate(clinic.accounts, publication, each.certificate_key, OPERATOR)
    with clinic.database.write() as tx:
        tx.change("UPDATE device_certificates SET revoked_at = NULL WHERE certificate_key = 1")
        tx.change("DELETE FROM device_certificates WHERE certificate_key = 2")
    assert len(published(clinic)) == 2
    found = all_certificates(clinic.accounts)
    assert [(each.device_name, each.serial_number, each.revoked_at is None) for each in found] == [
        ("ProMax", "1", False), ("", "2", False),
    ]  # fmt: skip
    with clinic.database.read() as tx:
        told = tx.rows("SELECT actor_kind, subject_key FROM audit_events WHERE event = 'certificate revoked'")
    assert told[2:] == [("process", 1), ("process", 2)]
    (clinic.folder / "admission.json").write_bytes(b"{")
    assert len(published(clinic)) == 2, "a file that nobody can read takes nothing away"


def test_what_a_restored_box_cannot_know_is_held_until_somebody_confirms_it(clinic: AClinic) -> None:
    one, two = issued(clinic, "ProMax"), issued(clinic, "Ceph", at=2)
    publication = clinic.context.publication
    revoke_certificate(clinic.accounts, publication, two.certificate_key, OPERATOR)
    for _ in range(2):
        with clinic.database.write() as tx:
            forget_the_old_machine(tx, clinic.clock.now())
    told = RevokedCertificate("01" * 32, "1", is_held=True), RevokedCertificate("02" * 32, "2")
    assert published(clinic) == told
    peer = Peer(0, "Room 2", "PROMAX", (), None, one.certificate_sha256, clinic.clock.now())
    with pytest.raises(CertificateRevoked):
        add_peer(clinic.accounts, publication, peer, OPERATOR)
    confirm_certificate(clinic.accounts, publication, one.certificate_key, OPERATOR)
    assert published(clinic) == told[1:]
    for key in (one.certificate_key, two.certificate_key):
        with pytest.raises(NotFound):
            confirm_certificate(clinic.accounts, publication, key, OPERATOR)
    assert clinic.events()[-1] == ("certificate confirmed", "success")
    assert add_peer(clinic.accounts, publication, peer, OPERATOR)


def test_one_that_is_held_can_be_revoked_and_never_confirmed_after(clinic: AClinic) -> None:
    one, publication = issued(clinic, "ProMax"), clinic.context.publication
    with clinic.database.write() as tx:
        forget_the_old_machine(tx, clinic.clock.now())
    revoke_certificate(clinic.accounts, publication, one.certificate_key, OPERATOR)
    assert published(clinic) == (RevokedCertificate("01" * 32, "1"),)
    with pytest.raises(NotFound):
        confirm_certificate(clinic.accounts, publication, one.certificate_key, OPERATOR)


def test_nobody_is_let_in_by_a_certificate_that_was_revoked(clinic: AClinic) -> None:
    one, publication = issued(clinic, "ProMax"), clinic.context.publication
    peer = Peer(0, "Room 2", "PROMAX", (), None, one.certificate_sha256, clinic.clock.now())
    add_peer(clinic.accounts, publication, peer, OPERATOR)
    revoke_certificate(clinic.accounts, publication, one.certificate_key, OPERATOR)
    with pytest.raises(CertificateRevoked):
        add_peer(clinic.accounts, publication, replace(peer, calling_ae_title="OTHER"), OPERATOR)
    with clinic.database.write() as tx:
        key = put_sender(tx, clinic.clock.now())
        tx.change("UPDATE unknown_senders SET certificate_sha256 = :it", it=one.certificate_sha256)
    with pytest.raises(CertificateRevoked):
        approve_sender(clinic.accounts, publication, key, OPERATOR)
    with clinic.database.write() as tx:
        tx.change("UPDATE unknown_senders SET certificate_sha256 = zeroblob(32), reason = 'certificate-revoked'")
    with pytest.raises(CertificateRevoked):
        approve_sender(clinic.accounts, publication, key, OPERATOR)
    with clinic.database.read() as tx:
        assert [each.calling_ae_title for each in queries.peers(tx)] == ["PROMAX"]
        assert queries.count_waiting_senders(tx) == 1


def test_only_somebody_who_works_here_answers_for_anything(clinic: AClinic) -> None:
    clinic.person(Role.ADMINISTRATOR)
    gone = clinic.person(Role.DENTIST)
    leaving.close_account(clinic.accounts, gone.account_key, OPERATOR)
    with pytest.raises(NotFound):
        issued(clinic, "ProMax", gone)
    scopes = [Permission.LIST_STUDIES]
    for key in (gone.account_key, 99):
        with pytest.raises(NotFound):
            issue_token(clinic.accounts, "planning PC", scopes, OPERATOR, answerable_key=key)
    assert all_certificates(clinic.accounts) == []


def test_what_a_leaver_answers_for_ends_with_them_and_nothing_else(clinic: AClinic) -> None:
    leaver, other = clinic.person(Role.ASSISTANT), clinic.person(Role.DENTIST)
    for at, (name, who) in enumerate((("hers", leaver), ("also hers", leaver), ("his", other), ("nobody's", None)), 1):
        issued(clinic, name, who, at)
    scopes = [Permission.LIST_STUDIES]
    tokens = [
        issue_token(clinic.accounts, "PC", scopes, OPERATOR, answerable_key=key_of(who))
        for who in (leaver, other, None)
    ]
    leaving.close_account(clinic.accounts, leaver.account_key, OPERATOR)
    assert revoked_names(clinic) == ["hers", "also hers"]
    assert published(clinic) == (RevokedCertificate("01" * 32, "1"), RevokedCertificate("02" * 32, "2"))
    assert [find_token(clinic.accounts, token) is not None for token in tokens] == [False, True, True]
    assert [code for code, _ in clinic.events()][-4:] == [
        "certificate revoked", "certificate revoked", "token revoked", "account disabled",
    ]  # fmt: skip


def test_another_role_ends_what_it_has_no_right_to_any_more(clinic: AClinic) -> None:
    ada = clinic.person(Role.ADMINISTRATOR, image_right=True)
    clinic.person(Role.ADMINISTRATOR, user_name="second")
    issued(clinic, "hers", ada)
    tokens = [
        issue_token(clinic.accounts, "PC", [scope], OPERATOR, answerable_key=ada.account_key)
        for scope in (Permission.LIST_STUDIES, Permission.VIEW_IMAGES)
    ]
    for role, image_right, left in (
        (Role.ADMINISTRATOR, True, ([], [True, True])),
        (Role.DENTIST, True, (["hers"], [True, True])),
        (Role.DENTIST, False, (["hers"], [True, False])),
    ):
        leaving.change_role(clinic.accounts, ada.account_key, role, OPERATOR, image_right=image_right)
        found = [find_token(clinic.accounts, token) is not None for token in tokens]
        assert (revoked_names(clinic), found) == left


def test_a_dentist_goes_on_answering_for_a_device_as_an_assistant(clinic: AClinic) -> None:
    dentist = clinic.person(Role.DENTIST)
    issued(clinic, "room 2", dentist)
    leaving.change_role(clinic.accounts, dentist.account_key, Role.ASSISTANT, OPERATOR, image_right=False)
    assert revoked_names(clinic) == []


def test_a_token_opens_nothing_once_whoever_answers_for_it_is_gone_however_that_came(clinic: AClinic) -> None:
    person = clinic.person(Role.ASSISTANT)
    token = issue_token(clinic.accounts, "PC", [Permission.LIST_STUDIES], OPERATOR, answerable_key=person.account_key)
    with clinic.database.write() as tx:
        tx.change("UPDATE accounts SET disabled_at = 1 WHERE account_key = :key", key=person.account_key)
    assert find_token(clinic.accounts, token) is None


def test_certificates_of_before_the_register_are_known_by_what_they_opened(clinic: AClinic) -> None:
    [migration] = [one for one in known_migrations() if "CREATE TABLE device_certificates" in one.sql]
    fills_in = next(one for one in statements(migration.sql) if "INSERT INTO device_certificates" in one)
    pinned = Peer(0, "Room 2", "PROMAX", (), None, b"\x01" * 32, clinic.clock.now())
    add_peer(clinic.accounts, clinic.context.publication, pinned, OPERATOR)
    with clinic.database.write() as tx:
        for title, sha256 in (("PROMAX", b"\x01" * 32), ("STRANGER", b"\x02" * 32), ("ODD", b"\x03")):
            put_sender(tx, clinic.clock.now(), title)
            tx.change(
                "UPDATE unknown_senders SET certificate_sha256 = :it WHERE calling_ae_title = :title",
                it=sha256,
                title=title,
            )
        tx.change(fills_in)
    found = all_certificates(clinic.accounts)
    assert [(one.device_name, one.certificate_sha256, one.issued_at, one.ends_at) for one in found] == [
        ("Room 2", b"\x01" * 32, None, None),
        ("STRANGER", b"\x02" * 32, None, None),
    ]
    revoke_certificate(clinic.accounts, clinic.context.publication, found[0].certificate_key, OPERATOR)
    said = decode_admission((clinic.folder / "admission.json").read_bytes())
    assert said.revoked == (RevokedCertificate("01" * 32),)
    assert said.peers == (PeerEntry("Room 2", ("PROMAX",), (), ("01" * 32,)),), "still on the list, and refused"
