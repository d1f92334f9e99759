"""The quarantine, with its reasons in plain words."""

from gettext import gettext as _

from litestar import get
from litestar.params import FromQuery

from appliance.accounts.roles import Permission
from appliance.archive.reading.queries import quarantined
from appliance.archive.reading.rows import QuarantinedFile
from appliance.errors import NotFound
from appliance.web.http.access import needs
from appliance.web.http.threads import in_thread
from appliance.web.staff.attention import waiting
from appliance.web.staff.findings import reason_words
from appliance.web.staff.pages import Page, PageRequest
from appliance.web.staff.signing_in import Caller, Context, Rendering
from appliance.web.staff.words import day_and_time, size

PAGE_SIZE = 100


@get("/quarantine", opt=needs(Permission.READ_QUARANTINE))
@in_thread
def quarantine_page(
    request: PageRequest, context: Context, pages: Rendering, actor: Caller, before: FromQuery[str] = ""
) -> Page:
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
    reason, advice = reason_words(row.reason)
    sender = " · ".join(part for part in (row.calling_ae_title, row.address) if part)
    return {
        "arrived": day_and_time(row.arrived_at),
        "reason": reason,
        "advice": advice,
        "sender": sender or _("unknown"),
        "size": size(row.dataset_bytes),
    }


HANDLERS = (quarantine_page,)
