"""Anchors of the record: printed, they prove later that nothing before them was changed; and walking it, now.

Guards: what stands in the catalogue beside the record proves nothing against who can change both; the page says so.
"""

from dataclasses import dataclass

from litestar import get, post
from litestar.params import FromQuery, URLEncodedBody

from appliance.accounts.roles import Permission
from appliance.audit.chain import Fault, Head, Verdict
from appliance.audit.events import Event, EventCode, Outcome
from appliance.audit.queries import head, link_at
from appliance.clock import instant
from appliance.errors import Unsuitable
from appliance.keys.secret import same_bytes
from appliance.store.transactions import ReadTransaction
from appliance.trail import queries
from appliance.trail.anchors import anchor_text, parse_anchor
from appliance.trail.queries import Day
from appliance.web.http.access import needs
from appliance.web.http.actor import Actor
from appliance.web.http.threads import in_thread
from appliance.web.languages import gettext as _
from appliance.web.staff.context import StaffContext
from appliance.web.staff.pages import Page, PageRequest, Pages
from appliance.web.staff.quarantine import beginning
from appliance.web.staff.signing_in import Caller, Context, Rendering, session_of
from appliance.web.staff.trail import show_record
from appliance.web.staff.words import State, day_and_time

PAGE_SIZE = 30


@dataclass(frozen=True, slots=True)
class AnchorForm:
    """An anchor as somebody typed it from paper; none asks for those that the box knows."""

    sequence: str = ""
    code: str = ""


@get("/trail/anchors", opt=needs(Permission.READ_AUDIT))
@in_thread
def anchors_page(
    request: PageRequest, context: Context, pages: Rendering, actor: Caller, before: FromQuery[str] = ""
) -> Page:
    """Show the record's end as it is now, and each day's anchor, to be printed."""
    accounts = context.accounts
    with accounts.database.write() as tx:
        accounts.audit.record(tx, Event(EventCode.AUDIT_READ, actor.audited))
    return _anchors(request, context, pages, actor, beginning(before))


@post("/trail/anchors", opt=needs(Permission.READ_AUDIT), status_code=200)
@in_thread
def check_record(
    request: PageRequest, context: Context, pages: Rendering, actor: Caller, data: URLEncodedBody[AnchorForm]
) -> Page:
    """Walk the whole record, against every anchor that the box knows and one that was typed."""
    try:
        typed = [parse_anchor(data.sequence, data.code)] if data.sequence or data.code else []
    except Unsuitable:
        words = _("That is not an anchor: type the number of its event and all its 64 letters and digits.")
        page = _anchors(request, context, pages, actor, None, trouble=words)
        page.status_code = 422
        return page
    verdict = _verified(context, actor, typed)
    if verdict.fault is None:
        words = _("The record holds from event 1 to %d, through every anchor.") % verdict.sequence
        return _anchors(request, context, pages, actor, None, told=words)
    return _anchors(request, context, pages, actor, None, trouble=fault_words(verdict))


def _verified(context: StaffContext, actor: Actor, typed: list[Head]) -> Verdict:
    accounts = context.accounts
    with accounts.database.read() as tx:
        verdict = accounts.audit.verify(tx, [*queries.all_anchors(tx), *typed])
    outcome = Outcome.SUCCESS if verdict.fault is None else Outcome.FAILURE
    with accounts.database.write() as tx:
        accounts.audit.record(tx, Event(EventCode.AUDIT_VERIFIED, actor.audited, outcome, number=verdict.sequence))
    return verdict


def fault_words(verdict: Verdict) -> str:
    """Say what is wrong with the record, and where."""
    words = {
        Fault.ALTERED: _("Event %d is not what was recorded. Tell whoever looks after this box."),
        Fault.MISSING: _("Event %d is missing. Tell whoever looks after this box."),
        Fault.CUT: _(
            "The record ends before event %d, though an anchor lies beyond. Tell whoever looks after this box."
        ),
        Fault.REWRITTEN: _("Up to event %d this is not the record of the anchor. Tell whoever looks after this box."),
    }
    return words[verdict.fault or Fault.ALTERED] % verdict.sequence


def _anchors(
    request: PageRequest, context: StaffContext, pages: Pages, actor: Actor, before: int | None, **more: str
) -> Page:
    now = context.accounts.clock.now()
    with context.accounts.database.read() as tx:
        end, found = head(tx), queries.days(tx, PAGE_SIZE + 1, before)
        lines = [_line(tx, one) for one in found[:PAGE_SIZE]]
    older = f"/trail/anchors?before={found[PAGE_SIZE - 1].day_key}" if len(found) > PAGE_SIZE else ""
    own = {"end": end.sequence, "code": anchor_text(end), "now": day_and_time(now), "lines": lines, "older": older}
    reader = session_of(actor).account.display_name
    return show_record("trail_anchors.html", request, context, pages, actor, reader=reader, **(own | more))


def _line(tx: ReadTransaction, one: Day) -> dict[str, object]:
    link = link_at(tx, one.last_sequence)
    still = link is not None and same_bytes(link, one.chain)
    return {
        "when": day_and_time(instant(one.made_at)),
        "sequence": one.last_sequence,
        "code": anchor_text(one.head),
        "state": State("good", _("As it was")) if still else State("bad", _("Not as it was")),
    }


HANDLERS = (anchors_page, check_record)
