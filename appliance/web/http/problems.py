"""The one table from fault to HTTP answer; subclasses stand above their bases.

What machines are told has one form, `document`, for the pages' routes and for DICOMweb.

Source: RFC 9457 (problem details), RFC 9110 15 (status codes).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from math import ceil

from litestar.exceptions import HTTPException

from appliance.accounts.errors import AlreadyAdmitted, CertificateRevoked, SignInRefused, TooManyAttempts
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
from appliance.web.http.access import NotSignedIn, ScreenLocked
from appliance.web.http.pace import TooManyRequests


@dataclass(frozen=True, slots=True)
class Problem:
    """What a caller is told. The detail is fixed text: a fault's own message stays in the log."""

    status: int
    detail: str
    headers: Mapping[str, str] = field(default_factory=dict)


TABLE: tuple[tuple[type[Exception], Problem], ...] = (
    (TooManyAttempts, Problem(429, "Too many attempts")),
    (TooManyRequests, Problem(429, "Too many requests")),
    (NotSignedIn, Problem(401, "Sign in first", {"WWW-Authenticate": "Bearer"})),
    (ScreenLocked, Problem(401, "The screen is locked", {"WWW-Authenticate": "Bearer"})),
    (SignInRefused, Problem(403, "Sign-in refused")),
    (NotPermitted, Problem(403, "Not permitted")),
    (NotFound, Problem(404, "Not found")),
    (AlreadyAdmitted, Problem(409, "Done already")),
    (CertificateRevoked, Problem(409, "Certificate revoked")),
    (Unsuitable, Problem(400, "Not what it should be")),
    (Refused, Problem(400, "Refused")),
    (KeysSealed, Problem(503, "The box is locked", {"Retry-After": "30"})),
    (OutOfSpace, Problem(507, "Out of space")),
    (Unavailable, Problem(503, "Not now", {"Retry-After": "30"})),
    (Tampered, Problem(500, "Stored data is damaged")),
    (ApplianceError, Problem(500, "Internal failure")),
)


def problem_of(fault: Exception) -> Problem:
    """Give the answer for a fault; anything unknown is an internal failure."""
    if isinstance(fault, HTTPException):
        return _framework_problem(fault)
    for kind, problem in TABLE:
        if isinstance(fault, kind):
            if isinstance(fault, TooManyRequests):
                return Problem(problem.status, problem.detail, {"Retry-After": fault.retry_after})
            if isinstance(fault, TooManyAttempts):
                return Problem(problem.status, problem.detail, {"Retry-After": str(ceil(fault.wait_seconds))})
            return problem
    return Problem(500, "Internal failure")


def _framework_problem(fault: HTTPException) -> Problem:
    """Keep the framework's status and nothing of its message, which may quote what was sent."""
    details = {400: "Bad request", 404: "Not found", 405: "Method not allowed", 413: "Too large"}
    status = fault.status_code
    headers = {name: str(value) for name, value in (fault.headers or {}).items()}
    return Problem(status, details.get(status, "Refused" if status < 500 else "Internal failure"), headers)


def document(status: int, detail: str, number: str = "") -> dict[str, object]:
    """Give a problem to a script or machine.

    Args:
        status: Of the answer.
        detail: What is wrong, in words that name nobody.
        number: Under which this occurrence stands in the log, if it does.

    Source: RFC 9457 3.1, 4.2.1 (of the type `about:blank` the title is the status' own phrase).
    """
    body: dict[str, object] = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status}
    return body | {"detail": detail} | ({"instance": f"urn:enamel:fault:{number}"} if number else {})
