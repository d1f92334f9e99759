"""No form of another site is ever taken for one of ours.

Every request that changes something carries a token bound to the caller's
session, or to a cookie before there is one, in the form or in a header, and a browser that names where the request
comes from must name this site. Machines with a bearer token are exempt: no
browser sends such a token by itself.

Source: OWASP ASVS 5.0 3.5.
"""

import hmac
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from appliance.errors import NotPermitted
from appliance.web.http.actor import form_token

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
FIELD = "form_token"
HEADER = "x-form-token"


class ForeignForm(NotPermitted):
    """The form did not come from a page of ours, or that page is too old."""


async def check_form(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """Refuse a change without our token. A guard for the whole app.

    Raises:
        ForeignForm: The token or the origin is not ours.
    """
    if not isinstance(connection, Request) or connection.method in SAFE_METHODS:
        return
    if connection.user.token is not None:
        return
    if not _comes_from_here(connection.headers):
        raise ForeignForm("the request comes from elsewhere")
    given = connection.headers.get(HEADER) or (await connection.form()).get(FIELD)
    if not connection.auth or not isinstance(given, str) or not _same(given, form_token(connection.auth)):
        raise ForeignForm("the form token is missing or wrong")


def check_headers(headers: Mapping[bytes, bytes], secret: str) -> None:
    """Refuse a change whose request carries our token in no header, for a door that has no forms.

    Args:
        headers: The request's, names in lower case.
        secret: What the token is bound to (`form_secret`).

    Raises:
        ForeignForm: The token or the origin is not ours.
    """
    named = {name.decode("latin-1"): value.decode("latin-1") for name, value in headers.items()}
    if not secret or not _comes_from_here(named) or not _same(named.get(HEADER, ""), form_token(secret)):
        raise ForeignForm("the request comes from elsewhere, or its form token is wrong")


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode())


def _comes_from_here(headers: Mapping[str, str]) -> bool:
    """Believe the browser where it says whence a request comes.

    Our own `no-referrer` policy makes browsers send `Origin: null` with our forms,
    so that value says nothing; Sec-Fetch-Site does.
    """
    site = headers.get("sec-fetch-site", "same-origin")
    origin = headers.get("origin", "null")
    same_host = origin == "null" or urlsplit(origin).netloc == headers.get("host")
    return site in {"same-origin", "none"} and same_host
