"""What systemd hands to a service: sockets that already listen, and a way to say that it is ready.

On a box systemd owns every listening socket, so that a process needs no right
to open one and a caller waits, instead of being refused, while it restarts.
Where nothing was handed over (the embedded default) the answers are empty and
the caller opens its own. Left out: stored descriptors, reloading.

Source: sd_listen_fds(3), sd_notify(3), sd_watchdog_enabled(3).
"""

import logging
import os
import socket
from collections.abc import Callable, Mapping
from threading import Event

log = logging.getLogger(__name__)

FIRST_DESCRIPTOR = 3
_PATIENCE_WITH_WORK_USEC = 60_000_000


def handed_sockets(facts: Mapping[str, str], process_id: int) -> dict[str, socket.socket]:
    """Take over the listening sockets, by the names their units give them.

    Args:
        facts: `config.service_manager_facts()`.
        process_id: Of this process; descriptors meant for another are left alone.

    Returns:
        One socket a name, not inheritable by children; empty where none were handed over.
    """
    if facts.get("LISTEN_PID") != str(process_id):
        return {}
    names = facts.get("LISTEN_FDNAMES", "").split(":")
    sockets = {}
    for number in range(int(facts.get("LISTEN_FDS", "0"))):
        descriptor = FIRST_DESCRIPTOR + number
        os.set_inheritable(descriptor, False)
        sockets[names[number]] = socket.socket(fileno=descriptor)
    return sockets


class Pulse:
    """Whether a loop goes round: it beats at each turn, and whoever feeds the watchdog asks if it did since.

    A thread that fed the watchdog by itself would keep a process alive whose work has stopped.
    """

    def __init__(self) -> None:
        self._beats = self._seen = 0

    def beat(self) -> None:
        """Say that the loop goes on; only the loop's own thread calls this."""
        self._beats += 1

    def moved(self) -> bool:
        """Say whether it went on since this was last asked; only one thread asks."""
        before, self._seen = self._seen, self._beats
        return before != self._seen


class ServiceManager:
    """Tells systemd how this process does; without a systemd it tells nobody."""

    def __init__(self, facts: Mapping[str, str]) -> None:
        """Take the address to tell and the watchdog's patience from `config.service_manager_facts()`."""
        address = facts.get("NOTIFY_SOCKET", "")
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._patience_seconds = int(facts.get("WATCHDOG_USEC", "0")) / 1_000_000

    def ready(self) -> None:
        """Say that this process now serves."""
        self._tell("READY=1")

    def stopping(self) -> None:
        """Say that this process is ending on purpose."""
        self._tell("STOPPING=1")

    def alive(self) -> None:
        """Feed the watchdog once."""
        self._tell("WATCHDOG=1")

    def works_on(self) -> None:
        """Feed the watchdog from within long work, which calls this as it gets on; also before this process serves.

        Source: sd_notify(3), EXTEND_TIMEOUT_USEC.
        """
        self._tell(f"WATCHDOG=1\nEXTEND_TIMEOUT_USEC={_PATIENCE_WITH_WORK_USEC}")

    def attend(self, stop: Event, healthy: Callable[[], bool]) -> None:
        """Wait until `stop` is set, feeding the watchdog while `healthy` says so.

        A process that is no longer healthy goes unfed, and systemd starts it anew.
        """
        pause = self._patience_seconds / 3 or None
        while not stop.wait(pause):
            if healthy():
                self.alive()

    def _tell(self, message: str) -> None:
        """Tell it, where it can be told: one that waits in vain starts this process anew by itself.

        A shell that a unit or a container started inherits an address that is not for it.
        """
        if not self._address:
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
            try:
                line.sendto(message.encode(), self._address)
            except OSError as error:
                log.warning("the service manager cannot be told %s: %s", message, error.strerror)
