"""Faults as pages in the same look, or as problem documents for scripts and machines."""

from logging import getLogger
from typing import Any
from urllib.parse import quote

from litestar import MediaType, Request, Response
from litestar.response import Redirect

from appliance.web.http.access import NotSignedIn, PasswordChangeDue, ScreenLocked, access_of
from appliance.web.http.problems import Problem, problem_of
from appliance.web.languages import gettext as _
from appliance.web.languages import later
from appliance.web.staff.pages import Pages

log = getLogger(__name__)


class Faults:
    """Answers whatever a handler raised."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    def answer(self, request: Request[Any, Any, Any], fault: Exception) -> Response[Any]:
        """Give the one answer for this fault; what is not ours is a bug and logged as one."""
        problem = problem_of(fault)
        if problem.status == 500:
            log.error("a request failed unexpectedly", exc_info=fault)
        if not wants_page(request):
            return problem_document(problem)
        if request.method in {"GET", "HEAD"} or isinstance(fault, NotSignedIn | ScreenLocked | PasswordChangeDue):
            redirect = _way_in(request, fault)
            if redirect is not None:
                return redirect
        return self._page(problem)

    def _page(self, problem: Problem) -> Response[str]:
        title, words = _WORDS.get(problem.status, _WORDS[500])
        page = self._pages.show_with_token(
            "fault.html",
            "",
            status=problem.status,
            number=problem.status,
            title=_(title),
            words=_(words),
            link="/",
            link_words=_("Back to the start"),
        )
        page.headers.update(problem.headers)
        return page


def problem_document(problem: Problem) -> Response[dict[str, object]]:
    """Give a fault to a script or machine.

    Source: RFC 9457.
    """
    body: dict[str, object] = {"type": "about:blank", "title": problem.title, "status": problem.status}
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


def _way_in(request: Request[Any, Any, Any], fault: Exception) -> Redirect | None:
    """Send a person to the page that lets them go on, if there is one."""
    if isinstance(fault, ScreenLocked):
        back = request.url.path if request.method == "GET" else "/"
        return Redirect(f"/lock?back={quote(back, safe='')}", status_code=303)
    if isinstance(fault, PasswordChangeDue):
        return Redirect("/password", status_code=303)
    if isinstance(fault, NotSignedIn):
        return Redirect("/login", status_code=303)
    return None


_WORDS = {
    400: (
        later("That did not arrive whole"),
        later("The page sent something this box could not read. Go back and try again."),
    ),
    403: (
        later("Not for your account"),
        later("Your account may not do this. An administrator can change what you may see."),
    ),
    404: (later("Not here"), later("There is nothing at this address, or nothing that your account may see.")),
    405: (later("Not like this"), later("This address does not take what was sent.")),
    413: (later("Too large"), later("What was sent is larger than this page takes.")),
    429: (later("A moment, please"), later("There were too many attempts. Wait a little and try again.")),
    500: (
        later("Something went wrong"),
        later("This is the box's own fault, and it has been noted. Nothing stored was harmed."),
    ),
    503: (
        later("Not right now"),
        later("The box cannot do this at the moment. The same request may work in a minute."),
    ),
}
