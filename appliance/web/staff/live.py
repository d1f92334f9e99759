"""The live line: tells pages that something changed, never what.

It carries two numbers and no patient data, is not activity, and ends within a
second when the screen locks, the session ends or what an emergency lent does. However many pages are open,
one watcher looks at the catalogue for all of them.
"""

from asyncio import Lock
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from anyio import current_time, sleep, to_thread
from litestar import get
from litestar.di import NamedDependency
from litestar.response import ServerSentEvent, ServerSentEventMessage

from appliance.accounts.context import Accounts
from appliance.accounts.peers.queries import count_waiting_senders
from appliance.accounts.sessions import Session, find_again
from appliance.archive.reading.queries import change_mark, count_quarantined
from appliance.web.http.access import Door, access
from appliance.web.staff.signing_in import Caller, session_of

LOOK_EVERY_SECONDS = 0.5
SHARED_FOR_SECONDS = 0.25  # with the wait above, a lock is seen within a second
BEAT_EVERY = timedelta(seconds=15)


@dataclass(frozen=True, slots=True)
class Seen:
    """What one look found.

    `mark` differs when a page would, `still_in` are the sessions whose lines may stay open, `lent` are the emergencies
    that go on in their sessions.
    """

    mark: tuple[int, ...] = ()
    still_in: frozenset[bytes] = frozenset()
    lent: frozenset[int] = frozenset()


class Watcher:
    """Looks for all open lines of this process at once.

    Args:
        look: Takes the names of the sessions that have open lines; it is run in a thread.
    """

    def __init__(self, look: Callable[[frozenset[bytes]], Seen]) -> None:
        self._look = look
        self._one_at_a_time = Lock()
        self._open: Counter[bytes] = Counter()
        self._looked: frozenset[bytes] = frozenset()
        self._looked_at = float("-inf")
        self._seen = Seen()

    @contextmanager
    def line(self, name: bytes) -> Iterator[None]:
        """Count a line in while it is open."""
        self._open[name] += 1
        try:
            yield
        finally:
            self._open[name] -= 1
            self._open += Counter()  # drops what came to zero

    async def see(self, name: bytes) -> Seen:
        """Give what was seen at most `SHARED_FOR_SECONDS` ago."""
        async with self._one_at_a_time:
            if name not in self._looked or current_time() - self._looked_at >= SHARED_FOR_SECONDS:
                self._looked = frozenset(self._open)
                self._seen = await to_thread.run_sync(self._look, self._looked)
                self._looked_at = current_time()
            return self._seen


def watcher_of(accounts: Accounts) -> Watcher:
    """Give the watcher of this process."""
    return Watcher(partial(look, accounts))


def look(accounts: Accounts, names: frozenset[bytes]) -> Seen:
    """Look once at the catalogue and at the sessions of these names."""
    with accounts.database.read() as tx:
        mark = (*change_mark(tx), count_waiting_senders(tx), count_quarantined(tx))
    found = {name: session for name in names if (session := _still_in(accounts, name)) is not None}
    lent = frozenset(one.emergency.emergency_key for one in found.values() if one.emergency is not None)
    return Seen(mark, frozenset(found), lent)


def _still_in(accounts: Accounts, name: bytes) -> Session | None:
    session = find_again(accounts, name)
    return None if session is None or session.locked else session


@get("/events", opt=access(Door.SIGNED_IN, activity=False, page=False))
async def events(actor: Caller, watcher: NamedDependency[Watcher]) -> ServerSentEvent:
    """Open the live line."""
    session = session_of(actor)
    lent = None if session.emergency is None else session.emergency.emergency_key
    return ServerSentEvent(_line(watcher, session.session_hash, lent))


async def _line(
    watcher: Watcher, name: bytes, emergency_key: int | None = None
) -> AsyncIterator[ServerSentEventMessage]:
    with watcher.line(name):
        last = (await watcher.see(name)).mark
        yield ServerSentEventMessage(event="ready", data="0")
        quiet = 0.0
        while name in (seen := await watcher.see(name)).still_in:
            if emergency_key is not None and emergency_key not in seen.lent:
                yield ServerSentEventMessage(event="ended", data="0")
                return
            if seen.mark != last:
                last, quiet = seen.mark, 0.0
                yield ServerSentEventMessage(event="changed", data="0")
            elif quiet >= BEAT_EVERY.total_seconds():
                quiet = 0.0
                yield ServerSentEventMessage(comment="beat")
            await sleep(LOOK_EVERY_SECONDS)
            quiet += LOOK_EVERY_SECONDS
    yield ServerSentEventMessage(event="over", data="0")


HANDLERS = (events,)
