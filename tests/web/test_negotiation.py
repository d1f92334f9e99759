"""Accept: as stored when that is accepted, never anything else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.web.dicomweb.negotiation import (
    EXPLICIT_LITTLE_ENDIAN,
    choose_bulk,
    choose_frames,
    choose_instance,
    json_type,
    parse_accept,
)

JPEG_LS = "1.2.840.10008.1.2.4.80"
IMPLICIT = "1.2.840.10008.1.2"
BIG_ENDIAN = "1.2.840.10008.1.2.2"


@pytest.mark.parametrize(
    ("accept", "multipart"),
    [
        ("", True),
        ("*/*", True),
        ('multipart/related; type="application/dicom"', True),
        ('multipart/related; type="application/dicom"; transfer-syntax=*', True),
        (f"multipart/related; type=application/dicom; transfer-syntax={JPEG_LS}", True),
        ("application/dicom", False),
        ("application/dicom; transfer-syntax=*, multipart/related; q=0.5", False),
    ],
)
def test_an_instance_is_given_as_stored(accept: str, multipart: bool) -> None:
    chosen = choose_instance(parse_accept(accept), JPEG_LS, single=True)
    assert chosen is not None
    assert (chosen.multipart, chosen.transfer_syntax_uid) == (multipart, JPEG_LS)


@pytest.mark.parametrize(
    "accept",
    [
        f'multipart/related; type="application/dicom"; transfer-syntax={EXPLICIT_LITTLE_ENDIAN}',
        "application/json",
        "multipart/related; type=image/jpeg",
        "application/dicom; q=0",
    ],
)
def test_what_would_need_transcoding_is_not_acceptable(accept: str) -> None:
    assert choose_instance(parse_accept(accept), JPEG_LS, single=True) is None


def test_several_instances_never_come_without_multipart() -> None:
    assert choose_instance(parse_accept("application/dicom"), JPEG_LS, single=False) is None


@pytest.mark.parametrize(
    ("accept", "stored", "expected"),
    [
        ("*/*", JPEG_LS, ("image/jls", True, JPEG_LS)),
        ("multipart/related; type=image/jls", JPEG_LS, ("image/jls", True, JPEG_LS)),
        ("image/jls", JPEG_LS, ("image/jls", False, JPEG_LS)),
        ("multipart/related; type=application/octet-stream; transfer-syntax=*", JPEG_LS,
         ("application/octet-stream", True, JPEG_LS)),
        ("multipart/related; type=application/octet-stream", JPEG_LS, None),
        ("multipart/related; type=image/jpeg", JPEG_LS, None),
        (f"multipart/related; type=image/jls; transfer-syntax={EXPLICIT_LITTLE_ENDIAN}", JPEG_LS, None),
        ("multipart/related; type=application/octet-stream", IMPLICIT,
         ("application/octet-stream", True, EXPLICIT_LITTLE_ENDIAN)),
        ("application/octet-stream", IMPLICIT, ("application/octet-stream", False, EXPLICIT_LITTLE_ENDIAN)),
        (f"application/octet-stream; transfer-syntax={EXPLICIT_LITTLE_ENDIAN}", BIG_ENDIAN, None),
        ("multipart/related; type=application/octet-stream; transfer-syntax=*", BIG_ENDIAN,
         ("application/octet-stream", True, BIG_ENDIAN)),
    ],
)  # fmt: skip
def test_frames_are_given_as_stored(accept: str, stored: str, expected: tuple[str, bool, str] | None) -> None:
    chosen = choose_frames(parse_accept(accept), stored, single=True)
    assert (chosen and (chosen.media_type, chosen.multipart, chosen.transfer_syntax_uid)) == expected


def test_the_better_wanted_comes_first() -> None:
    assert json_type(parse_accept("application/json; q=0.1, application/dicom+json")) == "application/dicom+json"
    assert json_type(parse_accept("application/json")) == "application/json"
    assert json_type(parse_accept("application/dicom+xml")) is None


def test_bulk_data_comes_alone_or_in_multipart() -> None:
    alone = choose_bulk(parse_accept("application/octet-stream"))
    assert alone is not None
    assert not alone.multipart
    assert choose_bulk(parse_accept("image/png")) is None


@given(st.text(max_size=300))
def test_any_header_is_read_without_a_fault(accept: str) -> None:
    for wanted in parse_accept(accept):
        assert 0 < wanted.quality <= 1


@given(st.lists(st.sampled_from(["a/b", "*/*", ";q=1", ";q=nan", ",", '"', "\\", " type=", "=", "multipart/related"])))
def test_headers_of_broken_parts_are_read_without_a_fault(parts: list[str]) -> None:
    choose_frames(parse_accept("".join(parts)), JPEG_LS, single=False)
