"""WADO-RS: studies, series, instances, frames and bulk data, exactly as they were stored.

Source: DICOM PS3.18 10.4.
"""

from collections.abc import Sequence
from hashlib import sha256

from appliance.archive.located import Located
from appliance.dicom.deidentifying.copies import Blanks
from appliance.errors import NotFound
from appliance.web.dicomweb import multipart
from appliance.web.dicomweb.answers import Answer
from appliance.web.dicomweb.faults import NotAcceptable
from appliance.web.dicomweb.frames import frame_pieces
from appliance.web.dicomweb.negotiation import (
    MediaRange,
    Representation,
    choose_bulk,
    choose_frames,
    choose_instance,
)
from appliance.web.dicomweb.ranges import Piece, Stretch, Unsatisfiable, cut, parse_range, total, without

_PIXEL_DATA = "7fe00010"


def instances_answer(found: Sequence[Located], accept: Sequence[MediaRange], *, single: bool) -> Answer:
    """Answer with whole Part 10 files.

    Raises:
        NotAcceptable: One of them is stored in a syntax that is not accepted.
    """
    parts = []
    chosen: Representation | None = None
    for located in found:
        chosen = _acceptable(choose_instance(accept, located.transfer_syntax_uid, single=single))
        whole: list[Piece] = [Stretch(located, 0, located.file.plaintext_bytes)]
        parts.append((multipart.part_type(chosen.media_type, chosen.transfer_syntax_uid), whole))
    if chosen is None:
        raise NotFound("no such instance")
    return _answer(parts, chosen)


def frames_answer(
    located: Located, numbers: Sequence[int], accept: Sequence[MediaRange], blanks: Blanks = ()
) -> Answer:
    """Answer with frames, each one part.

    Args:
        located: The instance.
        numbers: Frame numbers from 1 on.
        accept: What the client accepts.
        blanks: Which of its bytes are given as zeros.

    Raises:
        NotAcceptable: Frames are stored in a form that is not accepted.
        NotFound: No such frame.
    """
    chosen = _acceptable(choose_frames(accept, located.transfer_syntax_uid, single=len(numbers) == 1))
    part_type = multipart.part_type(chosen.media_type, chosen.transfer_syntax_uid)
    return _answer([(part_type, without(pieces, blanks)) for pieces in frame_pieces(located, numbers)], chosen)


def bulk_answer(located: Located, where: str, accept: Sequence[MediaRange]) -> Answer:
    """Answer with one bulk data value.

    Args:
        located: The instance.
        where: `7FE00010`, or `OFFSET-LENGTH` of a value in the dataset, as the metadata's BulkDataURI says.
        accept: What the client accepts.

    Raises:
        NotAcceptable: Octets are not accepted.
        NotFound: No such value.
    """
    piece = _bulk_stretch(located, where)
    chosen = _acceptable(choose_bulk(accept))
    return _answer([(multipart.part_type(chosen.media_type, ""), [piece])], chosen)


def ranged(answer: Answer, tag: bytes, range_header: str, if_range: str) -> Answer:
    """Serve one byte range of an answer that may be resumed.

    Args:
        answer: The whole.
        tag: Its entity tag, which names these very bytes.
        range_header: The request's, or "".
        if_range: The request's, or "".
    """
    headers = {**answer.headers, b"accept-ranges": b"bytes", b"etag": tag}
    whole = Answer(answer.status, answer.content_type, answer.body, headers)
    if not range_header or (if_range and if_range.encode("latin-1") != tag):
        return whole
    length = total(answer.body)
    try:
        found = parse_range(range_header, length)
    except Unsatisfiable:
        return Answer(416, b"text/plain", [], {b"content-range": b"bytes */%d" % length})
    if found is None:
        return whole
    start, stop = found
    headers[b"content-range"] = b"bytes %d-%d/%d" % (start, stop - 1, length)
    return Answer(206, answer.content_type, list(cut(answer.body, start, stop)), headers)


def entity_tag(pieces: Sequence[Piece]) -> bytes:
    """Name a body's bytes: stored files never change under their id."""
    digest = sha256()
    for piece in pieces:
        if isinstance(piece, Stretch):
            digest.update(b"%b %d %d;" % (piece.located.file.file_id.value, piece.offset, piece.length))
        elif isinstance(piece, bytes):
            digest.update(b"%d:" % len(piece) + piece)
        else:
            raise TypeError("what is made while it is sent has no name beforehand")
    return b'"%b"' % digest.hexdigest()[:32].encode()


def _acceptable(chosen: Representation | None) -> Representation:
    if chosen is None:
        raise NotAcceptable("not as stored")
    return chosen


def _answer(parts: Sequence[tuple[bytes, Sequence[Piece]]], chosen: Representation) -> Answer:
    if not chosen.multipart:
        return Answer(200, parts[0][0], parts[0][1])
    boundary = multipart.new_boundary()
    return Answer(200, multipart.content_type(boundary, chosen.media_type), multipart.body(boundary, parts))


def _bulk_stretch(located: Located, where: str) -> Stretch:
    image = located.image
    if where.lower() == _PIXEL_DATA:
        if image.pixel_offset is None or image.pixel_bytes is None:
            raise NotFound("no such bulk data")
        return Stretch(located, image.pixel_offset, image.pixel_bytes)
    offset_text, dash, length_text = where.partition("-")
    if not (dash and _is_number(offset_text) and _is_number(length_text)):
        raise NotFound("no such bulk data")
    offset, length = int(offset_text), int(length_text)
    if offset < located.dataset_offset or offset + length > located.file.plaintext_bytes:
        raise NotFound("no such bulk data")
    return Stretch(located, offset, length)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 15
