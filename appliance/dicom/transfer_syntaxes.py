"""What each transfer syntax means for reading a dataset.

Source: DICOM PS3.5 annex A; the UIDs are those of PS3.6 annex A.
"""

from appliance.dicom.elements import Encoding

IMPLICIT_LITTLE = "1.2.840.10008.1.2"
EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"
EXPLICIT_BIG = "1.2.840.10008.1.2.2"
DEFLATED = "1.2.840.10008.1.2.1.99"
_NATIVE = frozenset({IMPLICIT_LITTLE, EXPLICIT_LITTLE, EXPLICIT_BIG, DEFLATED})

_JPEG = "1.2.840.10008.1.2.4."
VIEWABLE = _NATIVE | {
    "1.2.840.10008.1.2.5",  # RLE Lossless
    *(_JPEG + last for last in ("50", "51")),  # JPEG baseline and extended
    *(_JPEG + last for last in ("57", "70")),  # JPEG lossless
    *(_JPEG + last for last in ("80", "81")),  # JPEG-LS
    *(_JPEG + last for last in ("90", "91")),  # JPEG 2000
    *(_JPEG + last for last in ("201", "202", "203")),  # HTJ2K
}


def encoding_of(transfer_syntax_uid: str) -> Encoding:
    """Give how elements are written; an unknown syntax is encapsulated, hence explicit little endian."""
    return Encoding(explicit=transfer_syntax_uid != IMPLICIT_LITTLE, little=transfer_syntax_uid != EXPLICIT_BIG)


def is_native(transfer_syntax_uid: str) -> bool:
    """Say whether pixel data is written plainly, frame after frame."""
    return transfer_syntax_uid in _NATIVE
