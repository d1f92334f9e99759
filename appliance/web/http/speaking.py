"""Chooses the language of each answer before a route is looked for.

The choice that was made in this browser, kept in a cookie, goes before what the
browser asks for, and that before the first language there is. The cookie names
a language and nothing else, so it is believed without proof. Whoever has signed
in is answered in the language of the account, if one was chosen there (`actor`).

Source: RFC 9110 12.5.4 (Accept-Language), RFC 4647 3.4 (lookup).
"""

from collections.abc import Sequence

from litestar.datastructures import Headers
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from appliance.web.http.cookies import LANGUAGE_COOKIE
from appliance.web.languages import Language, speaking

_LONGEST_HEADER = 512


def speaking_to(app: ASGIApp, languages: Sequence[Language]) -> ASGIApp:
    """Put this in front of an app that speaks these languages."""

    async def front(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await app(scope, receive, send)
            return
        headers = Headers.from_scope(scope)
        with speaking(chosen(_cookie(headers.get("cookie", "")), headers.get("accept-language", ""), languages)):
            await app(scope, receive, send)

    return front


def chosen(own: str, accepted: str, languages: Sequence[Language]) -> Language:
    """Choose among the languages there are.

    Args:
        own: The code that the person chose; empty, or one that is not spoken here, is passed over.
        accepted: Accept-Language as it came.
        languages: The languages there are; the first is the last resort.
    """
    by_code = {each.code: each for each in languages}
    for wished in (own, *_wished(accepted)):
        primary = wished.partition("-")[0].casefold()
        if primary in by_code:
            return by_code[primary]
    return languages[0]


def _wished(accepted: str) -> list[str]:
    """Give the language ranges that a browser asks for, the dearest first; equals keep their order."""
    weighed = [_weighed(each) for each in accepted[:_LONGEST_HEADER].split(",")]
    return [name for weight, name in sorted(weighed, key=lambda pair: -pair[0]) if weight > 0 and name]


def _weighed(text: str) -> tuple[float, str]:
    name, _semicolon, parameter = text.partition(";")
    weight = parameter.strip().removeprefix("q=")
    digits = weight.replace(".", "", 1)
    well_formed = digits.isascii() and digits.isdigit()
    return (min(float(weight), 1.0) if well_formed else float(not parameter.strip())), name.strip()


def _cookie(header: str) -> str:
    """Find the language cookie."""
    pairs = (pair.strip().partition("=") for pair in header.split(";"))
    return next((value for name, _equals, value in pairs if name == LANGUAGE_COOKIE), "")
