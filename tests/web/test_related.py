"""multipart/related read as it comes: whatever the pieces, the parts are those that were sent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import Unsuitable
from appliance.web.dicomweb.related import LONGEST_HEADERS, LONGEST_PREAMBLE, Mark, RelatedReader

BOUNDARY = b"=_boundary"
HEADERS = b"Content-Type: application/dicom"
# Content that comes as near to a delimiter as content may.
CONTENT = st.lists(
    st.one_of(st.binary(max_size=60), st.sampled_from([b"\r", b"\n", b"\r\n", b"\r\n--", b"\r\n--=_boundar", b"--"])),
    max_size=6,
).map(b"".join)


def body_of(parts: list[bytes], line: bytes = b"\r\n", headers: bytes = HEADERS) -> bytes:
    named = headers + line if headers else b""
    return b"".join(b"--" + BOUNDARY + line + named + line + part + line for part in parts) + b"--" + BOUNDARY + b"--"


def read(pieces: list[bytes]) -> tuple[list[bytes], bytes | None, bool]:
    """Give whole parts, what came of an open one, and whether the body had its end."""
    reader, parts, open_part = RelatedReader(BOUNDARY), [], None
    for piece in pieces:
        for told in reader.feed(piece):
            if told is Mark.BEGIN:
                assert open_part is None
                open_part = b""
            elif told is Mark.END:
                assert open_part is not None
                parts.append(open_part)
                open_part = None
            elif isinstance(told, memoryview):
                assert open_part is not None
                open_part += bytes(told)
    return parts, open_part, reader.has_ended


def cut(body: bytes, places: list[int]) -> list[bytes]:
    ends = sorted({place % (len(body) + 1) for place in places} | {len(body)})
    return [body[start:end] for start, end in zip([0, *ends], ends, strict=False)]


@given(
    st.lists(CONTENT, max_size=4), st.lists(st.integers(0, 10_000), max_size=12),
    st.sampled_from([b"\r\n", b"\n"]), st.sampled_from([b"", HEADERS]), st.sampled_from([b"", b"preamble\r\n"]),
)  # fmt: skip
def test_any_parts_in_any_pieces_come_back(
    parts: list[bytes], places: list[int], line: bytes, headers: bytes, preamble: bytes
) -> None:
    body = preamble + body_of(parts, line, headers) + b"\r\nepilogue"
    told = [part.removesuffix(b"\r") for part in parts] if line == b"\n" else parts  # a CR there is of the delimiter
    assert read(cut(body, places)) == (told, None, True)


@given(st.lists(CONTENT, min_size=1, max_size=3), st.integers(0, 10_000))
def test_a_body_that_is_cut_has_no_end_and_its_last_part_none(parts: list[bytes], place: int) -> None:
    body = body_of(parts)
    whole, _, ended = read([body[: place % len(body)]])
    assert not ended or body[: place % len(body)].endswith(b"--")
    assert whole == parts[: len(whole)]


@pytest.mark.parametrize(
    "body",
    [
        b"--" + BOUNDARY + b"and more\r\n\r\n",
        b"--" + BOUNDARY + b" " * 1000,
        b"--" + BOUNDARY + b"\r\nX: " + b"a" * (LONGEST_HEADERS + 10),
        b"--" + BOUNDARY + b"\r\n" + b"X: a\r\n" * LONGEST_HEADERS,
        b"x" * (LONGEST_PREAMBLE + 100),
    ],
)
def test_what_is_no_such_body_is_refused_within_bounds(body: bytes) -> None:
    for size in (1000, len(body)):
        with pytest.raises(Unsuitable):
            read([body[at : at + size] for at in range(0, len(body), size)])


@pytest.mark.parametrize("boundary", [b"", b"a" * 201, b"a\r\nb"])
def test_a_boundary_that_is_none_is_refused(boundary: bytes) -> None:
    with pytest.raises(Unsuitable):
        RelatedReader(boundary)


def test_little_is_held_of_a_large_part() -> None:
    reader = RelatedReader(BOUNDARY)
    list(reader.feed(b"--" + BOUNDARY + b"\r\n\r\n"))
    for _ in range(50):
        told = list(reader.feed(b"x" * 65536))
        assert sum(len(one) for one in told if isinstance(one, memoryview)) >= 65536 - 2 * len(BOUNDARY)
        assert len(reader._rest) <= len(BOUNDARY) + 4
