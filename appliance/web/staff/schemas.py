"""What is sent and answered, as JSON Schema, for the OpenAPI document.

What a route gives in JSON is read from the type that its handler is said to return, so that it cannot fall behind.

Source: OpenAPI Specification 3.1.1 4.8 (Media Type Object, Header Object), JSON Schema 2020-12.
"""

import typing
from collections.abc import Iterable, Mapping
from types import NoneType, UnionType
from typing import Any, Literal

from litestar.response import Response

from appliance.web.http.access import LARGEST_KEY

Schema = dict[str, Any]
HTML, JSON, PROBLEM = "text/html", "application/json", "application/problem+json"
DICOM_JSON = "application/dicom+json"
_TEXT = ("text/", "image/svg+xml", "application/x-ndjson")
_SIMPLE: Mapping[object, Schema] = {
    int: {"type": "integer", "format": "int64", "minimum": 0, "maximum": LARGEST_KEY},
    bool: {"type": "boolean"},
    str: {"type": "string"},
    NoneType: {"type": "null"},
}
# What an answer has in its head by its status, and whether always.
_HEADERS: Mapping[str, tuple[str, bool]] = {
    "303": ("Location", True), "401": ("WWW-Authenticate", False), "405": ("Allow", False),
    "416": ("Content-Range", True), "429": ("Retry-After", False), "503": ("Retry-After", False),
}  # fmt: skip
COMPONENTS: Mapping[str, Schema] = {
    # RFC 9457 3.1
    "Problem": {
        "type": "object",
        "properties": {
            "type": {"const": "about:blank"},
            "title": {"type": "string"},
            "status": {"type": "integer", "minimum": 400, "maximum": 599},
            "detail": {"type": "string"},
            "instance": {"type": "string", "pattern": "^urn:enamel:fault:"},
        },
        "required": ["type", "title", "status", "detail"],
        "additionalProperties": False,
    },
    # DICOM PS3.18 F.2.2
    "Dataset": {
        "type": "object",
        "patternProperties": {"^[0-9A-F]{8}$": {"$ref": "#/components/schemas/Attribute"}},
        "additionalProperties": False,
    },
    "Attribute": {
        "type": "object",
        "properties": {
            "vr": {"type": "string", "pattern": "^[A-Z]{2}$"},
            "Value": {"type": "array", "items": {"$ref": "#/components/schemas/Value"}, "minItems": 1},
            "InlineBinary": {"type": "string"},
            "BulkDataURI": {"type": "string"},
        },
        "required": ["vr"],
        "additionalProperties": False,
    },
    "Value": {
        "anyOf": [
            {"type": ["string", "number", "null"]},
            {"$ref": "#/components/schemas/PersonName"},
            {"$ref": "#/components/schemas/Dataset"},
        ]
    },
    "PersonName": {
        "type": "object",
        "properties": {name: {"type": "string"} for name in ("Alphabetic", "Ideographic", "Phonetic")},
        "minProperties": 1,
        "additionalProperties": False,
    },
}
DATASET: Schema = {"$ref": "#/components/schemas/Dataset"}
DATASETS: Schema = {"type": "array", "items": DATASET}


def schema_of(kind: object) -> Schema:
    """Give the schema of a type that a form, an address or an answer is made of."""
    if typing.is_typeddict(kind):
        return _object(typing.cast("type", kind))
    origin, parts = typing.get_origin(kind), typing.get_args(kind)
    if origin in (UnionType, typing.Union):
        return {"anyOf": [schema_of(one) for one in parts]}
    if origin is list:
        return {"type": "array", "items": schema_of(parts[0])}
    if origin is dict:
        return {"type": "object"}
    if origin is Literal:
        return {"enum": list(parts)}
    if kind not in _SIMPLE:
        raise TypeError(f"there is no schema of {kind}")
    return dict(_SIMPLE[kind])


def _object(kind: type) -> Schema:
    hints = typing.get_type_hints(kind)
    required: frozenset[str] = kind.__required_keys__  # type: ignore[attr-defined]  # a TypedDict has it
    return {
        "type": "object",
        "properties": {name: schema_of(hint) for name, hint in hints.items()},
        "required": sorted(required),
        "additionalProperties": False,
    }


def json_of(returned: object) -> Schema:
    """Give the schema of what a handler is said to return: `Response[...]` of something typed."""
    if typing.get_origin(returned) is not Response:
        raise TypeError(f"{returned} does not say what it holds")
    return schema_of(typing.get_args(returned)[0])


def answer(status: str, kinds: Iterable[str] = (), given: Schema | None = None, about: str = "As asked") -> Schema:
    """Describe an answer of these media types; `given` is what is given in JSON."""
    described: Schema = {"description": about}
    content = {kind: {"schema": _body(kind, given)} for kind in kinds}
    if content:
        described["content"] = content
    if status in _HEADERS:
        name, always = _HEADERS[status]
        described["headers"] = {name: {"required": always, "schema": {"type": "string"}}}
    return described


def fault(code: str, *, page: bool) -> Schema:
    """Name the answer to a fault: a page or a problem document as is asked for, or the document alone."""
    return {"$ref": f"#/components/responses/{'Page' if page else 'Problem'}{code}"}


def faults(codes: Iterable[str]) -> dict[str, Schema]:
    """Describe every answer that `fault` names."""
    kinds = {"Page": (HTML, PROBLEM), "Problem": (PROBLEM,)}
    return {f"{name}{code}": answer(code, kinds[name], about="Why not") for code in sorted(codes) for name in kinds}


def _body(kind: str, given: Schema | None) -> Schema:
    if kind == PROBLEM:
        return {"$ref": "#/components/schemas/Problem"}
    if kind in (JSON, DICOM_JSON):
        if given is None:
            raise TypeError(f"nobody says what {kind} holds here")
        return given
    return {"type": "string"} if kind.startswith(_TEXT) else {"type": "string", "format": "binary"}
