"""Logging set up once, for an operator's eyes, never with patient data.

One line an event on standard error, which the supervisor or journald keeps.
Libraries that print what they receive (pynetdicom's identifiers, pydicom's
values, uvicorn's URLs) are held at warnings, and tracebacks show code, never
the values of variables.
"""

import logging
import sys
import time
from typing import Literal

Level = Literal["debug", "info", "warning"]
_TALKATIVE = ("pynetdicom", "pydicom", "uvicorn.access", "litestar", "httpx", "asyncio")


def set_up_logging(process: str, level: Level = "info") -> None:
    """Send this process's log to standard error.

    Args:
        process: Named on every line.
        level: The least that is logged of our own; libraries are held at warnings.
    """
    handler = logging.StreamHandler(sys.stderr)
    formatter = logging.Formatter(f"%(asctime)s.%(msecs)03dZ {process} %(levelname)s %(message)s", "%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("pydicom").setLevel(logging.CRITICAL)
