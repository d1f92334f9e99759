"""The screen's own pages: lock, unlock, sign of life, password."""

from dataclasses import dataclass
from urllib.parse import quote

from litestar import get, post
from litestar.params import FromQuery, URLEncodedBody
from litestar.response import Redirect

from appliance.accounts import login
from appliance.accounts.errors import PasswordTooWeak, SignInRefused, TooManyAttempts
from appliance.accounts.password_rules import Rule
from appliance.accounts.service import change_own_password
from appliance.accounts.sessions import lock_screen
from appliance.web.http.access import Door, access
from appliance.web.http.actor import Actor
from appliance.web.http.paths import local_path
from appliance.web.http.threads import in_thread
from appliance.web.languages import gettext as _
from appliance.web.staff.pages import Page, PageRequest, Pages
from appliance.web.staff.signing_in import (
    Answer,
    Caller,
    Context,
    Rendering,
    moved_on,
    session_of,
    status_of,
    trouble_words,
)


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
    return _lock_form(request, pages, actor, local_path(back))


def _lock_form(
    request: PageRequest, pages: Pages, actor: Actor, back: str, trouble: str = "", status: int = 200
) -> Page:
    """Where the account has a language it stands: a choice would change nothing of a locked account."""
    may_choose = not session_of(actor).account.language
    return pages.show("lock.html", request, status, back=back, trouble=trouble, may_choose_language=may_choose)


@post("/lock", opt=access(Door.AT_LOCK, activity=False), status_code=303)
@in_thread
def submit_unlock(
    request: PageRequest, context: Context, pages: Rendering, actor: Caller, data: URLEncodedBody[UnlockForm]
) -> Answer:
    """Unlock and go back to where the person was."""
    back = local_path(data.back)
    try:
        login.unlock_screen(context.accounts, session_of(actor), data.password, actor.address)
    except (SignInRefused, TooManyAttempts) as fault:
        words = trouble_words(fault, _("That is not the password."))
        return _lock_form(request, pages, actor, back, words, status_of(fault))
    return moved_on(back)


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
def password_page(request: PageRequest, pages: Rendering) -> Page:
    """Show the form for a new password."""
    return pages.show("password.html", request)


@post("/password", opt=access(Door.CHANGING_PASSWORD), status_code=303)
@in_thread
def submit_password(
    request: PageRequest, context: Context, pages: Rendering, actor: Caller, data: URLEncodedBody[PasswordForm]
) -> Answer:
    """Replace one's own password."""
    if data.new != data.again:
        return pages.show("password.html", request, 422, trouble=_("The two new passwords differ."))
    try:
        change_own_password(context.accounts, session_of(actor), data.old, data.new, actor.address)
    except PasswordTooWeak as fault:
        return pages.show("password.html", request, 422, trouble=rule_words(fault))
    except (SignInRefused, TooManyAttempts) as fault:
        words = trouble_words(fault, _("The current password is wrong."))
        return pages.show("password.html", request, status_of(fault), trouble=words)
    return moved_on("/")


def rule_words(fault: PasswordTooWeak) -> str:
    """Say what is wrong with a new password."""
    return {
        Rule.TOO_SHORT: _("That is too short: at least eight characters, better three or four words."),
        Rule.TOO_LONG: _("That is too long: at most 256 characters."),
        Rule.COMMON: _("Many people use that password, so it is tried first. Choose another."),
        Rule.CONTEXT: _("It rests on your name or the clinic's. Choose something unrelated."),
        Rule.REPETITIVE: _("It repeats the same few characters. Choose something longer and mixed."),
        Rule.UNCHANGED: _("That is the old password."),
    }[Rule(fault.rule)]


HANDLERS = (lock_page, submit_unlock, submit_lock, submit_activity, password_page, submit_password)
