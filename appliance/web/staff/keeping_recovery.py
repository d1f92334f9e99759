"""Recovery: whether the box came back from a copy, which papers bring it back, who keeps them; and the drills.

Guards: no part of the root secret is ever shown or taken here; papers are made and read back at the machine.
"""

from dataclasses import dataclass
from datetime import date, datetime

from litestar import get, post
from litestar.params import FromPath, FromQuery, URLEncodedBody

from appliance.accounts import service
from appliance.accounts.roles import Permission
from appliance.errors import NotFound, Unsuitable
from appliance.keys.recovery_shares import NEEDED, SHARE_COUNT
from appliance.notifications.codes import NoticeCode
from appliance.notifications.notices import end_notice
from appliance.recovery import queries
from appliance.recovery.drills import FAILED, RESTORED, Drill, next_due_on, record_drill
from appliance.recovery.kits import SHARES, opening_kits
from appliance.recovery.queries import DrillRow, KitRow
from appliance.recovery.queries_restorations import restorations
from appliance.recovery.restorations import record_compared
from appliance.web.http.access import needs
from appliance.web.http.threads import in_thread
from appliance.web.languages import gettext as _
from appliance.web.languages import later, ngettext
from appliance.web.staff.context import StaffContext
from appliance.web.staff.keeping import show_keeping
from appliance.web.staff.pages import Page, PageRequest, Pages
from appliance.web.staff.restored_words import restored_facts
from appliance.web.staff.signing_in import Answer, Caller, Context, Rendering, moved_on
from appliance.web.staff.words import State, day

SHOWN_DRILLS = 12
READ_BACK_DAYS = 400  # a kit that nobody tried for longer counts as doubtful
_TOLD = {
    "entered": later("The drill is entered."),
    "compared": later("Noted: the list of studies says no more that the box was brought back."),
}


@dataclass(frozen=True, slots=True)
class DrillForm:
    """What a person enters of a drill; empty where nothing is said."""

    done_on: str = ""
    outcome: str = ""
    target: str = ""
    minutes: str = ""


@get("/keeping/recovery", opt=needs(Permission.READ_KEEPING))
@in_thread
def recovery_page(
    request: PageRequest, context: Context, pages: Rendering, actor: Caller, told: FromQuery[str] = ""
) -> Page:
    """Show the papers and the drills."""
    return _page(request, context, pages, actor, told=_(_TOLD[told]) if told in _TOLD else "")


@post("/keeping/recovery/drills", opt=needs(Permission.MANAGE_KEEPING), status_code=303)
@in_thread
def enter_drill(
    request: PageRequest, context: Context, pages: Rendering, actor: Caller, data: URLEncodedBody[DrillForm]
) -> Answer:
    """Enter how a drill went."""
    accounts = context.accounts
    try:
        drill = _drill(data)
        with accounts.database.write() as tx:
            now = accounts.clock.now()
            record_drill(tx, accounts.audit, drill, now, actor.audited)
            if next_due_on(tx) > now.date():
                end_notice(tx, NoticeCode.DRILL_DUE, now)
    except (ValueError, Unsuitable, NotFound):
        trouble = _("That does not work: a drill was on a day up to today, and took from one minute to 30 days.")
        page = _page(request, context, pages, actor, trouble=trouble)
        page.status_code = 422
        return page
    return moved_on("/keeping/recovery?told=entered")


@post("/keeping/recovery/restorations/{sequence:int}/compared", opt=needs(Permission.MANAGE_KEEPING), status_code=303)
@in_thread
def note_compared(context: Context, actor: Caller, sequence: FromPath[int]) -> Answer:
    """Note that the newest scans of the restored box were compared with the scanners' own lists."""
    accounts = context.accounts
    with accounts.database.write() as tx:
        record_compared(tx, accounts.audit, sequence, accounts.clock.now(), actor.audited)
    return moved_on("/keeping/recovery?told=compared")


def _drill(form: DrillForm) -> Drill:
    target = int(form.target) if form.target else None
    return Drill(date.fromisoformat(form.done_on), form.outcome, target, int(form.minutes) if form.minutes else None)


def _page(request: PageRequest, context: StaffContext, pages: Pages, actor: Caller, **said: str) -> Page:
    now = context.accounts.clock.now()
    with context.accounts.database.read() as tx:
        kits, drills = opening_kits(tx), queries.all_drills(tx)
        due_on, targets = next_due_on(tx), queries.targets(tx)
        times = restorations(tx)
    names = {each.account_key: each.display_name for each in service.all_accounts(context.accounts)} if times else {}
    own = {
        "restored": [restored_facts(one, names) for one in times],
        "kits": [_kit(kit, now) for kit in kits if kit.form == SHARES],
        "code": next((_kit(kit, now) for kit in kits if kit.form != SHARES), None),
        "needed": NEEDED,
        "share_count": SHARE_COUNT,
        "due": _due(due_on, now.date(), ever=any(one.outcome == RESTORED for one in drills)),
        "drills": [_drill_words(one) for one in drills[:SHOWN_DRILLS]],
        "targets": sorted(targets.items(), key=lambda one: one[1]),
        "today": now.date().isoformat(),
        "outcomes": ((RESTORED, _("The box came back, scans and all")), (FAILED, _("It did not"))),
    }
    return show_keeping("keeping_recovery.html", request, context, pages, actor, **own, **said)


def _kit(kit: KitRow, now: datetime) -> dict[str, object]:
    if kit.read_back_at is None:
        state = State("bad", _("Never read back"))
    elif (now - kit.read_back_at).days > READ_BACK_DAYS:
        state = State("warn", _("Read back long ago"))
    else:
        state = State("good", _("Read back"))
    return {
        "number": kit.identifier,
        "made": day(kit.made_at.date()),
        "read_back": "" if kit.read_back_at is None else day(kit.read_back_at.date()),
        "state": state,
        "replaced": "" if kit.ended_at is None else day(kit.ended_at.date()),
        "holders": list(enumerate(kit.holders, 1)),
    }


def _due(due_on: date, today: date, *, ever: bool) -> dict[str, object]:
    days = (due_on - today).days
    if days <= 0:
        words = _("A drill is due since %(day)s.") if ever else _("Nobody has ever tried to bring this box back.")
        return {"tone": "warn", "words": words % {"day": day(due_on)} if ever else words}
    left = ngettext("in one day", "in %(count)s days", days) % {"count": days}
    words = _("The next drill is due by %(day)s, %(left)s.") % {"day": day(due_on), "left": left}
    return {"tone": "good", "words": words}


def _drill_words(drill: DrillRow) -> dict[str, object]:
    is_restored = drill.outcome == RESTORED
    took = "" if drill.minutes is None else ngettext("%(count)s minute", "%(count)s minutes", drill.minutes)
    return {
        "day": day(drill.done_on),
        "state": State("good" if is_restored else "bad", _("Came back") if is_restored else _("Failed")),
        "target": drill.target_name or "",
        "took": took % {"count": drill.minutes} if took else "",
    }


HANDLERS = (recovery_page, enter_drill, note_compared)
