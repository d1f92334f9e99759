"""Faults as pages in the same look, or as problem documents for scripts and machines."""

from collections.abc import Awaitable, Callable, Sequence
from logging import getLogger
from secrets import token_hex
from typing import Any
from urllib.parse import quote

from litestar import MediaType, Request, Response
from litestar.datastructures import Cookie
from litestar.response import Redirect
from litestar.types import Scope

from appliance.web.http.access import NotSignedIn, PasswordChangeDue, ScreenLocked, access_of
from appliance.web.http.actor import form_token
from appliance.web.http.cookies import SESSION_COOKIE
from appliance.web.http.problems import Problem, document, problem_of
from appliance.web.languages import gettext as _
from appliance.web.staff.fault_words import words_for
from appliance.web.staff.pages import Pages
from appliance.web.staff.way_back import FRONT, kept

log = getLogger(__name__)
Told = Callable[[Exception, Scope], Awaitable[None]]
_MAY_PASS = frozenset({429, 500, 503})  # what a second try may open


class Faults:
    """Answers whatever a handler raised."""

    def __init__(self, pages_of: Callable[[Scope], Pages], told: Sequence[Told] = ()) -> None:
        """Show faults in the pages of the app that a request came to.

        Args:
            pages_of: Gives them.
            told: What each fault is told to before it is answered.
        """
        self._pages_of = pages_of
        self.told = told

    def answer(self, request: Request[Any, Any, Any], fault: Exception) -> Response[Any]:
        """Give the one answer for this fault; what is not ours is a bug and logged as one."""
        problem = problem_of(fault)
        number = ""
        if problem.status == 500:
            number = token_hex(4)
            log.error("a request failed unexpectedly, number %s", number, exc_info=fault)
        if not wants_page(request):
            return problem_document(problem, number)
        if request.method in {"GET", "HEAD"} or isinstance(fault, NotSignedIn | ScreenLocked | PasswordChangeDue):
            redirect = _way_in(request, fault)
            if redirect is not None:
                return redirect
        return self._page(request, fault, problem, number)

    def _page(self, request: Request[Any, Any, Any], fault: Exception, problem: Problem, number: str) -> Response[str]:
        words, again = words_for(fault, problem.status), request.method in {"GET", "HEAD"}
        advice = _(words.advice)
        page = self._pages_of(request.scope).show_with_token(
            "fault.html",
            form_token(request.scope["auth"]) if request.scope.get("auth") else "",
            status=problem.status,
            path=request.url.path if again else "/",
            title=_(words.title),
            happened=_(words.happened),
            advice=advice % int(problem.headers.get("Retry-After", "30")) if "%d" in advice else advice,
            again=request.url.path if again and problem.status in _MAY_PASS else "",
            status_number=problem.status,
            number=number,
        )
        page.headers.update(problem.headers)
        return page


def problem_document(problem: Problem, number: str = "") -> Response[dict[str, object]]:
    """Give a fault to a script or machine."""
    body = document(problem.status, problem.detail, number)
    answer = Response(body, status_code=problem.status, media_type="application/problem+json")
    answer.headers.update(problem.headers)
    return answer


def wants_page(request: Request[Any, Any, Any]) -> bool:
    """Say whether a person's browser asks for a page."""
    handler = request.scope.get("route_handler")
    if handler is not None and not access_of(handler).page:
        return False
    accepted = request.headers.get("accept", "")
    return MediaType.HTML in accepted and "x-enamel-background" not in request.headers


def _way_back(request: Request[Any, Any, Any]) -> list[Cookie]:
    """Keep where a browser was that had a session; only the sign-in page knows whose."""
    if request.method != "GET" or SESSION_COOKIE not in request.cookies:
        return []
    path = request.query_params.get("back", FRONT) if request.url.path == "/lock" else request.url.path
    return [] if path == FRONT or path.startswith("/login") else [kept(path)]


def _way_in(request: Request[Any, Any, Any], fault: Exception) -> Redirect | None:
    """Send a person to the page that lets them go on, if there is one."""
    if isinstance(fault, ScreenLocked):
        back = request.url.path if request.method == "GET" else "/"
        return Redirect(f"/lock?back={quote(back, safe='')}", status_code=303)
    if isinstance(fault, PasswordChangeDue):
        return Redirect("/password", status_code=303)
    if isinstance(fault, NotSignedIn):
        return Redirect("/login", status_code=303, cookies=_way_back(request))
    return None
