"""The DICOM JSON model of a dataset's metadata, without bulk data.

Values too long to inline are links to where they lie in the plaintext, relative
to the instance; in a deflated dataset, where nothing has a place, they are left
out with their VR. A value that its VR cannot explain becomes
its bytes. Text is Unicode whatever the dataset's character set.

Source: DICOM PS3.18 annex F.
"""

import base64
import json
import math
import struct
from collections.abc import Callable, Mapping

from pydicom.datadict import dictionary_VR

from appliance.dicom.attributes import SPECIFIC_CHARACTER_SET, Attributes
from appliance.dicom.elements import PIXEL_TAGS, Element, Elements, Walker
from appliance.dicom.faults import Fault, Unparsable
from appliance.dicom.source import InflatedSource, Source
from appliance.dicom.text import CharacterSet
from appliance.dicom.transfer_syntaxes import DEFLATED, encoding_of

MAX_INLINE_BYTES = 4096
MAX_MODEL_BYTES = 32 * 1024 * 1024
_BINARY = {"SS": "h", "US": "H", "SL": "i", "UL": "I", "SV": "q", "UV": "Q", "FL": "f", "FD": "d"}
_WHOLE = frozenset({"LT", "ST", "UT", "UR"})  # PS3.5 6.2: a backslash is part of the text
_OPAQUE = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN"})
_PIXEL_REPRESENTATION = 0x00280103
_GROUP_NAMES = ("Alphabetic", "Ideographic", "Phonetic")

Attribute = Mapping[str, object]


def json_model(source: Source, dataset_offset: int, transfer_syntax_uid: str) -> bytes:
    """Give the model as UTF-8 JSON.

    Raises:
        Unparsable: The dataset cannot be followed, or its model would be too large.
    """
    deflated = transfer_syntax_uid == DEFLATED
    readable = InflatedSource(source, dataset_offset) if deflated else source
    encoding = encoding_of(transfer_syntax_uid)
    walk = Walker(readable, encoding, vr_of, None).walk(0 if deflated else dataset_offset)
    if walk.fault not in (None, Fault.TRUNCATED):
        raise Unparsable(walk.fault)
    writer = _Writer(walk.elements, encoding.little, linked=not deflated)
    model = json.dumps(writer.dataset(walk.elements), separators=(",", ":"), ensure_ascii=False).encode()
    if len(model) > MAX_MODEL_BYTES:
        raise Unparsable(Fault.TOO_LARGE)
    return model


def vr_of(tag: int) -> str:
    """Give a tag's VR by the standard's dictionary, "UN" for an unknown or private one."""
    if tag & 0xFFFF == 0:
        return "UL"  # PS3.5 7.2: a group length
    try:
        return str(dictionary_VR(tag))
    except KeyError:
        return "LO" if tag >> 16 & 1 and 0x10 <= tag & 0xFFFF <= 0xFF else "UN"  # PS3.5 7.8.1


class _Writer:
    """Writes one dataset's elements; knows what they need of one another."""

    def __init__(self, top: Elements, little: bool, linked: bool) -> None:
        attributes = Attributes(top, little)
        self._order = "<" if little else ">"
        self._linked = linked
        self._signed = attributes.unsigned(_PIXEL_REPRESENTATION) == 1

    def dataset(self, elements: Elements, characters: CharacterSet | None = None) -> dict[str, Attribute]:
        if SPECIFIC_CHARACTER_SET in elements or characters is None:
            characters = Attributes(elements, little=True).character_set
        model = {}
        for tag in sorted(elements):
            if tag & 0xFFFF and tag not in PIXEL_TAGS:
                model[f"{tag:08X}"] = self._attribute(elements[tag], characters)
        return model

    def _attribute(self, element: Element, characters: CharacterSet) -> Attribute:
        vr = self._settled(element.vr)
        if element.items is not None:
            return {"vr": "SQ", **_valued([self.dataset(item, characters) for item in element.items])}
        if element.value is None or (vr in _OPAQUE and len(element.value) > MAX_INLINE_BYTES):
            return {"vr": vr, **self._link(element)}
        if not element.value:
            return {"vr": vr}
        values = None if vr in _OPAQUE else self._values(vr, element.value, characters)
        if values is not None:
            return {"vr": vr, **_valued(values)}
        if len(element.value) > MAX_INLINE_BYTES:
            return {"vr": "UN", **self._link(element)}
        return {"vr": vr if vr in _OPAQUE else "UN", "InlineBinary": base64.b64encode(element.value).decode()}

    def _link(self, element: Element) -> Attribute:
        """Say where a long value lies in the plaintext, relative to the instance's own URL (PS3.18 F.2.2)."""
        if not self._linked:
            return {}
        return {"BulkDataURI": f"bulkdata/{element.offset}-{element.length}"}

    def _settled(self, vr: str) -> str:
        """Choose where the dictionary leaves a choice.

        Source: DICOM PS3.5 A.1 and PS3.3 C.7.6.3.1.2 (Pixel Representation).
        """
        if " or " not in vr:
            return vr
        if vr.startswith("US or SS"):
            return "SS" if self._signed else "US"
        return "OW"

    def _values(self, vr: str, raw: bytes, characters: CharacterSet) -> list[object] | None:
        """Give the values, or None when the bytes are not of that VR."""
        try:
            if vr in _BINARY:
                return _numbers(self._order + _BINARY[vr], raw)
            if vr == "AT":
                pairs = struct.iter_unpack(self._order + "HH", raw)
                return [f"{group:04X}{element:04X}" for group, element in pairs]
            return _texts(vr, characters.decode(raw.rstrip(b" \0"))[0])
        except (ValueError, struct.error):
            return None


def _numbers(form: str, raw: bytes) -> list[object]:
    values = [value for (value,) in struct.iter_unpack(form, raw)]
    if any(isinstance(value, float) and not math.isfinite(value) for value in values):
        raise ValueError("JSON has no such number")
    return values


def _texts(vr: str, text: str) -> list[object]:
    if vr in _WHOLE:
        return [text]
    convert = _CONVERTED.get(vr, str)
    parts = [part.strip(" \0") for part in text.split("\\")]
    return [convert(part) if part else None for part in parts]


def _person_name(name: str) -> object:
    groups = zip(_GROUP_NAMES, name.split("="), strict=False)
    return {key: group for key, group in groups if group}


def _decimal(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError("JSON has no such number")
    return value


def _valued(values: list[object] | list[dict[str, Attribute]]) -> Attribute:
    return {"Value": values} if values else {}


_CONVERTED: Mapping[str, Callable[[str], object]] = {"PN": _person_name, "IS": int, "DS": _decimal}
