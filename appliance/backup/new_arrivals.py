"""Whether a target lacks something that has arrived."""

from contextlib import suppress
from datetime import timedelta

from appliance.backup import queries_copies
from appliance.backup.parts import BackupParts
from appliance.backup.target import Target
from appliance.clock import microseconds

WAITS_TOO_LONG = timedelta(minutes=3)  # in the inbox: intake takes in what arrives within seconds


def has_new(parts: BackupParts, target: Target) -> bool:
    """Say whether the vault has files that a target lacks, or the inbox some that nobody takes in.

    Files that came shortly before the last copy may count once more.
    """
    since = 0 if target.copied_through is None else microseconds(target.copied_through)
    with parts.database.read() as tx:
        if queries_copies.has_stored_since(tx, since):
            return True
    return _is_inbox_stuck(parts, target)


def _is_inbox_stuck(parts: BackupParts, target: Target) -> bool:
    """Say whether a folder of the inbox changed after the last copy, and has lain there for a while."""
    now = parts.clock.now().timestamp()
    covered = 0.0 if target.covered_at is None else target.covered_at.timestamp()
    with suppress(OSError):
        for folder in (parts.data_folder / "inbox").iterdir():
            with suppress(OSError):
                changed = folder.stat().st_mtime
                if covered <= changed <= now - WAITS_TOO_LONG.total_seconds():
                    return True
    return False
