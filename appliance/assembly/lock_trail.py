"""Keeps for the trail that the box was locked, unlocked, or not opened by what was typed.

While it is locked nobody can write to the trail, so these are spooled with
their own times, and intake takes them in after the next unlock.
Guards: what cannot be written down neither keeps a box open nor closed.
"""

import logging
from dataclasses import dataclass
from typing import Protocol

from appliance.assembly import locker
from appliance.errors import ApplianceError
from appliance.inbox.spool import Spool, SpoolEvent

log = logging.getLogger(__name__)

_BY_ITSELF, _OPERATOR, _SOMEBODY = "process", "operator", "nobody"


class Lockable(locker.Lock, Protocol):
    """A lock that knows its own state."""

    @property
    def is_locked(self) -> bool:
        """Whether no process holds a key."""
        ...


@dataclass(frozen=True)
class RecordedLock:
    """A lock whose every change is spooled.

    Attributes:
        inner: Does it.
        spool: Of the locker.
        unattended: The box does it by itself, as at its start.
    """

    inner: Lockable
    spool: Spool
    unattended: bool = False

    def status(self) -> locker.LockStatus:
        """Tell the state."""
        return self.inner.status()

    def lock(self) -> None:
        """Lock, and keep that it was asked for."""
        if not self.inner.is_locked:
            self.inner.lock()
            self._keep(SpoolEvent.BOX_LOCKED, _OPERATOR)

    def unlock(self, passphrase: str | None) -> None:
        """Unlock as somebody who typed a passphrase, the operator, or the box itself; keep that, or that it failed."""
        if not self.inner.is_locked:
            return
        by = _BY_ITSELF if self.unattended else _OPERATOR if passphrase is None else _SOMEBODY
        try:
            self.inner.unlock(passphrase)
        except ApplianceError:
            self._keep(SpoolEvent.UNLOCK_FAILED, by)
            raise
        self._keep(SpoolEvent.BOX_UNLOCKED, by)

    def _keep(self, event: SpoolEvent, by: str) -> None:
        try:
            self.spool.record_each(event, {"by": by})
        except OSError as fault:
            log.warning("%s could not be written down: %s", event.value, fault.strerror)
