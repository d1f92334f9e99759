"""InstanceFacts as a child writes them, and as its parent checks them.

Guards: a child that a hostile scan has taken over may answer anything. Every
value's type, length and range is checked here, so that the worst answer is a
wrong description of that child's own instances.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from typing import Any, TypeVar, cast

from appliance.dicom.attributes import MAX_TEXT_CHARACTERS
from appliance.dicom.facts import (
    MOST_FRAMES,
    InstanceFacts,
    InstanceFinding,
    PatientFacts,
    PixelFacts,
    SeriesFacts,
    StudyFacts,
)
from appliance.dicom.faults import Fault, Unparsable
from appliance.dicom.geometry import FARTHEST_MM, Geometry, Numbers
from appliance.dicom.part10 import LARGEST_META_BYTES, FileMeta
from appliance.identifiers import is_uid
from appliance.sandbox.wire import parts_of, two_parts

MAX_JSON_BYTES = 256 * 1024
_MOST = 2**53
_FARTHEST = 4 * FARTHEST_MM  # between two places that are bounded
_META = ("sop_class_uid", "sop_instance_uid", "transfer_syntax_uid", "dataset_offset")
_VECTORS = {"position": 3, "orientation": 6, "pixel_spacing": 2, "frame_steps_mm": 2}
_Facts = TypeVar("_Facts", PatientFacts, StudyFacts, SeriesFacts, PixelFacts, Geometry)


def encode_facts(facts: InstanceFacts) -> bytes:
    """Write facts as a result's body: JSON, then the frame index."""
    document = asdict(facts)
    index = document["pixels"].pop("frame_index") if facts.pixels else None
    document["indexed"] = index is not None
    return two_parts(json.dumps(document).encode(), index or b"")


def decode_facts(body: bytes) -> InstanceFacts:
    """Read facts and check every value.

    Raises:
        Unparsable: Anything is not as `encode_facts` writes it.
    """
    text, index = parts_of(body)
    if len(text) > MAX_JSON_BYTES:
        raise Unparsable(Fault.NONSENSE)
    try:
        return _facts(json.loads(text), index)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Unparsable(Fault.NONSENSE) from error


def encode_file_meta(meta: FileMeta) -> bytes:
    """Write what a file's head says as a result's body; whose it was and our own information stay out."""
    return json.dumps([getattr(meta, name) for name in _META]).encode()


def decode_file_meta(body: bytes) -> FileMeta:
    """Read what a file's head says and check every value; a UID is one, or empty.

    Raises:
        Unparsable: Anything is not as `encode_file_meta` writes it.
    """
    try:
        sop_class, sop_instance, transfer_syntax, offset = json.loads(body[: MAX_JSON_BYTES + 1])
    except (ValueError, TypeError, RecursionError) as error:
        raise Unparsable(Fault.NONSENSE) from error
    if type(offset) is not int or not 0 < offset <= LARGEST_META_BYTES:
        raise Unparsable(Fault.NONSENSE)
    return FileMeta(_uid_or_empty(sop_class), _uid_or_empty(sop_instance), _uid_or_empty(transfer_syntax), offset)


def _facts(document: Mapping[str, Any], index: bytes) -> InstanceFacts:
    pixels = None if document["pixels"] is None else _pixels(document, index)
    return InstanceFacts(
        sop_class_uid=_uid(document["sop_class_uid"]),
        sop_instance_uid=_uid(document["sop_instance_uid"]),
        instance_number=_integer(document["instance_number"]),
        viewable=document["viewable"] is True,
        patient=_checked(PatientFacts, document["patient"]),
        study=_checked(StudyFacts, document["study"]),
        series=_checked(SeriesFacts, document["series"]),
        pixels=pixels,
        geometry=_geometry(document["geometry"]),
        findings=tuple(InstanceFinding(code) for code in document["findings"]),
    )


def _pixels(document: Mapping[str, Any], index: bytes) -> PixelFacts:
    pixels = {**document["pixels"], "frame_index": index if document["indexed"] else None}
    checked = _checked(PixelFacts, pixels)
    counts = [value for value in asdict(checked).values() if isinstance(value, int)]
    if any(count < 0 for count in counts) or (checked.number_of_frames or 0) > MOST_FRAMES:
        raise ValueError("pixels")
    return checked


def _geometry(document: Mapping[str, object]) -> Geometry:
    checked = _checked(Geometry, document)
    for name, count in _VECTORS.items():
        vector = getattr(checked, name)
        if vector is not None and len(vector) != count:
            raise ValueError(name)
    return checked


def _checked(kind: type[_Facts], document: Mapping[str, object]) -> _Facts:
    """Make a frozen value of its fields, each checked by its declared type."""
    checked: dict[str, Any] = {one.name: _CHECKS[one.type](document[one.name]) for one in fields(kind)}
    return kind(**checked)


def _text(value: object) -> str:
    if not isinstance(value, str) or len(value) > MAX_TEXT_CHARACTERS or "\0" in value:
        raise ValueError("text")
    return value.encode("utf-8", "replace").decode()


def _uid(value: object) -> str | None:
    if value is not None and (not isinstance(value, str) or (value and not is_uid(value))):
        raise ValueError("uid")
    return value


def _uid_or_empty(value: object) -> str:
    return value if isinstance(value, str) and is_uid(value) else ""


def _integer(value: object) -> int | None:
    if value is not None and (type(value) is not int or abs(value) > _MOST):
        raise ValueError("integer")
    return value


def _real(value: object) -> float | None:
    if value is None:
        return None
    if not isinstance(value, int | float) or not abs(value) <= _FARTHEST:  # nor NaN, which is never less
        raise ValueError("real")
    return float(value)


def _numbers(value: object) -> Numbers | None:
    if value is None:
        return None
    if not isinstance(value, list) or len(value) > 6:
        raise ValueError("numbers")
    return tuple(cast("float", _real(one)) for one in value if one is not None)


def _bytes(value: object) -> bytes | None:
    return cast("bytes | None", value)


_CHECKS: dict[object, Callable[[object], object]] = {
    str: _text,
    str | None: _uid,
    int | None: _integer,
    float | None: _real,
    Numbers | None: _numbers,
    bytes | None: _bytes,
}
