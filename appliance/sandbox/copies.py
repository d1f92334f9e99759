"""A copy without its patient as it is asked of a child, and as its parent checks the answer.

Guards: a child that a hostile scan has taken over can give a wrong copy of that scan's own header, and no pixels but
its own, with what lies beside them; what of the catalogue may not be in the header is looked for by whoever asked.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from appliance.dicom.deidentifying.copies import Blanks, Copy, Wish
from appliance.dicom.deidentifying.judging import Refusal
from appliance.dicom.faults import Fault, Unparsable
from appliance.sandbox.wire import parts_of, two_parts

_MOST_JSON_BYTES = 16 * 1024 * 1024
_LONGEST_UID = 1024  # as sent, whatever it is


def wish_members(wish: Wish) -> dict[str, object]:
    """Give a wish as members of a request."""
    return {"wish": asdict(wish)}


def wish_of(asked: Mapping[str, Any]) -> Wish:
    """Read a wish out of a request."""
    return Wish(**asked["wish"])


def encode_copy(made: Copy | Refusal) -> bytes:
    """Write a copy, or why there is none, as a result's body."""
    if isinstance(made, Refusal):
        return two_parts(json.dumps({"refusal": made.value}).encode(), b"")
    where = {"pixel_offset": made.pixel_offset, "pixel_bytes": made.pixel_bytes, "blanks": made.blanks}
    return two_parts(json.dumps(where | {"uids": made.uids}).encode(), made.dataset)


def decode_copy(body: bytes, total_bytes: int) -> Copy | Refusal:
    """Read what `encode_copy` wrote and check every value.

    Args:
        body: The child's answer.
        total_bytes: How long the original is.

    Raises:
        Unparsable: It is anything else.
    """
    text, dataset = parts_of(body)
    if len(text) > _MOST_JSON_BYTES:
        raise Unparsable(Fault.NONSENSE)
    try:
        told = json.loads(text)
        if "refusal" in told:
            return Refusal(told["refusal"])
        made = _checked(dataset, told["pixel_offset"], told["pixel_bytes"], told["uids"], total_bytes)
        return replace(made, blanks=_checked_blanks(told["blanks"], made))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Unparsable(Fault.NONSENSE) from error


def _checked(dataset: bytes, offset: object, length: object, uids: object, total_bytes: int) -> Copy:
    if type(offset) is not int or type(length) is not int or not isinstance(uids, list):
        raise ValueError("copy")
    if offset < 0 or length < 0 or offset + length > total_bytes:
        raise ValueError("pixels")
    if not all(isinstance(uid, str) and len(uid) <= _LONGEST_UID for uid in uids):
        raise ValueError("uids")
    return Copy(dataset, offset, length, tuple(uids))


def _checked_blanks(blanks: object, made: Copy) -> Blanks:
    """Check that blanks lie among the pixels, in order and apart."""
    if not isinstance(blanks, list):
        raise TypeError("blanks")
    at, end = made.pixel_offset, made.pixel_offset + made.pixel_bytes
    for offset, length in blanks:
        if type(offset) is not int or type(length) is not int or offset < at or length < 1 or offset + length > end:
            raise ValueError("blanks")
        at = offset + length
    return tuple((offset, length) for offset, length in blanks)
