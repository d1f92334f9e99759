"""How many requests a session, an account, a machine, an address, and all strangers together may send.

Guards: whoever sends more is told to wait, and how long; what is refused counts
for nothing, so a caller who goes on meanwhile waits no longer for it. Memory is
bounded however many addresses come. Neighbours in an IPv6 /64, of which one
machine has any address, count as one.
Leaves out: what one request costs, which its route bounds. A stranger with many
addresses can use up what strangers have together; who is in goes on, for a
session is never counted among them.

For the event loop's thread only.

Source: OWASP ASVS 5.0 2.4.1, 15.2.2.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from math import ceil
from typing import TypeVar

from anyio import CapacityLimiter, to_thread

from appliance.accounts.neighbours import neighbour
from appliance.accounts.sessions import Session
from appliance.errors import Refused

T = TypeVar("T")
MOST_REMEMBERED = 4096  # of each kind
BUSY_SECONDS = 2.0
_STRANGERS = "strangers"
_ROUNDING_SECONDS = 1e-6  # of sums of many small times


@dataclass(frozen=True, slots=True)
class Pace:
    """So many requests at once, and so many a second for as long as one likes."""

    at_once: int
    per_second: float


@dataclass(frozen=True, slots=True)
class Paces:
    """What each may send. A viewer that asks for a large series by its slices stays far below."""

    session: Pace = Pace(3_000, 300.0)
    account: Pace = Pace(9_000, 600.0)
    machine: Pace = Pace(10_000, 1_000.0)
    address: Pace = Pace(600, 60.0)
    strangers: Pace = Pace(6_000, 300.0)


class TooManyRequests(Refused):
    """Too many came too fast; the same request may be answered later.

    `shared` says that the bound was one of many callers together, of whom this one need not have sent much.
    """

    def __init__(self, wait_seconds: float, *, shared: bool = False) -> None:
        super().__init__("too many requests")
        self.wait_seconds, self.shared = wait_seconds, shared

    @property
    def retry_after(self) -> str:
        """What Retry-After says: whole seconds, at least one."""
        return str(max(1, ceil(self.wait_seconds)))


class Gate:
    """Counts requests of those who are known and of those who are not."""

    def __init__(self, paces: Paces | None = None) -> None:
        self._paces = paces or Paces()
        self._busy_until: dict[str, dict[str, float]] = {}

    def admit_person(self, session: str, account_key: int, now: float) -> None:
        """Let one request of somebody who is in pass.

        Args:
            session: What names the session; `session_name` gives it.
            account_key: Whose it is.
            now: Seconds that never step back.

        Raises:
            TooManyRequests: Not now.
        """
        paces = self._paces
        self._admit(now, ("session", session, paces.session), ("account", str(account_key), paces.account))

    def admit_machine(self, token: str, now: float) -> None:
        """Let one request of a machine pass.

        Raises:
            TooManyRequests: Not now.
        """
        self._admit(now, ("machine", token, self._paces.machine))

    def admit_stranger(self, address: str, now: float) -> None:
        """Let one request of somebody who is not known pass.

        Raises:
            TooManyRequests: Not now.
        """
        paces = self._paces
        self._admit(now, ("address", neighbour(address), paces.address), (_STRANGERS, "", paces.strangers))

    def _admit(self, now: float, *lanes: tuple[str, str, Pace]) -> None:
        """Count a request in every lane, or in none.

        A lane keeps until when it would be busy if it worked off its requests one by one, and is ahead of now by at
        most what may come at once; what is farther ahead is no number of this clock.
        """
        after = {}
        for kind, who, pace in lanes:
            span = pace.at_once / pace.per_second
            kept = self._busy_until.get(kind, {}).get(who, now)
            before = kept if kept <= now + span + 2 * _ROUNDING_SECONDS else now
            busy_until = max(now, before) + 1.0 / pace.per_second
            wait = busy_until - now - span
            if wait > _ROUNDING_SECONDS:
                raise TooManyRequests(wait, shared=kind == _STRANGERS)
            after[kind, who] = busy_until
        for (kind, who), busy_until in after.items():
            self._keep(kind, who, busy_until, now)

    def _keep(self, kind: str, who: str, busy_until: float, now: float) -> None:
        kept = self._busy_until.setdefault(kind, {})
        kept.pop(who, None)  # the latest to come is remembered longest
        kept[who] = busy_until
        if len(kept) > MOST_REMEMBERED:
            busy = [(each, until) for each, until in kept.items() if until > now]
            self._busy_until[kind] = dict(busy[-MOST_REMEMBERED // 2 :])


class FewThreads:
    """Runs what costs much, for whoever is not known yet, in a few threads; a bounded number waits for them.

    A password's hash takes 64 MiB and a processor: without this, forty at once would take all threads that pages have.
    One caller holds a few of the places, so that nobody alone keeps others from signing in.
    """

    def __init__(self, at_once: int = 4, waiting: int = 32, each: int = 8) -> None:
        self._limiter = CapacityLimiter(at_once)
        self._most, self._each = at_once + waiting, each
        self._inside: Counter[str] = Counter()

    async def run(self, work: Callable[[], T], who: str) -> T:
        """Run it off the event loop.

        Args:
            work: What costs much.
            who: Under what its caller counts.

        Raises:
            TooManyRequests: As many wait already as may, or as many of this caller. It is shared where the caller
                holds less than half of what one may: then others have taken the places.
        """
        held = self._inside[who]
        if held >= self._each or self._inside.total() >= self._most:
            raise TooManyRequests(BUSY_SECONDS, shared=2 * held < self._each)
        self._inside[who] += 1
        try:
            return await to_thread.run_sync(work, limiter=self._limiter)
        finally:
            self._inside[who] -= 1
            if not self._inside[who]:
                del self._inside[who]


def session_name(session: Session) -> str:
    """Name a session where its hash itself is not wanted; with an emergency it is another one.

    What was looked at in one emergency and is looked at again in the next is so recorded in both.
    """
    lent = "" if session.emergency is None else f" in emergency {session.emergency.emergency_key}"
    return f"session {sha256(session.session_hash).hexdigest()}{lent}"
