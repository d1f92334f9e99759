"""The register of certificates that the box issued to devices, and taking one back.

Guards: a row and its audit event are one transaction, the issuing one's too, so
no device holds a certificate that the register does not know. What was revoked
is published with the peers (`publishing`), and never becomes good again; after a
restore each is held until somebody confirms it, for it may have been revoked since the copy.
Leaves out: making certificates, which needs the authority's key (`assembly.certificates`).
"""

from collections.abc import Iterable
from dataclasses import replace

from appliance.accounts.answerable import check_answerable
from appliance.accounts.context import Accounts
from appliance.accounts.errors import CertificateRevoked
from appliance.accounts.peers import queries_certificates
from appliance.accounts.peers.publishing import Publication
from appliance.accounts.peers.queries_certificates import Certificate
from appliance.audit.events import Actor, Event, EventCode, Subject, SubjectKind
from appliance.errors import NotFound
from appliance.store.transactions import ReadTransaction, WriteTransaction


def register_certificate(tx: WriteTransaction, accounts: Accounts, made: Certificate, by: Actor) -> Certificate:
    """Enter a certificate that is being issued; gives it with its key.

    Raises:
        NotFound: Whoever should answer for it has no open account.
    """
    check_answerable(tx, made.answerable_key)
    key = queries_certificates.insert_certificate(tx, made)
    accounts.audit.record(tx, _event(EventCode.CERTIFICATE_ISSUED, by, key))
    return replace(made, certificate_key=key)


def all_certificates(accounts: Accounts) -> list[Certificate]:
    """Give every certificate that was ever issued to a device, in order."""
    with accounts.database.read() as tx:
        return queries_certificates.certificates(tx)


def revoke_certificate(accounts: Accounts, publication: Publication, certificate_key: int, by: Actor) -> None:
    """Take a certificate back: whoever shows it is refused from now on.

    Raises:
        NotFound: No such certificate that is still good.
        NotPublished: It is revoked, and the receiver cannot be told yet.
    """
    with accounts.database.write() as tx:
        if not queries_certificates.revoke_certificate(tx, certificate_key, accounts.clock.now()):
            raise NotFound("no such certificate")
        record_revoked(tx, accounts, [certificate_key], by)
    publication.publish(accounts)


def confirm_certificate(accounts: Accounts, publication: Publication, certificate_key: int, by: Actor) -> None:
    """Say that a certificate that is held since a restore is good: nobody revoked it after the copy was made.

    Raises:
        NotFound: No such certificate is held.
        NotPublished: It is good, and the receiver cannot be told yet.
    """
    with accounts.database.write() as tx:
        if not queries_certificates.confirm_certificate(tx, certificate_key):
            raise NotFound("no such certificate is held")
        accounts.audit.record(tx, _event(EventCode.CERTIFICATE_CONFIRMED, by, certificate_key))
    publication.publish(accounts)


def record_revoked(tx: WriteTransaction, accounts: Accounts, certificate_keys: Iterable[int], by: Actor) -> None:
    """Record that certificates were taken back."""
    for key in certificate_keys:
        accounts.audit.record(tx, _event(EventCode.CERTIFICATE_REVOKED, by, key))


def check_not_revoked(tx: ReadTransaction, certificate_sha256: bytes | None) -> None:
    """Make sure that nobody is let in by a certificate that was taken back, or is held.

    Raises:
        CertificateRevoked: It was, or is.
    """
    if certificate_sha256 is not None and queries_certificates.is_refused(tx, certificate_sha256):
        raise CertificateRevoked("this certificate was revoked, or is held since the box was restored")


def _event(code: EventCode, by: Actor, certificate_key: int) -> Event:
    return Event(code, by, subject=Subject(SubjectKind.CERTIFICATE, certificate_key))
