"""The quarantine, with its reasons in plain words."""

from gettext import gettext as _

from litestar import get

from appliance.accounts.roles import Permission
from appliance.archive.reading.queries import quarantined
from appliance.archive.reading.rows import QuarantinedFile
from appliance.errors import NotFound
from appliance.web.http.access import needs
from appliance.web.http.threads import in_thread
from appliance.web.staff.attention import waiting
from appliance.web.staff.pages import Page, PageRequest
from appliance.web.staff.signing_in import Caller, Context, Rendering
from appliance.web.staff.words import day_and_time, size

PAGE_SIZE = 100
_AGAIN = "Send it again; if it comes here again, ask the scanner's service."
_KEPT = "It is kept as it came. Nothing needs to be done."

# Reasons of intake's closed list: what happened, what to do.
REASONS: dict[str, tuple[str, str]] = {
    "bad element": ("It breaks off or contradicts itself inside", _AGAIN),
    "too deeply nested": ("It is nested deeper than any scanner does", "Do not send it again unless you know it."),
    "too many elements": ("It has more entries than any scan has", "Do not send it again unless you know it."),
    "truncated": ("It ends in the middle", _AGAIN),
    "inflates too far": ("It unpacks to far more than it may", "Do not send it again unless you know it."),
    "deflated data damaged": ("Its packed part is damaged", _AGAIN),
    "metadata too large": ("What describes the image is larger than it may be", _AGAIN),
    "parser crashed": ("Reading it failed", "It was read apart from everything else, so nothing was harmed."),
    "parser took too long": ("Reading it took too long", _AGAIN),
    "parser answered nonsense": ("Reading it failed", "It was read apart from everything else, so nothing was harmed."),
}


@get("/quarantine", opt=needs(Permission.READ_QUARANTINE))
@in_thread
def quarantine_page(request: PageRequest, context: Context, pages: Rendering, actor: Caller, before: str = "") -> Page:
    """Show what could not be listed."""
    if before and not (before.isascii() and before.isdigit() and len(before) < 19):
        raise NotFound("no such place in the list")
    with context.accounts.database.read() as tx:
        rows = quarantined(tx, PAGE_SIZE + 1, int(before) if before else None)
    shown = rows[:PAGE_SIZE]
    older = f"/quarantine?before={shown[-1].quarantine_key}" if len(rows) > PAGE_SIZE else ""
    bar = waiting(context.accounts, actor)
    return pages.show_in_office("quarantine.html", request, bar, files=[_line(row) for row in shown], older=older)


def _line(row: QuarantinedFile) -> dict[str, str]:
    reason, advice = REASONS.get(row.reason, (row.reason[:1].upper() + row.reason[1:], _KEPT))
    sender = " · ".join(part for part in (row.calling_ae_title, row.address) if part)
    return {
        "arrived": day_and_time(row.arrived_at),
        "reason": _(reason),
        "advice": _(advice),
        "sender": sender or _("unknown"),
        "size": size(row.dataset_bytes),
    }


HANDLERS = (quarantine_page,)
