"""Backups: where copies go, how old they are, how many studies have how many; adding a disk, and taking one away.

Guards: no credentials are typed here; servers are added at the machine. What ends
copies, or the search for them, asks for a second factor anew.
"""

from dataclasses import dataclass
from datetime import datetime, time

from litestar import get, post
from litestar.params import FromPath, FromQuery, URLEncodedBody
from litestar.response import Redirect

from appliance.accounts.roles import Permission
from appliance.audit.events import Event, EventCode
from appliance.backup import queries, queries_copies
from appliance.backup.standing import Standing, fault_told, standing_of
from appliance.backup.target import Target, location_of
from appliance.backup.targets import NewTarget, declare_destroyed, register_target, remove_target
from appliance.errors import NotFound, Refused, Unsuitable
from appliance.jobs import queries as jobs
from appliance.jobs.asking import ask_run
from appliance.store.transactions import ReadTransaction
from appliance.web.http.access import needs
from appliance.web.http.threads import in_thread
from appliance.web.languages import gettext as _
from appliance.web.languages import later, ngettext
from appliance.web.staff.confirming import CodeForm, Refusal, confirmed_by
from appliance.web.staff.context import StaffContext
from appliance.web.staff.job_words import fault_words
from appliance.web.staff.keeping import show_keeping
from appliance.web.staff.keeping_jobs import progress_of
from appliance.web.staff.pages import Page, PageRequest, Pages
from appliance.web.staff.signing_in import Answer, Caller, Context, Rendering, moved_on, session_of
from appliance.web.staff.words import State, day_and_time

_TOLD = {
    "asked": later("It is asked for and begins within seconds."),
    "added": later("It is noted. The first copy begins within minutes; this page says how it goes."),
    "removed": later("Nothing is copied there any more. What is on it stays there until somebody destroys it."),
    "destroyed": later("It is noted that nothing of it is left."),
}
_STANDINGS = {
    Standing.GOOD: ("good", later("Up to date")),
    Standing.FIRST_COPY: ("calm", later("First copy to come")),
    Standing.WARNING: ("warn", later("Look at it")),
    Standing.ALARM: ("bad", later("Too old")),
    Standing.REMOVED: ("calm", later("No longer used")),
    Standing.DESTROYED: ("calm", later("Destroyed")),
}
_KINDS = {
    "folder": later("Disk"),
    "sftp": later("Server (SFTP)"),
    "rest": later("Server (REST)"),
    "s3": later("Storage service (S3)"),
}


@dataclass(frozen=True, slots=True)
class DiskForm:
    """A disk to copy to: what the clinic calls it, where it is plugged in, and when its night begins."""

    name: str = ""
    place: str = ""
    at: str = "01:30"


@get("/keeping/backups", opt=needs(Permission.READ_KEEPING))
@in_thread
def backups_page(
    request: PageRequest, context: Context, pages: Rendering, actor: Caller, told: FromQuery[str] = ""
) -> Page:
    """Show every place that copies go to or ever went."""
    return _page(request, context, pages, actor, told=_(_TOLD[told]) if told in _TOLD else "")


@post("/keeping/backups", opt=needs(Permission.MANAGE_KEEPING), status_code=303)
@in_thread
def add_disk(
    request: PageRequest, context: Context, pages: Rendering, actor: Caller, data: URLEncodedBody[DiskForm]
) -> Answer:
    """Copy to a disk from now on."""
    try:
        new = NewTarget(data.name, location_of("folder", {"path": data.place.strip()}), at=time.fromisoformat(data.at))
        register_target(context.accounts, new, actor.audited)
    except Refused as refused:
        is_there = not isinstance(refused, Unsuitable)
        trouble = _("Something is copied there already.") if is_there else _(
            "That does not work: a disk needs a name of at most 60 letters, and a place that begins with /."
        )  # fmt: skip
        return _refused(_page(request, context, pages, actor, trouble=trouble))
    except ValueError:
        trouble = _("That does not work: the time is written as 01:30.")
        return _refused(_page(request, context, pages, actor, trouble=trouble))
    return moved_on("/keeping/backups?told=added")


@post("/keeping/backups/run", opt=needs(Permission.MANAGE_KEEPING), status_code=303)
@in_thread
def run_backup(context: Context, actor: Caller) -> Redirect:
    """Copy to every place now."""
    accounts = context.accounts
    with accounts.database.write() as tx:
        ask_run(tx, "backup", accounts.clock.now(), session_of(actor).account.account_key)
        accounts.audit.record(tx, Event(EventCode.JOB_ASKED, actor.audited))
    return moved_on("/keeping/backups?told=asked")


@post("/keeping/backups/{target_key:int}/remove", opt=needs(Permission.MANAGE_KEEPING), status_code=303)
@in_thread
def remove(
    request: PageRequest, context: Context, pages: Rendering, actor: Caller, target_key: FromPath[int],
    data: URLEncodedBody[CodeForm],
) -> Answer:  # fmt: skip
    """Copy to a place no more."""
    _check(context, target_key, is_used=True)
    confirmed = confirmed_by(request, context, actor, data.code)
    if isinstance(confirmed, Refusal):
        return _refused(_page(request, context, pages, actor, trouble=confirmed.words), confirmed.status)
    remove_target(context.accounts, target_key, confirmed.actor)
    return moved_on("/keeping/backups?told=removed")


@post("/keeping/backups/{target_key:int}/destroyed", opt=needs(Permission.MANAGE_KEEPING), status_code=303)
@in_thread
def destroyed(
    request: PageRequest, context: Context, pages: Rendering, actor: Caller, target_key: FromPath[int],
    data: URLEncodedBody[CodeForm],
) -> Answer:  # fmt: skip
    """Take a person's word that nothing of it is left."""
    _check(context, target_key, is_used=False)
    confirmed = confirmed_by(request, context, actor, data.code)
    if isinstance(confirmed, Refusal):
        return _refused(_page(request, context, pages, actor, trouble=confirmed.words), confirmed.status)
    declare_destroyed(context.accounts, target_key, confirmed.actor)
    return moved_on("/keeping/backups?told=destroyed")


def _check(context: StaffContext, target_key: int, *, is_used: bool) -> None:
    """Check that there is such a place, before a code is spent for it.

    Raises:
        NotFound: There is none.
    """
    with context.accounts.database.read() as tx:
        target = queries.find_target(tx, target_key)
    if target is None or target.destroyed_at is not None or (target.removed_at is None) != is_used:
        raise NotFound(f"there is no such backup target that is {'' if is_used else 'no longer '}used")


def _refused(page: Page, status: int = 422) -> Page:
    page.status_code = status
    return page


def _page(request: PageRequest, context: StaffContext, pages: Pages, actor: Caller, **said: str) -> Page:
    now = context.accounts.clock.now()
    with context.accounts.database.read() as tx:
        every = queries.targets(tx)
        own = {
            "used": [_shown(one, now) for one in every if one.removed_at is None],
            "former": [_shown(one, now) for one in every if one.removed_at is not None],
            "spread": _spread(queries_copies.studies_by_copies(tx)),
            "running": _running(tx, now),
            "in_doubt": queries.is_vault_in_doubt(tx),
        }
    return show_keeping("keeping_backups.html", request, context, pages, actor, **own, **said)


def _shown(target: Target, now: datetime) -> dict[str, object]:
    tone, words = _STANDINGS[standing_of(target, now)]
    fault = fault_told(target)
    return {
        "key": target.target_key,
        "name": target.name,
        "kind": _(_KINDS[target.location.kind]),
        "place": target.location.shown,
        "state": State(tone, _(words)),
        "why": "" if fault is None else fault_words(fault.value),
        "covered": "" if target.covered_at is None else day_and_time(target.covered_at),
        "seen": "" if target.seen_at is None else day_and_time(target.seen_at),
        "at": f"{target.at:%H:%M}",
        "is_append_only": target.append_only,
        "is_destroyed": target.destroyed_at is not None,
    }


def _spread(studies: dict[int, int]) -> list[tuple[State, str]]:
    """Say how many studies have how many copies besides the box's own, the fewest first."""
    told = []
    for copies, count in sorted(studies.items()):
        number = ngettext("%(num)d study", "%(num)d studies", count) % {"num": count}
        if copies:
            words = ngettext("in %(num)d place besides this box", "in %(num)d places besides this box", copies)
            told.append((State("good", number), words % {"num": copies}))
        else:
            told.append((State("warn", number), _("on this box alone")))
    return told


def _running(tx: ReadTransaction, now: datetime) -> dict[str, object] | None:
    """Say how far a copy is that is being made now, and about how long the rest takes."""
    for job in ("backup", "copy arrivals"):
        last = next(iter(jobs.runs_of(tx, job, 1)), None)
        if last is not None and last.outcome is None:
            return progress_of(last, now)
    return None


HANDLERS = (backups_page, add_disk, run_backup, remove, destroyed)
