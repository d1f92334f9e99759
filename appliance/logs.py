"""Logging set up once, for an operator's eyes, never with patient data.

One line an event on standard error, which the supervisor or journald keeps.
Libraries that print what they receive (pynetdicom's identifiers, pydicom's
values, uvicorn's URLs) are held at warnings, and tracebacks show code, never
the values of variables. Guards: a stranger who repeats himself cannot fill the
disk: one kind of line is written at most 60 times a minute, and what was left
out is counted.
"""

import logging
import sys
import time
from typing import Literal

Level = Literal["debug", "info", "warning"]
MOST_A_MINUTE = 60
_MINUTE_SECONDS = 60.0
_TALKATIVE = ("pynetdicom", "pydicom", "uvicorn.access", "litestar", "httpx", "asyncio")


class BoundedRate(logging.Filter):
    """Lets one kind of line (one place in the code) through so many times a minute and counts the others."""

    def __init__(self) -> None:
        super().__init__()
        self._minutes: dict[tuple[str, int], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Say whether the line is written; the first of a new minute tells how many were not."""
        place = (record.pathname, record.lineno)
        began, count = self._minutes.get(place, (record.created, 0))
        if not 0 <= record.created - began < _MINUTE_SECONDS:
            if count > MOST_A_MINUTE:
                record.msg = f"{record.getMessage()} ({count - MOST_A_MINUTE} more such lines were left out)"
                record.args = None
            began, count = record.created, 0
        self._minutes[place] = (began, count + 1)
        return count < MOST_A_MINUTE


def set_up_logging(process: str, level: Level = "info") -> None:
    """Send this process's log to standard error.

    Args:
        process: Named on every line.
        level: The least that is logged of our own; libraries are held at warnings.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(BoundedRate())
    formatter = logging.Formatter(f"%(asctime)s.%(msecs)03dZ {process} %(levelname)s %(message)s", "%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("pydicom").setLevel(logging.CRITICAL)
