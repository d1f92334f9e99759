"""What each process does first: logs, its keyring, and a stop that signals set.

Guards: a process that crashes leaves no copy of its memory, which holds keys and names, on a disk.
Leaves out the umask, which whoever starts a process decides: 0077 under the
supervisor, 0007 on a box, where groups say what processes share.
"""

import os
import resource
import signal
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from types import FrameType

from appliance.assembly.service_manager import ServiceManager
from appliance.config import Settings, credentials_folder, read_settings, service_manager_facts
from appliance.errors import Unavailable
from appliance.keys.hierarchy import Keyring
from appliance.logs import set_up_logging

_LOCKED = b"locked"  # what a unit puts in a keyring's place while the box is locked
_LARGEST_KEYRING = 1 << 16


@dataclass(frozen=True)
class Start:
    """What a process is started with.

    Attributes:
        settings_file: Where its settings are.
        keys_fd: The descriptor its keyring is read from; None asks the service manager.
    """

    settings_file: Path
    keys_fd: int | None = None


def begin(name: str, start: Start) -> tuple[Settings, ServiceManager, Event]:
    """Read the settings, set up logs, and give a stop that SIGTERM and SIGINT set.

    Raises:
        Unsuitable: The settings have faults.
    """
    settings = read_settings(start.settings_file)
    leave_no_core()
    set_up_logging(name, settings.log_level)
    stop = Event()

    def note(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, note)
    return settings, ServiceManager(service_manager_facts()), stop


def leave_no_core() -> None:
    """Let this process, and all that it starts, leave no core file when it crashes, as its unit does on a box."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def give_way(niceness: int) -> None:
    """Lower this process's priority, as its unit does on a box: its work may wait, receiving and reading may not."""
    with suppress(OSError):
        os.nice(max(0, niceness - os.nice(0)))
    with suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


def find_keyring(start: Start) -> Keyring | None:
    """Read this process's keyring from its pipe or its credential, or give None while the box is locked.

    Raises:
        Unsuitable: What was read is no keyring.
        Unavailable: It cannot be read.
    """
    try:
        encoded = _encoded_keyring(start)
    except OSError as error:
        raise Unavailable("the keyring cannot be read") from error
    return None if encoded is None or encoded.strip() in (b"", _LOCKED) else Keyring.decode(encoded)


def _encoded_keyring(start: Start) -> bytes | None:
    if start.keys_fd is not None:
        with os.fdopen(start.keys_fd, "rb") as pipe:
            return pipe.read(_LARGEST_KEYRING)
    folder = credentials_folder()
    file = None if folder is None else folder / "keyring"
    return file.read_bytes() if file is not None and file.exists() else None
