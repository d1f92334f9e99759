"""Records that the settings file was changed: what a process starts with is compared with what the box ran with last.

Guards: of a setting the catalogue keeps a digest, and the trail which group it belongs to; no value is in either. What
is kept and what is recorded change in one transaction, whichever process comes first.
Leaves out: who changed it, which a file does not say; what receiver and intake were started with, until the pages or
the jobs start. A setting that a release brings counts as changed only where the file gives it another value.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from threading import Event as Stop

from appliance.audit.events import PROCESS, AuditLog, Event, EventCode
from appliance.audit.numbers import SettingsGroup
from appliance.config import Settings, settings_values
from appliance.errors import ApplianceError
from appliance.store.database import Database
from appliance.trail import queries

log = logging.getLogger(__name__)

RETRY_SECONDS = 10.0
_GROUPS: Mapping[str, SettingsGroup] = {
    "staff.lock_after_seconds": SettingsGroup.SESSIONS,
    "staff.emergency_minutes": SettingsGroup.SESSIONS,
    "receiver": SettingsGroup.NETWORK,
    "staff": SettingsGroup.NETWORK,
    "passwords": SettingsGroup.PASSWORDS,
    "packs": SettingsGroup.PACKS,
    "mail": SettingsGroup.NOTICES,
    "webhook": SettingsGroup.NOTICES,
    "syslog": SettingsGroup.TRAIL,
}


@dataclass(frozen=True)
class SettingsParts:
    """What comparing takes: the catalogue, its trail, and what this process was started with."""

    database: Database
    audit: AuditLog
    settings: Settings


def note_settings(parts: SettingsParts) -> tuple[SettingsGroup, ...]:
    """Record each group of which a setting is not what it was, and keep what it is; the first time only that.

    Returns:
        The groups, in the order of their numbers.

    Raises:
        ApplianceError: The catalogue cannot be read or written now; nothing was recorded.
    """
    now = _digests(parts.settings)
    with parts.database.read() as tx:
        if queries.kept_settings(tx) == now:
            return ()
    with parts.database.write() as tx:
        groups = _changed(queries.kept_settings(tx), now)
        for group in groups:
            parts.audit.record(tx, Event(EventCode.SETTINGS_CHANGED, PROCESS, number=group.value))
        queries.keep_settings(tx, now)
    return groups


def keep_noted(parts: SettingsParts, stop: Stop, pause_seconds: float = RETRY_SECONDS) -> None:
    """Note what this process was started with; while the catalogue cannot take it, try again until told to stop."""
    try:
        while not stop.is_set():
            try:
                note_settings(parts)
            except ApplianceError as fault:
                log.warning("the settings are not compared yet: %s", fault)
                stop.wait(pause_seconds)
            else:
                return
    finally:
        parts.database.close()  # this thread's connection


def group_of(name: str) -> SettingsGroup:
    """Say which settings one is told with."""
    section = name.partition(".")[0]
    return _GROUPS.get(name) or _GROUPS.get(section, SettingsGroup.BOX)


def _changed(kept: Mapping[str, bytes], now: Mapping[str, bytes]) -> tuple[SettingsGroup, ...]:
    if not kept:
        return ()
    before = {**_digests(Settings()), **kept}
    return tuple(sorted({group_of(name) for name, digest in now.items() if digest != before.get(name)}))


def _digests(settings: Settings) -> dict[str, bytes]:
    return {name: sha256(value.encode()).digest() for name, value in settings_values(settings).items()}
