"""What is due, to be proposed; and one study's keeping: why it stays, holds, a patient's wish that it goes.

Whoever may list studies sees names here; others see numbers.
"""

from dataclasses import dataclass
from datetime import date

from litestar import get, post
from litestar.params import FromPath, FromQuery, URLEncodedBody

from appliance.accounts.roles import Permission
from appliance.archive.reading import queries as archive
from appliance.audit.events import Event, EventCode
from appliance.errors import NotFound, Unsuitable
from appliance.retention import queries_decisions as decisions
from appliance.retention.ends import BEGINNING, DueStudy, due_page, end_of_study
from appliance.retention.holds import LONGEST_REFERENCE, set_hold
from appliance.retention.proposals import Barred, propose
from appliance.retention.queries_decisions import HoldReason, Kind, Scope
from appliance.retention.rules import da_day
from appliance.store.transactions import ReadTransaction
from appliance.web.http.access import LARGEST_KEY, needs
from appliance.web.http.actor import Actor
from appliance.web.http.threads import in_thread
from appliance.web.languages import gettext as _
from appliance.web.staff import retention_words as told_in
from appliance.web.staff.confirming import Refusal, confirmed_by
from appliance.web.staff.context import StaffContext
from appliance.web.staff.keeping import show_keeping
from appliance.web.staff.keeping_retention import HERE, keys_of
from appliance.web.staff.pages import Page, PageRequest, Pages
from appliance.web.staff.signing_in import Answer, Caller, Context, Rendering, moved_on
from appliance.web.staff.words import day, patient_facts, person_name, what_it_is

PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class DueForm:
    """The studies that are proposed because their time is over, with a code."""

    code: str
    studies: str | list[str]


@dataclass(frozen=True, slots=True)
class HoldForm:
    """A hold on a study, or on all of its patient's."""

    scope: str
    reason: str
    reference: str


@dataclass(frozen=True, slots=True)
class WishForm:
    """Why a study, or all of its patient's, is to go before its time, with a code."""

    scope: str
    kind: str
    code: str


@get(f"{HERE}/due", opt=needs(Permission.PROPOSE_ERASURE))
@in_thread
def due_list(
    request: PageRequest, context: Context, pages: Rendering, actor: Caller, after: FromQuery[str] = ""
) -> Page:
    """Show what is due, the longest over first. Looking at names is an event."""
    return _due_list(request, context, pages, actor, after)


def _due_list(
    request: PageRequest, context: StaffContext, pages: Pages, actor: Actor, after: str = "", **more: str
) -> Page:
    names = Permission.LIST_STUDIES in actor.permissions
    with context.accounts.database.read() as tx:
        found = due_page(tx, context.retention, _place(after), PAGE_SIZE)
        studies = [_due(tx, context, study, names=names) for study in found.studies]
    if names:
        with context.accounts.database.write() as tx:
            event = Event(EventCode.STUDIES_SEARCHED, actor.audited, number=len(studies))
            context.accounts.audit.record(tx, event)
    further = "" if found.after is None else f"{HERE}/due?after={found.after[0].isoformat()}.{found.after[1]}"
    return show_keeping(
        "keeping_due.html", request, context, pages, actor, studies=studies, further=further, **more,
    )  # fmt: skip


def _due(tx: ReadTransaction, context: StaffContext, due: DueStudy, *, names: bool) -> dict[str, object]:
    row = archive.study(tx, due.study_key)
    proposed = any(
        decisions.find_open_proposal(tx, scope, key) is not None
        for scope, key in ((Scope.STUDY, due.study_key), (Scope.PATIENT, due.patient_key))
    )
    today = context.retention.today()
    number, url = told_in.subject_words(Scope.STUDY, due.study_key)
    shown = row is not None and names
    return {
        "study_key": due.study_key,
        "url": url if names else "",
        "name": person_name(row.patient_name) if row is not None and shown else number,
        "facts": patient_facts(row, today) if row is not None and shown else "",
        "what": "" if row is None else what_it_is(row) if names else ", ".join(row.modalities),
        "taken": "" if row is None else day(da_day(row.study_date)),
        "arrived": "" if row is None else day(row.last_arrived_at.astimezone().date()),
        "until": day(due.end.kept_until),
        "why": told_in.end_words(due.end),
        "barriers": [told_in.barrier_words(barrier.value) for barrier in due.barriers],
        "proposed": proposed,
    }


def _place(after: str) -> tuple[date, int]:
    """Read where the list goes on.

    Raises:
        NotFound: It is no such place.
    """
    if not after:
        return BEGINNING
    until, _dot, key = after.partition(".")
    if not (key.isascii() and key.isdigit() and len(key) < 20 and int(key) <= LARGEST_KEY):
        raise NotFound("no such place in the list")
    try:
        return date.fromisoformat(until), int(key)
    except ValueError as fault:
        raise NotFound("no such place in the list") from fault


@post(f"{HERE}/due", opt=needs(Permission.PROPOSE_ERASURE), status_code=303)
@in_thread
def propose_due(
    request: PageRequest, context: Context, pages: Rendering, actor: Caller, data: URLEncodedBody[DueForm]
) -> Answer:
    """Propose what was ticked."""
    keys = keys_of(data.studies)
    confirmed = confirmed_by(request, context, actor, data.code)
    if isinstance(confirmed, Refusal):
        page = _due_list(request, context, pages, actor, trouble=confirmed.words)
        page.status_code = confirmed.status
        return page
    try:
        propose(context.retention, Scope.STUDY, keys, Kind.DUE, confirmed)
    except Barred as barred:
        trouble = _("Nothing was proposed. %s") % told_in.barrier_words(barred.barrier.value)
    except Unsuitable:
        trouble = _("Nothing was proposed: one of them is proposed already.")
    else:
        return moved_on(f"{HERE}?told=proposed")
    page = _due_list(request, context, pages, actor, trouble=trouble)
    page.status_code = 422
    return page


@get("/studies/{study_key:int}/keeping", opt=needs(Permission.PROPOSE_ERASURE))
@in_thread
def study_keeping(
    request: PageRequest, context: Context, pages: Rendering, actor: Caller, study_key: FromPath[int]
) -> Page:
    """Show how long a study is kept and why, with what a person may decide about it."""
    return _study_keeping(request, context, pages, actor, study_key)


def _study_keeping(
    request: PageRequest, context: StaffContext, pages: Pages, actor: Actor, study_key: int, **more: str
) -> Page:
    with context.accounts.database.read() as tx:
        patient_key = _patient(tx, study_key)
        end = end_of_study(tx, context.retention, study_key)
        holds = decisions.holds_of_study(tx, study_key, patient_key)
        series = archive.series_of_study(tx, study_key)
    own = {
        **_whose(context, actor, study_key),
        "study_key": study_key,
        "until": "" if end is None else day(end.kept_until),
        "why": [] if end is None else told_in.end_words(end),
        "is_due": end is not None and end.is_due(context.retention.today()),
        "holds": [(told_in.hold_reason_words(hold.reason), hold.reference) for hold in holds],
        "reasons": [(reason.value, told_in.hold_reason_words(reason)) for reason in HoldReason],
        "longest": LONGEST_REFERENCE,
        "series": [(one.series_key, told_in.series_words(one)) for one in series] if len(series) > 1 else [],
    }
    return show_keeping("study_keeping.html", request, context, pages, actor, **(own | more))


def _whose(context: StaffContext, actor: Actor, study_key: int) -> dict[str, str]:
    """Say whose study it is, to somebody who may know; that is an event."""
    with context.accounts.database.read() as tx:
        row = archive.study(tx, study_key)
    if row is None or Permission.LIST_STUDIES not in actor.permissions:
        return {"name": "", "facts": "", "what": ""}
    with context.accounts.database.write() as tx:
        event = Event(EventCode.STUDY_OPENED, actor.audited, patient_key=row.patient_key, study_key=study_key)
        context.accounts.audit.record(tx, event)
    facts = patient_facts(row, context.retention.today())
    return {"name": person_name(row.patient_name), "facts": facts, "what": what_it_is(row)}


@post("/studies/{study_key:int}/hold", opt=needs(Permission.PROPOSE_ERASURE), status_code=303)
@in_thread
def hold_study(
    request: PageRequest, context: Context, pages: Rendering, actor: Caller, study_key: FromPath[int],
    data: URLEncodedBody[HoldForm],
) -> Answer:  # fmt: skip
    """Put a study, or all of its patient's, under a legal hold."""
    try:
        scope, key = _subject(context, data.scope, study_key)
        set_hold(context.retention, scope, key, (HoldReason(data.reason), data.reference), actor.audited)
    except (Unsuitable, ValueError):
        trouble = (
            _("Say why, and give the clinic's own file number: at most %d characters, no name.") % LONGEST_REFERENCE
        )
        page = _study_keeping(request, context, pages, actor, study_key, trouble=trouble)
        page.status_code = 422
        return page
    return moved_on(f"{HERE}?told=held")


@post("/studies/{study_key:int}/erase", opt=needs(Permission.PROPOSE_ERASURE), status_code=303)
@in_thread
def propose_wish(
    request: PageRequest, context: Context, pages: Rendering, actor: Caller, study_key: FromPath[int],
    data: URLEncodedBody[WishForm],
) -> Answer:  # fmt: skip
    """Propose to erase a study, one series of it, or all of its patient's, before its time."""
    page = _wished(request, context, pages, actor, (study_key, data))
    return moved_on(f"{HERE}?told=proposed") if page is None else page


def _wished(
    request: PageRequest, context: StaffContext, pages: Pages, actor: Actor, wish: tuple[int, WishForm]
) -> Page | None:
    """Propose it, or give the page that says why not."""
    study_key, form = wish
    status = 422
    try:
        kind = Kind(form.kind)
        scope, key = _subject(context, form.scope, study_key)
        confirmed = confirmed_by(request, context, actor, form.code)
        if not isinstance(confirmed, Refusal):
            propose(context.retention, scope, [key], kind, confirmed)
            return None
        trouble, status = confirmed.words, confirmed.status
    except Barred as barred:
        trouble = _("Nothing was proposed. %s") % told_in.barrier_words(barred.barrier.value)
    except (Unsuitable, ValueError):
        trouble = _(
            "Nothing was proposed: it is proposed already, or the form is not whole. A series has no time of its own."
        )
    page = _study_keeping(request, context, pages, actor, study_key, trouble=trouble)
    page.status_code = status
    return page


def _subject(context: StaffContext, scope: str, study_key: int) -> tuple[Scope, int]:
    """Give the study, its patient or one of its series as the subject.

    Raises:
        NotFound: No such study.
        ValueError: Another scope.
    """
    with context.accounts.database.read() as tx:
        patient_key = _patient(tx, study_key)
        series = [one.series_key for one in archive.series_of_study(tx, study_key)]
    chosen = {Scope.STUDY.value: (Scope.STUDY, study_key), Scope.PATIENT.value: (Scope.PATIENT, patient_key)}
    chosen |= {f"{Scope.SERIES.value} {key}": (Scope.SERIES, key) for key in series}
    if scope not in chosen:
        raise ValueError("a study, its patient, or one of its series")
    return chosen[scope]


def _patient(tx: ReadTransaction, study_key: int) -> int:
    patient_key = decisions.patient_of(tx, study_key)
    if patient_key is None:
        raise NotFound("no such study")
    return patient_key


HANDLERS = (due_list, propose_due, study_keeping, hold_study, propose_wish)
