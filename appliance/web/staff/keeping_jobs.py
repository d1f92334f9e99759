"""Jobs: what the box does by itself, when it last did, when it will next; having it done now."""

from datetime import datetime, timedelta

from litestar import get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from appliance.accounts.roles import Permission
from appliance.audit.events import Event, EventCode
from appliance.clock import Clock
from appliance.jobs import queries
from appliance.jobs.asking import ask_run
from appliance.jobs.clock_marks import believe_clock, has_jumped
from appliance.jobs.queries import PlanRow, RunRow
from appliance.store.runs import RunOutcome
from appliance.store.transactions import ReadTransaction
from appliance.web.http.access import needs
from appliance.web.http.threads import in_thread
from appliance.web.languages import gettext as _
from appliance.web.languages import later
from appliance.web.staff.job_words import fault_words, job_words, lasted_words, place_of_job, schedule_words
from appliance.web.staff.keeping import show_keeping
from appliance.web.staff.pages import Page, PageRequest
from appliance.web.staff.signing_in import Caller, Context, Rendering, moved_on, session_of
from appliance.web.staff.words import State, day_and_time, size

SHOWN_RUNS = 30
_LATE_AFTER = timedelta(minutes=30)
_TOLD = {
    "asked": later("It is asked for and begins within seconds."),
    "believed": later("Noted: date and time are right."),
}


@get("/keeping/jobs", opt=needs(Permission.READ_KEEPING))
@in_thread
def jobs_page(
    request: PageRequest, context: Context, pages: Rendering, actor: Caller, told: FromQuery[str] = ""
) -> Page:
    """Show every job with its last and next run, and the latest runs of all."""
    now = context.accounts.clock.now()
    with context.accounts.database.read() as tx:
        asked = {row.job for row in queries.asked(tx)}
        plans = sorted(queries.plans(tx), key=lambda plan: place_of_job(plan.job))
        jobs = [_job(tx, plan, now, asked=plan.job in asked) for plan in plans]
        runs = [_run(run, now) for run in queries.notable_runs(tx, SHOWN_RUNS)]
        doubt = _doubt(tx, context.accounts.clock)
    words = _(_TOLD[told]) if told in _TOLD else ""
    own = {"jobs": jobs, "runs": runs, "doubt": doubt, "time": day_and_time(now), "told": words}
    return show_keeping("keeping_jobs.html", request, context, pages, actor, **own)


@post("/keeping/jobs/{job:str}/run", opt=needs(Permission.MANAGE_KEEPING), status_code=303)
@in_thread
def run_job(context: Context, actor: Caller, job: FromPath[str]) -> Redirect:
    """Have a job run now."""
    accounts = context.accounts
    with accounts.database.write() as tx:
        ask_run(tx, job.replace("-", " "), accounts.clock.now(), session_of(actor).account.account_key)
        accounts.audit.record(tx, Event(EventCode.JOB_ASKED, actor.audited))
    return moved_on("/keeping/jobs?told=asked")


@post("/keeping/clock", opt=needs(Permission.MANAGE_KEEPING), status_code=303)
@in_thread
def clock_is_right(context: Context, actor: Caller) -> Redirect:
    """Take a person's word that date and time are right."""
    accounts = context.accounts
    with accounts.database.write() as tx:
        believe_clock(tx, accounts.clock)
        accounts.audit.record(tx, Event(EventCode.CLOCK_BELIEVED, actor.audited))
    return moved_on("/keeping/jobs?told=believed")


def _doubt(tx: ReadTransaction, clock: Clock) -> str:
    """Say why nothing is erased by its date for now; '' where the clock is believed."""
    mark = queries.clock_mark(tx)
    if mark is None or not has_jumped(tx, clock):
        return ""
    if mark.jumped_at is None or mark.jumped_by is None:
        return _("The clock may be wrong: it does not fit to what was last known.")
    when, span = day_and_time(mark.jumped_at), lasted_words(abs(mark.jumped_by))
    if mark.jumped_by < timedelta():
        return _("On %(when)s the clock was set back by %(span)s.") % {"when": when, "span": span}
    return _("On %(when)s the clock went forward by %(span)s, or the box was without power.") % {
        "when": when, "span": span,
    }  # fmt: skip


def _job(tx: ReadTransaction, plan: PlanRow, now: datetime, *, asked: bool) -> dict[str, object]:
    last = next(iter(queries.runs_of(tx, plan.job, 1)), None)
    name, about = job_words(plan.job)
    running = last is not None and last.outcome is None
    return {
        "name": name,
        "about": about,
        "slug": plan.job.replace(" ", "-"),
        "schedule": schedule_words(plan.schedule),
        "last": _("never yet") if last is None else day_and_time(last.started_at),
        "state": None if last is None else _state(last),
        "why": "" if last is None else fault_words(last.fault),
        "next": _next(plan, now, running=running, asked=asked),
        "progress": None if last is None or not running else progress_of(last, now),
    }


def _next(plan: PlanRow, now: datetime, *, running: bool, asked: bool) -> str:
    if running:
        return _("runs now")
    if asked or (plan.next_at is not None and plan.next_at <= now):
        late = plan.next_at is not None and now - plan.next_at > _LATE_AFTER
        return _("overdue") if late else _("now")
    return "" if plan.next_at is None else day_and_time(plan.next_at)


def _state(run: RunRow) -> State:
    if run.outcome is None:
        return State("calm", _("Running"))
    return {
        RunOutcome.DONE: State("good", _("Done")),
        RunOutcome.FAILED: State("bad", _("Failed")),
        RunOutcome.INTERRUPTED: State("warn", _("Cut off")),
    }[run.outcome]


def progress_of(run: RunRow, now: datetime) -> dict[str, object]:
    """Say how far a run is; a share and an estimate only where the whole is known and enough was done to go by."""
    done, total = (run.bytes_done, run.bytes_total) if run.bytes_total else (run.done_count, run.total_count)
    words = size(run.bytes_done) if run.bytes_done else str(run.done_count)
    if not total:
        return {"percent": None, "words": words}
    share = min(done / total, 1.0)
    whole = size(total) if run.bytes_total else str(total)
    shown = _("%(done)s of %(whole)s") % {"done": words, "whole": whole}
    left = _left(now - run.started_at, share)
    if left:
        shown = _("%(done)s, about %(time)s left") % {"done": shown, "time": lasted_words(left)}
    return {"percent": round(100 * share), "words": shown}


def _left(lasted: timedelta, share: float) -> timedelta | None:
    known = share >= 0.02 and lasted >= timedelta(seconds=10)
    return lasted * ((1 - share) / share) if known else None


def _run(run: RunRow, now: datetime) -> dict[str, object]:
    ended = run.finished_at or now
    return {
        "begun": day_and_time(run.started_at),
        "name": job_words(run.job)[0],
        "state": _state(run),
        "why": fault_words(run.fault),
        "lasted": lasted_words(max(ended - run.started_at, timedelta())),
        "done": size(run.bytes_done) if run.bytes_done else str(run.done_count),
        "by_hand": run.asked_by is not None,
    }


HANDLERS = (jobs_page, run_job, clock_is_right)
