"""multipart/related bodies whose length is known before the first byte.

The boundary is random, 128 bits, so stored bytes hold it only by a chance that
never comes; nothing searches them for it.

Source: RFC 2387, RFC 2046 5.1, DICOM PS3.18 8.6.1.2.
"""

import secrets
from collections.abc import Iterable, Sequence

from appliance.web.dicomweb.ranges import Piece

LINE = b"\r\n"


def new_boundary() -> bytes:
    """Draw a boundary that no body holds."""
    return secrets.token_hex(16).encode()


def content_type(boundary: bytes, root_type: str) -> bytes:
    """Give the Content-Type of the whole."""
    return b'multipart/related; type="%b"; boundary=%b' % (root_type.encode(), boundary)


def part_type(media_type: str, transfer_syntax_uid: str) -> bytes:
    """Give a part's Content-Type, with its transfer syntax where there is one."""
    if not transfer_syntax_uid:
        return media_type.encode()
    return b"%b; transfer-syntax=%b" % (media_type.encode(), transfer_syntax_uid.encode())


def part_head(boundary: bytes, part_content_type: bytes, location: bytes = b"", *, first: bool) -> bytes:
    """Give what stands before a part's bytes: delimiter and headers."""
    lines = [b"--" + boundary, b"Content-Type: " + part_content_type]
    if location:
        lines.append(b"Content-Location: " + location)
    return (b"" if first else LINE) + LINE.join(lines) + LINE + LINE


def closing(boundary: bytes) -> bytes:
    """Give what ends the body."""
    return LINE + b"--" + boundary + b"--" + LINE


def body(boundary: bytes, parts: Iterable[tuple[bytes, Sequence[Piece]]]) -> list[Piece]:
    """Lay out the whole body.

    Args:
        boundary: As given to `content_type`.
        parts: (Content-Type, pieces) of each part, at least one.
    """
    pieces: list[Piece] = []
    for part_content_type, content in parts:
        pieces.append(part_head(boundary, part_content_type, first=not pieces))
        pieces.extend(content)
    pieces.append(closing(boundary))
    return pieces
