"""Proofs: what the last restore tests said, what is wrong with what is kept, and how far the month's reading is."""

from datetime import datetime, timedelta

from litestar import get

from appliance.accounts.roles import Permission
from appliance.integrity import queries_pages as queries
from appliance.integrity.queries_pages import FaultRow, TestRow
from appliance.store.transactions import ReadTransaction
from appliance.web.http.access import needs
from appliance.web.http.threads import in_thread
from appliance.web.languages import gettext as _
from appliance.web.staff.job_words import lasted_words
from appliance.web.staff.keeping import show_keeping
from appliance.web.staff.pages import Page, PageRequest
from appliance.web.staff.proof_words import CANNOT_RUN, FAULTS, PLACES
from appliance.web.staff.signing_in import Caller, Context, Rendering
from appliance.web.staff.words import State, day_and_time, size

SHOWN_TESTS = 20
SHOWN_FAULTS = 100


@get("/keeping/proofs", opt=needs(Permission.READ_KEEPING))
@in_thread
def proofs_page(request: PageRequest, context: Context, pages: Rendering, actor: Caller) -> Page:
    """Show the last restore test of each target, what is wrong, and the tests before."""
    now = context.accounts.clock.now()
    with context.accounts.database.read() as tx:
        last = [_shown_test(one, now) for one in queries.last_of_each(tx)]
        shown = {
            "last": last,
            "untested": queries.untested_targets(tx),
            "faults": [_shown_fault(one) for one in queries.open_faults(tx, SHOWN_FAULTS)],
            "ended": [_shown_fault(one) for one in queries.ended_faults(tx, SHOWN_TESTS)],
            "tests": [_shown_test(one, now) for one in queries.latest_tests(tx, SHOWN_TESTS)],
            "reading": _reading_words(tx),
        }
    return show_keeping("keeping_proofs.html", request, context, pages, actor, **shown)


def _shown_test(test: TestRow, now: datetime) -> dict[str, object]:
    ended = test.finished_at or now
    return {
        "target": test.target_name,
        "state": _state(test),
        "begun": day_and_time(test.started_at),
        "copy_of": "" if test.snapshot_at is None else day_and_time(test.snapshot_at),
        "lasted": lasted_words(max(ended - test.started_at, timedelta())),
        "is_full": test.is_full,
        "size": size(test.bytes),
        "files": test.file_count,
        "events": test.audit_events,
        "series": test.series_decoded,
        "faults": test.fault_count,
        "why": _(CANNOT_RUN[test.fault]) if test.fault in CANNOT_RUN else "",
    }


def _state(test: TestRow) -> State:
    return {
        "proved": State("good", _("Proved")),
        "failed": State("bad", _("Not whole")),
        "could not run": State("warn", _("Not tested")),
        None: State("calm", _("Running, or cut off")),
    }[test.verdict]


def _shown_fault(fault: FaultRow) -> dict[str, object]:
    repaired = fault.repaired_at
    return {
        "place": _(PLACES[fault.place]),
        "target": fault.target_name or "",
        "words": _(FAULTS[fault.fault]),
        "name": fault.file_id or fault.thing or "",
        "found": day_and_time(fault.found_at),
        "repaired": "" if repaired is None else day_and_time(repaired),
        "source": fault.source_name or "",
    }


def _reading_words(tx: ReadTransaction) -> str:
    """Say how far the month's reading of the stored scans is."""
    reading = queries.reading(tx)
    if not reading.file_count:
        return _("Nothing is stored yet.")
    if reading.oldest_at is None:
        read = reading.file_count - reading.never_read
        return _("%(read)d of %(all)d stored files were read back so far.") % {"read": read, "all": reading.file_count}
    return _("Every stored file was read back since %s.") % day_and_time(reading.oldest_at)


HANDLERS = (proofs_page,)
