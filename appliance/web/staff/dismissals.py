"""Dismissing what waits in quarantine: the page that asks why, and the list of what was dismissed.

Guards: what a person writes travels in the form's body and back to these pages; no address and no log has it.
Leaves out: what dismissing does, which intake decides.
"""

from dataclasses import dataclass

from litestar import get, post
from litestar.params import FromPath, FromQuery, URLEncodedBody

from appliance.accounts import service
from appliance.accounts.roles import Permission
from appliance.archive.quarantine import LONGEST_REASON, Entry, get_waiting
from appliance.archive.reading.queries import Entries, quarantined
from appliance.archive.reading.rows import QuarantinedFile
from appliance.clock import instant
from appliance.errors import NotFound, Refused, Unsuitable
from appliance.web.http.access import needs
from appliance.web.http.actor import Actor
from appliance.web.http.threads import in_thread
from appliance.web.languages import gettext as _
from appliance.web.staff.attention import waiting
from appliance.web.staff.context import StaffContext
from appliance.web.staff.findings import reason_words
from appliance.web.staff.pages import Page, PageRequest, Pages
from appliance.web.staff.quarantine import PAGE_SIZE, beginning, line_of, sender_words
from appliance.web.staff.signing_in import Answer, Caller, Context, Rendering, moved_on
from appliance.web.staff.words import day_and_time, size


@dataclass(frozen=True, slots=True)
class DismissalForm:
    """Why a file is dismissed."""

    reason: str = ""


@get("/quarantine/dismissed", opt=needs(Permission.READ_QUARANTINE))
@in_thread
def dismissed_page(
    request: PageRequest, context: Context, pages: Rendering, actor: Caller, before: FromQuery[str] = ""
) -> Page:
    """Show what was dismissed, by whom and why."""
    with context.accounts.database.read() as tx:
        rows = quarantined(tx, PAGE_SIZE + 1, beginning(before), Entries.DISMISSED)
    shown = rows[:PAGE_SIZE]
    older = f"/quarantine/dismissed?before={shown[-1].quarantine_key}" if len(rows) > PAGE_SIZE else ""
    names = {each.account_key: each.display_name for each in service.all_accounts(context.accounts)}
    files = [_dismissed_line(row, names) for row in shown]
    return pages.show_in_office(
        "dismissed.html", request, waiting(context.accounts, actor), files=files, older=older,
        may_reopen=Permission.RETRY_QUARANTINE in actor.permissions,
    )  # fmt: skip


@get("/quarantine/{quarantine_key:int}/dismiss", opt=needs(Permission.RETRY_QUARANTINE))
@in_thread
def dismissal_page(
    request: PageRequest, context: Context, pages: Rendering, actor: Caller, quarantine_key: FromPath[int]
) -> Answer:
    """Ask whether a file is to be dismissed, and why."""
    try:
        return _asking(request, context, pages, actor, quarantine_key)
    except Refused as fault:
        return _gone(fault)


@post("/quarantine/{quarantine_key:int}/dismiss", opt=needs(Permission.RETRY_QUARANTINE), status_code=303)
@in_thread
def dismiss(
    request: PageRequest, context: Context, pages: Rendering, actor: Caller, quarantine_key: FromPath[int],
    data: URLEncodedBody[DismissalForm],
) -> Answer:  # fmt: skip
    """Let a file wait no longer."""
    try:
        context.quarantine.dismiss(quarantine_key, data.reason, actor.audited)
    except Unsuitable:
        page = _asking(request, context, pages, actor, quarantine_key, data.reason)
        page.status_code = 422
        return page
    except Refused as fault:
        return _gone(fault)
    return moved_on("/quarantine?told=dismissed")


@post("/quarantine/{quarantine_key:int}/reopen", opt=needs(Permission.RETRY_QUARANTINE), status_code=303)
@in_thread
def reopen(context: Context, actor: Caller, quarantine_key: FromPath[int]) -> Answer:
    """Let a dismissed file wait again."""
    try:
        context.quarantine.reopen(quarantine_key, actor.audited)
    except Refused as fault:
        return _gone(fault)
    return moved_on("/quarantine?told=reopened")


def _gone(fault: Refused) -> Answer:
    """Send on from an entry that left the quarantine meanwhile; one that never was is not found."""
    if isinstance(fault, NotFound):
        raise fault
    return moved_on("/quarantine?told=gone")


def _asking(
    request: PageRequest, context: StaffContext, pages: Pages, actor: Actor, key: int, given: str | None = None
) -> Page:
    """Show the form; `given` is what could not be kept, None where nothing was typed yet.

    Raises:
        NotFound: There is no such entry.
        Refused: It was resolved.
    """
    with context.accounts.database.read() as tx:
        entry = get_waiting(tx, key)
    trouble = "" if given is None else _("Say why in a few words, 200 characters at the most.")
    return pages.show_in_office(
        "dismiss.html", request, waiting(context.accounts, actor), file=_facts(entry), given=given or "",
        longest=LONGEST_REASON, trouble=trouble,
    )  # fmt: skip


def _facts(entry: Entry) -> dict[str, object]:
    reason, advice = reason_words(entry.reason)
    return {
        "quarantine_key": entry.quarantine_key,
        "arrived": day_and_time(instant(entry.arrived_at)),
        "reason": reason,
        "advice": advice,
        "size": size(entry.dataset_bytes),
    } | sender_words(entry.calling_ae_title, entry.address)


def _dismissed_line(row: QuarantinedFile, names: dict[int, str]) -> dict[str, object]:
    by = _("the operator") if row.resolved_by is None else names.get(row.resolved_by, _("somebody"))
    at = "" if row.resolved_at is None else day_and_time(row.resolved_at)
    return line_of(row) | {"dismissed": at, "by": by, "why": row.dismissal_reason or ""}


HANDLERS = (dismissed_page, dismissal_page, dismiss, reopen)
