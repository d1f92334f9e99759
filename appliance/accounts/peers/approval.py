"""Letting a device send, and taking that back.

Rows and their audit event are one transaction; the admission file is written
from the committed rows afterwards (`publishing`). Where the disk refuses that,
what was decided stays decided, the caller hears `NotPublished`, and staff goes
on trying, at its start and every few seconds.
"""

from dataclasses import replace

from appliance.accounts.context import Accounts
from appliance.accounts.errors import AlreadyAdmitted, CertificateRevoked
from appliance.accounts.peers import queries
from appliance.accounts.peers.certificates import check_not_revoked
from appliance.accounts.peers.publishing import Publication, entry_of
from appliance.accounts.peers.queries import Peer, Sender
from appliance.accounts.trail import account_key_of
from appliance.audit.events import Actor, Event, EventCode, Outcome, Subject, SubjectKind
from appliance.errors import NotFound, Unsuitable
from appliance.identifiers import AETitle
from appliance.inbox.admission import Refusal


def approve_sender(accounts: Accounts, publication: Publication, sender_key: int, by: Actor) -> Peer:
    """Let a waiting sender in, as it presented itself; one known by another name of the box may use this name too.

    Raises:
        NotFound: It no longer waits.
        Unsuitable: It named itself by no AE title.
        CertificateRevoked: It showed a certificate that was taken back.
        NotPublished: It is let in, and the receiver cannot be told yet.
    """
    with accounts.database.write() as tx:
        sender = queries.waiting_sender(tx, sender_key)
        if sender is None:
            raise NotFound("no such waiting sender")
        if sender.reason == Refusal.REVOKED:
            raise CertificateRevoked("the receiver refused this sender for a certificate that was revoked")
        check_not_revoked(tx, sender.certificate_sha256)
        queries.decide_sender(tx, sender_key, "approved")
        peer = _peer_of(sender, accounts)
        same = queries.find_same(tx, peer)
        if same is None:
            peer_key = queries.insert_peer(tx, peer, account_key_of(by))
        else:
            peer_key, peer = same.peer_key, _also_called(same, peer.called_ae_titles)
            queries.set_called_titles(tx, peer_key, peer.called_ae_titles)
        accounts.audit.record(tx, Event(EventCode.SENDER_APPROVED, by, subject=Subject(SubjectKind.PEER, peer_key)))
    publication.publish(accounts)
    return peer


def add_peer(accounts: Accounts, publication: Publication, peer: Peer, by: Actor) -> int:
    """Let a device in that has not tried yet.

    Raises:
        Unsuitable: An AE title or address is none.
        AlreadyAdmitted: It may send already.
        CertificateRevoked: The certificate that it must show was taken back.
        NotPublished: It is let in, and the receiver cannot be told yet.
    """
    entry_of(peer)
    with accounts.database.write() as tx:
        check_not_revoked(tx, peer.certificate_sha256)
        same = queries.find_same(tx, peer)
        if same is not None:
            raise AlreadyAdmitted(f"this device may send already: it is peer {same.peer_key}, {same.name}")
        peer_key = queries.insert_peer(tx, peer, account_key_of(by))
        accounts.audit.record(tx, Event(EventCode.PEER_ADDED, by, subject=Subject(SubjectKind.PEER, peer_key)))
    publication.publish(accounts)
    return peer_key


def dismiss_sender(accounts: Accounts, sender_key: int, by: Actor) -> None:
    """Put a card away; the sender stays refused.

    Raises:
        NotFound: It no longer waits.
    """
    with accounts.database.write() as tx:
        if not queries.decide_sender(tx, sender_key, "dismissed"):
            raise NotFound("no such waiting sender")
        accounts.audit.record(
            tx, Event(EventCode.SENDER_DISMISSED, by, subject=Subject(SubjectKind.SENDER, sender_key))
        )


def remove_peer(accounts: Accounts, publication: Publication, peer_key: int, by: Actor) -> None:
    """Stop a device from sending from now on; what it sent stays.

    Raises:
        NotFound: It may not send anyway.
        NotPublished: It is removed, and the receiver cannot be told yet.
    """
    with accounts.database.write() as tx:
        if not queries.remove_peer(tx, peer_key, accounts.clock.now()):
            raise NotFound("no such peer")
        accounts.audit.record(tx, Event(EventCode.PEER_REMOVED, by, subject=Subject(SubjectKind.PEER, peer_key)))
    publication.publish(accounts)


def get_peer(accounts: Accounts, which: str) -> Peer:
    """Give the one peer with this key, name or calling AE title.

    Raises:
        NotFound: None has.
        Unsuitable: Several have.
    """
    with accounts.database.read() as tx:
        peers = queries.peers(tx)
    by_key = [peer for peer in peers if str(peer.peer_key) == which]
    sought = which.strip().casefold()
    by_name = [peer for peer in peers if sought in (peer.name.casefold(), peer.calling_ae_title.casefold())]
    found = by_key or by_name
    if not found:
        raise NotFound("no such peer")
    if len(found) > 1:
        keys = ", ".join(str(peer.peer_key) for peer in found)
        raise Unsuitable(f"several peers are called so: name one by its key ({keys})")
    return found[0]


def record_tested(accounts: Accounts, peer_key: int, by: Actor, *, answered: bool) -> None:
    """Record that a peer was asked whether it is there."""
    outcome = Outcome.SUCCESS if answered else Outcome.FAILURE
    event = Event(EventCode.PEER_TESTED, by, outcome, Subject(SubjectKind.PEER, peer_key))
    with accounts.database.write() as tx:
        accounts.audit.record(tx, event)


def _also_called(peer: Peer, titles: tuple[str, ...]) -> Peer:
    known = {title.casefold() for title in peer.called_ae_titles}
    more = tuple(title for title in titles if title.casefold() not in known)
    return replace(peer, called_ae_titles=(*peer.called_ae_titles, *more))


def _peer_of(sender: Sender, accounts: Accounts) -> Peer:
    calling = AETitle.parse(sender.calling_ae_title).value
    called = AETitle.parse(sender.called_ae_title).value
    now = accounts.clock.now()
    return Peer(0, calling, calling, (called,), sender.address, sender.certificate_sha256, now)
