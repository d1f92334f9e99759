"""SQL of the certificates that the box issued to devices."""

from dataclasses import dataclass
from datetime import datetime

from appliance.accounts.queries import blob, maybe_instant, number
from appliance.clock import microseconds
from appliance.store.transactions import ReadTransaction, Row, WriteTransaction


@dataclass(frozen=True, slots=True)
class Certificate:
    """One that a device may show over TLS.

    Attributes:
        certificate_key: Its row.
        device_name: Which device it was made for.
        certificate_sha256: Its fingerprint.
        serial_number: In hexadecimal; this and both times are None of one that was issued before rows were kept.
        issued_at: When it was made.
        ends_at: When it ends by itself.
        answerable_key: The account of whoever answers for it; None where nobody does by name.
        revoked_at: When it was taken back.
        held_at: Since when it is refused until somebody confirms it: the box came back from a copy, which cannot know
            what was revoked later.
    """

    certificate_key: int
    device_name: str
    certificate_sha256: bytes
    serial_number: str | None
    issued_at: datetime | None
    ends_at: datetime | None
    answerable_key: int | None = None
    revoked_at: datetime | None = None
    held_at: datetime | None = None


_CERTIFICATE = """certificate_key, device_name, certificate_sha256, serial_number, issued_at, ends_at, answerable_key,
  revoked_at, held_at"""


def insert_certificate(tx: WriteTransaction, certificate: Certificate) -> int:
    """Add a certificate; its own key is ignored. Gives the new key."""
    rows = tx.rows(
        """INSERT INTO device_certificates (device_name, certificate_sha256, serial_number, issued_at, ends_at,
             answerable_key)
           VALUES (:name, :sha256, :serial, :issued, :ends, :answerable) RETURNING certificate_key""",
        name=certificate.device_name,
        sha256=certificate.certificate_sha256,
        serial=certificate.serial_number,
        issued=_microseconds(certificate.issued_at),
        ends=_microseconds(certificate.ends_at),
        answerable=certificate.answerable_key,
    )
    return number(rows[0][0])


def certificates(tx: ReadTransaction) -> list[Certificate]:
    """Every certificate that was ever issued to a device, in order."""
    sql = f"SELECT {_CERTIFICATE} FROM device_certificates ORDER BY certificate_key"  # noqa: S608  # the columns are written in this file
    return [_certificate(row) for row in tx.rows(sql)]


def is_refused(tx: ReadTransaction, certificate_sha256: bytes) -> bool:
    """Say whether a certificate was taken back, or is held."""
    sql = """SELECT 1 FROM device_certificates WHERE certificate_sha256 = :sha256
             AND (revoked_at IS NOT NULL OR held_at IS NOT NULL)"""
    return bool(tx.rows(sql, sha256=certificate_sha256))


def revoke_certificate(tx: WriteTransaction, certificate_key: int, at: datetime) -> bool:
    """Take a certificate back; False when there is none that is good."""
    sql = "UPDATE device_certificates SET revoked_at = :at WHERE certificate_key = :key AND revoked_at IS NULL"
    return tx.change(sql, at=microseconds(at), key=certificate_key) == 1


def confirm_certificate(tx: WriteTransaction, certificate_key: int) -> bool:
    """Hold a certificate no more; False when none is held that was not taken back."""
    sql = """UPDATE device_certificates SET held_at = NULL
             WHERE certificate_key = :key AND held_at IS NOT NULL AND revoked_at IS NULL"""
    return tx.change(sql, key=certificate_key) == 1


def revoke_fingerprint(tx: WriteTransaction, sha256: bytes, serial_number: str | None, at: datetime) -> int | None:
    """Take back a certificate by what the receiver knows it by, with or without a row; None when it was before."""
    rows = tx.rows(
        """INSERT INTO device_certificates (device_name, certificate_sha256, serial_number, revoked_at)
           VALUES ('', :sha256, :serial, :at)
           ON CONFLICT (certificate_sha256) DO UPDATE SET revoked_at = :at WHERE revoked_at IS NULL
           RETURNING certificate_key""",
        sha256=sha256,
        serial=serial_number,
        at=microseconds(at),
    )
    return number(rows[0][0]) if rows else None


def revoke_certificates_of(tx: WriteTransaction, account_key: int, at: datetime) -> list[int]:
    """Take back every certificate that a person answers for; gives their keys."""
    sql = """UPDATE device_certificates SET revoked_at = :at WHERE answerable_key = :key AND revoked_at IS NULL
             RETURNING certificate_key"""
    return sorted(number(row[0]) for row in tx.rows(sql, at=microseconds(at), key=account_key))


def _certificate(row: Row) -> Certificate:
    key, name, sha256, serial, issued_at, ends_at, answerable, revoked_at, held_at = row
    return Certificate(
        number(key),
        str(name),
        blob(sha256),
        None if serial is None else str(serial),
        maybe_instant(issued_at),
        maybe_instant(ends_at),
        None if answerable is None else number(answerable),
        maybe_instant(revoked_at),
        maybe_instant(held_at),
    )


def _microseconds(at: datetime | None) -> int | None:
    return None if at is None else microseconds(at)
