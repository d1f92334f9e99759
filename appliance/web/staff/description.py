"""What this door answers, as an OpenAPI document that is made from the routes themselves.

Guards: no route is left out, for the document is made of the list that the app is made of, and DICOMweb's of its own
table of paths; what is handed in there and the viewer's stream stand in it too. Each operation says which permission it
asks for, or which state of the session. Given to whoever is signed in; it tells nothing that is not in the source.

Source: OpenAPI Specification 3.1.1.
"""

import dataclasses
import typing
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypedDict

from litestar import get
from litestar.handlers import HTTPRouteHandler
from litestar.params import BodyKwarg, PathParameter, QueryParameter
from litestar.response import Response
from litestar.types import ControllerRouterHandler

from appliance import __version__
from appliance.accounts.roles import Permission
from appliance.archive.matching import Level
from appliance.web.dicomweb.negotiation import DICOM, FRAME_TYPES, OCTET_STREAM, RELATED
from appliance.web.dicomweb.paths import STORABLE, STREAM, Kind, templates
from appliance.web.dicomweb.series_stream import MEDIA_TYPE
from appliance.web.http.access import Access, Door, access, access_of
from appliance.web.http.csrf import FIELD
from appliance.web.staff.schemas import (
    COMPONENTS,
    DATASET,
    DATASETS,
    DICOM_JSON,
    HTML,
    JSON,
    answer,
    fault,
    faults,
    json_of,
    schema_of,
)

HERE = "/openapi.json"
SERIES_STREAM = MEDIA_TYPE.decode()
Operation = dict[str, Any]
# What is no page, by the path that gives it.
_OTHERS: Mapping[str, tuple[str, ...]] = {
    HERE: (JSON,),
    "/events": ("text/event-stream",),
    "/healthz": (JSON,),
    "/account/export": (JSON,),
    "/account/passkey-question": (JSON,),
    "/.well-known/security.txt": ("text/plain",),
    "/login/enrol/qr.svg": ("image/svg+xml",),
    "/keeping/erasures/{erasure_key}/certificate": ("application/pdf",),
    "/laboratory/{reference}/download": ("application/zip",),
    "/trail/export": ("text/csv", "application/x-ndjson", "text/plain"),
    "/studies/{study_key}/export": (HTML, "application/zip"),
    "/patients/{patient_key}/export": (HTML, "application/zip"),
}
_ANY_TIME = ("400", "404", "405", "429", "503")
_READING = (*_ANY_TIME, "401", "403", "406", "500")  # of DICOMweb
_STORING = (*_READING, "408", "413", "415", "507")
_FAULTS = {*_STORING, "409", "422"}
_PUBLIC_ONLY = frozenset({Door.PUBLIC})


class Described(TypedDict):
    """An OpenAPI document."""

    openapi: str
    info: dict[str, str]
    paths: dict[str, dict[str, Operation]]
    components: dict[str, dict[str, Any]]


def document(handlers: Iterable[ControllerRouterHandler]) -> dict[str, Any]:
    """Give the document of an app with these routes, and of DICOMweb in front of it."""
    paths: dict[str, dict[str, Operation]] = {}
    for handler in handlers:
        if isinstance(handler, HTTPRouteHandler):
            for path in handler.paths:
                plain = _plain(path)
                for method in handler.http_methods:
                    paths.setdefault(plain, {})[str(method).lower()] = _operation(handler, plain, str(method))
    for path, (kind, level) in templates().items():
        paths[path] = _dicomweb(path, kind, level)
    paths[STREAM] = {"get": _stream()}
    return {
        "openapi": "3.1.1",
        "info": {"title": "Enamel", "version": __version__, "summary": "A clinic's own archive: pages and DICOMweb"},
        "paths": dict(sorted(paths.items())),
        "components": {"schemas": dict(COMPONENTS), "responses": faults(_FAULTS), "securitySchemes": _SCHEMES},
    }


def _plain(path: str) -> str:
    """Write a path without the types of its parameters."""
    return "/".join(part.split(":")[0] + "}" if part.startswith("{") else part for part in path.split("/"))


def _operation(handler: HTTPRouteHandler, path: str, method: str) -> Operation:
    asked = access_of(handler)
    hints = typing.get_type_hints(handler.fn, include_extras=True)
    described = (handler.fn.__doc__ or "").strip().split("\n")[0]
    body = next((_form(hint) for hint in hints.values() if _marked(hint, BodyKwarg)), None)
    if method == "POST":
        body = body or {"type": "object", "properties": {}, "required": []}
        body["properties"][FIELD], body["required"] = {"type": "string"}, [*body["required"], FIELD]
    operation: Operation = {
        "operationId": f"{handler.fn.__module__.rpartition('.')[2]}.{handler.fn.__name__}",
        "summary": described,
        "parameters": [one for name, hint in hints.items() if (one := _parameter(name, hint, path)) is not None],
        "responses": _responses(asked, path, handler, has_body=body is not None),
        "security": [] if asked.door in _PUBLIC_ONLY else [{"session": []}],
        **_told(asked),
    }
    if body is not None:
        operation["requestBody"] = {"content": {"application/x-www-form-urlencoded": {"schema": body}}}
    return operation


def _told(asked: Access) -> dict[str, str]:
    """Say which permission, or which state of the session, an operation asks for."""
    if asked.permission is not None:
        return {"x-enamel-permission": asked.permission.value}
    return {"x-enamel-door": asked.door.name.lower()}


def _marked(hint: object, kind: type) -> bool:
    return typing.get_origin(hint) is typing.Annotated and any(isinstance(one, kind) for one in hint.__metadata__)  # type: ignore[attr-defined]  # an Annotated has it


def _parameter(name: str, hint: object, path: str) -> dict[str, Any] | None:
    if _marked(hint, PathParameter):
        return {"name": name, "in": "path", "required": True, "schema": schema_of(typing.get_args(hint)[0])}
    if _marked(hint, QueryParameter):
        return {"name": name, "in": "query", "required": False, "schema": schema_of(typing.get_args(hint)[0])}
    if "{" + name + "}" in path:
        raise TypeError(f"the parameter {name} of {path} is not marked as one")
    return None


def _form(hint: object) -> dict[str, Any]:
    kind = typing.get_args(hint)[0]
    hints = typing.get_type_hints(kind)
    fields = dataclasses.fields(kind)
    missing = dataclasses.MISSING
    required = [one.name for one in fields if one.default is missing and one.default_factory is missing]
    return {
        "type": "object",
        "properties": {one.name: schema_of(hints[one.name]) for one in fields},
        "required": required,
    }


def _responses(asked: Access, path: str, handler: HTTPRouteHandler, *, has_body: bool) -> dict[str, Any]:
    """Say what can be answered: what it is for, what a fault gives, and where a browser is sent to instead."""
    kinds, status = _OTHERS.get(path, (HTML,)), str(handler.status_code)
    given = json_of(typing.get_type_hints(handler.fn)["return"]) if JSON in kinds else None
    told = {status: answer(status, kinds, given) if status == "200" else answer(status, about="See Location, or done")}
    codes = [*_ANY_TIME, *(("401", "403") if asked.door is not Door.PUBLIC or has_body else ())]
    codes += ["409", "413", "415", "422"] if has_body else []
    told |= {code: fault(code, page=asked.page) for code in codes}
    if asked.page:
        told.setdefault("303", answer("303", about="Sign in, unlock or go on there"))
    return dict(sorted(told.items()))


def _dicomweb(path: str, kind: Kind, level: Level) -> dict[str, Operation]:
    """Describe one resource of DICOMweb.

    Source: DICOM PS3.18 tables 10.4.1-1 to 10.6.1-5.
    """
    names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
    reading: Operation = {
        "operationId": f"dicomweb.{kind.name.lower()}.{level.value.lower()}.{len(names)}",
        "summary": f"{kind.name.capitalize().replace('_', ' ')} at the level of a {level.value.lower()}",
        "parameters": _in_path(names),
        "responses": {**_given(kind, level), **_faults()},
        "security": [{"session": []}, {"token": []}],
        "x-enamel-permission": _permission(kind, level).value,
        "x-enamel-or": Permission.READ_GIVEN.value,  # then of copies under pseudonyms alone
    }
    return {"get": reading, "post": _storing(names)} if (kind, level) in STORABLE else {"get": reading}


def _given(kind: Kind, level: Level) -> dict[str, Any]:
    """Say what a resource gives; of a study or series also a part, where some of it is damaged, of one file a range."""
    if kind in (Kind.SEARCH, Kind.METADATA):
        return {"200": answer("200", (DICOM_JSON, JSON), DATASETS)}
    types = {Kind.FRAMES: (OCTET_STREAM, *sorted(set(FRAME_TYPES.values()))), Kind.BULK_DATA: (OCTET_STREAM,)}
    alone = () if level is not Level.INSTANCE else types.get(kind, (DICOM,))
    told = {"200": answer("200", (RELATED, *alone))}
    if kind is Kind.FRAMES:
        return told
    told["206"] = answer("206", alone or (RELATED,), about="A part of it")
    return told | ({"416": answer("416", about="Outside of it")} if alone else {})


def _storing(names: Sequence[str]) -> Operation:
    """Describe handing in.

    Source: DICOM PS3.18 10.5 (Store transaction).
    """
    told = {code: answer(code, (DICOM_JSON, JSON), DATASET) for code in ("200", "202", "409")}
    return {
        "operationId": f"dicomweb.store.{len(names)}",
        "summary": "Hand in objects" + (" of one study" if names else ""),
        "parameters": _in_path(names),
        "requestBody": {"content": {RELATED: {"schema": {"type": "string", "format": "binary"}}}},
        "responses": {**{code: fault(code, page=False) for code in _STORING}, **told},
        "security": [{"session": []}, {"token": []}],
        "x-enamel-permission": Permission.STORE_IMAGES.value,
    }


def _stream() -> Operation:
    """Describe the viewer's own way to a whole series."""
    told = {code: answer(code, (SERIES_STREAM,)) for code in ("200", "206")}
    key = {"type": "integer", "minimum": 0, "maximum": 10**18 - 1}
    return {
        "operationId": "dicomweb.stream",
        "summary": "A whole series in one answer",
        "parameters": [{"name": "series_key", "in": "path", "required": True, "schema": key}],
        "responses": {**told, "416": answer("416", about="Outside of it"), **_faults()},
        "security": [{"session": []}, {"token": []}],
        "x-enamel-permission": Permission.VIEW_IMAGES.value,
    }


def _in_path(names: Iterable[str]) -> list[dict[str, Any]]:
    return [{"name": one, "in": "path", "required": True, "schema": {"type": "string"}} for one in names]


def _faults() -> dict[str, Any]:
    return {code: fault(code, page=False) for code in _READING}


def _permission(kind: Kind, level: Level) -> Permission:
    """Say what a resource of DICOMweb asks for, as `archive.source` does."""
    if kind is not Kind.SEARCH:
        return Permission.VIEW_IMAGES
    return Permission.LIST_STUDIES if level is Level.STUDY else Permission.READ_STUDY


_SCHEMES = {
    "session": {"type": "apiKey", "in": "cookie", "name": "__Host-enamel-session"},
    "token": {"type": "http", "scheme": "bearer"},
}


def handler_of(handlers: Iterable[ControllerRouterHandler]) -> HTTPRouteHandler:
    """Give the route that hands the document out."""
    made = typing.cast("Described", document(handlers))

    @get(HERE, opt=access(Door.SIGNED_IN, page=False), sync_to_thread=False)
    def description() -> Response[Described]:
        """Give the description of all that this door answers."""
        return Response(made, media_type=JSON)

    return description
