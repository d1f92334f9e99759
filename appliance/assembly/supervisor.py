"""Runs the box's processes as children of one, under one user, on one data folder.

The embedded default and the demonstration. It claims no separation of users.
Guards: the root secret is opened, gives each key holder its own subkeys, and
is forgotten; the subkeys stay here, so that a process that died starts again
without asking anyone, and go when the box is locked. While locked, receiver
and Caddy run on, and staff serves the unlock page. It has one thread, which waits
for no child: who asked is answered first, children are replaced afterwards,
and while some are leaving the others are tended. Opening the root itself (the
second that Argon2id takes) is the one thing it does in one go.
"""

import logging
import os
import selectors
import shutil
import signal
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import FrameType

from appliance.assembly import locker
from appliance.assembly.children import Child, Plan
from appliance.assembly.folders import Folders
from appliance.assembly.lock_trail import RecordedLock
from appliance.clock import Clock
from appliance.inbox.spool import Spool

log = logging.getLogger(__name__)

Keyrings = Mapping[str, bytes]
KEY_HOLDERS = ("intake", "staff", "jobs")
_IDLE_WHILE_LOCKED = ("intake", "jobs")
ALWAYS = ("receiver", "caddy")
_TICK_SECONDS = 0.25
_PAUSE_SECONDS = 0.05


@dataclass(frozen=True)
class Works:
    """What the supervisor needs to be told.

    Attributes:
        folders: The data folder.
        method: How the root secret is sealed, for those who ask.
        asks_passphrase: Whether opening it takes a passphrase.
        plan: Gives a process's plan from its name and its keyring; None means without keys.
        open_keyrings: Opens the root and gives each key holder's keyring; raises Refused for a wrong passphrase.
    """

    folders: Folders
    method: str
    asks_passphrase: bool
    plan: Callable[[str, bytes | None], Plan]
    open_keyrings: Callable[[str | None], Keyrings]


@dataclass
class Supervisor:
    """Keeps the right children running until it is told to stop."""

    works: Works
    clock: Clock
    _children: dict[str, Child] = field(default_factory=dict)
    _leaving: dict[str, Child] = field(default_factory=dict)
    _replacing: bool = False
    _keyrings: Keyrings | None = field(default=None, repr=False)
    _stopping: bool = False

    @cached_property
    def recorded(self) -> RecordedLock:
        """Give the same lock with its spool; whoever asks for a change asks this one."""
        return RecordedLock(self, Spool(self.works.folders.locker_spool, self.clock))

    @property
    def is_locked(self) -> bool:
        """Whether no process is given a key."""
        return self._keyrings is None

    def status(self) -> locker.LockStatus:
        """Tell what may be known without keys."""
        folders = self.works.folders
        processes = {name: child.process_id for name, child in self._children.items()}
        return locker.LockStatus(
            locked=self.is_locked,
            method=self.works.method,
            asks_passphrase=self.works.asks_passphrase,
            waiting_count=waiting_count(folders.inbox),
            free_bytes=shutil.disk_usage(folders.inbox).free,
            processes={name: number for name, number in processes.items() if number is not None},
        )

    def unlock(self, passphrase: str | None) -> None:
        """Open the root; the key holders start with their subkeys after this has been answered.

        Raises:
            Refused: The passphrase is wrong, or one is given where none is asked.
        """
        if self._keyrings is None:
            self._keyrings = self.works.open_keyrings(passphrase)
            self._replacing = True
            log.info("the box is unlocked")

    def lock(self) -> None:
        """Stop every key holder, forget the subkeys, and serve the unlock page.

        Returns once no process holds a key; the others are tended meanwhile.
        """
        if self._keyrings is not None:
            self._keyrings = None
            self._replacing = True
            self._tend()
            while self._leaving and not self._stopping:
                time.sleep(_PAUSE_SECONDS)
                self._tend()
            log.info("the box is locked")

    def keyring_of(self, name: str) -> bytes | None:
        """Give a key holder's keyring, None while the box is locked."""
        return (self._keyrings or {}).get(name)

    def restart(self, name: str) -> None:
        """End one child, which is then started again."""
        if name in self._children:
            self._children[name].ask_to_stop()

    def stop(self) -> None:
        """End `run` soon."""
        self._stopping = True

    def run(self, each_tick: Callable[[], None] = lambda: None) -> None:
        """Run the children until SIGTERM, SIGINT or `stop`; then end them all.

        Args:
            each_tick: Called a few times a second, and must not wait.
        """
        before = os.umask(0o077)
        listener = locker.listen(self.works.folders.locker_socket)
        try:
            with _Wakeup(self.stop) as wakeup, selectors.DefaultSelector() as selector:
                selector.register(listener, selectors.EVENT_READ)
                selector.register(wakeup.read_end, selectors.EVENT_READ)
                self._replacing = False
                self._start(*ALWAYS, *KEY_HOLDERS)
                while not self._stopping:
                    self._once(selector, listener, wakeup)
                    each_tick()
        finally:
            self._end(listener)
            os.umask(before)

    def _once(self, selector: selectors.BaseSelector, listener: socket.socket, wakeup: "_Wakeup") -> None:
        for key, _ in selector.select(_TICK_SECONDS):
            if key.fileobj is listener:
                locker.answer_next(listener, self.recorded)
            else:
                wakeup.drain()
        self._tend()

    def _tend(self) -> None:
        """Do what is due now, without waiting for any child."""
        if self._stopping or not self._children:
            return
        if self._replacing:
            self._replacing = False
            self._replace()
        for name in [name for name, child in self._leaving.items() if child.has_left()]:
            del self._leaving[name]
            self._start(name)
        for child in self._children.values():
            child.tend()

    def _start(self, *names: str) -> None:
        """Start those of them that have a place in the present state."""
        for name in names:
            if name not in _IDLE_WHILE_LOCKED or self._keyrings is not None:
                self._children[name] = Child(self.works.plan(name, (self._keyrings or {}).get(name)), self.clock)
                self._children[name].tend()

    def _replace(self) -> None:
        """Ask the key holders to leave; each starts anew, with the keys of that moment, once it has left."""
        for name in KEY_HOLDERS:
            child = self._children.pop(name, None)
            if child is not None:
                child.ask_to_stop()
                self._leaving[name] = child
            elif name not in self._leaving:
                self._start(name)

    def _end(self, listener: socket.socket) -> None:
        listener.close()
        self.works.folders.locker_socket.unlink(missing_ok=True)
        children = [*self._children.values(), *self._leaving.values()]
        for child in children:
            child.ask_to_stop()
        for child in children:
            child.stop()
        self._children.clear()
        self._leaving.clear()
        self._keyrings = None


def waiting_count(inbox: Path) -> int:
    """Count received files that are still in the inbox, without opening any, while intake takes them away."""
    count = 0
    with os.scandir(inbox) as associations:
        for association in associations:
            with suppress(FileNotFoundError, NotADirectoryError), os.scandir(association.path) as files:
                count += sum(len(entry.name) == 32 for entry in files)
    return count


class _Wakeup:
    """Turns signals into readable bytes, so that one `select` waits for everything."""

    def __init__(self, stop: Callable[[], None]) -> None:
        self._stop = stop
        self.read_end, self._write_end = socket.socketpair()
        self._before: dict[int, object] = {}

    def __enter__(self) -> "_Wakeup":
        self.read_end.setblocking(False)
        self._write_end.setblocking(False)
        self._old = signal.set_wakeup_fd(self._write_end.fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD):
            self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        signal.set_wakeup_fd(self._old)
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]  # what signal.signal itself gave
        self.read_end.close()
        self._write_end.close()

    def drain(self) -> None:
        """Read what signals wrote."""
        self.read_end.recv(4096)

    def _note(self, number: int, _: FrameType | None) -> None:
        if number != signal.SIGCHLD:
            self._stop()
