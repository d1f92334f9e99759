"""The five cookies that the box sets, and no others; a sixth is the viewer's own, of how teeth are numbered."""

from secrets import token_urlsafe

from litestar.datastructures import Cookie

SESSION_COOKIE = "__Host-enamel-session"
FORM_COOKIE = "__Host-enamel-form"
LANGUAGE_COOKIE = "__Host-enamel-language"
DEVICE_COOKIE = "__Host-enamel-device"
BACK_COOKIE = "__Host-enamel-back"
_A_YEAR_SECONDS = 365 * 24 * 3600


def host_cookie(name: str, value: str) -> Cookie:
    """Make a cookie that only this host gets back, over TLS, out of reach of scripts.

    Source: RFC 6265bis 4.1.3.2 (the `__Host-` prefix).
    """
    return Cookie(key=name, value=value, path="/", secure=True, httponly=True, samesite="strict")


def language_cookie(code: str) -> Cookie:
    """Keep for a year which language was chosen in this browser."""
    return _kept_cookie(LANGUAGE_COOKIE, code)


def device_cookie(token: str) -> Cookie:
    """Keep for a year that somebody came in whole from this browser."""
    return _kept_cookie(DEVICE_COOKIE, token)


def _kept_cookie(name: str, value: str) -> Cookie:
    return Cookie(
        key=name, value=value, path="/", secure=True, httponly=True, samesite="strict", max_age=_A_YEAR_SECONDS
    )


def ended_cookie(name: str) -> Cookie:
    """Take a cookie away."""
    return Cookie(key=name, value="", path="/", secure=True, httponly=True, samesite="strict", max_age=0)


def new_form_secret() -> str:
    """Draw what a form is bound to before anybody has signed in."""
    return token_urlsafe(24)
