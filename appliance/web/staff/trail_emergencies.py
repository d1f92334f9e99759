"""Emergencies, for whoever reviews them: each time the glass was broken, and the sealed code for the next night."""

from datetime import datetime

from litestar import get, post
from litestar.params import FromQuery, URLEncodedBody

from appliance.accounts import emergency_codes
from appliance.accounts import queries_emergencies as kept
from appliance.accounts.emergency_endings import settle
from appliance.accounts.errors import SignInRefused, TooManyAttempts
from appliance.accounts.queries_names import Names, names
from appliance.accounts.roles import Permission
from appliance.audit.events import Event, EventCode
from appliance.store.transactions import ReadTransaction
from appliance.web.http.access import needs
from appliance.web.http.actor import Actor
from appliance.web.http.threads import in_thread
from appliance.web.languages import gettext as _
from appliance.web.staff.attention import waiting
from appliance.web.staff.confirming import CodeForm, confirmed
from appliance.web.staff.confirming import said as refusal
from appliance.web.staff.context import StaffContext
from appliance.web.staff.emergency_words import emergency_view
from appliance.web.staff.pages import Page, PageRequest, Pages
from appliance.web.staff.quarantine import beginning
from appliance.web.staff.signing_in import Caller, Context, Rendering, session_of
from appliance.web.staff.trail import show_record
from appliance.web.staff.words import State, day, day_and_time

PAGE_SIZE = 30


@get("/trail/emergencies", opt=needs(Permission.REVIEW_EMERGENCIES))
@in_thread
def emergencies_page(
    request: PageRequest, context: Context, pages: Rendering, actor: Caller, before: FromQuery[str] = ""
) -> Page:
    """Show each emergency, the newest first, and whether a sealed code lies ready."""
    return _list(request, context, pages, actor, before)


def _list(
    request: PageRequest, context: StaffContext, pages: Pages, actor: Actor, before: str = "", **more: str
) -> Page:
    accounts, now = context.accounts, context.accounts.clock.now()
    with accounts.database.write() as tx:
        settle(tx, accounts.audit, now)
        found = kept.emergencies(tx, PAGE_SIZE + 1, beginning(before))
        shown = [_view(tx, one, now) for one in found[:PAGE_SIZE]]
        code = _code(tx, names(tx))
        accounts.audit.record(tx, Event(EventCode.AUDIT_READ, actor.audited, number=len(shown)))
    older = f"/trail/emergencies?before={found[PAGE_SIZE - 1].emergency_key}" if len(found) > PAGE_SIZE else ""
    may_draw = Permission.MANAGE_ACCOUNTS in actor.permissions
    return show_record(
        "trail_emergencies.html", request, context, pages, actor, emergencies=shown, older=older, code=code,
        may_draw=may_draw, minutes=accounts.emergency_minutes, **more,
    )  # fmt: skip


def _view(tx: ReadTransaction, one: kept.Emergency, now: datetime) -> dict[str, object]:
    signed = kept.reviews_of(tx, one.emergency_key) if one.reviews else []
    return emergency_view(one, signed[0].verdict if signed else "", now)


def _code(tx: ReadTransaction, known: Names) -> dict[str, object]:
    """Say how it stands with the sealed code."""
    latest = kept.latest_code(tx)
    if latest is None:
        return {"state": State("calm", _("None yet")), "about": ""}
    drawn_at, drawn_by, is_sealed, is_used = latest
    who = known.accounts.get(drawn_by, "")
    about = _("Drawn by %(who)s on %(day)s.") % {"who": who, "day": day(drawn_at.astimezone().date())}
    if is_sealed:
        return {"state": State("good", _("Sealed")), "about": about}
    if is_used:
        return {"state": State("bad", _("Opened")), "about": about}
    void = _("It ended when that person left or managed people no more: draw a new one, and destroy the paper.")
    return {"state": State("bad", _("Ended")), "about": f"{about} {void}"}


@post("/trail/emergencies/code", opt=needs(Permission.MANAGE_ACCOUNTS), status_code=200)
@in_thread
def draw_code(
    request: PageRequest, context: Context, pages: Rendering, actor: Caller, data: URLEncodedBody[CodeForm]
) -> Page:
    """Draw a sealed code and show it to be printed, this once."""
    accounts, account = context.accounts, session_of(actor).account
    try:
        code = emergency_codes.draw(accounts, confirmed(request, context, actor, data.code))
    except (SignInRefused, TooManyAttempts) as fault:
        words, status = refusal(fault, data.code)
        page = _list(request, context, pages, actor, trouble=words)
        page.status_code = status
        return page
    return pages.show_in_office(
        "emergency_slip.html",
        request,
        waiting(accounts, actor),
        code=code,
        place=f"https://{request.headers.get('host', '')}/login/emergency",
        drawn=day_and_time(accounts.clock.now()),
        reader=account.display_name,
        minutes=accounts.emergency_minutes,
    )


HANDLERS = (emergencies_page, draw_code)
