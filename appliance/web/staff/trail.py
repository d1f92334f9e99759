"""The record, for who looks after it: who did what, when, and whether it was done.

Guards: reading it is itself recorded, before anything is shown. Names of people are looked up now; of a patient there
is a row key and nothing else, for whoever reads this page may not be one who may know patients.
"""

from collections.abc import Mapping
from datetime import datetime

from litestar import get
from litestar.params import FromQuery

from appliance.accounts.queries_names import Names, names
from appliance.accounts.roles import Permission
from appliance.audit.chain import Entry
from appliance.audit.events import Event, EventCode
from appliance.audit.queries_search import Wanted, search
from appliance.clock import instant
from appliance.trail.queries import oldest_event_at
from appliance.web.http.access import needs
from appliance.web.http.actor import Actor
from appliance.web.http.threads import in_thread
from appliance.web.languages import gettext as _
from appliance.web.languages import later
from appliance.web.staff.attention import waiting
from appliance.web.staff.context import StaffContext
from appliance.web.staff.number_words import number_counts, number_words
from appliance.web.staff.pages import Page, PageRequest, Pages
from appliance.web.staff.quarantine import beginning
from appliance.web.staff.signing_in import Caller, Context, Rendering
from appliance.web.staff.tabs import Tab, tabs_in_words
from appliance.web.staff.trail_filters import Asked, asked_of, choices, wanted_of
from appliance.web.staff.trail_words import actor_words, deed_words, outcome_state, subject_words
from appliance.web.staff.words import day

PAGE_SIZE = 100
FORMS = {
    "csv": later("As a table (CSV)"),
    "json": later("As JSON lines"),
    "dicom": later("As DICOM audit messages"),
}


TABS = (
    Tab("/trail", later("Events")),
    Tab("/trail/days", later("Unusual")),
    Tab("/trail/emergencies", later("Emergencies")),
    Tab("/trail/anchors", later("Anchors")),
)


@get("/trail", opt=needs(Permission.READ_AUDIT))
@in_thread
def trail_page(
    request: PageRequest, context: Context, pages: Rendering, actor: Caller, before: FromQuery[str] = ""
) -> Page:
    """Show what was recorded, the newest first."""
    asked = asked_of(request.query_params)
    wanted, start = wanted_of(asked, context.zone), beginning(before)
    rows, known = read_recorded(context, actor, wanted, start)
    older = asked.address("/trail", before=str(rows[PAGE_SIZE - 1].sequence)) if len(rows) > PAGE_SIZE else ""
    return show_record(
        "trail.html", request, context, pages, actor,
        lines=[line_of(entry, known) for entry in rows[:PAGE_SIZE]],
        asked=asked,
        filters=choices(known, asked),
        filtered=asked != Asked(),
        everybody=asked.of_everybody.address("/trail"),
        exports=[(form, _(name)) for form, name in FORMS.items()],
        kept=kept_words(context) if asked == Asked() and not before else "",
        older=older,
    )  # fmt: skip


def show_record(
    template: str, request: PageRequest, context: StaffContext, pages: Pages, actor: Actor, **own: object
) -> Page:
    """Render one page of this place under the bar and its tabs."""
    here = request.url.path.rstrip("/")
    tabs = tabs_in_words(TABS, here)
    return pages.show_in_office(template, request, waiting(context.accounts, actor), **({"tabs": tabs} | own))


def kept_words(context: StaffContext) -> str:
    """Say since when everything is here; nothing of it is ever removed."""
    with context.accounts.database.read() as tx:
        at = oldest_event_at(tx)
    return (
        ""
        if at is None
        else _("Everything since %s is here: the box never deletes an event.") % day(instant(at).astimezone().date())
    )


def read_recorded(
    context: StaffContext, actor: Actor, wanted: Wanted, before: int | None, count: int = PAGE_SIZE
) -> tuple[list[Entry], Names]:
    """Read events and one more than were asked for, with the names of who did them; that they were read is an event."""
    accounts = context.accounts
    with accounts.database.read() as tx:
        rows, known = search(tx, wanted, count + 1, before), names(tx)
    with accounts.database.write() as tx:
        event = Event(EventCode.AUDIT_READ, actor.audited, patient_key=wanted.patient_key, number=len(rows[:count]))
        accounts.audit.record(tx, event)
    return rows, known


def line_of(entry: Entry, known: Names) -> Mapping[str, object]:
    """Put one event into words."""
    return {
        "sequence": entry.sequence,
        "when": day_and_second(instant(entry.at)),
        "who": actor_words(known, entry.actor_kind, entry.actor_key),
        "address": entry.address or "",
        "what": deed_words(entry),
        "state": outcome_state(entry),
        "subject": subject_words(known, entry),
        "patient_key": entry.patient_key,
        "study_key": entry.study_key,
        "number": entry.number if number_counts(entry) else None,
        "meaning": number_words(entry),
    }


def day_and_second(at: datetime) -> str:
    """Write a moment on the clinic's wall, to the second."""
    local = at.astimezone()
    return f"{day(local.date())}, {local:%H:%M:%S}"


HANDLERS = (trail_page,)
