"""A device whose certificate was revoked is refused at the door, whatever else is known of it."""

import base64
import ssl
import textwrap
import time
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.x509 import load_pem_x509_certificate

from appliance.dicom_scp.pdu import decode_rejection
from appliance.dicom_scp.sender import Destination, echo
from appliance.errors import Unavailable
from appliance.inbox.admission import PeerEntry, RevokedCertificate, encode_admission
from appliance.inbox.spool import read_spool
from appliance.keys.authority import Issued, certificate_sha256
from tests.dicom_scp.a_device import Device, DeviceAuthority
from tests.dicom_scp.raw_peer import RawPeer, p_data, pdv, request, store_command
from tests.dicom_scp.receiver_process import Running, running

KNOWN = PeerEntry("Room 2", ("PROMAX",), ("127.0.0.1",))
ORDER_OF_P256 = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # SEC 2, 2.4.2
SHORTLY = 2.0  # seconds, of which a process of DCMTK takes most


def revoke(receiver: Running, *revoked: RevokedCertificate) -> None:
    draft = receiver.folder.path / "draft"
    draft.write_bytes(encode_admission([KNOWN], revoked))
    draft.replace(receiver.folder.places.admission)


def reasons(receiver: Running) -> list[str]:
    return [event.facts["reason"] for event in read_spool(receiver.folder.places.spool)]


@pytest.mark.peer("storescu", "echoscu")
@pytest.mark.parametrize("asked", ["optional", "required"])
def test_a_revoked_certificate_sends_nothing_more_within_a_second_and_others_do(tmp_path: Path, asked: str) -> None:
    authority = DeviceAuthority(tmp_path)
    stolen, other = authority.device("stolen"), authority.device("other")
    with running(tmp_path, f'tls_client_certificate = "{asked}"\n', [KNOWN]) as receiver:
        assert stolen.sends(receiver)
        assert stolen.is_heard(receiver)
        began = time.monotonic()
        revoke(receiver, stolen.revoked)
        assert not stolen.is_heard(receiver)
        assert time.monotonic() - began < SHORTLY
        assert not stolen.sends(receiver)
        assert other.sends(receiver)
        assert len(receiver.folder.objects()) == 2
        assert echo(Destination("127.0.0.1", receiver.port, "ENAMEL", "PROMAX")) == 0, "plain, the address is known"
        assert set(reasons(receiver)) == {"certificate-revoked"}


@pytest.mark.peer("storescu")
def test_where_every_caller_is_admitted_a_revoked_certificate_is_not(tmp_path: Path) -> None:
    authority = DeviceAuthority(tmp_path)
    stolen, other = authority.device("stolen"), authority.device("other")
    with running(tmp_path) as receiver:
        revoke(receiver, stolen.revoked)
        assert (stolen.sends(receiver), other.sends(receiver)) == (False, True)


def twin_of(issued: Issued) -> Issued:
    """Write a certificate's signature in the other way that is as good (SEC 1, 4.1.4: s or n - s), as anybody can."""
    found = load_pem_x509_certificate(issued.certificate)
    r, s = decode_dss_signature(found.signature)
    signature = _der(0x03, b"\x00" + encode_dss_signature(r, ORDER_OF_P256 - s))
    by_ecdsa_with_sha256 = bytes.fromhex("300a06082a8648ce3d040302")
    whole = base64.b64encode(_der(0x30, found.tbs_certificate_bytes + by_ecdsa_with_sha256 + signature)).decode()
    pem = "\n".join(["-----BEGIN CERTIFICATE-----", *textwrap.wrap(whole, 64), "-----END CERTIFICATE-----", ""])
    return Issued(pem.encode(), issued.private_key)


def _der(tag: int, content: bytes) -> bytes:
    if len(content) < 0x80:
        return bytes((tag, len(content))) + content
    length = len(content).to_bytes((len(content).bit_length() + 7) // 8)
    return bytes((tag, 0x80 | len(length))) + length + content


@pytest.mark.peer("storescu")
def test_a_revoked_certificate_with_its_signature_written_otherwise_is_refused_too(tmp_path: Path) -> None:
    authority = DeviceAuthority(tmp_path)
    stolen = authority.device("stolen")
    twin = authority.device_with("twin", twin_of(stolen.issued))
    assert certificate_sha256(twin.issued.certificate) != certificate_sha256(stolen.issued.certificate)
    with running(tmp_path, 'tls_client_certificate = "required"\n', [KNOWN]) as receiver:
        assert twin.sends(receiver), "TLS takes it: it is signed as well as the other"
        revoke(receiver, stolen.revoked)
        assert not twin.sends(receiver)


def context_of(device: Device) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(device.authority))
    context.maximum_version = ssl.TLSVersion.TLSv1_2  # where a session is there as soon as the handshake ends
    context.load_cert_chain(device.certificate, device.key)
    return context


def connect(receiver: Running, context: ssl.SSLContext, session: ssl.SSLSession | None = None) -> RawPeer:
    raw = RawPeer(receiver.tls_port)
    raw.stream = context.wrap_socket(raw.stream, server_hostname="127.0.0.1", session=session)
    return raw


def test_an_open_association_and_a_resumed_session_of_a_revoked_certificate_store_nothing(tmp_path: Path) -> None:
    device = DeviceAuthority(tmp_path).device("stolen")
    context = context_of(device)
    with running(tmp_path, peers=[KNOWN]) as receiver:
        first = connect(receiver, context)
        assert isinstance(first.stream, ssl.SSLSocket)
        session = first.stream.session
        first.say(request("ENAMEL", "PROMAX"))
        assert first.hear()[0] == 2
        stored = []
        for number in range(2):
            first.say(p_data(pdv(1, 3, store_command(b"1.2.%d" % number)), pdv(1, 2, b"dataset")))
            stored.append(first.status())
            revoke(receiver, device.revoked)
        assert stored == [0x0000, 0x0124]
        again = connect(receiver, context, session)
        assert isinstance(again.stream, ssl.SSLSocket)
        assert again.stream.session_reused
        again.say(request("ENAMEL", "PROMAX"))
        kind, body = again.hear()
        assert (kind, decode_rejection(body).reason) == (3, 3)
        assert reasons(receiver) == ["certificate-revoked"]
        for raw in (first, again):
            raw.stream.close()


def test_one_whose_serial_number_is_not_known_is_refused_by_its_fingerprint(tmp_path: Path) -> None:
    device = DeviceAuthority(tmp_path).device("old")
    context = context_of(device)
    with running(tmp_path, peers=[KNOWN]) as receiver:
        there = Destination("127.0.0.1", receiver.tls_port, "ENAMEL", "PROMAX", context, 10)
        assert echo(there) == 0
        revoke(receiver, RevokedCertificate(device.revoked.sha256))
        with pytest.raises(Unavailable, match=r"\(1, 1, 3\)"):
            echo(there)
