"""Judges large series once they rest: a judgement reads a whole series, and a series may come one instance at a time.

Guards: what judging takes stays a small share of what intake does, however many
instances a series has and however they come; and no series stays unjudged: the
catalogue knows which ones wait, so that a crash forgets none. Leaves out: small
series and ones that have grown much, which `archive.cataloguing` judges at once.
"""

from collections.abc import Mapping

from appliance.archive.recording import judge_resting, unjudged_series
from appliance.clock import Clock
from appliance.store.database import Database

REST_SECONDS_AN_INSTANCE = 0.00025  # judging takes 0.02 ms of each: at most a twelfth of the time


class Judging:
    """Keeps which series wait for their judgement, and until when."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._due: dict[int, float] = {}

    def start(self) -> None:
        """Take up what an earlier process left unjudged."""
        with self._database.read() as tx:
            self._due = dict.fromkeys(unjudged_series(tx), self._clock.monotonic())

    def wait_for(self, series: Mapping[int, int]) -> None:
        """Let series rest before they are judged.

        Args:
            series: Number of instances by series key; what is there already rests anew.
        """
        now = self._clock.monotonic()
        self._due.update({key: now + count * REST_SECONDS_AN_INSTANCE for key, count in series.items()})

    def step(self) -> None:
        """Judge those that have rested, each in its own transaction.

        Raises:
            Unavailable: The disk refused; they are judged later.
        """
        now = self._clock.monotonic()
        for series_key in [key for key, at in self._due.items() if at <= now]:
            with self._database.write() as tx:
                judge_resting(tx, series_key)
            del self._due[series_key]
