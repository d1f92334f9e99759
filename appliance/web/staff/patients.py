"""One patient: every study, the latest first, and what is odd about who it is."""

from litestar import get
from litestar.params import FromPath

from appliance.accounts.roles import Permission
from appliance.archive import studies as archive
from appliance.audit.events import Event, EventCode
from appliance.web.http.access import needs
from appliance.web.http.threads import in_thread
from appliance.web.languages import gettext as _
from appliance.web.languages import ngettext
from appliance.web.staff.attention import waiting
from appliance.web.staff.pages import Page, PageRequest
from appliance.web.staff.signing_in import Caller, Context, Rendering
from appliance.web.staff.study_views import patient_view


@get("/patients/{patient_key:int}", opt=needs(Permission.READ_STUDY))
@in_thread
def patient_page(
    request: PageRequest, context: Context, pages: Rendering, actor: Caller, patient_key: FromPath[int]
) -> Page:
    """Show a patient's studies. Looking at them is an event."""
    accounts = context.accounts
    with accounts.database.read() as tx:
        details = archive.get_patient(tx, patient_key)
    with accounts.database.write() as tx:
        event = Event(EventCode.STUDIES_SEARCHED, actor.audited, patient_key=patient_key, number=len(details.studies))
        accounts.audit.record(tx, event)
    counted = ngettext("%(count)d study", "%(count)d studies", details.study_count) % {"count": details.study_count}
    shown = len(details.studies)
    rest = _("The latest %d of them are shown.") % shown if shown < details.study_count else ""
    return pages.show_in_office(
        "patient.html",
        request,
        waiting(accounts, actor),
        patient=patient_view(details, accounts.clock.now()),
        patient_key=patient_key,
        may_see_viewers=Permission.SEE_VIEWERS in actor.permissions,
        may_export=Permission.EXPORT_STUDIES in actor.permissions,
        counted=" · ".join(part for part in (counted, rest) if part),
    )


HANDLERS = (patient_page,)
