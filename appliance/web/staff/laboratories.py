"""One study and the laboratories that have it: giving it, and ending that."""

from dataclasses import dataclass

from litestar import get, post
from litestar.params import FromPath, FromQuery, URLEncodedBody

from appliance.accounts.roles import Permission
from appliance.accounts.service import all_accounts
from appliance.archive import studies as archive
from appliance.archive.reading.rows import StudyRow
from appliance.audit.events import Event, EventCode
from appliance.deidentify import grants
from appliance.deidentify.grants import DAYS, Grant
from appliance.errors import Unsuitable
from appliance.web.http.access import needs
from appliance.web.http.actor import Actor
from appliance.web.http.threads import in_thread
from appliance.web.languages import gettext as _
from appliance.web.languages import later, ngettext
from appliance.web.staff.attention import waiting
from appliance.web.staff.context import StaffContext
from appliance.web.staff.pages import Page, PageRequest, Pages
from appliance.web.staff.signing_in import Answer, Caller, Context, Rendering, moved_on
from appliance.web.staff.words import State, day, patient_facts, person_name, what_it_is

_TOLD = {
    "given": later("The laboratory has it now, under a pseudonym."),
    "ended": later("The laboratory no longer has it. What it took before, it keeps."),
}


@dataclass(frozen=True, slots=True)
class GivingForm:
    """To which laboratory, and for how many days."""

    laboratory: str
    days: str


@get("/studies/{study_key:int}/laboratories", opt=needs(Permission.GIVE_TO_LABORATORIES))
@in_thread
def laboratories_page(
    request: PageRequest, context: Context, pages: Rendering, actor: Caller, study_key: FromPath[int],
    told: FromQuery[str] = "",
) -> Page:  # fmt: skip
    """Show who has a study, and offer to give it. It names the patient, so looking is an event."""
    return _page(request, context, pages, actor, study_key, told=_(_TOLD[told]) if told in _TOLD else "")


def _page(request: PageRequest, context: StaffContext, pages: Pages, actor: Actor, study_key: int, **more: str) -> Page:
    accounts = context.accounts
    with accounts.database.read() as tx:
        study = archive.get_study(tx, study_key).study
        found = grants.grants_of(tx, study_key)
    with accounts.database.write() as tx:
        event = Event(EventCode.STUDY_OPENED, actor.audited, patient_key=study.patient_key, study_key=study_key)
        accounts.audit.record(tx, event)
    people = all_accounts(accounts)
    names = {one.account_key: one.display_name for one in people}
    open_ones = [one for one in people if grants.is_open_laboratory(one.role, one.disabled_at)]
    facts = patient_facts(study, accounts.clock.now().date())
    return pages.show_in_office(
        "study_laboratories.html", request, waiting(accounts, actor), study_key=study_key,
        name=person_name(study.patient_name), facts=facts, what=what_it_is(study),
        laboratories=[(one.account_key, one.display_name) for one in open_ones], days=[_days(count) for count in DAYS],
        given=[_grant(context, study, one, names) for one in found], **more,
    )  # fmt: skip


def _days(count: int) -> tuple[int, str]:
    return count, ngettext("%(count)d day", "%(count)d days", count) % {"count": count}


def _grant(context: StaffContext, study: StudyRow, one: Grant, names: dict[int, str]) -> dict[str, object]:
    until = day(one.ends_at.astimezone(context.zone).date())
    is_good = one.ended_at is None and one.ends_at > context.accounts.clock.now()
    state = State("good", _("Until %s") % until) if is_good else State("calm", _("Ended"))
    return {
        "grant_key": one.grant_key, "laboratory": names.get(one.account_key, ""), "state": state, "is_good": is_good,
        "since": day(one.given_at.astimezone(context.zone).date()),
        "pseudonym": context.laboratory.names(one.account_key).patient(study.patient_key),
        "reference": context.laboratory.names(one.account_key).study(study.study_key),
    }  # fmt: skip


@post("/studies/{study_key:int}/laboratories", opt=needs(Permission.GIVE_TO_LABORATORIES), status_code=303)
@in_thread
def give_study(
    request: PageRequest, context: Context, pages: Rendering, actor: Caller, study_key: FromPath[int],
    data: URLEncodedBody[GivingForm],
) -> Answer:  # fmt: skip
    """Give a study to a laboratory."""
    try:
        grants.give(context.accounts, study_key, _number(data.laboratory), _number(data.days), actor.audited)
    except Unsuitable:
        page = _page(request, context, pages, actor, study_key, trouble=_("Choose a laboratory and for how long."))
        page.status_code = 422
        return page
    return moved_on(f"/studies/{study_key}/laboratories?told=given")


@post(
    "/studies/{study_key:int}/laboratories/{grant_key:int}/end",
    opt=needs(Permission.GIVE_TO_LABORATORIES), status_code=303,
)  # fmt: skip
@in_thread
def end_giving(context: Context, actor: Caller, study_key: FromPath[int], grant_key: FromPath[int]) -> Answer:
    """End at once what a laboratory has of a study."""
    grants.end(context.accounts, study_key, grant_key, actor.audited)
    return moved_on(f"/studies/{study_key}/laboratories?told=ended")


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else 0


HANDLERS = (laboratories_page, give_study, end_giving)
