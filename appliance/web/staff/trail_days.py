"""What is unusual in the record, day by day, until somebody says that they looked at it."""

from litestar import get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from appliance.accounts.queries_emergencies import count_unreviewed
from appliance.accounts.queries_names import Names, names
from appliance.accounts.roles import Permission
from appliance.audit.events import Event, EventCode
from appliance.audit.families import Family
from appliance.clock import instant
from appliance.store.transactions import ReadTransaction
from appliance.trail import queries
from appliance.trail.days import DayParts, review
from appliance.trail.queries import Day
from appliance.trail.unusual import MANY_PATIENTS, NIGHT_FROM_HOUR, NIGHT_TO_HOUR, Finding, Kind
from appliance.web.http.access import needs
from appliance.web.http.threads import in_thread
from appliance.web.languages import gettext as _
from appliance.web.languages import later
from appliance.web.staff.pages import Page, PageRequest
from appliance.web.staff.quarantine import beginning
from appliance.web.staff.signing_in import Caller, Context, Rendering, moved_on
from appliance.web.staff.trail import show_record
from appliance.web.staff.trail_filters import Asked
from appliance.web.staff.trail_words import actor_words, finding_state, finding_words
from appliance.web.staff.words import day_and_time

PAGE_SIZE = 30
_FAMILIES = {
    Kind.TRAIL_INCOMPLETE: Family.ARRIVALS,
    Kind.FORGED: Family.ARRIVALS,
    Kind.NIGHT: Family.LOGINS,
    Kind.MANY_PATIENTS: Family.VIEWS,
    Kind.NOT_PERMITTED: Family.LOGINS,
    Kind.MACHINE_REFUSED: Family.LOGINS,
    Kind.HALFWAY: Family.LOGINS,
    Kind.WRONG_TRIES: Family.LOGINS,
    Kind.TOO_MANY: Family.LOGINS,
    Kind.NEW_ADDRESS: Family.LOGINS,
    Kind.RECOVERY_CODE: Family.PEOPLE,
    Kind.EMERGENCY: Family.PEOPLE,
    Kind.RIGHT_GIVEN: Family.PEOPLE,
    Kind.SETTINGS: Family.BOX,
}  # what was taken out is of more than one
_TOLD = {"reviewed": later("Noted: you have looked at it.")}


@get("/trail/days", opt=needs(Permission.READ_AUDIT))
@in_thread
def days_page(
    request: PageRequest, context: Context, pages: Rendering, actor: Caller, before: FromQuery[str] = "",
    told: FromQuery[str] = "",
) -> Page:  # fmt: skip
    """Show each day's unusual things, the newest day first."""
    accounts = context.accounts
    with accounts.database.read() as tx:
        found = queries.days(tx, PAGE_SIZE + 1, beginning(before))
        known = names(tx)
        shown = [_day(tx, one, known) for one in found[:PAGE_SIZE]]
        unreviewed = count_unreviewed(tx)
    with accounts.database.write() as tx:
        accounts.audit.record(tx, Event(EventCode.AUDIT_READ, actor.audited, number=len(shown)))
    older = f"/trail/days?before={found[PAGE_SIZE - 1].day_key}" if len(found) > PAGE_SIZE else ""
    limits = {"from": NIGHT_FROM_HOUR, "to": NIGHT_TO_HOUR, "many": MANY_PATIENTS}
    words = _(_TOLD[told]) if told in _TOLD else ""
    return show_record(
        "trail_days.html", request, context, pages, actor, days=shown, older=older, limits=limits, told=words,
        unreviewed=unreviewed,
    )  # fmt: skip


@post("/trail/days/{day_key:int}/reviewed", opt=needs(Permission.READ_AUDIT), status_code=303)
@in_thread
def review_day(context: Context, actor: Caller, day_key: FromPath[int]) -> Redirect:
    """Note that this person has looked at a day."""
    accounts = context.accounts
    review(DayParts(accounts.database, accounts.clock, context.zone), accounts.audit, day_key, actor.audited)
    return moved_on("/trail/days?told=reviewed")


def _day(tx: ReadTransaction, one: Day, known: Names) -> dict[str, object]:
    found = queries.findings(tx, one.day_key)
    reviewer = None if one.reviewed_by is None else known.accounts.get(one.reviewed_by)
    return {
        "key": one.day_key,
        "made": day_and_time(instant(one.made_at)),
        "first": one.first_sequence,
        "last": one.last_sequence,
        "findings": [_finding(each, known) for each in found],
        "reviewed": "" if one.reviewed_at is None else day_and_time(instant(one.reviewed_at)),
        "reviewer": reviewer or "",
    }


def _finding(one: Finding, known: Names) -> dict[str, object]:
    local = instant(one.at).astimezone()
    who = one.actor_kind if one.actor_key is None else f"{one.actor_kind}-{one.actor_key}"
    day = f"{local:%Y-%m-%d}"
    asked = Asked(since=day, until=day, who=who, what=_FAMILIES.get(one.kind, ""))
    return {
        "state": finding_state(one.kind),
        "words": finding_words(one),
        "who": actor_words(known, one.actor_kind, one.actor_key),
        "address": one.address or "",
        "when": day_and_time(instant(one.at)),
        "url": asked.address("/trail"),
    }


HANDLERS = (days_page, review_day)
