"""What a client accepts, and whether the stored bytes can be that.

Nothing is ever transcoded, so an answer is "as stored" or 406. Only native
little-endian frames have two names for the same bytes (implicit, explicit).

Source: DICOM PS3.18 8.7 (media types), RFC 9110 12.5.1 (Accept).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

DICOM = "application/dicom"
DICOM_JSON = "application/dicom+json"
JSON = "application/json"
OCTET_STREAM = "application/octet-stream"
RELATED = "multipart/related"
EXPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"
NATIVE_LITTLE_ENDIAN = frozenset({"1.2.840.10008.1.2", EXPLICIT_LITTLE_ENDIAN, "1.2.840.10008.1.2.1.99"})
LONGEST_ACCEPT = 4096

# Frame media types, PS3.18 table 8.7.3-5 and 8.7.3-2; what is absent is application/octet-stream.
FRAME_TYPES: Mapping[str, str] = {
    "1.2.840.10008.1.2.4.50": "image/jpeg",
    "1.2.840.10008.1.2.4.51": "image/jpeg",
    "1.2.840.10008.1.2.4.57": "image/jpeg",
    "1.2.840.10008.1.2.4.70": "image/jpeg",
    "1.2.840.10008.1.2.4.80": "image/jls",
    "1.2.840.10008.1.2.4.81": "image/jls",
    "1.2.840.10008.1.2.4.90": "image/jp2",
    "1.2.840.10008.1.2.4.91": "image/jp2",
    "1.2.840.10008.1.2.4.92": "image/jpx",
    "1.2.840.10008.1.2.4.93": "image/jpx",
    "1.2.840.10008.1.2.4.201": "image/jphc",
    "1.2.840.10008.1.2.4.202": "image/jphc",
    "1.2.840.10008.1.2.4.203": "image/jphc",
    "1.2.840.10008.1.2.5": "image/dicom-rle",
    "1.2.840.10008.1.2.4.100": "video/mpeg2",
    "1.2.840.10008.1.2.4.101": "video/mpeg2",
    "1.2.840.10008.1.2.4.102": "video/mp4",
    "1.2.840.10008.1.2.4.103": "video/mp4",
    "1.2.840.10008.1.2.4.104": "video/mp4",
    "1.2.840.10008.1.2.4.105": "video/mp4",
    "1.2.840.10008.1.2.4.106": "video/mp4",
}

_PARAMETER = re.compile(r';\s*([!#$%&\'*+.^_`|~0-9A-Za-z-]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^;,\s"]*)\s*')
_RANGE = re.compile(r"\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+/[!#$%&'*+.^_`|~0-9A-Za-z-]+|\*)\s*")


@dataclass(frozen=True, slots=True)
class MediaRange:
    """One element of an Accept header, names in lower case."""

    media_type: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    quality: float = 1.0

    def covers(self, media_type: str) -> bool:
        """Say whether this range includes the media type."""
        if self.media_type in ("*", "*/*", media_type):
            return True
        return self.media_type.endswith("/*") and media_type.startswith(self.media_type[:-1])

    def takes_syntax(self, stored: str, *, default_is_any: bool = True) -> bool:
        """Say whether the stored transfer syntax satisfies this range's parameter."""
        wanted = self.parameters.get("transfer-syntax")
        if wanted is None:
            return default_is_any
        return wanted in ("*", stored)


@dataclass(frozen=True, slots=True)
class Representation:
    """What is sent: the part's media type, in multipart/related or alone."""

    media_type: str
    multipart: bool
    transfer_syntax_uid: str


@lru_cache(maxsize=256)
def parse_accept(text: str) -> tuple[MediaRange, ...]:
    """Read an Accept header, most wanted first; nothing said means anything.

    What cannot be read is skipped, so that a client with one odd element is still served.
    """
    ranges = []
    position = 0
    text = text[:LONGEST_ACCEPT]
    while position < len(text):
        found = _RANGE.match(text, position)
        if found:
            parameters, position = _parameters(text, found.end())
            ranges.append(_media_range(found.group(1).lower(), parameters))
        comma = text.find(",", position)
        position = len(text) if comma < 0 else comma + 1
    ranges = [r for r in ranges if r.quality > 0] if ranges else [MediaRange("*/*")]
    return tuple(sorted(ranges, key=lambda r: -r.quality))


def json_type(accept: Sequence[MediaRange]) -> str | None:
    """Choose the JSON media type for searches and metadata, or None for 406."""
    for wanted in accept:
        if wanted.covers(DICOM_JSON):
            return DICOM_JSON
        if wanted.covers(JSON):
            return JSON
    return None


def choose_instance(accept: Sequence[MediaRange], stored: str, *, single: bool) -> Representation | None:
    """Choose how one whole instance is sent, or None for 406.

    Args:
        single: One instance was asked for, so it may also come without multipart.
    """
    for wanted in accept:
        if _is_related(wanted) and _root_type(wanted, DICOM) == DICOM and wanted.takes_syntax(stored):
            return Representation(DICOM, multipart=True, transfer_syntax_uid=stored)
        if single and wanted.media_type == DICOM and wanted.takes_syntax(stored):
            return Representation(DICOM, multipart=False, transfer_syntax_uid=stored)
    return None


def choose_frames(accept: Sequence[MediaRange], stored: str, *, single: bool) -> Representation | None:
    """Choose how frames are sent, or None for 406.

    Args:
        single: One frame was asked for, so it may also come without multipart.
    """
    own_type = FRAME_TYPES.get(stored, OCTET_STREAM)
    for wanted in accept:
        related = _is_related(wanted)
        if not related and not (single and wanted.media_type in (own_type, OCTET_STREAM)):
            continue
        media_type = _root_type(wanted, own_type) if related else wanted.media_type
        syntax = _frame_syntax(wanted, stored)
        if syntax and _frame_type_fits(media_type, own_type, wanted):
            return Representation(own_type if media_type in ("*/*", own_type) else OCTET_STREAM, related, syntax)
    return None


def choose_bulk(accept: Sequence[MediaRange]) -> Representation | None:
    """Choose how one bulk data value is sent, or None for 406."""
    for wanted in accept:
        if _is_related(wanted) and _root_type(wanted, OCTET_STREAM) in (OCTET_STREAM, "*/*"):
            return Representation(OCTET_STREAM, multipart=True, transfer_syntax_uid="")
        if wanted.media_type == OCTET_STREAM:
            return Representation(OCTET_STREAM, multipart=False, transfer_syntax_uid="")
    return None


def _parameters(text: str, position: int) -> tuple[dict[str, str], int]:
    parameters = {}
    while found := _PARAMETER.match(text, position):
        value = found.group(2)
        parameters[found.group(1).lower()] = re.sub(r"\\(.)", r"\1", value[1:-1]) if value[:1] == '"' else value
        position = found.end()
    return parameters, position


def _media_range(media_type: str, parameters: dict[str, str]) -> MediaRange:
    try:
        quality = min(1.0, max(0.0, float(parameters.pop("q", "1"))))
    except ValueError:
        quality = 1.0
    if quality != quality:  # noqa: PLR0124  # NaN is the one number that is not itself
        quality = 1.0
    return MediaRange(media_type, parameters, quality)


def _is_related(wanted: MediaRange) -> bool:
    return wanted.covers(RELATED)


def _root_type(wanted: MediaRange, default: str) -> str:
    return wanted.parameters.get("type", default).lower() if wanted.media_type == RELATED else default


def _frame_syntax(wanted: MediaRange, stored: str) -> str | None:
    """The transfer syntax that the part will name, or None where it is not what was asked."""
    asked = wanted.parameters.get("transfer-syntax")
    if stored in NATIVE_LITTLE_ENDIAN and (asked is None or asked in NATIVE_LITTLE_ENDIAN or asked == "*"):
        return EXPLICIT_LITTLE_ENDIAN  # frames are the same bytes in all three
    return stored if wanted.takes_syntax(stored) else None


def _frame_type_fits(media_type: str, own_type: str, wanted: MediaRange) -> bool:
    """A compressed frame goes out as octets only to a client that names its syntax or takes any."""
    if media_type in ("*/*", own_type):
        return True
    return media_type == OCTET_STREAM and "transfer-syntax" in wanted.parameters
