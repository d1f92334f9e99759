"""The doors that a passkey opens: sign-in, the second step of it, the first one of all, and one's own locked screen."""

from dataclasses import dataclass

from litestar import post
from litestar.params import URLEncodedBody

from appliance.accounts import passkeys
from appliance.accounts.devices import device_token
from appliance.accounts.errors import SignInRefused, TooManyAttempts
from appliance.accounts.passkey_answers import Answer as PasskeyAnswer
from appliance.accounts.passkey_answers import Site
from appliance.accounts.sessions import find_session
from appliance.errors import Unsuitable
from appliance.web.http.access import Door, access
from appliance.web.http.actor import Actor
from appliance.web.http.cookies import FORM_COOKIE
from appliance.web.http.paths import local_path
from appliance.web.http.threads import in_few_threads, in_thread
from appliance.web.languages import gettext as _
from appliance.web.staff.pages import PageRequest
from appliance.web.staff.screen import lock_form
from appliance.web.staff.signing_in import (
    Answer,
    Caller,
    Context,
    Rendering,
    code_form,
    device_of,
    enrol_form,
    let_on,
    login_form,
    moved_on,
    renew_token,
    session_of,
    show_codes,
    status_of,
    trouble_words,
)
from appliance.web.staff.sites import site_of
from appliance.web.staff.way_back import taken


@dataclass(frozen=True, slots=True)
class PasskeyForm:
    """What the browser's passkey answered, as JSON, and where the person was."""

    answer: str
    back: str = "/"


@dataclass(frozen=True, slots=True)
class FirstPasskeyForm:
    """A passkey that becomes the second factor: what to call it, and what the browser answered."""

    name: str
    answer: str


def answer_of(request: PageRequest, actor: Actor, text: str, bound_to: bytes) -> PasskeyAnswer:
    """Put together what a browser answered."""
    return PasskeyAnswer(text, site_of(request) or Site("", ""), bound_to, actor.address)


def refused_words(fault: SignInRefused | TooManyAttempts) -> str:
    """Say what to do after a passkey was refused."""
    return trouble_words(fault, _("That passkey does not open this account, or the page was open too long. Try again."))


@post("/login/passkey", opt=access(Door.PUBLIC), status_code=303)
@in_few_threads
def submit_passkey(
    request: PageRequest, context: Context, pages: Rendering, actor: Caller, data: URLEncodedBody[PasskeyForm]
) -> Answer:
    """Let somebody in by a passkey alone."""
    device = device_token(context.accounts, device_of(request))
    answer = answer_of(request, actor, data.answer, request.cookies.get(FORM_COOKIE, "").encode())
    try:
        token = passkeys.sign_in(context.accounts, answer, device)
    except (SignInRefused, TooManyAttempts) as fault:
        return login_form(request, context, pages, refused_words(fault), status_of(fault))
    entered = find_session(context.accounts, token)
    return let_on(request, entered.account.account_key if entered else 0, token, device)


@post("/login/code/passkey", opt=access(Door.SIGNING_IN), status_code=303)
@in_thread
def submit_second_passkey(
    request: PageRequest, context: Context, pages: Rendering, actor: Caller, data: URLEncodedBody[PasskeyForm]
) -> Answer:
    """Let somebody in whose password was right."""
    session, device = session_of(actor), device_token(context.accounts, device_of(request))
    try:
        answer = answer_of(request, actor, data.answer, session.session_hash)
        token = passkeys.finish_sign_in(context.accounts, session, answer, device)
    except (SignInRefused, TooManyAttempts) as fault:
        return code_form(request, context, pages, actor, refused_words(fault), status_of(fault))
    return let_on(request, session.account.account_key, token, device)


@post("/login/enrol/passkey", opt=access(Door.SIGNING_IN), status_code=200)
@in_thread
def submit_first_passkey(
    request: PageRequest, context: Context, pages: Rendering, actor: Caller, data: URLEncodedBody[FirstPasskeyForm]
) -> Answer:
    """Make a passkey the second factor of somebody who has none, and show the recovery codes, this once.

    Raises:
        NotPermitted: A second factor is set up already.
    """
    session, device = session_of(actor), device_token(context.accounts, device_of(request))
    answer = answer_of(request, actor, data.answer, session.session_hash)
    try:
        token, codes = passkeys.enrol(context.accounts, session, data.name, answer, device)
    except Unsuitable:
        words = _("No passkey came that asks for finger, face or PIN, or the page was open too long. Try again.")
        return enrol_form(request, context, pages, actor, words, 422)
    return show_codes(context, pages, token, codes, device)


@post("/lock/passkey", opt=access(Door.AT_LOCK, activity=False), status_code=303)
@in_thread
def submit_unlock_by_passkey(
    request: PageRequest, context: Context, pages: Rendering, actor: Caller, data: URLEncodedBody[PasskeyForm]
) -> Answer:
    """Unlock and go back to where the person was."""
    session, back = session_of(actor), local_path(data.back)
    try:
        passkeys.unlock_screen(context.accounts, session, answer_of(request, actor, data.answer, session.session_hash))
        renew_token(request, context, session)
    except (SignInRefused, TooManyAttempts) as fault:
        return lock_form(request, context, pages, actor, back, (refused_words(fault), status_of(fault)))
    return moved_on(back, taken())


HANDLERS = (submit_passkey, submit_second_passkey, submit_first_passkey, submit_unlock_by_passkey)
