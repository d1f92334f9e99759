"""The live line: tells pages that something changed, never what.

It carries two numbers and no patient data, is not activity, and ends within a
second when the screen locks or the session ends.
"""

from collections.abc import AsyncIterator
from datetime import timedelta

from anyio import sleep, to_thread
from litestar import get
from litestar.response import ServerSentEvent, ServerSentEventMessage

from appliance.accounts.peers.queries import count_waiting_senders
from appliance.accounts.sessions import find_session
from appliance.archive.reading.queries import change_mark, count_quarantined
from appliance.web.http.access import Door, access
from appliance.web.http.cookies import SESSION_COOKIE
from appliance.web.staff.context import StaffContext
from appliance.web.staff.pages import PageRequest
from appliance.web.staff.signing_in import Context

LOOK_EVERY_SECONDS = 0.5
BEAT_EVERY = timedelta(seconds=15)


@get("/events", opt=access(Door.SIGNED_IN, activity=False, page=False))
async def events(request: PageRequest, context: Context) -> ServerSentEvent:
    """Open the live line."""
    return ServerSentEvent(_line(context, request.cookies.get(SESSION_COOKIE, "")))


async def _line(context: StaffContext, token: str) -> AsyncIterator[ServerSentEventMessage]:
    last = await to_thread.run_sync(_mark, context)
    yield ServerSentEventMessage(event="open", data="0")
    quiet = 0.0
    while await to_thread.run_sync(_still_in, context, token):
        mark = await to_thread.run_sync(_mark, context)
        if mark != last:
            last, quiet = mark, 0.0
            yield ServerSentEventMessage(event="changed", data="0")
        elif quiet >= BEAT_EVERY.total_seconds():
            quiet = 0.0
            yield ServerSentEventMessage(comment="beat")
        await sleep(LOOK_EVERY_SECONDS)
        quiet += LOOK_EVERY_SECONDS
    yield ServerSentEventMessage(event="over", data="0")


def _still_in(context: StaffContext, token: str) -> bool:
    session = find_session(context.accounts, token)
    return session is not None and not session.locked


def _mark(context: StaffContext) -> tuple[int, ...]:
    """Give numbers that differ when a page would."""
    with context.accounts.database.read() as tx:
        return (*change_mark(tx), count_waiting_senders(tx), count_quarantined(tx))


HANDLERS = (events,)
