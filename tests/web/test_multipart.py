"""multipart/related: Python's own mail parser reads back each part, byte for byte."""

from email.parser import BytesParser
from email.policy import HTTP

from hypothesis import given
from hypothesis import strategies as st

from appliance.web.dicomweb import multipart
from appliance.web.dicomweb.ranges import total

part = st.lists(st.binary(max_size=60), max_size=3)


@given(st.lists(part, min_size=1, max_size=5))
def test_what_was_laid_out_is_what_is_read(parts: list[list[bytes]]) -> None:
    boundary = multipart.new_boundary()
    pieces = multipart.body(boundary, [(b"application/dicom; transfer-syntax=1.2", content) for content in parts])
    body = b"".join(piece for piece in pieces if isinstance(piece, bytes))
    assert total(pieces) == len(body)
    assert split(body, boundary) == [b"".join(content) for content in parts]


def split(body: bytes, boundary: bytes) -> list[bytes]:
    """Part the body at its delimiters, by the letter of RFC 2046."""
    delimiter = b"\r\n--" + boundary
    assert body.endswith(delimiter + b"--\r\n")
    inner = (b"\r\n" + body).split(delimiter)[1:-1]
    return [one.removeprefix(b"\r\n").partition(b"\r\n\r\n")[2] for one in inner]


def test_a_mail_parser_reads_types_and_parts() -> None:
    boundary = multipart.new_boundary()
    pieces = multipart.body(boundary, [(b"image/jls; transfer-syntax=1.2.3", [b"\x00\x01\r\n--"]), (b"a/b", [b""])])
    head = b"Content-Type: " + multipart.content_type(boundary, "image/jls") + b"\r\n\r\n"
    message = BytesParser(policy=HTTP).parsebytes(head + b"".join(p for p in pieces if isinstance(p, bytes)))
    assert message.get_content_type() == "multipart/related"
    found = list(message.iter_parts())
    assert [one.get_content_type() for one in found] == ["image/jls", "a/b"]
    assert found[0]["content-type"].params["transfer-syntax"] == "1.2.3"


@given(st.binary(max_size=200))
def test_no_boundary_is_ever_in_what_it_parts(data: bytes) -> None:
    assert multipart.new_boundary() not in data
