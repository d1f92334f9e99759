"""Logging set up once, for an operator's eyes, never with patient data.

One line an event on standard error, which the supervisor or journald keeps.
Libraries that print what they receive (pynetdicom's identifiers, pydicom's
values, uvicorn's URLs) are held at warnings. Of a bug the log shows the class
and where it came from, never its words: they quote whatever was at hand, a
name as soon as a number. Our own errors' words name no patient, and stay; of
the system's the reason stays and the path goes. Guards: a stranger who repeats himself cannot fill the
disk: one kind of line is written at most 60 times a minute, and what was left
out is counted; nor can one forge a line: control characters and line breaks are
written as their codes.
"""

import logging
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import suppress
from types import TracebackType
from typing import Literal, TextIO

from appliance.errors import ApplianceError

Level = Literal["debug", "info", "warning"]
MOST_A_MINUTE = 60
_MINUTE_SECONDS = 60.0
_CONTROLS = {number: f"\\x{number:02x}" for number in (*range(32), *range(127, 160))}
_CONTROLS |= {number: f"\\u{number:04x}" for number in (0x2028, 0x2029)}  # what some readers take for line breaks
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


class ToStandardError(logging.StreamHandler[TextIO]):
    """Writes lines to standard error; of one that cannot be written it says so, and not what it was to say."""

    def __init__(self) -> None:
        super().__init__(sys.stderr)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  the library's own name
        """Name the place in the code whose line is lost."""
        with suppress(OSError, ValueError):
            self.stream.write(f"a line of {record.module}, {record.lineno} could not be written\n")


class WithoutValues(logging.Formatter):
    """Writes one line, and a fault as its class and the lines of code it came through, without what it says."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  the library's own name
        """Write what a line says without anything that would begin another."""
        record.message = record.message.translate(_CONTROLS)
        return super().formatMessage(record)

    def formatException(  # noqa: N802  the library's own name
        self, ei: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
    ) -> str:
        """Write a fault and those that led to it, the first first."""
        return "" if ei[1] is None else "\n".join(_written(ei[1], set()))


def _written(fault: BaseException, seen: set[int]) -> Iterator[str]:
    seen.add(id(fault))
    first = fault.__cause__ or (None if fault.__suppress_context__ else fault.__context__)
    if first is not None and id(first) not in seen:
        yield from _written(first, seen)
        yield "which led to:"
    yield from (line.rstrip("\n") for line in traceback.format_tb(fault.__traceback__))
    yield _named(fault)
    for each in fault.exceptions if isinstance(fault, BaseExceptionGroup) else ():
        yield from _written(each, seen)


def _named(fault: BaseException) -> str:
    name = f"{type(fault).__module__}.{type(fault).__qualname__}"
    if isinstance(fault, ApplianceError):
        return f"{name}: {str(fault).translate(_CONTROLS)}"
    return f"{name}: {fault.strerror}" if isinstance(fault, OSError) and fault.errno else name


def set_up_logging(process: str, level: Level = "info") -> None:
    """Send this process's log to standard error.

    Args:
        process: Named on every line.
        level: The least that is logged of our own; libraries are held at warnings.
    """
    handler = ToStandardError()
    handler.addFilter(BoundedRate())
    line = f"%(asctime)s.%(msecs)03dZ {process} %(levelname)s %(message)s"
    formatter = WithoutValues(line, "%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("pydicom").setLevel(logging.CRITICAL)
    sys.excepthook = _ended
    threading.excepthook = lambda ended: _ended(ended.exc_type, ended.exc_value, ended.exc_traceback)


def _ended(kind: type[BaseException], fault: BaseException | None, where: TracebackType | None) -> None:
    """Log what nothing caught, by the same rules; a signal that ends a program is no fault."""
    if fault is not None and not issubclass(kind, KeyboardInterrupt | SystemExit):
        logging.getLogger(__name__).critical("a bug that nothing caught", exc_info=(kind, fault, where))
