"""The process `prove`: judges what a restore test laid out; started fresh for each, with three keys and no settings."""

import os
import sys

from appliance.assembly.running import leave_no_core
from appliance.clock import SystemClock
from appliance.errors import Unsuitable
from appliance.integrity.idle import idle_priority
from appliance.integrity.prover import Prover
from appliance.keys.hierarchy import Keyring
from appliance.logs import set_up_logging

_LARGEST_KEYRING = 1 << 16


def run_prove(keys_fd: int | None) -> None:
    """Serve requests on standard input until it closes.

    Raises:
        Unsuitable: No keyring was handed over.
    """
    if keys_fd is None:
        raise Unsuitable("the restore test starts this by itself, and hands it its keys")
    leave_no_core()
    set_up_logging("prove")
    try:
        with os.fdopen(keys_fd, "rb") as pipe:
            keyring = Keyring.decode(pipe.read(_LARGEST_KEYRING))
    except OSError as error:
        raise Unsuitable("the keyring cannot be read") from error
    with idle_priority():
        Prover(keyring, SystemClock()).serve(sys.stdin.buffer, sys.stdout.buffer)
