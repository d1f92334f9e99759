"""Who sent an association: a known peer by the receiver's own rules of admission, or whom the web let in."""

from contextlib import suppress

from appliance.audit.events import Actor, ActorKind
from appliance.clock import microseconds
from appliance.errors import Unsuitable
from appliance.inbox.admission import Caller, PeerEntry
from appliance.inbox.association import AssociationFacts, SealedAssociation, Transport
from appliance.intake import queries, trail
from appliance.store.transactions import ReadTransaction, Row, WriteTransaction

# HTTPS is TLS; that it was no DICOM association is what a row of `web_senders` says.
_TRANSPORTS = {Transport.PLAIN: "plain", Transport.TLS: "tls", Transport.HTTPS: "tls"}


def begin(tx: WriteTransaction, record: SealedAssociation) -> Actor:
    """Add an association's row unless it is there; give who sent.

    Who handed in over DICOMweb is believed to the catalogue alone, and only beside the very record that `register` was
    told of: whoever can write the inbox can write any record.
    """
    facts = record.facts
    row = queries.association(tx, facts.association_id.value)
    if facts.transport is Transport.HTTPS:
        if row is None:
            _add(tx, facts, None)
        return _by_web(queries.web_sender(tx, facts.association_id.value), record)
    peer_key = find_peer(tx, facts) if row is None else row[0]
    if row is None:
        _add(tx, facts, peer_key)
    return trail.sender(peer_key, facts.address)


def register(tx: WriteTransaction, facts: AssociationFacts, record_sha256: bytes, actor: Actor) -> None:
    """Add the row of an association by which an account or a token hands in over DICOMweb, before intake can see it."""
    _add(tx, facts, None)
    queries.add_web_sender(
        tx,
        association_id=facts.association_id.value,
        actor_kind=actor.kind.value,
        actor_key=actor.key,
        record_sha256=record_sha256,
    )


def _by_web(row: Row | None, record: SealedAssociation) -> Actor:
    nobody = trail.sender(None, record.facts.address)
    if row is None or row[2] != record.sha256:
        return nobody
    return Actor(ActorKind(row[0]), row[1], nobody.address)


def _add(tx: WriteTransaction, facts: AssociationFacts, peer_key: int | None) -> None:
    queries.add_association(
        tx,
        association_id=facts.association_id.value,
        peer_key=peer_key,
        calling_ae_title=facts.calling_ae_title.value,
        called_ae_title=facts.called_ae_title.value,
        address=facts.address,
        transport=_TRANSPORTS[facts.transport],
        certificate_sha256=bytes.fromhex(facts.certificate_sha256) if facts.certificate_sha256 else None,
        implementation_class_uid=facts.implementation_class_uid,
        implementation_version_name=facts.implementation_version_name,
        started_at=microseconds(facts.started_at),
    )


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
