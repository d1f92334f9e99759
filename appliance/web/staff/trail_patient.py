"""Who has seen a patient: the answer to a person who asks, on a page to be printed.

Guards: names of people are looked up when it is read, for the record has row keys alone; the patient's own name stands
here for those alone who may know it. Reading it is an event.
Leaves out: lists in which a name stood among others; nobody opened anything of the patient there.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from litestar import get
from litestar.params import FromPath, FromQuery

from appliance.accounts.queries_names import Names
from appliance.accounts.roles import Permission
from appliance.archive import studies as archive
from appliance.archive.reading.rows import StudyRow
from appliance.audit.chain import Entry
from appliance.audit.families import Family, codes_of
from appliance.audit.queries_search import Wanted
from appliance.clock import instant
from appliance.errors import NotFound
from appliance.store.transactions import ReadTransaction
from appliance.web.http.access import needs
from appliance.web.http.actor import Actor
from appliance.web.http.threads import in_thread
from appliance.web.staff.attention import waiting
from appliance.web.staff.pages import Page, PageRequest
from appliance.web.staff.quarantine import beginning
from appliance.web.staff.signing_in import Caller, Context, Rendering, session_of
from appliance.web.staff.trail import line_of, read_recorded
from appliance.web.staff.trail_words import actor_words, deed_words
from appliance.web.staff.words import day_and_time, patient_facts, person_name

MOST_LOOKS = 1000
LOOKS = (*codes_of(Family.VIEWS), *codes_of(Family.EXPORTS))


@dataclass(slots=True)
class _Viewer:
    """One person or machine, and what of the patient's they opened; entries come newest first."""

    name: str
    looks: list[Entry] = field(default_factory=list)


@get("/patients/{patient_key:int}/seen", opt=needs(Permission.SEE_VIEWERS))
@in_thread
def seen_page(
    request: PageRequest, context: Context, pages: Rendering, actor: Caller, patient_key: FromPath[int],
    before: FromQuery[str] = "",
) -> Page:  # fmt: skip
    """Show who looked at a patient's studies or took them out, each person once, then every look."""
    with context.accounts.database.read() as tx:
        patient = find_patient(tx, actor, patient_key)
    wanted = Wanted(patient_key=patient_key, events=LOOKS)
    rows, known = read_recorded(context, actor, wanted, beginning(before), MOST_LOOKS)
    shown, now = rows[:MOST_LOOKS], context.accounts.clock.now()
    older = f"/patients/{patient_key}/seen?before={shown[-1].sequence}" if len(rows) > MOST_LOOKS else ""
    return pages.show_in_office(
        "seen.html",
        request,
        waiting(context.accounts, actor),
        patient_key=patient_key,
        name="" if patient is None else person_name(patient.patient_name),
        about="" if patient is None else patient_facts(patient, now.date()),
        viewers=viewers(shown, known),
        lines=[line_of(entry, known) for entry in shown],
        older=older,
        printed=day_and_time(now),
        reader=session_of(actor).account.display_name,
    )


def find_patient(tx: ReadTransaction, actor: Actor, patient_key: int) -> StudyRow | None:
    """Give who a patient is to somebody who may know; None to others, and where all of them was erased."""
    if Permission.READ_STUDY not in actor.permissions:
        return None
    try:
        return archive.get_patient(tx, patient_key).studies[0]
    except NotFound:
        return None


def viewers(looks: Iterable[Entry], known: Names) -> Sequence[dict[str, object]]:
    """Put looks together by who it was, whoever looked last first."""
    found: dict[tuple[str, int | None], _Viewer] = {}
    for entry in looks:
        who = (entry.actor_kind, entry.actor_key)
        found.setdefault(who, _Viewer(actor_words(known, *who))).looks.append(entry)
    return [
        {
            "name": viewer.name,
            "deeds": sorted({deed_words(entry) for entry in viewer.looks}),
            "times": len(viewer.looks),
            "first": day_and_time(instant(viewer.looks[-1].at)),
            "last": day_and_time(instant(viewer.looks[0].at)),
        }
        for viewer in found.values()
    ]


HANDLERS = (seen_page,)
