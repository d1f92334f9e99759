"""Letting a device send, and taking that back.

Rows and their audit event are one transaction; the admission file is written
from the committed rows afterwards, whole and by one rename. A crash between
the two is mended by `publish_admission`, which staff also calls at its start.
"""

import os
from pathlib import Path

from appliance.accounts.context import Accounts
from appliance.accounts.peers import queries
from appliance.accounts.peers.queries import Peer, Sender
from appliance.accounts.trail import account_key_of
from appliance.audit.events import Actor, Event, EventCode, Subject, SubjectKind
from appliance.errors import NotFound
from appliance.identifiers import AETitle
from appliance.inbox.admission import PeerEntry, encode_admission


def approve_sender(accounts: Accounts, admission_file: Path, sender_key: int, by: Actor) -> Peer:
    """Let a waiting sender in, as it presented itself.

    Raises:
        NotFound: It no longer waits.
        Unsuitable: It named itself by no AE title.
    """
    with accounts.database.write() as tx:
        sender = queries.waiting_sender(tx, sender_key)
        if sender is None:
            raise NotFound("no such waiting sender")
        queries.decide_sender(tx, sender_key, "approved")
        peer = _peer_of(sender, accounts)
        peer_key = queries.insert_peer(tx, peer, account_key_of(by))
        accounts.audit.record(tx, Event(EventCode.SENDER_APPROVED, by, subject=Subject(SubjectKind.PEER, peer_key)))
    publish_admission(accounts, admission_file)
    return peer


def add_peer(accounts: Accounts, admission_file: Path, peer: Peer, by: Actor) -> int:
    """Let a device in that has not tried yet.

    Raises:
        Unsuitable: An AE title or address is none.
    """
    _entry(peer)
    with accounts.database.write() as tx:
        peer_key = queries.insert_peer(tx, peer, account_key_of(by))
        accounts.audit.record(tx, Event(EventCode.PEER_ADDED, by, subject=Subject(SubjectKind.PEER, peer_key)))
    publish_admission(accounts, admission_file)
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


def remove_peer(accounts: Accounts, admission_file: Path, peer_key: int, by: Actor) -> None:
    """Stop a device from sending from now on; what it sent stays.

    Raises:
        NotFound: It may not send anyway.
    """
    with accounts.database.write() as tx:
        if not queries.remove_peer(tx, peer_key, accounts.clock.now()):
            raise NotFound("no such peer")
        accounts.audit.record(tx, Event(EventCode.PEER_REMOVED, by, subject=Subject(SubjectKind.PEER, peer_key)))
    publish_admission(accounts, admission_file)


def publish_admission(accounts: Accounts, admission_file: Path) -> None:
    """Write the file that the receiver reads, from the rows as they are now.

    The write lock keeps publishers apart, in other processes too.
    """
    with accounts.database.write() as tx:
        _replace(admission_file, encode_admission([_entry(peer) for peer in queries.peers(tx)]))


def _peer_of(sender: Sender, accounts: Accounts) -> Peer:
    calling = AETitle.parse(sender.calling_ae_title).value
    called = AETitle.parse(sender.called_ae_title).value
    now = accounts.clock.now()
    return Peer(0, calling, calling, (called,), sender.address, sender.certificate_sha256, now)


def _entry(peer: Peer) -> PeerEntry:
    return PeerEntry(
        name=peer.name,
        calling_ae_titles=(peer.calling_ae_title,),
        addresses=() if peer.address is None else (peer.address,),
        certificate_sha256=() if peer.certificate_sha256 is None else (peer.certificate_sha256.hex(),),
        called_ae_titles=peer.called_ae_titles,
    )


def _replace(path: Path, content: bytes) -> None:
    """Put the new file where the old one was, in one step that survives a power cut."""
    fresh = path.with_suffix(".new")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o640), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.rename(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
