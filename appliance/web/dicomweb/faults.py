"""The one table from a fault to DICOMweb's answer. Subclasses stand above bases.

Source: DICOM PS3.18 8.5 (status codes), RFC 9457 (problem details).
"""

import json
from collections.abc import Mapping

from appliance.errors import (
    ApplianceError,
    KeysSealed,
    NotFound,
    NotPermitted,
    OutOfSpace,
    Refused,
    Tampered,
    Unavailable,
    Unsuitable,
)
from appliance.web.dicomweb.answers import Answer
from appliance.web.http.pace import TooManyRequests
from appliance.web.http.problems import document


class NotSignedIn(NotPermitted):
    """No credential, or one that is not good (any more)."""


class NotAcceptable(Refused):
    """The stored bytes are none of what the client accepts."""


class WrongMethod(Refused):
    """The resource does not offer this method; `allow` says which it does."""

    def __init__(self, allow: bytes = b"GET, HEAD") -> None:
        super().__init__("another method is offered")
        self.allow = allow


class WrongMediaType(Refused):
    """The body is of a kind that cannot be stored."""


class Unexpected(ApplianceError):
    """A bug: it is logged, and answered as an internal failure."""


class TooLarge(Refused):
    """The body is larger, or of more parts, than one request may be."""


class TooSlow(Refused):
    """The body does not come in time."""


TABLE: tuple[tuple[type[ApplianceError], int, str], ...] = (
    (NotSignedIn, 401, "sign in, or send a good bearer token"),
    (NotPermitted, 403, "the caller may not do this"),
    (NotFound, 404, "nothing here that the caller may know of"),
    (NotAcceptable, 406, "stored data is given as it was stored, and that is none of what is accepted"),
    (WrongMethod, 405, "another method is offered here"),
    (TooSlow, 408, "the body came too slowly"),
    (TooLarge, 413, "the body is larger than one request may be"),
    (WrongMediaType, 415, "only multipart/related bodies of application/dicom can be stored"),
    (TooManyRequests, 429, "too many requests at once; Retry-After says when to go on"),
    (Unsuitable, 400, "the request cannot be understood"),
    (Refused, 400, "the request is refused"),
    (KeysSealed, 503, "the box is locked"),
    (OutOfSpace, 507, "the box has too little space left"),
    (Unavailable, 503, "the box cannot do this now"),
    (Tampered, 500, "the stored data is damaged; the study and the quarantine page say so"),
    (ApplianceError, 500, "the box failed at this, and its log says why"),
)
_MORE: Mapping[int, Mapping[bytes, bytes]] = {
    401: {b"www-authenticate": b'Bearer realm="DICOMweb"'},
    408: {b"connection": b"close"},
    413: {b"connection": b"close"},
    503: {b"retry-after": b"30"},
}


def problem(error: ApplianceError) -> Answer:
    """Give the answer to a fault. Only of what the caller asked wrongly is the fault's own message told."""
    status, words = next((status, words) for kind, status, words in TABLE if isinstance(error, kind))
    detail = str(error) if status == 400 else words
    body = json.dumps(document(status, detail)).encode()
    return Answer(status, b"application/problem+json", [body], _headers(error, status))


def _headers(error: ApplianceError, status: int) -> Mapping[bytes, bytes]:
    if isinstance(error, WrongMethod):
        return {b"allow": error.allow}
    if isinstance(error, TooManyRequests):
        return {b"retry-after": error.retry_after.encode()}
    return _MORE.get(status, {})
