"""One's own account: where one is signed in, passkeys, printed codes, name, a copy of what is kept, closing."""

from dataclasses import dataclass

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery, URLEncodedBody

from appliance.accounts import login, own, passkeys, pins
from appliance.accounts.errors import SignInRefused, TooManyAttempts
from appliance.accounts.own_copy import Exported, export_account
from appliance.accounts.passkey_answers import Site
from appliance.accounts.queries_passkeys import Passkey
from appliance.deidentify import leaving
from appliance.errors import NotFound, NotPermitted, Unsuitable
from appliance.web.http.access import Door, access
from appliance.web.http.actor import Actor, form_token
from appliance.web.http.cookies import SESSION_COOKIE, ended_cookie, host_cookie
from appliance.web.http.threads import in_thread
from appliance.web.languages import gettext as _
from appliance.web.languages import later
from appliance.web.staff.attention import waiting
from appliance.web.staff.confirming import CodeForm, confirmed, said
from appliance.web.staff.context import StaffContext
from appliance.web.staff.leaver_words import ending_lines, tell_receiver
from appliance.web.staff.pages import Page, PageRequest, Pages
from appliance.web.staff.passkey_doors import answer_of
from appliance.web.staff.signing_in import (
    Answer,
    Caller,
    Context,
    Rendering,
    device_of,
    moved_on,
    session_of,
    status_of,
    trouble_words,
)
from appliance.web.staff.sites import site_of
from appliance.web.staff.words import browser_words, day, day_and_time, role_words

_TOLD = {
    "name": later("Your name is corrected."),
    "ended": later("Signed out there."),
    "passkey": later("The passkey is there. Next time it lets you in without password and code."),
    "pin": later("The PIN is set for this browser. It lets you back in here for half a day after each whole sign-in."),
    "pin-dropped": later("The PIN of this browser opens nothing any more."),
    "removed": later("That passkey opens nothing any more."),
}


@dataclass(frozen=True, slots=True)
class NameForm:
    """One's name."""

    display_name: str


@dataclass(frozen=True, slots=True)
class SessionForm:
    """Which session, in hexadecimal."""

    session: str


@dataclass(frozen=True, slots=True)
class PasswordForm:
    """One's password."""

    password: str


@dataclass(frozen=True, slots=True)
class NewPasskeyForm:
    """A new passkey: one's second factor, what to call it, and what the browser answered."""

    code: str
    name: str
    answer: str


@get("/account", opt=access(Door.SIGNED_IN))
@in_thread
def account_page(
    request: PageRequest, context: Context, pages: Rendering, actor: Caller, told: FromQuery[str] = ""
) -> Page:
    """Show one's own account."""
    return _account(request, context, pages, actor, told=_(_TOLD[told]) if told in _TOLD else "")


def _account(request: PageRequest, context: StaffContext, pages: Pages, actor: Actor, **more: str) -> Page:
    accounts, session = context.accounts, session_of(actor)
    account, site = session.account, site_of(request)
    mine = passkeys.passkeys_of(accounts, account)
    return pages.show_in_office(
        "account.html",
        request,
        waiting(accounts, actor),
        account={
            "name": account.display_name,
            "user_name": account.user_name,
            "role": role_words(account.role),
            "second_factor": account.second_factor,
        },
        ends=ending_lines(accounts, account),
        sessions=[_session_row(each) for each in own.sessions_of(accounts, session)],
        passkeys=[_passkey_row(each, site) for each in mine],
        kept=passkeys.keeps(accounts, account, mine, site),
        only_one=account.proves_by_passkey_alone and sum(site is None or each.host == site.host for each in mine) == 1,
        pin=pins.has_pin(accounts, account, device_of(request)),
        codes_left=own.recovery_codes_left(accounts, account),
        passkey_options=passkeys.options_to_add(accounts, session, site) if site else "",
        **more,
    )


def _session_row(each: own.OwnSession) -> dict[str, object]:
    return {
        "id": each.session_hash.hex(),
        "address": each.address,
        "browser": browser_words(each.browser),
        "old": _old(each),
        "began": day_and_time(each.created_at),
        "active": day_and_time(each.last_active_at),
        "here": each.here,
    }


def _passkey_row(each: Passkey, site: Site | None) -> dict[str, object]:
    return {
        "key": each.passkey_key,
        "name": each.name,
        "made": day(each.created_at.date()),
        "used": day_and_time(each.last_used_at) if each.last_used_at else "",
        "elsewhere": each.host if site is None or each.host != site.host else "",
    }


def _old(each: own.OwnSession) -> str:
    """Say that a browser is far behind; empty where it is not."""
    words = _("Out of date: version %(version)d is in use here too. Update it.")
    return words % {"version": each.newer} if each.newer else ""


@post("/account/name", opt=access(Door.SIGNED_IN), status_code=303)
@in_thread
def submit_name(
    request: PageRequest, context: Context, pages: Rendering, actor: Caller, data: URLEncodedBody[NameForm]
) -> Answer:
    """Correct one's own name."""
    try:
        own.correct_name(context.accounts, session_of(actor).account, data.display_name, actor.address)
    except Unsuitable:
        return account_refused(request, context, pages, actor, (_("That is no name."), 422))
    return moved_on("/account?told=name")


@post("/account/sessions/end", opt=access(Door.SIGNED_IN), status_code=303)
@in_thread
def submit_end(context: Context, actor: Caller, data: URLEncodedBody[SessionForm]) -> Answer:
    """Sign out somewhere else."""
    try:
        session_hash = bytes.fromhex(data.session)
    except ValueError:
        raise NotFound("no such session") from None
    own.end_session(context.accounts, session_of(actor), session_hash, actor.address)
    return moved_on("/account?told=ended")


@post("/account/sessions/end-others", opt=access(Door.SIGNED_IN), status_code=303)
@in_thread
def submit_end_others(request: PageRequest, context: Context, actor: Caller) -> Answer:
    """Sign out everywhere else."""
    own.end_other_sessions(context.accounts, session_of(actor), device_of(request), actor.address)
    return moved_on("/account?told=ended")


@post("/account/second-factor", opt=access(Door.SIGNED_IN), status_code=303)
@in_thread
def submit_second_factor(
    request: PageRequest, context: Context, pages: Rendering, actor: Caller, data: URLEncodedBody[PasswordForm]
) -> Answer:
    """Go and set up a second factor, where the clinic asked for none.

    Raises:
        NotPermitted: There is one.
    """
    session = session_of(actor)
    if session.account.second_factor:
        raise NotPermitted("a second factor is set up already")
    try:
        token = login.begin_anew(context.accounts, session, data.password, actor.address)
    except (SignInRefused, TooManyAttempts) as fault:
        told = trouble_words(fault, _("That is not the password.")), status_of(fault)
        return account_refused(request, context, pages, actor, told)
    return moved_on("/login/enrol", host_cookie(SESSION_COOKIE, token))


@post("/account/passkeys", opt=access(Door.SIGNED_IN), status_code=303)
@in_thread
def submit_new_passkey(
    request: PageRequest, context: Context, pages: Rendering, actor: Caller, data: URLEncodedBody[NewPasskeyForm]
) -> Answer:
    """Keep a new passkey."""
    answer = answer_of(request, actor, data.answer, session_of(actor).session_hash)
    try:
        passkeys.add_passkey(context.accounts, confirmed(request, context, actor, data.code), data.name, answer)
    except (SignInRefused, TooManyAttempts) as fault:
        return account_refused(request, context, pages, actor, said(fault, data.code))
    except Unsuitable:
        words = _("The browser's passkey did not arrive, or the page was open too long. Try again.")
        return account_refused(request, context, pages, actor, (words, 422))
    return moved_on("/account?told=passkey")


@post("/account/passkeys/{passkey_key:int}/remove", opt=access(Door.SIGNED_IN), status_code=303)
@in_thread
def submit_remove_passkey(
    request: PageRequest, context: Context, pages: Rendering, actor: Caller, passkey_key: FromPath[int],
    data: URLEncodedBody[CodeForm],
) -> Answer:  # fmt: skip
    """Let a passkey open nothing any more."""
    try:
        by = confirmed(request, context, actor, data.code)
        passkeys.remove_passkey(context.accounts, by, passkey_key, site_of(request), actor.address)
    except (SignInRefused, TooManyAttempts) as fault:
        return account_refused(request, context, pages, actor, said(fault, data.code))
    except Unsuitable:
        words = _("That is your only second factor, and you need one: add another passkey before you remove it.")
        return account_refused(request, context, pages, actor, (words, 422))
    return moved_on("/account?told=removed")


@post("/account/codes", opt=access(Door.SIGNED_IN), status_code=200)
@in_thread
def submit_new_codes(
    request: PageRequest, context: Context, pages: Rendering, actor: Caller, data: URLEncodedBody[CodeForm]
) -> Answer:
    """Show new recovery codes, this once."""
    try:
        by = confirmed(request, context, actor, data.code)
    except (SignInRefused, TooManyAttempts) as fault:
        return account_refused(request, context, pages, actor, said(fault, data.code))
    codes = own.new_recovery_codes(context.accounts, by, actor.address)
    return pages.show_with_token("codes.html", form_token(request.auth), codes=codes, first=False)


@post("/account/export", opt=access(Door.SIGNED_IN, page=False), status_code=200)
@in_thread
def export_own_account(context: Context, actor: Caller) -> Response[Exported]:
    """Give what is kept of one's own account, as a file."""
    kept = export_account(context.accounts, session_of(actor), actor.address)
    return Response(kept, headers={"Content-Disposition": 'attachment; filename="my-account.json"'})


@post("/account/close", opt=access(Door.SIGNED_IN), status_code=303)
@in_thread
def submit_close(
    request: PageRequest, context: Context, pages: Rendering, actor: Caller, data: URLEncodedBody[CodeForm]
) -> Answer:
    """Close one's own account for good."""
    try:
        by = confirmed(request, context, actor, data.code)
        leaving.close_account(context.accounts, by.account.account_key, by.actor)
        tell_receiver(context)
    except (SignInRefused, TooManyAttempts) as fault:
        return account_refused(request, context, pages, actor, said(fault, data.code))
    except Unsuitable:
        words = _("No other administrator has come in yet: let one sign in first, or nobody could let anybody in.")
        return account_refused(request, context, pages, actor, (words, 422))
    return moved_on("/login", ended_cookie(SESSION_COOKIE))


def account_refused(
    request: PageRequest, context: StaffContext, pages: Pages, actor: Actor, said: tuple[str, int]
) -> Page:
    """Show the page again with what was wrong, and its status."""
    page = _account(request, context, pages, actor, trouble=said[0])
    page.status_code = said[1]
    return page


HANDLERS = (
    account_page,
    submit_name,
    submit_end,
    submit_end_others,
    submit_second_factor,
    submit_new_passkey,
    submit_remove_passkey,
    submit_new_codes,
    export_own_account,
    submit_close,
)
