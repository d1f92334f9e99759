"""The box's own authorities, judged by OpenSSL."""

import hashlib
import ssl
import subprocess
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from appliance.errors import Tampered, Unsuitable
from appliance.keys.authority import (
    Issued,
    certificate_sha256,
    ends_at,
    is_due,
    issue_device_client,
    issue_device_server,
    issue_web_certificate,
    new_device_root,
    new_web_intermediate,
    new_web_root,
    serial_number,
)

needs_openssl = pytest.mark.peer("openssl")
NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
WEB = new_web_root("Zahnarztpraxis Dr. Müller", ["enamel.local", "enamel.praxis.example"], NOW)
INTERMEDIATE = new_web_intermediate(WEB, NOW)
DEVICES = new_device_root("Praxis", NOW)


def verify(folder: Path, root: Issued, leaf: Issued, *more: str, between: Iterable[Issued] = ()) -> str:
    for name, content in {"root": [root], "between": [*between], "leaf": [leaf]}.items():
        (folder / name).write_bytes(b"".join(issued.certificate for issued in content))
    chain = ["-untrusted", "between"] if between else []
    at = ["-attime", str(int((NOW + timedelta(days=1)).timestamp()))]
    command = ["openssl", "verify", "-x509_strict", *at, "-CAfile", "root", *chain, *more, "leaf"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


@needs_openssl
@pytest.mark.parametrize("name", ["enamel.local", "staff.enamel.local", "192.168.1.20", "10.9.8.7", "::1", "fd00::20"])
def test_the_web_authority_vouches_for_the_clinic_and_its_private_addresses(tmp_path: Path, name: str) -> None:
    leaf = issue_web_certificate(INTERMEDIATE, [name], NOW)
    check = "-verify_ip" if ":" in name or name[0].isdigit() else "-verify_hostname"
    assert verify(tmp_path, WEB, leaf, "-purpose", "sslserver", check, name, between=[INTERMEDIATE]) == "leaf: OK\n"


@pytest.mark.parametrize("name", ["bank.example", "local", "notenamel.local", "8.8.8.8", "2001:db8::1", "172.32.0.1"])
def test_the_web_authority_refuses_any_other_name(name: str) -> None:
    with pytest.raises(Unsuitable, match="may not vouch"):
        issue_web_certificate(INTERMEDIATE, ["enamel.local", name], NOW)


@needs_openssl
@pytest.mark.parametrize("name", ["bank.example", "8.8.8.8", "2001:db8::1"])
def test_openssl_refuses_another_name_even_if_the_authority_were_misused(tmp_path: Path, name: str) -> None:
    # whoever has stolen the intermediate signs what he likes: the device routine stands for him, it checks no names
    stolen = issue_device_server(INTERMEDIATE, [name], NOW)
    assert "permitted subtree violation" in verify(tmp_path, WEB, stolen, between=[INTERMEDIATE])


@needs_openssl
def test_the_intermediate_cannot_make_another_authority(tmp_path: Path) -> None:
    further = new_web_intermediate(INTERMEDIATE, NOW - timedelta(days=1))
    leaf = issue_web_certificate(further, ["enamel.local"], NOW)
    assert "path length" in verify(tmp_path, WEB, leaf, between=[INTERMEDIATE, further])


def test_the_intermediate_lives_ninety_days_and_is_due_after_sixty() -> None:
    loaded = x509.load_pem_x509_certificate(INTERMEDIATE.certificate)
    assert loaded.not_valid_after_utc == NOW + timedelta(days=90)
    assert not is_due(INTERMEDIATE.certificate, NOW + timedelta(days=59), WEB.certificate)
    assert is_due(INTERMEDIATE.certificate, NOW + timedelta(days=61), WEB.certificate)


def test_what_was_issued_ahead_of_the_clock_is_due_unless_the_clock_is_plainly_wrong() -> None:
    ahead = new_web_intermediate(WEB, NOW + timedelta(days=3650))
    assert is_due(ahead.certificate, NOW, WEB.certificate)
    assert not is_due(ahead.certificate, NOW - timedelta(days=2), WEB.certificate), "before its authority's own time"
    assert not is_due(INTERMEDIATE.certificate, datetime(1970, 1, 1, tzinfo=UTC), WEB.certificate)


@needs_openssl
def test_devices_and_box_show_each_other_certificates_of_the_device_authority(tmp_path: Path) -> None:
    server = issue_device_server(DEVICES, ["enamel.local", "192.168.1.20"], NOW)
    client = issue_device_client(DEVICES, "Planmeca ProMax", NOW)
    for leaf, purposes in ((server, ("sslserver", "sslclient")), (client, ("sslclient", "sslserver"))):
        for purpose in purposes:
            assert verify(tmp_path, DEVICES, leaf, "-purpose", purpose) == "leaf: OK\n"
    assert "error" in verify(tmp_path, WEB, client)
    assert len({certificate_sha256(client.certificate), certificate_sha256(server.certificate)}) == 2
    assert certificate_sha256(client.certificate).hex() == fingerprint_by_python(client)


@needs_openssl
def test_a_certificate_tells_its_serial_number_and_its_end_as_openssl_does(tmp_path: Path) -> None:
    client = issue_device_client(DEVICES, "Planmeca ProMax", NOW)
    (tmp_path / "device.pem").write_bytes(client.certificate)
    command = ["openssl", "x509", "-in", str(tmp_path / "device.pem"), "-noout", "-serial", "-enddate"]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split("\n")
    assert int(serial_number(client.certificate), 16) == int(said[0].removeprefix("serial="), 16)
    assert serial_number(client.certificate) == serial_number(client.certificate).lower().lstrip("0")
    assert f"{ends_at(client.certificate):%b %e %H:%M:%S %Y} GMT" == said[1].removeprefix("notAfter=")


def fingerprint_by_python(issued: Issued) -> str:
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(issued.certificate.decode())).hexdigest()


@pytest.mark.parametrize("domains", [[], [""], ["a..b"], ["-a.local"], ["a_b.local"], ["ä.local"], ["a" * 64], ["*.x"]])
def test_an_authority_is_made_for_real_names_only(domains: list[str]) -> None:
    with pytest.raises(Unsuitable):
        new_web_root("Praxis", domains, NOW)


def test_a_clinic_name_of_any_length_gives_a_name_that_fits() -> None:
    for name in ("", "x" * 300, "Clínica Dental " * 9):
        loaded = x509.load_pem_x509_certificate(new_device_root(name, NOW).certificate)
        assert len(loaded.subject.rfc4514_string()) <= 67


def test_what_is_no_certificate_or_has_another_key_is_tampered() -> None:
    with pytest.raises(Tampered):
        certificate_sha256(b"-----BEGIN CERTIFICATE-----\nxx\n-----END CERTIFICATE-----\n")
    ed25519 = b"""-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC
-----END PRIVATE KEY-----
"""
    with pytest.raises(Tampered, match="not of the kind"):
        issue_device_client(Issued(DEVICES.certificate, ed25519), "x", NOW)


def test_a_private_key_does_not_print() -> None:
    assert "PRIVATE" not in repr(WEB)
