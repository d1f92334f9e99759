"""Runs the command `enamel` in a process of its own each time, forked from one that has loaded its code already.

Starting an interpreter and importing is nine tenths of what a command costs. What is forked has one thread and has
done nothing but import, so each command begins as one that was just started.
Leaves out: the start itself, which `tests/cli/test_commands.py` and every running clinic go through, and commands
that stay in the foreground.
"""

import atexit
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import traceback
from functools import cache
from importlib import import_module
from pathlib import Path

from appliance.__main__ import main

ROOT = Path(__file__).parents[1]
_LARGEST = 65536


def run(*words: str, given: str = "") -> subprocess.CompletedProcess[str]:
    """Run `enamel` with these words, and `given` at its standard input, until it ends."""
    with tempfile.TemporaryFile() as typed, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        typed.write(given.encode())
        typed.seek(0)
        line = _line()
        socket.send_fds(line, [json.dumps(words).encode()], [typed.fileno(), out.fileno(), err.fileno()])
        status = int(line.recv(_LARGEST))
        out.seek(0)
        err.seek(0)
        return subprocess.CompletedProcess(["enamel", *words], status, out.read().decode(), err.read().decode())


@cache
def _line() -> socket.socket:
    """Start the process that forks; it ends when this one does, which closes its line."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        command = [sys.executable, "-m", "tests.warm", str(theirs.fileno())]
        subprocess.Popen(command, cwd=ROOT, pass_fds=[theirs.fileno()])
    return ours


def _serve(line: socket.socket) -> None:
    """Fork for each command that is asked for, until nobody asks any more."""
    while True:
        words, streams, _, _ = socket.recv_fds(line, _LARGEST, 3)
        if not words:
            return
        child = os.fork()
        if child == 0:
            line.close()
            for number, stream in enumerate(streams):
                os.dup2(stream, number)
                os.close(stream)
            sys.argv[1:] = json.loads(words)
            _become(json.loads(words))
        for stream in streams:
            os.close(stream)
        line.send(str(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])).encode())


def _become(words: list[str]) -> None:
    """Be the command, and end as an interpreter does, but for taking its modules apart, which costs most of it."""
    sys.argv[1:] = words
    status: object = 1
    try:
        status = main()
    except SystemExit as ended:
        status = ended.code
    except BaseException:  # noqa: BLE001  an interpreter would print it too
        traceback.print_exc()
    threading._shutdown()  # type: ignore[attr-defined]  # waits for threads, as every interpreter's end does
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status if isinstance(status, int) else 1 if status else 0)


if __name__ == "__main__":
    from appliance.cli.listing import MODULES

    for name in ("main", *MODULES):
        import_module(f"appliance.cli.{name}")
    _serve(socket.socket(fileno=int(sys.argv[1])))
