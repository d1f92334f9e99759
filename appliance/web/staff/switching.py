"""Changing places at a shared workstation: somebody who came in here today comes back by a short PIN.

Each person has a session of their own; the one before ends. Offered at the
locked screen and at sign-in, in browsers where somebody chose a PIN.
"""

from dataclasses import dataclass

from litestar import post
from litestar.params import URLEncodedBody

from appliance.accounts import pins
from appliance.accounts.errors import SignInRefused, TooManyAttempts
from appliance.accounts.sessions import Stage
from appliance.errors import Unsuitable
from appliance.web.http.access import Door, access
from appliance.web.http.actor import Actor
from appliance.web.http.cookies import FORM_COOKIE, SESSION_COOKIE, ended_cookie, host_cookie
from appliance.web.http.paths import local_path
from appliance.web.http.threads import in_few_threads, in_thread
from appliance.web.languages import gettext as _
from appliance.web.staff.context import StaffContext
from appliance.web.staff.own_account import account_refused
from appliance.web.staff.pages import Page, PageRequest, Pages
from appliance.web.staff.screen import lock_form
from appliance.web.staff.signing_in import (
    Answer,
    Caller,
    Context,
    Rendering,
    device_of,
    login_form,
    moved_on,
    renew_token,
    session_of,
    status_of,
    trouble_words,
)
from appliance.web.staff.way_back import taken, way_back


@dataclass(frozen=True, slots=True)
class PinForm:
    """Who comes, their PIN, and where to go on."""

    account: int
    pin: str
    back: str = "/"


@dataclass(frozen=True, slots=True)
class NewPinForm:
    """One's password, and the PIN that one wants."""

    password: str
    pin: str


@post("/login/pin", opt=access(Door.PUBLIC, activity=False), status_code=303)
@in_few_threads
def submit_pin(
    request: PageRequest, context: Context, pages: Rendering, actor: Caller, data: URLEncodedBody[PinForm]
) -> Answer:
    """Let somebody in by their PIN; whoever was here before is out."""
    there = actor.session if actor.session is not None and actor.session.stage is Stage.FULL else None
    given = (device_of(request), data.pin)
    try:
        token = pins.switch_to(context.accounts, there, data.account, given, actor.address)
    except (SignInRefused, TooManyAttempts) as fault:
        wrong = _("That is not the PIN. After five wrong ones it is forgotten, and the password lets you in.")
        return _refused(request, context, pages, actor, (trouble_words(fault, wrong), status_of(fault)))
    same = there is not None and there.account.account_key == data.account
    back = local_path(data.back) if same else way_back(request, data.account)
    return moved_on(back, host_cookie(SESSION_COOKIE, token), ended_cookie(FORM_COOKIE), taken())


def _refused(request: PageRequest, context: StaffContext, pages: Pages, actor: Actor, said: tuple[str, int]) -> Page:
    session = actor.session
    if session is None or session.stage is not Stage.FULL:
        return login_form(request, context, pages, *said)
    return lock_form(request, context, pages, actor, "/", said)


@post("/account/pin", opt=access(Door.SIGNED_IN), status_code=303)
@in_thread
def submit_new_pin(
    request: PageRequest, context: Context, pages: Rendering, actor: Caller, data: URLEncodedBody[NewPinForm]
) -> Answer:
    """Choose a PIN for this browser."""
    given = (data.password, data.pin)
    try:
        pins.set_pin(context.accounts, session_of(actor), device_of(request), given, actor.address)
        renew_token(request, context, session_of(actor))
    except (SignInRefused, TooManyAttempts) as fault:
        said = trouble_words(fault, _("That is not the password.")), status_of(fault)
        return account_refused(request, context, pages, actor, said)
    except Unsuitable:
        words = _(
            "A PIN has four to twelve digits, not all the same and not in order. Sign in here anew if it is refused."
        )
        return account_refused(request, context, pages, actor, (words, 422))
    return moved_on("/account?told=pin")


@post("/account/pin/drop", opt=access(Door.SIGNED_IN), status_code=303)
@in_thread
def submit_drop_pin(request: PageRequest, context: Context, actor: Caller) -> Answer:
    """Let the PIN of this browser open nothing any more."""
    pins.drop_pin(context.accounts, session_of(actor), device_of(request), actor.address)
    return moved_on("/account?told=pin-dropped")


HANDLERS = (submit_pin, submit_new_pin, submit_drop_pin)
