"""Writes the rows of peers, and of certificates that were revoked, into the file that the receiver admits by.

Guards: the file is replaced whole and durably, after the rows are committed
and outside any transaction; when two publish at once the last to write has
seen the newest rows, for each looks again after writing. What could not be
written is told to whoever asked and tried again (`keep_published`), so that a
peer that was removed does not stay admitted until something else changes. What
the file revokes and the rows do not, for an older catalogue was put to use, is
revoked in the rows: nothing that was taken back becomes good again. A file that
cannot be read is for that reason not replaced.
"""

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from appliance.accounts.context import Accounts
from appliance.accounts.errors import NotPublished
from appliance.accounts.peers import queries, queries_certificates
from appliance.accounts.peers.queries import Peer
from appliance.accounts.peers.queries_certificates import Certificate
from appliance.audit.events import PROCESS, Event, EventCode, Subject, SubjectKind
from appliance.errors import ApplianceError, Unavailable, Unsuitable
from appliance.inbox.admission import PeerEntry, RevokedCertificate, decode_admission, encode_admission
from appliance.store.files import FileLayer, replace_durably, storage_faults

log = logging.getLogger(__name__)

RETRY_SECONDS = 5.0
_MOST_ROUNDS = 20


@dataclass(frozen=True)
class Publication:
    """The admission file and the disk that it lies on."""

    file: Path
    files: FileLayer

    def publish(self, accounts: Accounts) -> None:
        """Write the rows as they are now.

        Raises:
            NotPublished: The disk refused to give the file or to take it; it still says what it said before.
        """
        self._take_in(accounts)
        for _ in range(_MOST_ROUNDS):
            content = _due(accounts)
            try:
                with storage_faults():
                    replace_durably(self.files, self.file, content)
            except Unavailable as fault:
                raise NotPublished(f"the receiver's list could not be written and is tried again: {fault}") from fault
            if _due(accounts) == content:
                return
        raise NotPublished("the receiver's list kept changing while it was written; it is tried again")

    def publish_if_due(self, accounts: Accounts) -> None:
        """Write the rows as they are now, unless the file says so already.

        Raises:
            NotPublished: The disk refused; the file still says what it said before.
        """
        if not self.is_current(accounts):
            self.publish(accounts)

    def is_current(self, accounts: Accounts) -> bool:
        """Say whether the receiver reads what the rows say."""
        try:
            with self.files.open_read(self.file) as file:
                return file.read() == _due(accounts)
        except FileNotFoundError:
            return _due(accounts) == encode_admission([])  # without a file the receiver admits nobody
        except OSError:
            return False

    def _take_in(self, accounts: Accounts) -> None:
        """Revoke in the rows what the file that is there revokes.

        Raises:
            NotPublished: The disk refused to give it.
        """
        try:
            with self.files.open_read(self.file) as file:
                told = decode_admission(file.read()).revoked
        except (FileNotFoundError, Unsuitable):
            return  # none, or one that the receiver does not believe either
        except OSError as fault:  # it may revoke what no row does, so it stays until it was read
            raise NotPublished(f"the receiver's list could not be read and is tried again: {fault}") from fault
        with accounts.database.read() as tx:
            known = {one.certificate_sha256.hex() for one in queries_certificates.certificates(tx) if one.revoked_at}
        lacking = [one for one in told if not one.is_held and one.sha256 not in known]
        if lacking:
            _revoke_again(accounts, lacking)


def _revoke_again(accounts: Accounts, lacking: Sequence[RevokedCertificate]) -> None:
    now = accounts.clock.now()
    with accounts.database.write() as tx:
        for one in lacking:
            key = queries_certificates.revoke_fingerprint(tx, bytes.fromhex(one.sha256), one.serial_number, now)
            if key is not None:
                subject = Subject(SubjectKind.CERTIFICATE, key)
                accounts.audit.record(tx, Event(EventCode.CERTIFICATE_REVOKED, PROCESS, subject=subject))


def keep_published(
    publication: Publication, accounts: Accounts, stop: threading.Event, pause_seconds: float = RETRY_SECONDS
) -> None:
    """Until told to stop, write the list whenever it is not what the rows say."""
    while not stop.wait(pause_seconds):
        try:
            publication.publish_if_due(accounts)
        except ApplianceError as fault:
            log.warning("the receiver's list waits: %s", fault)


def entry_of(peer: Peer) -> PeerEntry:
    """Give what the receiver is told of a peer.

    Raises:
        Unsuitable: An AE title or address is none.
    """
    return PeerEntry(
        name=peer.name,
        calling_ae_titles=(peer.calling_ae_title,),
        addresses=() if peer.address is None else (peer.address,),
        certificate_sha256=() if peer.certificate_sha256 is None else (peer.certificate_sha256.hex(),),
        called_ae_titles=peer.called_ae_titles,
    )


def _due(accounts: Accounts) -> bytes:
    with accounts.database.read() as tx:
        peers, issued = queries.peers(tx), queries_certificates.certificates(tx)
    revoked = [_revoked(one) for one in issued if one.revoked_at is not None or one.held_at is not None]
    return encode_admission([entry_of(peer) for peer in peers], revoked)


def _revoked(certificate: Certificate) -> RevokedCertificate:
    is_held = certificate.revoked_at is None
    return RevokedCertificate(certificate.certificate_sha256.hex(), certificate.serial_number, is_held)
