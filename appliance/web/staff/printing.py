"""What was printed, as far as browsers tell it: a page that runs script says so when it is about to be.

A print that is then given up in the browser's own window was told as well. Leaves out: a browser without script, and
pictures of the screen, which nothing tells.
"""

import re
from dataclasses import dataclass, replace

from litestar import post
from litestar.params import URLEncodedBody

from appliance.accounts.roles import Permission
from appliance.archive import studies as archive
from appliance.audit.events import Event, EventCode, Subject, SubjectKind
from appliance.audit.numbers import PrintedPage
from appliance.errors import NotPermitted, Unsuitable
from appliance.store.transactions import ReadTransaction
from appliance.web.http.access import Door, access
from appliance.web.http.actor import Actor
from appliance.web.http.threads import in_thread
from appliance.web.staff.signing_in import Caller, Context

_OF_SOMEBODY = re.compile(r"/(patients|studies|series)/([1-9][0-9]{0,17})(?:/[a-z/]+)?", re.ASCII)
_OTHERS = (  # the first that fits
    (PrintedPage.STUDIES, re.compile(r"/(studies|studies/latest)?")),
    (PrintedPage.LABORATORY, re.compile(r"/laboratory(/[A-Za-z0-9_-]{1,64})?", re.ASCII)),
    (PrintedPage.DUE, re.compile(r"/keeping/retention/due")),
    (PrintedPage.RECORD, re.compile(r"/trail(/[a-z0-9/]{1,64})?", re.ASCII)),
    (PrintedPage.QUARANTINE, re.compile(r"/quarantine(/[a-z0-9/]{1,64})?", re.ASCII)),
    (
        PrintedPage.BOX,
        re.compile(r"/(account|emergency|files|keeping|password|people|senders)(/[a-z0-9/-]{1,64})?", re.ASCII),
    ),
)
_ASKED = {"patients": Permission.READ_STUDY, "studies": Permission.READ_STUDY, "series": Permission.VIEW_IMAGES}


@dataclass(frozen=True, slots=True)
class PrintedForm:
    """The path of the page that was printed, as the browser's address has it."""

    page: str


@post("/printed", opt=access(Door.SIGNED_IN, page=False), status_code=204)
@in_thread
def submit_printed(context: Context, actor: Caller, data: URLEncodedBody[PrintedForm]) -> None:
    """Record that a page was printed, and of whom.

    Raises:
        Unsuitable: That is no page of the box.
        NotPermitted: A page that this person may not open.
        NotFound: There is no such patient, study or series.
    """
    accounts = context.accounts
    event = Event(EventCode.PAGE_PRINTED, actor.audited)
    with accounts.database.write() as tx:
        accounts.audit.record(tx, _about(tx, actor, event, data.page))


def _about(tx: ReadTransaction, actor: Actor, event: Event, page: str) -> Event:
    """Say of whom the page is, or which it is where it is of no one patient."""
    shown = _OF_SOMEBODY.fullmatch(page)
    if shown is None:
        return replace(event, number=_other(page).value)
    kind, key = shown[1], int(shown[2])
    if _ASKED[kind] not in actor.permissions:
        raise NotPermitted("only what may be opened is printed")
    if kind == "patients":
        archive.get_patient(tx, key)
        return replace(event, patient_key=key)
    if kind == "studies":
        return replace(event, patient_key=archive.get_study(tx, key).study.patient_key, study_key=key)
    study, _ = archive.get_series(tx, key)
    subject = Subject(SubjectKind.SERIES, key)
    return replace(event, subject=subject, patient_key=study.patient_key, study_key=study.study_key)


def _other(page: str) -> PrintedPage:
    known = next((kind for kind, pattern in _OTHERS if pattern.fullmatch(page)), None)
    if known is None:
        raise Unsuitable("the box has no such page")
    return known


HANDLERS = (submit_printed,)
