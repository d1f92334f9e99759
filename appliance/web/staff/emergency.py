"""Breaking the glass, for somebody who may not look at images and must: the form, and ending it before its time."""

from dataclasses import dataclass

from litestar import get, post
from litestar.params import FromQuery, URLEncodedBody

from appliance.accounts import emergencies
from appliance.accounts.emergencies import LONGEST_WORDS, why_of
from appliance.accounts.errors import SignInRefused, TooManyAttempts
from appliance.accounts.roles import Permission, Role
from appliance.accounts.sessions import end_session
from appliance.errors import Unsuitable
from appliance.web.http.access import Door, access, needs
from appliance.web.http.actor import Actor
from appliance.web.http.cookies import SESSION_COOKIE, ended_cookie
from appliance.web.http.threads import in_thread
from appliance.web.languages import gettext as _
from appliance.web.languages import later
from appliance.web.staff.attention import waiting
from appliance.web.staff.confirming import confirmed
from appliance.web.staff.confirming import said as refusal
from appliance.web.staff.context import StaffContext
from appliance.web.staff.emergency_words import reason_choices
from appliance.web.staff.pages import Page, PageRequest, Pages
from appliance.web.staff.signing_in import Answer, Caller, Context, Rendering, moved_on, session_of

_TOLD = {"over": later("The emergency access is over. You see again what your own account may see.")}


@dataclass(frozen=True, slots=True)
class EmergencyForm:
    """Why, and a code of one's app."""

    words: str
    code: str
    reason: str = ""


_EMPTY = EmergencyForm("", "")


@get("/emergency", opt=needs(Permission.BREAK_GLASS))
@in_thread
def emergency_page(
    request: PageRequest, context: Context, pages: Rendering, actor: Caller, told: FromQuery[str] = ""
) -> Page:
    """Say what breaking the glass means, and ask why."""
    return _form(request, context, pages, actor, _EMPTY, told=_(_TOLD[told]) if told in _TOLD else "")


def _form(
    request: PageRequest, context: StaffContext, pages: Pages, actor: Actor, typed: EmergencyForm, **more: str
) -> Page:
    return pages.show_in_office(
        "emergency.html",
        request,
        waiting(context.accounts, actor),
        goes_on=session_of(actor).emergency is not None,
        needed=Permission.VIEW_IMAGES not in actor.permissions,
        minutes=context.accounts.emergency_minutes,
        reasons=reason_choices(typed.reason),
        words=typed.words[:LONGEST_WORDS],
        longest=LONGEST_WORDS,
        **more,
    )


@post("/emergency", opt=needs(Permission.BREAK_GLASS), status_code=303)
@in_thread
def begin_emergency(
    request: PageRequest, context: Context, pages: Rendering, actor: Caller, data: URLEncodedBody[EmergencyForm]
) -> Answer:
    """Lend the image right to this session."""
    accounts, session = context.accounts, session_of(actor)
    try:
        why = why_of(data.reason, data.words)
        emergencies.begin(accounts, session, confirmed(request, context, actor, data.code), why)
    except Unsuitable:
        words = _("Choose a reason and say in a few words why. If you may look at images already, nothing is needed.")
        said = words, 422
    except (SignInRefused, TooManyAttempts) as fault:
        said = refusal(fault, data.code)
    else:
        return moved_on("/studies")
    page = _form(request, context, pages, actor, data, trouble=said[0])
    page.status_code = said[1]
    return page


@post("/emergency/end", opt=access(Door.AT_LOCK), status_code=303)
@in_thread
def end_emergency(context: Context, actor: Caller) -> Answer:
    """Give back what was lent; whoever came by an envelope is out then."""
    session = session_of(actor)
    emergencies.end(context.accounts, session, actor.address)
    if session.account.role is Role.EMERGENCY:
        end_session(context.accounts, session, actor.address)
        return moved_on("/login", ended_cookie(SESSION_COOKIE))
    return moved_on("/emergency?told=over" if Permission.BREAK_GLASS in actor.permissions else "/")


HANDLERS = (emergency_page, begin_emergency, end_emergency)
