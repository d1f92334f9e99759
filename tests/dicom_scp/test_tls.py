"""DICOM over TLS: which versions, ciphers and certificates, and that objects arrive."""

import re
import socket
import ssl
import subprocess
import time
from pathlib import Path

import pydicom
import pytest

from appliance.dicom.part10 import read_file_meta
from appliance.dicom_scp.sender import Destination, echo, send
from appliance.errors import ApplianceError, Unavailable
from appliance.inbox.admission import PeerEntry
from appliance.inbox.association import ASSOCIATION_NAME, Transport, decode_association
from tests.dicom_scp.receiver_process import Running, running
from tests.dicom_scp.test_storing import dcmtk

pytestmark = pytest.mark.peer("openssl")
CT = Path(pydicom.__file__).parent / "data" / "test_files" / "CT_small.dcm"


def make_certificate(folder: Path, name: str) -> tuple[Path, Path]:
    certificate, key = folder / f"{name}.pem", folder / f"{name}-key.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -sha256"
    subject = ["-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out"]
    subprocess.run([*command.split(), *subject, str(certificate)], check=True, capture_output=True)
    return certificate, key


def box(tmp_path: Path, *clients: Path) -> Path:
    tls = tmp_path / "box" / "tls"
    tls.mkdir(parents=True)
    make_certificate(tls, "dicom")
    if clients:
        (tls / "dicom-clients.pem").write_bytes(b"".join(client.read_bytes() for client in clients))
    return tmp_path / "box"


def client_context(receiver: Running, identity: tuple[Path, Path] | None = None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(receiver.folder.places.tls / "dicom.pem"))
    if identity:
        context.load_cert_chain(*identity)
    return context


def destination(receiver: Running, identity: tuple[Path, Path] | None = None) -> Destination:
    return Destination("127.0.0.1", receiver.tls_port, "ENAMEL", "TLSPEER", client_context(receiver, identity), 10)


def test_an_object_arrives_over_tls_while_the_plain_port_serves_too(tmp_path: Path) -> None:
    with running(box(tmp_path)) as receiver:
        assert [one.status for one in send(destination(receiver), [CT] * 3)] == [0, 0, 0]
        assert echo(Destination("127.0.0.1", receiver.port, "ENAMEL")) == 0
        (association,) = receiver.folder.associations()
        facts = decode_association((association / ASSOCIATION_NAME).read_bytes()).facts
        assert (facts.transport, facts.certificate_sha256) == (Transport.TLS, None)
        part10 = receiver.folder.objects()[0]
        assert CT.read_bytes().endswith(part10[read_file_meta(part10).dataset_offset :])


@pytest.mark.peer("storescu")
def test_dcmtk_stores_over_tls(tmp_path: Path) -> None:
    identity = make_certificate(tmp_path, "scanner")
    with running(box(tmp_path, identity[0])) as receiver:
        tls = ["+tls", str(identity[1]), str(identity[0]), "+cf", str(receiver.folder.places.tls / "dicom.pem")]
        said = dcmtk("storescu", *tls, "-aec", "ENAMEL", "127.0.0.1", str(receiver.tls_port), str(CT))
        assert said.returncode == 0, said.stderr
        assert len(receiver.folder.objects()) == 1


def test_a_client_certificate_is_recorded_and_admission_can_ask_for_it(tmp_path: Path) -> None:
    right, wrong = make_certificate(tmp_path, "right"), make_certificate(tmp_path, "wrong")
    print_of_right = fingerprint(right[0])
    entry = PeerEntry("Scanner", ("TLSPEER",), (), (print_of_right,))
    with running(box(tmp_path, right[0], wrong[0]), peers=[entry]) as receiver:
        assert [one.status for one in send(destination(receiver, right), [CT])] == [0]
        for identity in (None, wrong):
            with pytest.raises(Unavailable, match=r"\(1, 1, 3\)"):
                echo(destination(receiver, identity))
        (association,) = receiver.folder.associations()
        facts = decode_association((association / ASSOCIATION_NAME).read_bytes()).facts
        assert facts.certificate_sha256 == print_of_right


def test_whoever_shows_no_known_certificate_is_cut_off_where_one_is_required(tmp_path: Path) -> None:
    known, stranger = make_certificate(tmp_path, "known"), make_certificate(tmp_path, "stranger")
    with running(box(tmp_path, known[0]), 'tls_client_certificate = "required"\n') as receiver:
        assert echo(destination(receiver, known)) == 0
        for identity in (None, stranger):
            with pytest.raises(ApplianceError):
                echo(destination(receiver, identity))
        assert echo(destination(receiver, known)) == 0


@pytest.mark.parametrize(
    ("version", "ciphers", "served"),
    [
        (ssl.TLSVersion.TLSv1_3, "DEFAULT", True),
        (ssl.TLSVersion.TLSv1_2, "ECDHE+AESGCM", True),
        (ssl.TLSVersion.TLSv1_2, "ECDHE+CHACHA20", True),
        (ssl.TLSVersion.TLSv1_2, "ECDHE+AES:!AESGCM:!AESCCM", False),
        (ssl.TLSVersion.TLSv1_2, "DHE+AESGCM", False),
        (ssl.TLSVersion.TLSv1_1, "DEFAULT:@SECLEVEL=0", False),
    ],
)
def test_only_modern_versions_and_ciphers_are_spoken(
    tmp_path: Path, version: ssl.TLSVersion, ciphers: str, *, served: bool
) -> None:
    with running(box(tmp_path)) as receiver:
        context = client_context(receiver)
        context.minimum_version = ssl.TLSVersion.TLSv1 if version < ssl.TLSVersion.TLSv1_2 else version
        context.maximum_version = version
        context.set_ciphers(ciphers)
        there = Destination("127.0.0.1", receiver.tls_port, "ENAMEL", "X", context, 10)
        if served:
            assert echo(there) == 0
        else:
            with pytest.raises(ApplianceError):
                echo(there)


def test_without_a_usable_certificate_it_says_so_and_does_not_start(tmp_path: Path) -> None:
    folder = box(tmp_path)
    (folder / "tls" / "dicom-key.pem").write_text("no key")
    with pytest.raises(AssertionError), running(folder):
        pass
    assert "certificate for DICOM over TLS cannot be used" in (folder / "log").read_text()


def fingerprint(certificate: Path) -> str:
    command = ["openssl", "x509", "-in", str(certificate), "-noout", "-fingerprint", "-sha256"]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return said.strip().split("=")[1].replace(":", "").lower()


def test_plain_scanners_get_in_while_a_stranger_holds_tls_handshakes(tmp_path: Path) -> None:
    hello = b"\x16\x03\x01\x00\x05\x01\x00\x01\x00\xff"  # a whole record that begins a longer ClientHello
    with running(box(tmp_path), "artim_seconds = 5\n") as receiver:
        held = [socket.create_connection(("127.0.0.1", receiver.tls_port), 5) for _ in range(40)]
        for stream in held:
            stream.sendall(hello)
        time.sleep(0.5)
        status = Path(f"/proc/{receiver.process.pid}/status").read_text()
        assert 20 < int(re.findall(r"Threads:\s+(\d+)", status)[0]) < 50
        assert echo(Destination("127.0.0.1", receiver.port, "ENAMEL")) == 0
        for stream in held:
            stream.close()
