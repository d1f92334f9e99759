"""Who is admitted, and how the list is read."""

import os
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
    Refusal,
    decode_admission,
    encode_admission,
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


def test_a_list_reads_back() -> None:
    assert decode_admission(encode_admission([SCANNER, GUARDED])) == (SCANNER, GUARDED)


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
