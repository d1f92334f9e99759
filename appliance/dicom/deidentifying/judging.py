"""Whether a picture may go out without its patient: what could show a name or a face in its pixels may not.

Pixels are not cleaned here, so what may carry words is refused as a whole. Only pictures that a scanner takes are
given: no screenshots, photographs, ultrasound, reports or documents. A projection of a kind that often has words
printed in it has to say that it has none.

Source: DICOM PS3.15 E.3.1 and E.3.2 (options that are not claimed), PS3.3 C.7.6.1.1.1 and C.8.6.1.
"""

from enum import StrEnum

from appliance.dicom.attributes import Attributes

_VOLUMES = frozenset({
    "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.2.1", "1.2.840.10008.5.1.4.1.1.2.2",
    "1.2.840.10008.5.1.4.1.1.4", "1.2.840.10008.5.1.4.1.1.4.1", "1.2.840.10008.5.1.4.1.1.13.1.1",
    "1.2.840.10008.5.1.4.1.1.13.1.2",
})  # fmt: skip
_PROJECTIONS = frozenset({
    "1.2.840.10008.5.1.4.1.1.1", "1.2.840.10008.5.1.4.1.1.1.1", "1.2.840.10008.5.1.4.1.1.1.1.1",
    "1.2.840.10008.5.1.4.1.1.1.3", "1.2.840.10008.5.1.4.1.1.1.3.1",
})  # fmt: skip
_BURNED_IN, _RECOGNIZABLE, _CONVERSION_TYPE = 0x00280301, 0x00280302, 0x00080064
_OVERLAY_BIT_POSITION, _ANY_OVERLAY = 0x60000102, 0xFF01FFFF  # PS3.3 C.9.2, in any group 60xx
_IMAGE_TYPE, _SAMPLES = 0x00080008, 0x00280002
_SCREENS = frozenset({"SCREEN SAVE", "SCREENSHOT", "SCREEN CAPTURE", "REPORT", "DOSE_INFO", "DOSE INFO"})


class Refusal(StrEnum):
    """Why a picture is not given. A closed list; the web has words for each."""

    KIND = "kind"  # not a picture that a scanner takes
    WORDS = "words"  # its pixels may show words
    FACE = "face"  # its pixels show a face
    UNREADABLE = "unreadable"  # it cannot be followed to its end
    FORM = "form"  # written in a form that is not handled: deflated, or compressed as no table here knows
    REMAINS = "remains"  # something in it still says whose it is


def may_be_given(sop_class_uid: str) -> bool:
    """Say whether pictures of this class are given at all."""
    return sop_class_uid in _VOLUMES or sop_class_uid in _PROJECTIONS


def refusal_of(top: Attributes, sop_class_uid: str) -> Refusal | None:
    """Say why a picture is not given, or None where it may be.

    Args:
        top: The outermost level of its dataset.
        sop_class_uid: What it is.
    """
    if not may_be_given(sop_class_uid):
        return Refusal.KIND
    burned_in = top.text(_BURNED_IN).upper()
    drawn = burned_in == "YES" or _is_screen(top) or _has_drawings(top)
    if drawn or (sop_class_uid in _PROJECTIONS and burned_in != "NO"):
        return Refusal.WORDS
    return Refusal.FACE if top.text(_RECOGNIZABLE).upper() == "YES" else None


def _is_screen(top: Attributes) -> bool:
    """Say whether a program drew it: it was captured, or it has colours, which no X-ray has."""
    kinds = {part.strip() for part in top.text(_IMAGE_TYPE).upper().split("\\")}
    return bool(kinds & _SCREENS) or bool(top.text(_CONVERSION_TYPE)) or (top.unsigned(_SAMPLES) or 1) > 1


def _has_drawings(top: Attributes) -> bool:
    """Say whether something was drawn into bits of the pixels that are no grey value, as was done until 2004."""
    found = (tag for tag in top.elements if tag & _ANY_OVERLAY == _OVERLAY_BIT_POSITION)
    return any(top.unsigned(tag) != 0 for tag in found)
