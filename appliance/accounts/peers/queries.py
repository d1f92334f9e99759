"""SQL of peers and unknown senders."""

import json
from dataclasses import dataclass
from datetime import datetime

from appliance.accounts.queries import number
from appliance.clock import instant, microseconds
from appliance.errors import Unsuitable
from appliance.inbox.admission import plain_address
from appliance.store.transactions import ReadTransaction, Row, WriteTransaction


@dataclass(frozen=True, slots=True)
class Sender:
    """A device that tried to send and was refused."""

    sender_key: int
    calling_ae_title: str
    called_ae_title: str
    address: str
    certificate_sha256: bytes | None
    implementation_class_uid: str
    implementation_version_name: str
    reason: str
    attempts: int
    first_seen_at: datetime
    last_seen_at: datetime


@dataclass(frozen=True, slots=True)
class Peer:
    """A device that may send. Its address is an address or a network, None for any; rows keep and give one spelling."""

    peer_key: int
    name: str
    calling_ae_title: str
    called_ae_titles: tuple[str, ...]
    address: str | None
    certificate_sha256: bytes | None
    approved_at: datetime


_SENDER = """sender_key, calling_ae_title, called_ae_title, address, certificate_sha256, implementation_class_uid,
  implementation_version_name, reason, attempts, first_seen_at, last_seen_at"""


def waiting_senders(tx: ReadTransaction) -> list[Sender]:
    """Senders that nobody has decided about, the latest first."""
    sql = f"SELECT {_SENDER} FROM unknown_senders WHERE state = 'waiting' ORDER BY last_seen_at DESC, sender_key DESC"  # noqa: S608  # the columns are written in this file
    return [_sender(row) for row in tx.rows(sql)]


def waiting_sender(tx: ReadTransaction, sender_key: int) -> Sender | None:
    """One sender that nobody has decided about."""
    sql = f"SELECT {_SENDER} FROM unknown_senders WHERE state = 'waiting' AND sender_key = :key"  # noqa: S608  # the columns are written in this file
    rows = tx.rows(sql, key=sender_key)
    return _sender(rows[0]) if rows else None


def latest_waiting_sender(tx: ReadTransaction) -> Sender | None:
    """The sender that was refused last, of those that nobody has decided about."""
    sql = f"SELECT {_SENDER} FROM unknown_senders WHERE state = 'waiting' ORDER BY last_seen_at DESC LIMIT 1"  # noqa: S608  # the columns are written in this file
    rows = tx.rows(sql)
    return _sender(rows[0]) if rows else None


def count_waiting_senders(tx: ReadTransaction) -> int:
    """How many wait."""
    return number(tx.rows("SELECT count(*) FROM unknown_senders WHERE state = 'waiting'")[0][0])


def decide_sender(tx: WriteTransaction, sender_key: int, state: str) -> bool:
    """Set what was decided; False when it no longer waits."""
    sql = "UPDATE unknown_senders SET state = :state WHERE sender_key = :key AND state = 'waiting'"
    return tx.change(sql, state=state, key=sender_key) == 1


def insert_peer(tx: WriteTransaction, peer: Peer, approved_by: int | None) -> int:
    """Add a peer; its own key is ignored. Gives the new key."""
    rows = tx.rows(
        """INSERT INTO peers (name, calling_ae_title, called_ae_titles, address, certificate_sha256, approved_by,
             approved_at)
           VALUES (:name, :calling, :called, :address, :certificate, :by, :at) RETURNING peer_key""",
        name=peer.name,
        calling=peer.calling_ae_title,
        called=json.dumps(peer.called_ae_titles),
        address=_address(peer.address),
        certificate=peer.certificate_sha256,
        by=approved_by,
        at=microseconds(peer.approved_at),
    )
    return number(rows[0][0])


def peers(tx: ReadTransaction) -> list[Peer]:
    """Every peer that may send, by name."""
    rows = tx.rows(
        """SELECT peer_key, name, calling_ae_title, called_ae_titles, address, certificate_sha256, approved_at
           FROM peers WHERE removed_at IS NULL ORDER BY name, peer_key"""
    )
    return [_peer(row) for row in rows]


def find_same(tx: ReadTransaction, peer: Peer) -> Peer | None:
    """Give the peer that may send under the same title, from the same address and with the same certificate."""
    rows = tx.rows(
        """SELECT peer_key, name, calling_ae_title, called_ae_titles, address, certificate_sha256, approved_at
           FROM peers WHERE removed_at IS NULL AND lower(calling_ae_title) = lower(:calling)
             AND coalesce(certificate_sha256, x'') = coalesce(:certificate, x'') ORDER BY peer_key""",
        calling=peer.calling_ae_title,
        certificate=peer.certificate_sha256,
    )
    sought = _address(peer.address)
    return next((found for found in map(_peer, rows) if found.address == sought), None)


def set_called_titles(tx: WriteTransaction, peer_key: int, titles: tuple[str, ...]) -> None:
    """Say what a peer may call the box."""
    sql = "UPDATE peers SET called_ae_titles = :called WHERE peer_key = :key"
    tx.change(sql, called=json.dumps(titles), key=peer_key)


def remove_peer(tx: WriteTransaction, peer_key: int, at: datetime) -> bool:
    """Take a peer's right away; False when it has none."""
    sql = "UPDATE peers SET removed_at = :at WHERE peer_key = :key AND removed_at IS NULL"
    return tx.change(sql, at=microseconds(at), key=peer_key) == 1


def _sender(row: Row) -> Sender:
    key, calling, called, address, certificate, uid, version, reason, attempts, first, last = row
    return Sender(
        number(key),
        str(calling),
        str(called),
        str(address),
        certificate if isinstance(certificate, bytes) else None,
        str(uid),
        str(version),
        str(reason),
        number(attempts),
        instant(number(first)),
        instant(number(last)),
    )


def _peer(row: Row) -> Peer:
    key, name, calling, called, address, certificate, approved_at = row
    return Peer(
        number(key),
        str(name),
        str(calling),
        tuple(json.loads(str(called))),
        _address(address),
        certificate if isinstance(certificate, bytes) else None,
        instant(number(approved_at)),
    )


def _address(address: str | None) -> str | None:
    """Give the one spelling of an address; earlier releases kept others, too, and what is none stays as it is."""
    if address is None:
        return None
    try:
        return plain_address(address)
    except Unsuitable:
        return address
