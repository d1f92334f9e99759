"""Takes the record out as a file: CSV for a spreadsheet, JSON lines, or DICOM audit messages, one a line.

Guards: that it was taken out is recorded before the first byte leaves, and the file ends where the record ended then.
A download ends when the person's session ends or the right is taken away. No line names a patient.
"""

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from itertools import islice

from anyio import to_thread
from litestar import post
from litestar.params import URLEncodedBody
from litestar.response import Stream

from appliance.accounts.roles import Permission
from appliance.audit.chain import Entry
from appliance.audit.events import Event, EventCode
from appliance.audit.lines import HEADER, csv_line, json_line
from appliance.audit.messages import Source, message_of
from appliance.audit.queries import PAGE, head
from appliance.audit.queries_search import Wanted, count, reading
from appliance.dicom.audit_message import xml_of
from appliance.errors import NotFound
from appliance.trail.forwarding import source_of
from appliance.web.http.access import needs
from appliance.web.http.actor import Actor
from appliance.web.staff.context import StaffContext
from appliance.web.staff.downloading import check
from appliance.web.staff.signing_in import Caller, Context, session_of
from appliance.web.staff.trail_filters import asked_of, wanted_of

_Writer = Callable[[Entry, Source], str]


def _csv(entry: Entry, source: Source) -> str:
    return csv_line(entry, source.name_of)


def _json(entry: Entry, source: Source) -> str:
    return json_line(entry, source.name_of)


def _dicom(entry: Entry, source: Source) -> str:
    return xml_of(message_of(entry, source)) + "\n"


_WRITERS: dict[str, tuple[_Writer, str, str, str]] = {
    "csv": (_csv, HEADER, "text/csv; charset=utf-8", "record.csv"),
    "json": (_json, "", "application/x-ndjson", "record.jsonl"),
    "dicom": (_dicom, "", "text/plain; charset=utf-8", "record-dicom-audit.txt"),
}


@dataclass(frozen=True, slots=True)
class ExportForm:
    """As what it is taken out, and which events, as the page's address says it."""

    form: str = ""
    since: str = ""
    until: str = ""
    who: str = ""
    what: str = ""
    outcome: str = ""
    patient: str = ""


@post("/trail/export", opt=needs(Permission.READ_AUDIT), status_code=200)
async def export_trail(context: Context, actor: Caller, data: URLEncodedBody[ExportForm]) -> Stream:
    """Give every event that is asked for, oldest first."""
    form = data.form
    if form not in _WRITERS:
        raise NotFound("the record is given as csv, json or dicom")
    wanted = wanted_of(asked_of(asdict(data)), context.zone)
    end = await to_thread.run_sync(_record, context, actor, wanted)
    _writer, _header, media_type, file_name = _WRITERS[form]
    still = partial(check, context.accounts, session_of(actor), Permission.READ_AUDIT)
    headers = {"Content-Disposition": f'attachment; filename="{file_name}"'}
    return Stream(_sent(_pages(context, wanted, end, form), still), media_type=media_type, headers=headers)


def _record(context: StaffContext, actor: Actor, wanted: Wanted) -> int:
    """Record that so many events are taken out; give the last sequence that goes with them."""
    accounts = context.accounts
    with accounts.database.write() as tx:
        end, number = head(tx).sequence, count(tx, wanted)
        event = Event(EventCode.AUDIT_EXPORTED, actor.audited, patient_key=wanted.patient_key, number=number)
        accounts.audit.record(tx, event)
    return end


def _pages(context: StaffContext, wanted: Wanted, end: int, form: str) -> Iterator[bytes]:
    """Give the file a page of events at a time, each read in a transaction of its own."""
    writer, header, _media_type, _file_name = _WRITERS[form]
    yield header.encode()
    last = 0
    while True:
        with context.accounts.database.read() as tx:
            source = source_of(tx, context.clinic_name, with_study_uids=True)
            entries = list(islice(reading(tx, wanted, after=last), PAGE))
            text = "".join(writer(entry, source) for entry in entries if entry.sequence <= end)
        if not text:
            return
        yield text.encode()
        last = entries[-1].sequence


async def _sent(pages: Iterator[bytes], check: Callable[[], None]) -> AsyncIterator[bytes]:
    page: bytes | None = await to_thread.run_sync(next, pages, None)
    while page is not None:
        yield page
        page = await to_thread.run_sync(_next, pages, check)


def _next(pages: Iterator[bytes], check: Callable[[], None]) -> bytes | None:
    check()
    return next(pages, None)


HANDLERS = (export_trail,)
