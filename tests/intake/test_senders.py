"""An association is told of the peer that the receiver's admission let in: by title, range and certificate."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.accounts.peers import queries as peers
from appliance.accounts.peers.publishing import entry_of
from appliance.accounts.peers.queries import Peer
from appliance.identifiers import AETitle, AssociationId
from appliance.inbox.admission import Admission, Caller
from appliance.inbox.association import AssociationFacts, Transport
from appliance.intake.senders import find_peer
from tests.intake.a_clinic import Clinic, ct_slice, sent

ONE, OTHER = bytes(32), bytes(range(32))


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Clinic:
    return Clinic(tmp_path_factory.mktemp("clinic"))


def a_peer(clinic: Clinic, name: str, address: str | None, certificate: bytes | None = None) -> Peer:
    return Peer(0, name, "CBCT", ("ENAMEL",), address, certificate, clinic.clock.now())


def facts(clinic: Clinic, address: str, certificate: bytes | None = None, title: str = "CBCT") -> AssociationFacts:
    return AssociationFacts(
        clinic.box_id, AssociationId.new(), clinic.clock.now(), AETitle(title), AETitle("ENAMEL"), address,
        Transport.TLS if certificate else Transport.PLAIN, certificate.hex() if certificate else None,
    )  # fmt: skip


def found(clinic: Clinic, known: list[Peer], one: AssociationFacts) -> str | None:
    """Say which peer is found, by name."""
    with clinic.database.write() as tx:
        tx.change("UPDATE peers SET removed_at = 1 WHERE removed_at IS NULL")
        names = {peers.insert_peer(tx, peer, None): peer.name for peer in known}
        key = find_peer(tx, one)
    return None if key is None else names[key]


def test_a_range_a_certificate_and_a_title_of_another_case_are_matched(clinic: Clinic) -> None:
    known = [
        a_peer(clinic, "anywhere with a certificate", None, ONE),
        a_peer(clinic, "the room", "192.0.2.0/24"),
        a_peer(clinic, "the scanner", "192.0.2.7"),
        a_peer(clinic, "the six", "2001:db8::/32"),
    ]
    assert found(clinic, known, facts(clinic, "192.0.2.7")) == "the scanner"
    assert found(clinic, known, facts(clinic, "192.0.2.8", title="cbct")) == "the room"
    assert found(clinic, known, facts(clinic, "2001:db8::9")) == "the six"
    assert found(clinic, known, facts(clinic, "198.51.100.1", ONE)) == "anywhere with a certificate"
    assert found(clinic, known, facts(clinic, "198.51.100.1", OTHER)) is None
    assert found(clinic, known, facts(clinic, "198.51.100.1")) is None
    assert found(clinic, known, facts(clinic, "192.0.2.7", title="OTHER")) is None


def test_who_shows_the_certificate_is_not_taken_for_who_is_only_near(clinic: Clinic) -> None:
    known = [a_peer(clinic, "near", "192.0.2.7"), a_peer(clinic, "shown", "192.0.2.0/24", ONE)]
    assert found(clinic, known, facts(clinic, "192.0.2.7", ONE)) == "shown"
    assert found(clinic, known, facts(clinic, "192.0.2.7")) == "near"


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([None, "192.0.2.7", "192.0.2.0/24", "192.0.2.0/30", "2001:db8::/32"]),
            st.sampled_from([None, ONE, OTHER]),
        ),
        max_size=4,
        unique=True,
    ),
    st.sampled_from(["192.0.2.1", "192.0.2.7", "198.51.100.1", "2001:db8::9"]),
    st.sampled_from([None, ONE, OTHER]),
)
def test_whoever_is_admitted_is_known_and_nobody_else(
    clinic: Clinic, asked: list[tuple[str | None, bytes | None]], address: str, certificate: bytes | None
) -> None:
    known = [a_peer(clinic, str(n), *one) for n, one in enumerate(asked)]
    one = facts(clinic, address, certificate)
    admission = Admission(tuple(entry_of(peer) for peer in known), ("ENAMEL",))
    caller = Caller(one.calling_ae_title, one.called_ae_title, one.address, one.certificate_sha256)
    assert (found(clinic, known, one) is None) == (admission.refusal(caller) is not None)


def test_what_a_peer_sent_before_it_was_removed_is_still_its_own(clinic: Clinic) -> None:
    with clinic.database.write() as tx:
        tx.change("UPDATE peers SET removed_at = 1 WHERE removed_at IS NULL")
        key = peers.insert_peer(tx, a_peer(clinic, "gone", "203.0.113.5"), None)
        before = facts(clinic, "203.0.113.5")
        peers.remove_peer(tx, key, clinic.clock.now() + timedelta(seconds=1))
        assert find_peer(tx, before) == key
        assert find_peer(tx, replace(before, started_at=before.started_at + timedelta(hours=1))) is None


def test_the_row_of_an_association_bears_its_peer(tmp_path: Path) -> None:
    clinic = Clinic(tmp_path)
    with clinic.database.write() as tx:
        peer = Peer(0, "the room", "SCANNER", ("ENAMEL",), "192.0.2.0/24", None, clinic.clock.now())
        key = peers.insert_peer(tx, peer, None)
    clinic.take(ct_slice(1))
    clinic.receive([sent(ct_slice(2))])
    intake = clinic.intake()
    intake.step()
    intake.close()
    assert clinic.rows("SELECT peer_key FROM associations") == [(key,), (key,)]
