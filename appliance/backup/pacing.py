"""Spaces the copies of what arrives, for each carries the whole catalogue: a large one would fill disk and line.

Guards: what waits is copied within ten minutes wherever that can be done, and a
line that is too slow for it is left free half of the time. Leaves out: nights.
"""

from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass, field

PROMISED_SECONDS = 600.0  # from arrival until it is on a target
_REST = 9.0  # times as long as the last copy took: a tenth of the time goes to copies
_SLACK_SECONDS = 60.0  # intake, and a copy that takes longer than the one before
_MOST_KNOWN = 20_000  # files of one copy


@dataclass
class Pacing:
    """What the last copy to each target took, as long as this process runs.

    Attributes:
        monotonic: The seconds of the clock that nobody sets.
        look_seconds: How far two looks lie apart.
    """

    monotonic: Callable[[], float]
    look_seconds: float
    _last: dict[int, tuple[float, float]] = field(default_factory=dict)  # how long it took, and when it ended
    _copied: dict[int, frozenset[bytes]] = field(default_factory=dict)

    def ended(self, target_key: int, begun: float, copied: Sequence[bytes]) -> None:
        """Note a copy that ended now.

        Args:
            target_key: The target.
            begun: When it began, on the monotonic clock.
            copied: The files that were new in it.
        """
        now = self.monotonic()
        self._last[target_key] = now - begun, now
        self._copied[target_key] = frozenset(copied if len(copied) <= _MOST_KNOWN else ())

    def copied(self, target_key: int) -> Set[bytes]:
        """Give the files that the last copy had, where they are known."""
        return self._copied.get(target_key, frozenset())

    def may_begin(self, target_key: int, waited_seconds: float) -> bool:
        """Say whether to copy now what has waited for so long, or rather at the next look."""
        if target_key not in self._last:
            return True
        took, ended = self._last[target_key]
        rested = self.monotonic() - ended
        spare = PROMISED_SECONDS - _SLACK_SECONDS - self.look_seconds - took
        if rested >= _REST * took:
            return True
        return waited_seconds >= spare if spare > 0 else rested >= took
