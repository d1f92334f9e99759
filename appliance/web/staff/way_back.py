"""Leads somebody whose session time has ended back to the page where they were, once they have signed in anew.

A cookie of this browser holds whose way it is and where to: written beside the locked screen and at the sign-in page,
taken at the next sign-in. Whoever else signs in begins at the front, for a page of the person before would stand in
the record as opened by them. An address holds row numbers, never a name; what it shows is asked of whoever comes.
Leaves out: a person who sets up a second factor at this sign-in, and begins at the front.
"""

from urllib.parse import quote

from litestar.datastructures import Cookie

from appliance.web.http.cookies import BACK_COOKIE, ended_cookie, host_cookie
from appliance.web.http.paths import local_path
from appliance.web.staff.pages import PageRequest

FRONT = "/"


def kept(path: str, account_key: int | None = None) -> Cookie:
    """Keep where somebody was; whose way it is may be told later (`owned`)."""
    whose = "" if account_key is None else str(account_key)
    return host_cookie(BACK_COOKIE, quote(whose + local_path(path), safe=""))


def owned(request: PageRequest, account_key: int | None) -> list[Cookie]:
    """Say whose way it is that was kept without a name; nobody's is forgotten."""
    whose, path = _read(request)
    if whose or not path:
        return []
    return [ended_cookie(BACK_COOKIE) if account_key is None else kept(path, account_key)]


def way_back(request: PageRequest, account_key: int) -> str:
    """Give where this person goes on after signing in."""
    whose, path = _read(request)
    return local_path(path) if whose == str(account_key) else FRONT


def taken() -> Cookie:
    """Forget it: it leads back once."""
    return ended_cookie(BACK_COOKIE)


def _read(request: PageRequest) -> tuple[str, str]:
    whose, slash, rest = request.cookies.get(BACK_COOKIE, "").partition("/")
    return whose, slash + rest
