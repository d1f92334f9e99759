"""Which known peer an association came from: by the receiver's own rules of admission."""

from contextlib import suppress

from appliance.audit.events import Actor
from appliance.clock import microseconds
from appliance.errors import Unsuitable
from appliance.inbox.admission import Caller, PeerEntry
from appliance.inbox.association import AssociationFacts
from appliance.intake import queries, trail
from appliance.store.transactions import ReadTransaction, Row, WriteTransaction


def begin(tx: WriteTransaction, facts: AssociationFacts) -> Actor:
    """Add an association's row unless it is there; give who sent."""
    row = queries.association(tx, facts.association_id.value)
    peer_key = find_peer(tx, facts) if row is None else row[0]
    if row is None:
        queries.add_association(
            tx,
            association_id=facts.association_id.value,
            peer_key=peer_key,
            calling_ae_title=facts.calling_ae_title.value,
            called_ae_title=facts.called_ae_title.value,
            address=facts.address,
            transport=facts.transport.value,
            certificate_sha256=bytes.fromhex(facts.certificate_sha256) if facts.certificate_sha256 else None,
            implementation_class_uid=facts.implementation_class_uid,
            implementation_version_name=facts.implementation_version_name,
            started_at=microseconds(facts.started_at),
        )
    return trail.sender(peer_key, facts.address)


def find_peer(tx: ReadTransaction, facts: AssociationFacts) -> int | None:
    """Give the key of the peer that the receiver let in, None for a caller that no peer's row tells of.

    Where several know the caller it is the one that asks most of it: a certificate
    before an address, a narrow range before a wide one, the oldest of equals. A
    peer that was removed after the association began still counts.
    """
    caller = Caller(facts.calling_ae_title, facts.called_ae_title, facts.address, facts.certificate_sha256)
    best: tuple[tuple[int, int], int] | None = None
    for row in queries.peers_at(tx, microseconds(facts.started_at)):
        with suppress(Unsuitable, ValueError):  # a row or an address that no release of ours wrote
            entry = _entry(row)
            if entry.knows(caller) and (best is None or entry.closeness() > best[0]):
                best = entry.closeness(), int(row[0])
    return None if best is None else best[1]


def _entry(row: Row) -> PeerEntry:
    _, name, title, address, certificate = row
    return PeerEntry(name, (title,), (address,) if address else (), (certificate.hex(),) if certificate else ())
