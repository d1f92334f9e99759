"""Starts the process that proves, fresh for each restore test, with three keys of its own and nothing else.

Guards: its keys reach it by a pipe; it inherits no other descriptor and no
environment; it knows no repository's password and no target's credentials.
When this process dies its requests end, and so does it.
"""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Protocol

import appliance
from appliance.errors import Unavailable
from appliance.integrity.wire import receive, send
from appliance.keys.hierarchy import Keyring, Subkey
from appliance.sandbox.birth import ENVIRONMENT

PROVING_KEYS = (Subkey.CATALOGUE, Subkey.KEY_WRAPPING, Subkey.AUDIT)
_COMMAND = (sys.executable, "-E", "-s", "-m", "appliance", "prove", "--keys-fd")
_PATIENCE_SECONDS = 20.0


class ProverEnded(Unavailable):
    """The process that proves died of what it was given, or did not get on with it."""


class Asking(Protocol):
    """How a restore test asks the process that proves."""

    def __call__(self, request: Mapping[str, object]) -> dict[str, Any]:
        """Ask, and wait for the answer.

        Raises:
            ProverEnded: It could not, or it has ended.
        """
        ...


@contextmanager
def proof_process(keyring: Keyring) -> Iterator[Asking]:
    """Start it, and end it with the block.

    Args:
        keyring: This process's own; only `PROVING_KEYS` of it are handed on.
    """
    keys = Keyring({subkey: keyring.key(subkey) for subkey in PROVING_KEYS})
    process = _started(keys.encode())
    try:
        hears, says = process.stdin, process.stdout
        if hears is None or says is None:
            raise ValueError("pipes were asked for")
        yield lambda request: _asked(hears, says, request)
    finally:
        _end(process)


def _asked(hears: IO[bytes], says: IO[bytes], request: Mapping[str, object]) -> dict[str, Any]:
    try:
        send(hears, request)
        answer = receive(says)
    except Unavailable as fault:
        raise ProverEnded(str(fault)) from fault
    if answer is None:
        raise ProverEnded("the process that proves has ended")
    if "refused" in answer:
        raise ProverEnded(f"the process that proves refused: {answer['refused']}")
    return answer


def _started(keys: bytes) -> "subprocess.Popen[bytes]":
    reading, writing = os.pipe()
    try:
        os.write(writing, keys)  # far below what a pipe holds
        os.close(writing)
        return subprocess.Popen(  # noqa: S603  our own interpreter and module, no outside word
            [*_COMMAND, str(reading)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=_package_root(),
            env=ENVIRONMENT, pass_fds=(reading,), start_new_session=True,
        )  # fmt: skip
    finally:
        os.close(reading)


def _package_root() -> Path:
    return Path(appliance.__file__).parents[1]


def _end(process: "subprocess.Popen[bytes]") -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()
    try:
        process.wait(_PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
