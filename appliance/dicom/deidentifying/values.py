"""Values that say nothing, and dates that are moved.

Source: DICOM PS3.5 6.2 (what each VR may hold), PS3.15 E.3.6.
"""

import re
from collections.abc import Mapping
from datetime import date, timedelta

_MIDNIGHT = "000000"
_DATE = re.compile(r"(\d{4})\.?(\d{2})\.?(\d{2})", re.ASCII)
_NOTHING: Mapping[str, bytes] = {
    "DA": b"19000101", "TM": _MIDNIGHT.encode(), "DT": b"19000101000000", "IS": b"0 ", "DS": b"0 ", "AS": b"000Y",
    "PN": b"REMOVED ", "UR": b"", "SQ": b"",
    "AT": bytes(4), "US": bytes(2), "SS": bytes(2), "UL": bytes(4), "SL": bytes(4), "FL": bytes(4), "FD": bytes(8),
    "SV": bytes(8), "UV": bytes(8), "OB": bytes(2), "OW": bytes(2), "UN": bytes(2), "OF": bytes(4), "OL": bytes(4),
    "OD": bytes(8), "OV": bytes(8),
}  # fmt: skip


def nothing_of(vr: str) -> bytes:
    """Give a value of this VR that says nothing of anybody, of even length."""
    return _NOTHING.get(vr, b"REMOVED ")


def shifted(vr: str, text: str, days: int) -> str:
    """Move a date or a moment back by whole days; times of day become midnight, what is no date becomes empty.

    Args:
        vr: DA, TM or DT.
        text: The values, parted by backslashes.
        days: How far, at least one.
    """
    parts = [part.strip(" \0") for part in text.split("\\")]
    if vr == "TM":
        return "\\".join(_MIDNIGHT if part else "" for part in parts)
    ending = _MIDNIGHT if vr == "DT" else ""
    return "\\".join(day + ending if (day := _moved(part, days)) else "" for part in parts)


def _moved(text: str, days: int) -> str:
    found = _DATE.match(text)
    if found is None:
        return ""
    try:
        moved = date(int(found[1]), int(found[2]), int(found[3])) - timedelta(days=days)
    except (ValueError, OverflowError):
        return ""
    return f"{moved.year:04}{moved.month:02}{moved.day:02}"


def even(value: bytes, vr: str) -> bytes:
    """Pad a value to an even length."""
    return value if len(value) % 2 == 0 else value + (b"\0" if vr in {"UI", "OB", "UN"} else b" ")
