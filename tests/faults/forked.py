"""Runs a function in a process of its own each time, forked from one that has loaded its module and the recorder.

Starting an interpreter and importing is most of what one small change under a fault costs. What is forked has one
thread and has done nothing but import; the recorder reads in it what is asked of it.
"""

import ctypes
import json
import os
import socket
import subprocess
import sys
import traceback
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pathlib import Path

from tests.faults.preload import recorder

_ROOT = Path(__file__).parents[2]
_LARGEST = 65536


def run(module: str, function: str, words: list[str], faults: Mapping[str, str]) -> int:
    """Call a function with these words, which gives a status, and give how its process ended.

    Args:
        module: Where the function is.
        function: Its name.
        words: What it is called with.
        faults: What the recorder is asked for, as `recorder.c` names it.
    """
    line = _line(module)
    line.send(json.dumps([function, words, dict(faults)]).encode())
    return int(line.recv(_LARGEST))


@cache
def _line(module: str) -> socket.socket:
    """Start the process that forks; it ends when this one does, which closes its line."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        command = [sys.executable, "-m", "tests.faults.forked", str(theirs.fileno()), module]
        environment = {**os.environ, "LD_PRELOAD": str(recorder())}
        subprocess.Popen(command, cwd=_ROOT, pass_fds=[theirs.fileno()], env=environment)
    return ours


def _serve(line: socket.socket, module: str) -> None:
    """Fork for each call that is asked for, until nobody asks any more."""
    loaded = import_module(module)
    while asked := line.recv(_LARGEST):
        child = os.fork()
        if child == 0:
            line.close()
            function, words, faults = json.loads(asked)
            os._exit(_called(getattr(loaded, function), words, faults))
        line.send(str(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])).encode())


def _called(function: object, words: list[str], faults: dict[str, str]) -> int:
    os.environ.update(faults)
    ctypes.CDLL(None).faults_begin()
    try:
        return int(function(*words))  # type: ignore[operator]  # a function that gives a status
    except BaseException:  # noqa: BLE001  whatever it is, this process ends
        if "FAULTS_FAIL" not in faults:
            traceback.print_exc()
        return 1


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])), sys.argv[2])
