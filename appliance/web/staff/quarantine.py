"""The quarantine, with its reasons in plain words."""

from litestar import get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from appliance.accounts.roles import Permission
from appliance.archive.reading.queries import count_dismissed, quarantined
from appliance.archive.reading.rows import QuarantinedFile
from appliance.errors import NotFound, Refused
from appliance.web.http.access import needs
from appliance.web.http.threads import in_thread
from appliance.web.languages import gettext as _
from appliance.web.languages import later, ngettext
from appliance.web.staff.attention import waiting
from appliance.web.staff.findings import reason_words
from appliance.web.staff.pages import Page, PageRequest
from appliance.web.staff.signing_in import Caller, Context, Rendering, moved_on
from appliance.web.staff.words import day_and_time, size

PAGE_SIZE = 100
_TOLD = {
    "listed": later("It could be read this time and is listed with its study."),
    "waits": later("It was read again and still cannot be listed. Its reason stands below."),
    "dismissed": later("It is dismissed and waits no longer. Nothing of it was deleted."),
    "reopened": later("It waits here again, as before it was dismissed."),
    "gone": later("It is not waiting any more, or there is no file of it to try again."),
}

_WELL = {"listed", "dismissed", "reopened"}


@get("/quarantine", opt=needs(Permission.READ_QUARANTINE))
@in_thread
def quarantine_page(
    request: PageRequest, context: Context, pages: Rendering, actor: Caller, before: FromQuery[str] = "",
    told: FromQuery[str] = "",
) -> Page:  # fmt: skip
    """Show what could not be listed."""
    with context.accounts.database.read() as tx:
        rows, dismissed = quarantined(tx, PAGE_SIZE + 1, beginning(before)), count_dismissed(tx)
    shown = rows[:PAGE_SIZE]
    older = f"/quarantine?before={shown[-1].quarantine_key}" if len(rows) > PAGE_SIZE else ""
    bar = waiting(context.accounts, actor)
    may_retry = Permission.RETRY_QUARANTINE in actor.permissions
    words = _(_TOLD[told]) if told in _TOLD else ""
    files = [line_of(row) for row in shown]
    return pages.show_in_office(
        "quarantine.html", request, bar, files=files, older=older, told=words, well=told in _WELL,
        may_retry=may_retry, damage=_damage(bar.damaged), dismissed=dismissed,
    )  # fmt: skip


def beginning(before: str) -> int | None:
    """Give the key that a page of entries begins below, None for the first page.

    Raises:
        NotFound: No page of ours names such a place.
    """
    if before and not (before.isascii() and before.isdigit() and len(before) < 19):
        raise NotFound("no such place in the list")
    return int(before) if before else None


def sender_words(calling_ae_title: str, address: str) -> dict[str, object]:
    """Say who sent and from where, as far as it is known."""
    return {"sender": calling_ae_title or _("unknown"), "address": address}


def _damage(count: int) -> str:
    """Say how many stored files are no longer what was stored."""
    words = ngettext("%(count)d stored file is damaged", "%(count)d stored files are damaged", count)
    return words % {"count": count} if count else ""


@post("/quarantine/{quarantine_key:int}/retry", opt=needs(Permission.RETRY_QUARANTINE), status_code=303)
@in_thread
def retry(context: Context, actor: Caller, quarantine_key: FromPath[int]) -> Redirect:
    """Have a file read anew."""
    try:
        retried = context.quarantine.retry(quarantine_key, actor.audited)
    except (NotFound, Refused):
        return moved_on("/quarantine?told=gone")
    return moved_on(f"/quarantine?told={'waits' if retried.reason else 'listed'}")


def line_of(row: QuarantinedFile) -> dict[str, object]:
    """Give what a line says of a file."""
    reason, advice = reason_words(row.reason)
    return {
        "quarantine_key": row.quarantine_key,
        "has_file": row.has_file,
        "arrived": day_and_time(row.arrived_at),
        "reason": reason,
        "advice": advice,
        "size": size(row.dataset_bytes),
    } | sender_words(row.calling_ae_title, row.address)


HANDLERS = (quarantine_page, retry)
