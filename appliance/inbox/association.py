"""The two records that stand beside an association's sealed files.

    inbox/<association id>/association   header line | key line
    inbox/<association id>/<file id>     a sealed Part 10 stream (docs/storage-format.md)
    inbox/<association id>/end           record line | MAC line

The header line says who sent and when; it is in clear and holds no patient
data. Its very bytes are the HPKE `info`, so the association's key opens only
beside the facts it was sealed with. An association without `end` was cut off:
its count is unknown.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256

from appliance.clock import instant, microseconds
from appliance.errors import Tampered, Unsuitable
from appliance.identifiers import AETitle, AssociationId, BoxId

ASSOCIATION_NAME = "association"
END_NAME = "end"
LARGEST_RECORD_BYTES = 16 * 1024  # both records are written by us and far smaller
_FORMAT = 1


class Transport(StrEnum):
    """How a peer reached the box: the receiver by DICOM, or the clinic's pages by DICOMweb."""

    PLAIN = "plain"
    TLS = "tls"
    HTTPS = "https"


class Outcome(StrEnum):
    """How an association ended, as far as the receiver saw."""

    RELEASED = "released"
    ABORTED = "aborted"
    REFUSED = "refused"
    LOST = "lost"
    STOPPED = "stopped"


@dataclass(frozen=True)
class AssociationFacts:
    """Who sent, how the peer was known, and when.

    Attributes:
        box_id: The box that received.
        association_id: Random, also the folder's name.
        started_at: When the association was accepted.
        calling_ae_title: As the peer named itself.
        called_ae_title: As the peer named the box.
        address: The peer's IP address.
        transport: Plain, TLS or HTTPS.
        certificate_sha256: Fingerprint of the client certificate, if one was shown (hexadecimal).
        implementation_class_uid: What the peer's software calls itself.
        implementation_version_name: Its version, or empty.
    """

    box_id: BoxId
    association_id: AssociationId
    started_at: datetime
    calling_ae_title: AETitle
    called_ae_title: AETitle
    address: str
    transport: Transport
    certificate_sha256: str | None = None
    implementation_class_uid: str = ""
    implementation_version_name: str = ""


@dataclass(frozen=True)
class SealedAssociation:
    """The `association` record as read back.

    Attributes:
        facts: Who sent.
        inbox_key_number: Which inbox key pair opens `sealed_key`.
        sealed_key: The association key under HPKE.
        info: What HPKE binds: the header line's bytes.
        sha256: Digest of the whole record.
    """

    facts: AssociationFacts
    inbox_key_number: int
    sealed_key: bytes
    info: bytes
    sha256: bytes = b""


@dataclass(frozen=True)
class AssociationEnd:
    """The `end` record.

    Attributes:
        association_id: Whose end it is.
        outcome: How it ended.
        file_count: How many files were acknowledged with Success.
        ended_at: When.
    """

    association_id: AssociationId
    outcome: Outcome
    file_count: int
    ended_at: datetime


def association_info(facts: AssociationFacts, inbox_key_number: int) -> bytes:
    """Give the header line, which is also the HPKE `info`."""
    return _line(
        format=_FORMAT,
        box_id=str(facts.box_id),
        association_id=str(facts.association_id),
        started_at=microseconds(facts.started_at),
        calling_ae_title=facts.calling_ae_title.value,
        called_ae_title=facts.called_ae_title.value,
        address=facts.address,
        transport=facts.transport.value,
        certificate_sha256=facts.certificate_sha256,
        implementation_class_uid=facts.implementation_class_uid,
        implementation_version_name=facts.implementation_version_name,
        inbox_key_number=inbox_key_number,
    )


def encode_association(info: bytes, sealed_key: bytes) -> bytes:
    """Give the `association` file: the header line and the sealed key."""
    return info + b"\n" + _line(sealed_key=sealed_key.hex()) + b"\n"


def decode_association(stored: bytes) -> SealedAssociation:
    """Read an `association` file.

    Raises:
        Tampered: It is not one that the receiver wrote.
    """
    info, key_line = _two_lines(stored)
    header, key = _object(info), _object(key_line)
    try:
        return SealedAssociation(
            _facts(header),
            int(header["inbox_key_number"]),
            bytes.fromhex(key["sealed_key"]),
            info,
            sha256(stored).digest(),
        )
    except (KeyError, TypeError, ValueError, OverflowError, Unsuitable) as fault:
        raise Tampered("an association record is not what was written") from fault


def encode_end(end: AssociationEnd) -> bytes:
    """Give the line that the MAC covers."""
    return _line(
        format=_FORMAT,
        association_id=str(end.association_id),
        outcome=end.outcome.value,
        file_count=end.file_count,
        ended_at=microseconds(end.ended_at),
    )


def end_file(record: bytes, mac: bytes) -> bytes:
    """Give the `end` file of a record line and its MAC."""
    return record + b"\n" + mac.hex().encode() + b"\n"


def decode_end(stored: bytes) -> tuple[AssociationEnd, bytes, bytes]:
    """Read an `end` file; the caller checks the MAC before it believes any of it.

    Returns:
        The end, the record line that the MAC covers, and the MAC.

    Raises:
        Tampered: It is not one that the receiver wrote.
    """
    record, mac = _two_lines(stored)
    header = _object(record)
    try:
        end = AssociationEnd(
            AssociationId.parse(header["association_id"]),
            Outcome(header["outcome"]),
            int(header["file_count"]),
            instant(int(header["ended_at"])),
        )
        return end, record, bytes.fromhex(mac.decode())
    except (KeyError, TypeError, ValueError, OverflowError, Unsuitable) as fault:
        raise Tampered("an association's end record is not what was written") from fault


def _facts(header: Mapping[str, str]) -> AssociationFacts:
    return AssociationFacts(
        BoxId.parse(header["box_id"]),
        AssociationId.parse(header["association_id"]),
        instant(int(header["started_at"])),
        AETitle.parse(header["calling_ae_title"]),
        AETitle.parse(header["called_ae_title"]),
        str(header["address"]),
        Transport(header["transport"]),
        header["certificate_sha256"],
        str(header["implementation_class_uid"]),
        str(header["implementation_version_name"]),
    )


def _line(**fields: object) -> bytes:
    return json.dumps(fields, ensure_ascii=True, separators=(",", ":")).encode()


def _two_lines(stored: bytes) -> tuple[bytes, bytes]:
    lines = stored.split(b"\n")
    if len(stored) > LARGEST_RECORD_BYTES or len(lines) != 3 or lines[2]:
        raise Tampered("an inbox record has two whole lines")
    return lines[0], lines[1]


def _object(line: bytes) -> Mapping[str, str]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as fault:
        raise Tampered("an inbox record is not what was written") from fault
    if not isinstance(found, dict) or found.get("format", _FORMAT) != _FORMAT:
        raise Tampered("an inbox record has a format that this release does not know")
    return found
