"""Puts a signature into a PDF that ordinary readers check, and takes it out again.

Guards: the signature covers every byte of the file but itself, and the file ends with it: what is appended later is
noticed. Leaves out: keys and what a signature is made of; whoever signs gives a function (`keys.signing`).

Source: ISO 32000-1, 7.5.6 (incremental updates), 12.7.4.5 and 12.8 (signature fields and dictionaries).
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime

from appliance.errors import Tampered, Unsuitable

_ROOM = 16_384  # hexadecimal digits for the signature: eight kilobytes
_NUMBER = 10  # digits that a byte's place is written with
_RANGE = re.compile(rb"/ByteRange \[ *(\d+) +(\d+) +(\d+) +(\d+) *\]")
_TRAILER = re.compile(rb"trailer\n<<\n/Size (\d+)\n/Root (\d+) 0 R\n(.*?)>>\nstartxref\n(\d+)\n%%EOF\s*$", re.S)
_HEXADECIMAL = re.compile(rb"<([0-9a-f]+)>")


def sign_document(pdf: bytes, sign: Callable[[bytes], bytes], signer: str, at: datetime) -> bytes:
    """Append a signature to a document of `documents.pdf`.

    Args:
        pdf: The finished document.
        sign: Gives the detached CMS signature, in DER, of the bytes it is given.
        signer: Whom readers name; ASCII.
        at: When it was signed, an aware instant.

    Raises:
        Unsuitable: It is no document of ours.
    """
    found = _TRAILER.search(pdf)
    if found is None:
        raise Unsuitable("only a document that this box made is signed")
    size, root, rest, before = int(found[1]), int(found[2]), found[3], int(found[4])
    page = _first_page(pdf)
    value, field = size, size + 1
    objects = {
        root: _with(_object(pdf, root), f"/AcroForm << /Fields [{field} 0 R] /SigFlags 3 >>"),
        page: _with(_object(pdf, page), f"/Annots [{field} 0 R]"),
        value: _signature(signer, at),
        field: f"<<\n/Type /Annot\n/Subtype /Widget\n/FT /Sig\n/F 132\n/T (Signature)\n/Rect [0 0 0 0]\n/P {page} 0 R\n"
        f"/V {value} 0 R\n>>".encode(),
    }
    draft = _appended(pdf if pdf.endswith(b"\n") else pdf + b"\n", objects, (size + 2, root, rest, before))
    return _filled(draft, sign)


def read_signed(pdf: bytes) -> tuple[bytes, bytes]:
    """Give what a document's signature covers, and the signature.

    Raises:
        Unsuitable: It has no signature of this kind.
        Tampered: The signature does not cover the whole document.
    """
    ranges = _RANGE.findall(pdf)
    if len(ranges) != 1 or not pdf.startswith(b"%PDF-"):
        raise Unsuitable("this is no document that a box signed")
    start, head, tail_at, tail = map(int, ranges[0])
    contents = _HEXADECIMAL.fullmatch(pdf[head:tail_at])
    if start != 0 or not 0 < head < tail_at or tail_at + tail != len(pdf) or contents is None:
        raise Tampered("the signature does not cover the whole document: something was added or taken away")
    digits = contents[1]
    return pdf[:head] + pdf[tail_at:], bytes.fromhex(digits[: len(digits) // 2 * 2].decode())


def _signature(signer: str, at: datetime) -> bytes:
    if not re.fullmatch(r"[A-Za-z0-9 .,-]{1,80}", signer):
        raise Unsuitable("a signer's name is plain letters and digits")
    places = " ".join("0" * _NUMBER for _ in range(4))
    return (
        "<<\n/Type /Sig\n/Filter /Adobe.PPKLite\n/SubFilter /adbe.pkcs7.detached\n"
        f"/Name ({signer})\n/M (D:{at.astimezone(UTC):%Y%m%d%H%M%S}Z)\n"
        f"/ByteRange [{places}]\n/Contents <{'0' * _ROOM}>\n>>"
    ).encode()


def _appended(pdf: bytes, objects: dict[int, bytes], trailer: tuple[int, int, bytes, int]) -> bytes:
    size, root, rest, before = trailer
    draft, places = bytearray(pdf), {}
    for number, content in sorted(objects.items()):
        places[number] = len(draft)
        draft += f"{number} 0 obj\n".encode() + content + b"\nendobj\n"
    table_at = len(draft)
    draft += b"xref\n"
    for number, place in sorted(places.items()):
        draft += f"{number} 1\n{place:010d} 00000 n \n".encode()
    draft += f"trailer\n<<\n/Size {size}\n/Root {root} 0 R\n/Prev {before}\n".encode() + rest
    draft += f">>\nstartxref\n{table_at}\n%%EOF\n".encode()
    return bytes(draft)


def _filled(draft: bytes, sign: Callable[[bytes], bytes]) -> bytes:
    opening = draft.rindex(b"/Contents <") + len(b"/Contents ")
    closing = draft.index(b">", opening) + 1
    places = f"0 {opening} {closing} {len(draft) - closing}".ljust(4 * _NUMBER + 3)
    draft = re.sub(rb"/ByteRange \[[0 ]+\]", f"/ByteRange [{places}]".encode(), draft)
    signature = sign(draft[:opening] + draft[closing:]).hex()
    if len(signature) > _ROOM:
        raise Unsuitable("a signature is longer than its place")
    return draft[: opening + 1] + signature.ljust(_ROOM, "0").encode() + draft[closing - 1 :]


def _first_page(pdf: bytes) -> int:
    found = re.search(rb"/Kids \[(\d+) 0 R", pdf)
    if found is None:
        raise Unsuitable("only a document that this box made is signed")
    return int(found[1])


def _object(pdf: bytes, number: int) -> bytes:
    found = re.search(rb"(?:^|\n)%d 0 obj\n(<<\n.*?\n>>)\nendobj" % number, pdf, re.S)
    if found is None:
        raise Unsuitable("only a document that this box made is signed")
    return found[1]


def _with(dictionary: bytes, entry: str) -> bytes:
    name = entry.split(" ", 1)[0].encode()
    if name in dictionary:
        raise Unsuitable("only a document without fields and links is signed")
    return dictionary[:-2] + entry.encode() + b"\n>>"
