"""The page on which an invited person chooses a password that nobody else knows."""

from dataclasses import dataclass

from litestar import get, post
from litestar.params import URLEncodedBody

from appliance.accounts import invitations
from appliance.accounts.errors import PasswordTooWeak, SignInRefused, TooManyAttempts
from appliance.web.http.access import Door, access
from appliance.web.http.actor import form_token
from appliance.web.http.cookies import FORM_COOKIE, SESSION_COOKIE, ended_cookie, host_cookie, new_form_secret
from appliance.web.http.threads import in_few_threads, in_thread
from appliance.web.languages import gettext as _
from appliance.web.staff.context import StaffContext
from appliance.web.staff.pages import Page, PageRequest, Pages
from appliance.web.staff.screen import rule_words
from appliance.web.staff.signing_in import Answer, Caller, Context, Rendering, moved_on, status_of, trouble_words


@dataclass(frozen=True, slots=True)
class JoinForm:
    """The code of the invitation, and a password, twice."""

    code: str
    new: str
    again: str


@get("/join", opt=access(Door.PUBLIC))
@in_thread
def join_page(request: PageRequest, context: Context, pages: Rendering) -> Page:
    """Ask for the invitation and a password. The link carries the code where no server sees it."""
    return _join_form(request, context, pages, "", ("", 200))


def _join_form(request: PageRequest, context: StaffContext, pages: Pages, code: str, said: tuple[str, int]) -> Page:
    secret = request.cookies.get(FORM_COOKIE) or new_form_secret()
    cookies = [host_cookie(FORM_COOKIE, secret), ended_cookie(SESSION_COOKIE)]
    return pages.show_with_token(
        "join.html", form_token(secret), status=said[1], cookies=cookies, path="/join", trouble=said[0], code=code,
        policy=context.accounts.passwords,
    )  # fmt: skip


@post("/join", opt=access(Door.PUBLIC), status_code=303)
@in_few_threads
def submit_join(
    request: PageRequest, context: Context, pages: Rendering, actor: Caller, data: URLEncodedBody[JoinForm]
) -> Answer:
    """Take the password and go on to the second factor."""
    code = data.code[:64]
    if data.new != data.again:
        return _join_form(request, context, pages, code, (_("The two new passwords differ."), 422))
    try:
        token = invitations.accept(context.accounts, code, data.new, actor.address)
    except PasswordTooWeak as fault:
        return _join_form(request, context, pages, code, (rule_words(fault, context.accounts.passwords), 422))
    except (SignInRefused, TooManyAttempts) as fault:
        wrong = _("That invitation is not valid: it was used, is older than three days, or has a letter wrong.")
        return _join_form(request, context, pages, "", (trouble_words(fault, wrong), status_of(fault)))
    return moved_on("/login/code", host_cookie(SESSION_COOKIE, token), ended_cookie(FORM_COOKIE))


HANDLERS = (join_page, submit_join)
