"""Remembers which lists of studies a session has opened, so that a page that renews itself is recorded once an hour.

Guards: no list of patients is given unrecorded: whoever asks for the newest state of a list that this session has not
opened, or not in this emergency, or an hour ago, searches.
"""

from collections import OrderedDict
from threading import Lock

from appliance.archive.viewings import AGAIN_AFTER_SECONDS

REMEMBERED = 4096  # what falls out is recorded once more, never less


class StandingLists:
    """Says whether a look at a list is to be recorded. Threads may share it."""

    def __init__(self) -> None:
        self._recorded: OrderedDict[tuple[str, str], float] = OrderedDict()
        self._lock = Lock()

    def is_due(self, session: str, asked: str, now: float) -> bool:
        """Say whether this session's look at this list still has to be recorded.

        Args:
            session: What names the session and its emergency; `session_name` gives it.
            asked: What the list was asked for, as an address writes it.
            now: Seconds that never step back.
        """
        with self._lock:
            at = self._recorded.get((session, asked))
        return at is None or now - at >= AGAIN_AFTER_SECONDS

    def recorded(self, session: str, asked: str, now: float) -> None:
        """Remember that it was."""
        with self._lock:
            self._recorded.pop((session, asked), None)  # the latest is remembered longest
            self._recorded[session, asked] = now
            while len(self._recorded) > REMEMBERED:
                self._recorded.popitem(last=False)
