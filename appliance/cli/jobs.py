"""`enamel jobs`: what the box does by itself, and having it done now."""

import time
from argparse import ArgumentParser

from appliance.assembly.rooms import Rooms
from appliance.audit.events import OPERATOR, Event, EventCode
from appliance.cli.answers import FOUND_WRONG, Answer, listed
from appliance.cli.line import Command, Invocation
from appliance.errors import Unavailable
from appliance.jobs import queries
from appliance.jobs.asking import ask_run
from appliance.jobs.queries import RunRow
from appliance.store.runs import RunOutcome

_LONGEST_SECONDS = 7 * 86_400.0
_LOOK_SECONDS = 0.5


def _list(call: Invocation) -> Answer:
    with call.rooms() as rooms, rooms.database.read() as tx:
        asked = {row.job for row in queries.asked(tx)}
        rows = []
        for plan in queries.plans(tx):
            last, done = next(iter(queries.runs_of(tx, plan.job, 1)), None), queries.last_done(tx, plan.job)
            rows.append(
                {
                    "job": plan.job,
                    "schedule": plan.schedule,
                    "next_at": None if plan.next_at is None else plan.next_at.isoformat(),
                    "asked": plan.job in asked,
                    "last": None if last is None else _shown(last),
                    "last_outcome": None if last is None else _outcome(last),
                    "last_begun_at": None if last is None else last.started_at.isoformat(),
                    "last_done_at": None if done is None else done.started_at.isoformat(),
                }
            )
    columns = ("job", "schedule", "next_at", "last_outcome", "last_begun_at")
    return listed(rows, columns, "No job was ever planned: the process `jobs` has not run yet.")


def _run_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("job", metavar="JOB", help="its name, as `jobs list` shows it")
    parser.add_argument("--wait", type=float, metavar="SECONDS", help="wait so long for its end, and tell how it ended")


def _run(call: Invocation) -> Answer:
    job = call.given.job
    with call.rooms() as rooms:
        with rooms.database.write() as tx:
            before = max((row.run_key for row in queries.runs_of(tx, job, 1)), default=0)
            ask_run(tx, job, call.clock.now())
            rooms.audit.record(tx, Event(EventCode.JOB_ASKED, OPERATOR))
        if call.given.wait is None:
            return Answer(
                {"job": job, "asked": True}, f"{job} is asked for; the process `jobs` begins it within seconds."
            )
        run = _awaited(call, rooms, before)
    done = run.outcome is RunOutcome.DONE
    fault = f" ({run.fault})" if run.fault else ""
    return Answer({"job": job} | _shown(run), f"{job}: {_outcome(run)}{fault}.", 0 if done else FOUND_WRONG)


def _awaited(call: Invocation, rooms: Rooms, before: int) -> RunRow:
    """Wait for the end of a run that began after this one.

    Raises:
        Unavailable: It did not end in time.
    """
    until = call.clock.monotonic() + min(call.given.wait, _LONGEST_SECONDS)
    while True:
        with rooms.database.read() as tx:
            newer = [row for row in queries.runs_of(tx, call.given.job, 20) if row.run_key > before]
        ended = [row for row in newer if row.outcome is not None]
        if ended:
            return ended[-1]
        if call.clock.monotonic() >= until:
            what = "runs still" if newer else "was not begun: does the process `jobs` run, is the box unlocked?"
            raise Unavailable(f"{call.given.job} {what}")
        time.sleep(_LOOK_SECONDS)


def _runs_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("job", metavar="JOB", nargs="?", help="only this job's")
    parser.add_argument("--limit", type=int, default=50, help="how many (default: 50)")


def _runs(call: Invocation) -> Answer:
    most = max(1, call.given.limit)
    with call.rooms() as rooms, rooms.database.read() as tx:
        job = call.given.job
        found = queries.latest_runs(tx, most) if job is None else queries.runs_of(tx, job, most)
    rows = [{"job": row.job} | _shown(row) for row in found]
    return listed(rows, ("job", "begun_at", "ended_at", "outcome", "done", "failed", "fault"), "Nothing ran yet.")


def _shown(run: RunRow) -> dict[str, object]:
    return {
        "run_key": run.run_key,
        "begun_at": run.started_at.isoformat(),
        "ended_at": None if run.finished_at is None else run.finished_at.isoformat(),
        "outcome": _outcome(run),
        "done": run.done_count,
        "total": run.total_count,
        "bytes_done": run.bytes_done,
        "bytes_total": run.bytes_total,
        "failed": run.failed_count,
        "fault": run.fault,
    }


def _outcome(run: RunRow) -> str:
    return "running" if run.outcome is None else run.outcome.value


COMMANDS = (
    Command("jobs list", _list),
    Command("jobs run", _run, _run_arguments),
    Command("jobs runs", _runs, _runs_arguments),
)
