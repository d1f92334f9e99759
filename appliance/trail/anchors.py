"""Anchors as people print and type them: the number of an event, and its link in groups of four letters and digits.

Guards: against who holds the audit key, or puts an old copy back, an anchor on paper proves the events up to it.
"""

import re

from appliance.audit.chain import LINK_BYTES, Head
from appliance.errors import Unsuitable

_GROUP = 4
_LONGEST_TYPED = 400
_NUMBER = re.compile(r"[0-9]{1,18}")


def anchor_text(head: Head) -> str:
    """Write an anchor's link for a person."""
    digits = head.chain.hex()
    return " ".join(digits[place : place + _GROUP] for place in range(0, len(digits), _GROUP))


def parse_anchor(sequence: str, code: str) -> Head:
    """Read an anchor as a person typed it from paper; spaces and dashes mean nothing.

    Raises:
        Unsuitable: It is none.
    """
    digits = re.sub(r"[\s:-]", "", code[:_LONGEST_TYPED])
    number = re.sub(r"[\s.,]", "", sequence)
    try:
        chain = bytes.fromhex(digits)
    except ValueError:
        chain = b""
    if not _NUMBER.fullmatch(number) or int(number) < 1 or len(chain) != LINK_BYTES:
        raise Unsuitable("an anchor is the number of an event, and 64 of the digits 0 to 9 and letters a to f")
    return Head(int(number), chain)


def parse_whole_anchor(text: str) -> Head:
    """Read an anchor written as `NUMBER:CODE`.

    Raises:
        Unsuitable: It is none.
    """
    sequence, _colon, code = text.partition(":")
    return parse_anchor(sequence, code)
