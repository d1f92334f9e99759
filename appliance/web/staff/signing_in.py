"""The pages that let a person in and out: sign-in, code, second factor, sign-out."""

from dataclasses import dataclass
from typing import Any

from litestar import Response, get, post
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.params import URLEncodedBody
from litestar.response import Redirect

from appliance.accounts import login, passkeys, pins, second_factor, totp
from appliance.accounts.challenges import Purpose
from appliance.accounts.devices import device_token
from appliance.accounts.errors import SignInRefused, TooManyAttempts
from appliance.accounts.sessions import Session, Stage, end_session, ended_by_time, find_session, renew
from appliance.web.http.access import Door, NotSignedIn, access
from appliance.web.http.actor import Actor, form_secret, form_token
from appliance.web.http.cookies import (
    DEVICE_COOKIE,
    FORM_COOKIE,
    SESSION_COOKIE,
    device_cookie,
    ended_cookie,
    host_cookie,
    new_form_secret,
)
from appliance.web.http.headers import renew_cookie
from appliance.web.http.threads import in_few_threads, in_thread
from appliance.web.languages import gettext as _
from appliance.web.staff.context import StaffContext
from appliance.web.staff.enrolment import qr_picture
from appliance.web.staff.pages import Page, PageRequest, Pages
from appliance.web.staff.sites import own_options, site_of
from appliance.web.staff.way_back import owned, taken, way_back

LONG_WAIT_SECONDS = 120
Answer = Response[Any]
Context = NamedDependency[StaffContext]
Rendering = NamedDependency[Pages]
Caller = NamedDependency[Actor]


@dataclass(frozen=True, slots=True)
class SignInForm:
    """User name and password."""

    user_name: str
    password: str


@dataclass(frozen=True, slots=True)
class CodeForm:
    """A one-time code."""

    code: str


def renew_token(request: PageRequest, context: StaffContext, session: Session) -> None:
    """Give this browser another token for its session: its person has proved anew who they are."""
    renew_cookie(request.scope, renew(context.accounts, session))


def session_of(actor: Actor) -> Session:
    """Give the session that the route's door has made sure of.

    Raises:
        NotSignedIn: There is none.
    """
    if actor.session is None:
        raise NotSignedIn("no session")
    return actor.session


def device_of(request: PageRequest) -> str:
    """Give the token by which this browser may be known; empty where it holds none."""
    return request.cookies.get(DEVICE_COOKIE, "")


def moved_on(url: str, *cookies: Cookie) -> Redirect:
    """Send the browser on after a form, with a GET."""
    return Redirect(url, status_code=303, cookies=list(cookies))


def let_on(request: PageRequest, account_key: int, token: str, device: str) -> Redirect:
    """Send somebody on who has come in whole: back where time ended their last session, or to the front."""
    cookies = (host_cookie(SESSION_COOKIE, token), device_cookie(device), ended_cookie(FORM_COOKIE), taken())
    return moved_on(way_back(request, account_key), *cookies)


def trouble_words(fault: SignInRefused | TooManyAttempts, wrong: str) -> str:
    """Say what to do after a refused attempt."""
    if not isinstance(fault, TooManyAttempts):
        return wrong
    if fault.wait_seconds < LONG_WAIT_SECONDS:
        return _("Too many attempts. Wait %d seconds and try again.") % (int(fault.wait_seconds) + 1)
    words = _(
        "Too many attempts. Wait %d minutes and try again, or use a passkey or a browser in which you signed in before."
    )
    return words % (int(fault.wait_seconds // 60) + 1)


def status_of(fault: SignInRefused | TooManyAttempts) -> int:
    """Give the status of a page that says an attempt was refused."""
    return 429 if isinstance(fault, TooManyAttempts) else 403


@get("/login", opt=access(Door.PUBLIC))
@in_thread
def login_page(request: PageRequest, context: Context, pages: Rendering, actor: Caller) -> Answer:
    """Show the sign-in form, and say so where a session was ended by time: its person goes on where they were.

    Who is signed in stays so. Who is halfway in begins anew, maybe as somebody else, and
    so does who stands at a locked screen.
    """
    if actor.session is not None and actor.session.stage is Stage.FULL and not actor.session.locked:
        return moved_on("/")
    ended = ended_by_time(context.accounts, request.cookies.get(SESSION_COOKIE, ""))
    page = login_form(request, context, pages, "", 200, by_time=ended is not None)
    for cookie in owned(request, ended.account_key if ended else None):
        page.set_cookie(cookie)
    return page


def login_form(
    request: PageRequest, context: StaffContext, pages: Pages, trouble: str, status: int, *, by_time: bool = False
) -> Page:
    """Bind the form, and what a passkey answers, to a cookie of its own, for there is no session yet."""
    secret = request.cookies.get(FORM_COOKIE) or new_form_secret()
    cookies = [host_cookie(FORM_COOKIE, secret), ended_cookie(SESSION_COOKIE)]
    site, options = site_of(request), ""
    if site is not None:
        options = passkeys.options_to_show(context.accounts, Purpose.SIGN_IN, site, secret.encode(), None)
    return pages.show_with_token(
        "login.html", form_token(secret), status=status, cookies=cookies, path="/login", trouble=trouble,
        by_time=by_time, passkey_options=options, familiar=pins.familiar_people(context.accounts, device_of(request)),
    )  # fmt: skip


@post("/login", opt=access(Door.PUBLIC), status_code=303)
@in_few_threads
def submit_login(
    request: PageRequest, context: Context, pages: Rendering, actor: Caller, data: URLEncodedBody[SignInForm]
) -> Answer:
    """Check the password and go on to the code, or in, where none is asked for."""
    try:
        token = login.sign_in(context.accounts, data.user_name, data.password, actor.address, device_of(request))
    except (SignInRefused, TooManyAttempts) as fault:
        words = trouble_words(fault, _("User name or password is wrong."))
        return login_form(request, context, pages, words, status_of(fault))
    session = find_session(context.accounts, token)
    if session is not None and login.may_come_in_without(context.accounts, session.account):
        return _let_in_without(request, context, session, actor)
    return moved_on("/login/code", host_cookie(SESSION_COOKIE, token), ended_cookie(FORM_COOKIE))


@get("/login/code", opt=access(Door.SIGNING_IN))
@in_thread
def code_page(request: PageRequest, context: Context, pages: Rendering, actor: Caller) -> Answer:
    """Ask for the second factor, or set it up at the first sign-in."""
    if not session_of(actor).account.second_factor:
        return moved_on("/login/enrol")
    return code_form(request, context, pages, actor)


def code_form(
    request: PageRequest, context: StaffContext, pages: Pages, actor: Actor, trouble: str = "", status: int = 200
) -> Page:
    """Ask for a code, or for a passkey where this person has one for this name of the box."""
    session = session_of(actor)
    options = own_options(context.accounts, request, session, Purpose.SECOND_FACTOR)
    by_passkey = session.account.proves_by_passkey_alone
    return pages.show("code.html", request, status, trouble=trouble, passkey_options=options, by_passkey=by_passkey)


@post("/login/code", opt=access(Door.SIGNING_IN), status_code=303)
@in_thread
def submit_code(
    request: PageRequest, context: Context, pages: Rendering, actor: Caller, data: URLEncodedBody[CodeForm]
) -> Answer:
    """Check the second factor and let the person in."""
    device = device_token(context.accounts, device_of(request))
    try:
        token = login.finish_sign_in(context.accounts, session_of(actor), data.code, actor.address, device)
    except (SignInRefused, TooManyAttempts) as fault:
        words = trouble_words(fault, _("That code does not match, or was used already. Take the next one."))
        return code_form(request, context, pages, actor, words, status_of(fault))
    return let_on(request, session_of(actor).account.account_key, token, device)


@post("/login/without", opt=access(Door.SIGNING_IN), status_code=303)
@in_thread
def submit_without(request: PageRequest, context: Context, actor: Caller) -> Redirect:
    """Let somebody in who need not set up a second factor.

    Raises:
        NotPermitted: It is asked for.
    """
    return _let_in_without(request, context, session_of(actor), actor)


def _let_in_without(request: PageRequest, context: StaffContext, session: Session, actor: Actor) -> Redirect:
    device = device_token(context.accounts, device_of(request))
    token = login.come_in_without(context.accounts, session, actor.address, device)
    return let_on(request, session.account.account_key, token, device)


@get("/login/enrol", opt=access(Door.SIGNING_IN))
@in_thread
def enrol_page(request: PageRequest, context: Context, pages: Rendering, actor: Caller) -> Page:
    """Let a person choose the second factor: a passkey, or an app, whose secret is shown."""
    return enrol_form(request, context, pages, actor)


def enrol_form(
    request: PageRequest, context: StaffContext, pages: Pages, actor: Actor, trouble: str = "", status: int = 200
) -> Page:
    """Offer both; a passkey only where there can be one."""
    session, site = session_of(actor), site_of(request)
    secret = totp.secret_text(second_factor.begin_enrolment(context.accounts, session))
    options = passkeys.options_to_add(context.accounts, session, site) if site else ""
    grouped = " ".join(secret[start : start + 4] for start in range(0, len(secret), 4))
    may_skip = login.may_come_in_without(context.accounts, session.account)
    return pages.show(
        "enrol.html", request, status, secret=grouped, trouble=trouble, may_skip=may_skip, passkey_options=options
    )


@get("/login/enrol/qr.svg", opt=access(Door.SIGNING_IN, page=False))
@in_thread
def enrol_picture(context: Context, actor: Caller) -> Response[bytes]:
    """Give the secret as a QR picture."""
    session = session_of(actor)
    secret = second_factor.begin_enrolment(context.accounts, session)
    uri = totp.enrolment_uri(secret, session.account.user_name, context.clinic_name)
    return Response(qr_picture(uri), media_type="image/svg+xml")


@post("/login/enrol", opt=access(Door.SIGNING_IN), status_code=200)
@in_thread
def submit_enrol(
    request: PageRequest, context: Context, pages: Rendering, actor: Caller, data: URLEncodedBody[CodeForm]
) -> Answer:
    """Confirm the second factor and show the recovery codes, this once."""
    device, session = device_token(context.accounts, device_of(request)), session_of(actor)
    try:
        token, codes = second_factor.confirm_enrolment(context.accounts, session, data.code, actor.address, device)
    except (SignInRefused, TooManyAttempts) as fault:
        wrong = _("That code does not match. Check the phone's clock and type the code it shows now.")
        return enrol_form(request, context, pages, actor, trouble_words(fault, wrong), status_of(fault))
    return show_codes(context, pages, token, codes, device)


def show_codes(context: StaffContext, pages: Pages, token: str, codes: list[str], device: str) -> Page:
    """Show the recovery codes of somebody who has just come in whole for the first time, this once."""
    cookies = [host_cookie(SESSION_COOKIE, token), device_cookie(device)]
    entered = find_session(context.accounts, token)
    secret = form_secret(entered) if entered else ""
    return pages.show_with_token("codes.html", form_token(secret), cookies=cookies, codes=codes, first=True)


@post("/logout", opt=access(Door.AT_LOCK), status_code=303)
@in_thread
def submit_logout(context: Context, actor: Caller) -> Redirect:
    """End the session here and on the box."""
    end_session(context.accounts, session_of(actor), actor.address)
    return moved_on("/login", ended_cookie(SESSION_COOKIE), taken())


HANDLERS = (
    login_page,
    submit_login,
    code_page,
    submit_code,
    submit_without,
    enrol_page,
    enrol_picture,
    submit_enrol,
    submit_logout,
)
