"""Gives a thread back the priority that it had before it worked idly, as scrubbing does.

The product leaves such a thread last for good: its processes do so anyway. A test's thread goes on to other tests,
and the programs that it starts would go behind those of all other tests.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress


@contextmanager
def priority_taken_back() -> Iterator[None]:
    """Let this thread be as it was once the block is over, where the machine allows it."""
    before = os.getpriority(os.PRIO_PROCESS, 0)
    try:
        yield
    finally:
        with suppress(PermissionError):
            os.setpriority(os.PRIO_PROCESS, 0, before)
