"""Who is admitted, and how the list is read."""

import json
import os
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import Unsuitable
from appliance.identifiers import AETitle
from appliance.inbox.admission import (
    Admission,
    AdmissionFile,
    Caller,
    PeerEntry,
    Published,
    Refusal,
    RevokedCertificate,
    decode_admission,
    encode_admission,
    plain_address,
)

SCANNER = PeerEntry("CBCT room 2", ("CBCT2",), ("192.0.2.0/24",), (), ("DCM4CHEE",))
GUARDED = PeerEntry("Ceph", ("CEPH",), (), ("ab" * 32,))
LIST = Admission((SCANNER, GUARDED), ("ENAMEL",))


@pytest.mark.parametrize(
    ("calling", "called", "address", "certificate", "answer"),
    [
        ("CBCT2", "ENAMEL", "192.0.2.9", None, None),
        ("cbct2", "enamel", "192.0.2.9", None, None),
        ("CBCT2", "dcm4chee", "192.0.2.9", None, None),
        ("CBCT2", "OTHER", "192.0.2.9", None, Refusal.CALLED_AE_TITLE),
        ("CEPH", "DCM4CHEE", "192.0.2.9", "ab" * 32, Refusal.CALLED_AE_TITLE),
        ("CBCT3", "ENAMEL", "192.0.2.9", None, Refusal.CALLING_AE_TITLE),
        ("CBCT2", "ENAMEL", "198.51.100.9", None, Refusal.ADDRESS),
        ("CEPH", "ENAMEL", "198.51.100.9", None, Refusal.CERTIFICATE),
        ("CEPH", "ENAMEL", "198.51.100.9", "cd" * 32, Refusal.CERTIFICATE),
        ("CEPH", "ENAMEL", "198.51.100.9", "ab" * 32, None),
    ],
)
def test_a_caller_is_known_by_title_address_and_certificate(
    calling: str, called: str, address: str, certificate: str | None, answer: Refusal | None
) -> None:
    assert LIST.refusal(Caller(AETitle(calling), AETitle(called), address, certificate)) is answer


REVOKED = (
    RevokedCertificate("ab" * 32, "7f"),
    RevokedCertificate("cd" * 32),
    RevokedCertificate("9a" * 32, "99", is_held=True),
)


@pytest.mark.parametrize(
    ("sha256", "serial", "answer"),
    [
        ("ab" * 32, "7f", Refusal.REVOKED),
        ("ab" * 32, None, Refusal.REVOKED),
        ("ef" * 32, "7f", Refusal.REVOKED),
        ("cd" * 32, "80", Refusal.REVOKED),
        ("9a" * 32, None, Refusal.HELD),
        ("ef" * 32, "99", Refusal.HELD),
        ("9a" * 32, "7f", Refusal.REVOKED),
        ("ef" * 32, "80", None),
        ("ef" * 32, None, None),
        (None, None, None),
    ],
)
@pytest.mark.parametrize("any_peer", [False, True])
def test_a_revoked_certificate_lets_nobody_in_whoever_they_are(
    sha256: str | None, serial: str | None, answer: Refusal | None, *, any_peer: bool
) -> None:
    admission = Admission((PeerEntry("Room 2", ("CBCT2",)),), ("ENAMEL",), any_peer, REVOKED)
    caller = Caller(AETitle("CBCT2"), AETitle("ENAMEL"), "192.0.2.9", sha256, serial)
    assert admission.refusal(caller) is answer


def test_a_revocation_reads_back_and_a_file_of_an_earlier_release_has_none() -> None:
    assert decode_admission(encode_admission([SCANNER], REVOKED)).revoked == REVOKED
    of_before = json.loads(encode_admission([SCANNER], REVOKED))
    del of_before["revoked"]
    assert decode_admission(json.dumps(of_before).encode()) == Published((SCANNER,), ())


@pytest.mark.parametrize(
    "revoked",
    [
        7,
        [7],
        ["ab"],
        [{}],
        [{"sha256": 7, "serial_number": None, "is_held": False}],
        [{"sha256": "ab", "serial_number": 7, "is_held": False}],
        [{"sha256": "ab", "serial_number": None, "is_held": "no"}],
    ],
)
def test_a_file_that_revokes_what_is_no_certificate_is_not_believed(tmp_path: Path, revoked: object) -> None:
    file = tmp_path / "admission.json"
    admission = AdmissionFile(file, ("ENAMEL",))
    replace(file, encode_admission([SCANNER], REVOKED))
    assert admission.current().revoked == REVOKED
    replace(file, json.dumps({"format": 1, "peers": [], "revoked": revoked}).encode())
    assert (admission.current().peers, admission.current().revoked) == ((SCANNER,), REVOKED), "the last good one holds"
    file.unlink()
    assert (admission.current().peers, admission.current().revoked) == ((), ())


def test_a_list_reads_back() -> None:
    assert decode_admission(encode_admission([SCANNER, GUARDED])).peers == (SCANNER, GUARDED)


@given(st.binary(max_size=200) | st.recursive(st.none() | st.text(), st.lists).map(lambda x: repr(x).encode()))
def test_other_bytes_are_no_list(stored: bytes) -> None:
    with pytest.raises(Unsuitable):
        decode_admission(stored)


def test_a_replaced_file_is_read_again_and_a_broken_one_is_not_believed(tmp_path: Path) -> None:
    file = tmp_path / "admission.json"
    admission = AdmissionFile(file, ("ENAMEL",))
    assert admission.current().peers == ()
    replace(file, encode_admission([SCANNER]))
    assert admission.current().peers == (SCANNER,)
    replace(file, b"{")
    assert admission.current().peers == (SCANNER,)
    replace(file, encode_admission([GUARDED]))
    assert admission.current().peers == (GUARDED,)
    file.unlink()
    assert admission.current().peers == ()


def test_a_peer_with_a_wrong_address_is_refused() -> None:
    with pytest.raises(Unsuitable):
        PeerEntry("x", ("X",), ("300.1.1.1",))


def replace(file: Path, content: bytes) -> None:
    new = file.with_suffix(".new")
    new.write_bytes(content)
    os.replace(new, file)  # noqa: PTH105  the very call that staff makes


@given(st.ip_addresses(v=4) | st.ip_addresses(v=6))
def test_an_address_is_written_in_one_way_however_it_was_given(address: IPv4Address | IPv6Address) -> None:
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    plain = str(mapped or address)
    spellings = [str(address), address.exploded.upper(), f"{address}/{address.max_prefixlen}"]
    if isinstance(address, IPv4Address):
        spellings += [f"::ffff:{address}", f"::FFFF:{address}/128"]
    assert {plain_address(spelling) for spelling in spellings} == {plain}
    for spelling in spellings:
        admission = Admission((PeerEntry("x", ("X",), (spelling,)),), ("ENAMEL",))
        assert admission.refusal(Caller(AETitle("X"), AETitle("ENAMEL"), plain)) is None


@given(st.ip_addresses(), st.integers(0, 128))
def test_a_network_is_written_by_its_first_address_and_knows_whom_it_knew(
    address: IPv4Address | IPv6Address, length: int
) -> None:
    text = f"{address}/{min(length, address.max_prefixlen)}"
    plain = plain_address(text)
    assert plain_address(plain) == plain
    assert ip_network(plain).network_address == ip_address(plain.partition("/")[0])
    admission = Admission((PeerEntry("x", ("X",), (plain,)),), ("ENAMEL",))
    caller = plain_address(str(address))
    assert admission.refusal(Caller(AETitle("X"), AETitle("ENAMEL"), caller)) is None or int(address) >> 32 == 0xFFFF


@pytest.mark.parametrize(
    ("given", "plain"),
    [
        ("192.0.2.7/32", "192.0.2.7"),
        ("192.0.2.7/255.255.255.0", "192.0.2.0/24"),
        ("::ffff:192.0.2.7/120", "192.0.2.0/24"),
        ("fe80::1%eth0", "fe80::1"),
        ("fe80::1%eth0/64", "fe80::/64"),
        ("::/0", "::/0"),
    ],
)
def test_an_address_is_written_as_callers_are_known(given: str, plain: str) -> None:
    assert plain_address(given) == plain


@pytest.mark.parametrize("text", ["", "scanner", "192.0.2.7/33", "192.0.2", "192.0.2.7 ", "%eth0"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(Unsuitable):
        plain_address(text)
