"""The screen's own pages: lock, unlock, sign of life, password."""

from dataclasses import dataclass
from urllib.parse import quote

from litestar import get, post
from litestar.params import FromQuery, URLEncodedBody
from litestar.response import Redirect

from appliance.accounts import login, pins
from appliance.accounts.challenges import Purpose
from appliance.accounts.errors import PasswordTooWeak, SignInRefused, TooManyAttempts
from appliance.accounts.password_rules import PasswordPolicy, Rule
from appliance.accounts.service import change_own_password
from appliance.accounts.sessions import lock_screen
from appliance.web.http.access import Door, access
from appliance.web.http.actor import Actor
from appliance.web.http.paths import local_path
from appliance.web.http.threads import in_thread
from appliance.web.languages import gettext as _
from appliance.web.staff.context import StaffContext
from appliance.web.staff.pages import Page, PageRequest, Pages
from appliance.web.staff.signing_in import (
    Answer,
    Caller,
    Context,
    Rendering,
    device_of,
    moved_on,
    renew_token,
    session_of,
    status_of,
    trouble_words,
)
from appliance.web.staff.sites import own_options
from appliance.web.staff.way_back import kept, taken


@dataclass(frozen=True, slots=True)
class UnlockForm:
    """The password, and where the person was."""

    password: str
    back: str = "/"


@dataclass(frozen=True, slots=True)
class LockForm:
    """Where the person was."""

    back: str = "/"


@dataclass(frozen=True, slots=True)
class PasswordForm:
    """The old password and the new one, twice."""

    old: str
    new: str
    again: str


@get("/lock", opt=access(Door.AT_LOCK, activity=False))
@in_thread
def lock_page(
    request: PageRequest, context: Context, pages: Rendering, actor: Caller, back: FromQuery[str] = "/"
) -> Page:
    """Lock the screen, if it is not, and ask for the password."""
    lock_screen(context.accounts, session_of(actor), actor.address)
    return lock_form(request, context, pages, actor, local_path(back))


def lock_form(
    request: PageRequest,
    context: StaffContext,
    pages: Pages,
    actor: Actor,
    back: str,
    said: tuple[str, int] = ("", 200),
) -> Page:
    """Ask for the password or a passkey; `said` is a refusal's words and status.

    Where the account has a language it stands: a choice would change nothing of a locked account.
    """
    session, (trouble, status) = session_of(actor), said
    options = own_options(context.accounts, request, session, Purpose.UNLOCK)
    may_choose = not session.account.language
    page = pages.show(
        "lock.html", request, status, back=back, trouble=trouble, may_choose_language=may_choose,
        passkey_options=options, familiar=pins.familiar_people(context.accounts, device_of(request)),
    )  # fmt: skip
    page.set_cookie(kept(back, session.account.account_key))
    return page


@post("/lock", opt=access(Door.AT_LOCK, activity=False), status_code=303)
@in_thread
def submit_unlock(
    request: PageRequest, context: Context, pages: Rendering, actor: Caller, data: URLEncodedBody[UnlockForm]
) -> Answer:
    """Unlock and go back to where the person was."""
    back = local_path(data.back)
    try:
        login.unlock_screen(context.accounts, session_of(actor), data.password, actor.address)
        renew_token(request, context, session_of(actor))
    except (SignInRefused, TooManyAttempts) as fault:
        words = trouble_words(fault, _("That is not the password."))
        return lock_form(request, context, pages, actor, back, (words, status_of(fault)))
    return moved_on(back, taken())


@post("/lock/now", opt=access(Door.AT_LOCK), status_code=303)
@in_thread
def submit_lock(context: Context, actor: Caller, data: URLEncodedBody[LockForm]) -> Redirect:
    """Lock the screen because a person said so."""
    lock_screen(context.accounts, session_of(actor), actor.address)
    return moved_on(f"/lock?back={quote(local_path(data.back), safe='')}")


@post("/session/active", opt=access(Door.SIGNED_IN, page=False), status_code=204, sync_to_thread=False)
def submit_activity() -> None:
    """Hear that a person moves the mouse; looking the caller up has noted it."""


@get("/password", opt=access(Door.CHANGING_PASSWORD))
@in_thread
def password_page(request: PageRequest, context: Context, pages: Rendering, actor: Caller) -> Page:
    """Show the form for a new password."""
    return _password_form(request, context, pages, actor)


def _password_form(
    request: PageRequest, context: StaffContext, pages: Pages, actor: Actor, trouble: str = "", status: int = 200
) -> Page:
    policy, expired = context.accounts.passwords, session_of(actor).account.password_expired
    return pages.show("password.html", request, status, trouble=trouble, policy=policy, expired=expired)


@post("/password", opt=access(Door.CHANGING_PASSWORD), status_code=303)
@in_thread
def submit_password(
    request: PageRequest, context: Context, pages: Rendering, actor: Caller, data: URLEncodedBody[PasswordForm]
) -> Answer:
    """Replace one's own password."""
    if data.new != data.again:
        return _password_form(request, context, pages, actor, _("The two new passwords differ."), 422)
    try:
        change_own_password(context.accounts, session_of(actor), data.old, data.new, actor.address)
        renew_token(request, context, session_of(actor))
    except PasswordTooWeak as fault:
        words = rule_words(fault, context.accounts.passwords)
        return _password_form(request, context, pages, actor, words, 422)
    except (SignInRefused, TooManyAttempts) as fault:
        words = trouble_words(fault, _("The current password is wrong."))
        return _password_form(request, context, pages, actor, words, status_of(fault))
    return moved_on("/")


def rule_words(fault: PasswordTooWeak, policy: PasswordPolicy) -> str:
    """Say what is wrong with a new password."""
    short = _("That is too short: at least %d characters, better three or four words.") % policy.characters
    return {
        Rule.TOO_SHORT: short,
        Rule.TOO_LONG: _("That is too long: at most 256 characters."),
        Rule.COMMON: _("Many people use that password, so it is tried first. Choose another."),
        Rule.CONTEXT: _("It rests on your name or the clinic's. Choose something unrelated."),
        Rule.REPETITIVE: _("It repeats the same few characters. Choose something longer and mixed."),
        Rule.UNCHANGED: _("That is the old password."),
    }[Rule(fault.rule)]


HANDLERS = (lock_page, submit_unlock, submit_lock, submit_activity, password_page, submit_password)
