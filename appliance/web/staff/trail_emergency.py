"""One emergency, to be reviewed and printed: who, when, why, every patient that was seen, and what was signed of it.

Guards: names of patients stand here for those alone who may know them; others see row keys. Reading it is an event.
Leaves out: patients who stood in a list among others; nobody opened anything of them there.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from litestar import get, post
from litestar.params import FromPath, FromQuery, URLEncodedBody

from appliance.accounts import emergencies
from appliance.accounts import emergency_reviews as reviews
from appliance.accounts.emergencies import LONGEST_WORDS
from appliance.accounts.emergency_endings import settle
from appliance.accounts.errors import SignInRefused, TooManyAttempts
from appliance.accounts.queries_names import Names, names
from appliance.accounts.roles import Permission
from appliance.audit.chain import Entry
from appliance.audit.events import Event, EventCode
from appliance.clock import instant
from appliance.errors import Unsuitable
from appliance.store.transactions import ReadTransaction
from appliance.web.http.access import needs
from appliance.web.http.actor import Actor
from appliance.web.http.threads import in_thread
from appliance.web.languages import gettext as _
from appliance.web.languages import later, ngettext
from appliance.web.staff.attention import waiting
from appliance.web.staff.confirming import confirmed
from appliance.web.staff.confirming import said as refusal
from appliance.web.staff.context import StaffContext
from appliance.web.staff.emergency_words import emergency_view, verdict_choices, verdict_state
from appliance.web.staff.pages import Page, PageRequest, Pages
from appliance.web.staff.signing_in import Answer, Caller, Context, Rendering, moved_on, session_of
from appliance.web.staff.trail_patient import find_patient
from appliance.web.staff.trail_words import deed_words
from appliance.web.staff.words import State, day_and_time, person_name

_TOLD = {
    "reviewed": later("Signed. It stays as it is; you can add to it."),
    "ended": later("It is over. Look at what was seen, and review it."),
}


@dataclass(frozen=True, slots=True)
class ReviewForm:
    """What a reviewer thinks of it, with a code of their app as the signature."""

    words: str
    code: str
    verdict: str = ""


@dataclass(slots=True)
class _Patient:
    """What was opened of one patient, the first look first."""

    looks: list[Entry] = field(default_factory=list)


_EMPTY = ReviewForm("", "")


@get("/trail/emergencies/{emergency_key:int}", opt=needs(Permission.REVIEW_EMERGENCIES))
@in_thread
def emergency_page(
    request: PageRequest, context: Context, pages: Rendering, actor: Caller, emergency_key: FromPath[int],
    told: FromQuery[str] = "",
) -> Page:  # fmt: skip
    """Show one emergency and what was seen in it."""
    words = _(_TOLD[told]) if told in _TOLD else ""
    return _show(request, context, pages, actor, emergency_key, {"told": words, "typed": _EMPTY})


def _show(
    request: PageRequest, context: StaffContext, pages: Pages, actor: Actor, emergency_key: int,
    more: dict[str, object],
) -> Page:  # fmt: skip
    accounts, now, own = context.accounts, context.accounts.clock.now(), session_of(actor).account
    with accounts.database.write() as tx:
        settle(tx, accounts.audit, now)
        found, known = reviews.get_emergency(tx, emergency_key), names(tx)
        looks, signed = reviews.seen_in(tx, found), reviews.signed_reviews(tx, found)
        accounts.audit.record(tx, Event(EventCode.AUDIT_READ, actor.audited, number=len(looks)))
        shown: dict[str, object] = {
            "each": emergency_view(found, signed[0].review.verdict if signed else "", now),
            "drawn_by": "" if found.drawn_by is None else known.accounts.get(found.drawn_by, ""),
            "patients": seen_patients(tx, actor, looks),
            "lists": lists_words(looks),
            "reviews": [_signed(one, known) for one in signed],
            "is_own": found.account_key == own.account_key,
            "is_own_code": found.drawn_by == own.account_key,
            "may_review": reviews.is_for(tx, found, own.account_key),
            "is_alone": not signed and not reviews.can_be_reviewed(tx, found),
            "verdicts": verdict_choices(),
            "longest": LONGEST_WORDS,
            "printed": day_and_time(now),
            "reader": own.display_name,
        }
    return pages.show_in_office("trail_emergency.html", request, waiting(accounts, actor), **(shown | more))


def seen_patients(tx: ReadTransaction, actor: Actor, looks: Iterable[Entry]) -> list[dict[str, object]]:
    """Put looks together by patient, whoever was opened first first; a name only for whoever may know it."""
    found: dict[int, _Patient] = {}
    for entry in looks:
        if entry.patient_key is not None:
            found.setdefault(entry.patient_key, _Patient()).looks.append(entry)
    return [_patient(tx, actor, key, one.looks) for key, one in found.items()]


def _patient(tx: ReadTransaction, actor: Actor, patient_key: int, looks: list[Entry]) -> dict[str, object]:
    patient = find_patient(tx, actor, patient_key)
    return {
        "key": patient_key,
        "name": "" if patient is None else person_name(patient.patient_name),
        "studies": sorted({entry.study_key for entry in looks if entry.study_key is not None}),
        "deeds": sorted({deed_words(entry) for entry in looks}),
        "times": len(looks),
        "first": day_and_time(instant(looks[0].at)),
        "last": day_and_time(instant(looks[-1].at)),
    }


def lists_words(looks: Iterable[Entry]) -> str:
    """Say how often the list of studies was looked at; '' for never."""
    lists = sum(entry.event == EventCode.STUDIES_SEARCHED and entry.patient_key is None for entry in looks)
    words = ngettext(
        "The list of studies was looked at once.", "The list of studies was looked at %(num)d times.", lists
    )
    return words % {"num": lists} if lists > 1 else words if lists else ""


def _signed(one: reviews.Signed, known: Names) -> dict[str, object]:
    genuine = State("good", _("As it was signed")) if one.is_genuine else State("bad", _("Not what was signed"))
    return {
        "who": known.accounts.get(one.review.account_key, ""),
        "when": day_and_time(one.review.signed_at),
        "state": verdict_state(one.review.verdict),
        "words": one.review.words,
        "genuine": genuine,
        "sequence": one.review.sequence,
    }


@post("/trail/emergencies/{emergency_key:int}/review", opt=needs(Permission.REVIEW_EMERGENCIES), status_code=303)
@in_thread
def review_emergency(
    request: PageRequest, context: Context, pages: Rendering, actor: Caller, emergency_key: FromPath[int],
    data: URLEncodedBody[ReviewForm],
) -> Answer:  # fmt: skip
    """Sign what one thinks of an emergency."""
    try:
        by = confirmed(request, context, actor, data.code)
        reviews.review(context.accounts, emergency_key, by, data.verdict, data.words)
    except (SignInRefused, TooManyAttempts) as fault:
        said = refusal(fault, data.code)
    except Unsuitable:
        said = _("Say what you think of it, and why. One that goes on is reviewed when it is over."), 422
    else:
        return moved_on(f"/trail/emergencies/{emergency_key}?told=reviewed")
    page = _show(request, context, pages, actor, emergency_key, {"trouble": said[0], "typed": data})
    page.status_code = said[1]
    return page


@post("/trail/emergencies/{emergency_key:int}/end", opt=needs(Permission.REVIEW_EMERGENCIES), status_code=303)
@in_thread
def end_emergency(context: Context, actor: Caller, emergency_key: FromPath[int]) -> Answer:
    """End somebody's emergency before its time."""
    emergencies.end_of_other(context.accounts, emergency_key, session_of(actor).account, actor.address)
    return moved_on(f"/trail/emergencies/{emergency_key}?told=ended")


HANDLERS = (emergency_page, review_emergency, end_emergency)
