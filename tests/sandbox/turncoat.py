"""A child that a scan can take over: it reads well until it meets POISON, and after TAINT it lies about all others.

Run instead of the real one; how it lies is the first argument: `nonsense`, `fault` or `dies`.
"""

import os
import sys

from appliance.dicom.faults import Fault
from appliance.sandbox import wire
from appliance.sandbox.child import answer
from appliance.sandbox.wire import Kind, Message

LIES = {
    "nonsense": Message(Kind.RESULT, b"\xff\xff\xff\xff"),
    "fault": Message(Kind.FAULT, Fault.TOO_LARGE.value.encode()),
}


def main(how: str) -> None:
    tainted = False
    while (request := wire.receive(0)) is not None:
        if b"POISON" in request.body or (tainted and how == "dies"):
            os._exit(1)
        wire.send(1, LIES[how] if tainted else answer(request))
        tainted = tainted or b"TAINT" in request.body


if __name__ == "__main__":
    main(sys.argv[1])
