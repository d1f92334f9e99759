"""The nursery's own process: imports once, then forks a confined child for each pair of pipes it is handed.

Run as `python -m appliance.sandbox.nursery facts|metadata|preview|deidentify` with a unix socket
as its standard input. It holds no key and reads nothing that came from a
scanner; it ends when the other end of its socket closes, and its children
with it.
"""

import gc
import os
import socket
import sys

from appliance.sandbox import child
from appliance.sandbox.birth import PROCESS_ID
from appliance.sandbox.confine import end_with_parent

_STANDARD_INPUT, _STANDARD_OUTPUT = 0, 1


def main(mode: str) -> None:
    """Serve until the control socket closes."""
    child.preload(mode)
    end_with_parent()
    gc.collect()
    gc.freeze()  # children share these pages
    control = socket.socket(fileno=os.dup(_STANDARD_INPUT))
    while True:
        asked, pipes, _, _ = socket.recv_fds(control, 1, 2)
        if not asked:
            return
        process_id = os.fork()
        if process_id == 0:
            _become_child(control, pipes)
        for descriptor in pipes:
            os.close(descriptor)
        handle = os.pidfd_open(process_id)
        socket.send_fds(control, [PROCESS_ID.pack(process_id)], [handle])
        os.close(handle)
        _bury()


def _become_child(control: socket.socket, pipes: list[int]) -> None:
    try:
        control.close()
        os.dup2(pipes[0], _STANDARD_INPUT)
        os.dup2(pipes[1], _STANDARD_OUTPUT)
        for descriptor in pipes:
            os.close(descriptor)
        child.main()
    finally:
        os._exit(0)  # whatever happened, a child never goes on as the nursery


def _bury() -> None:
    """Collect children that ended; the last few wait for the next birth."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return


if __name__ == "__main__":
    main(sys.argv[1])
