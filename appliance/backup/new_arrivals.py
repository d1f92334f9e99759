"""Whether a target lacks something that has arrived, and since when."""

from collections.abc import Set
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from appliance.backup import queries_copies
from appliance.backup.parts import BackupParts
from appliance.backup.target import Target
from appliance.clock import instant, microseconds

WAITS_TOO_LONG = timedelta(minutes=3)  # in the inbox: intake takes in what arrives within seconds


def waits_since(parts: BackupParts, target: Target, copied: Set[bytes] = frozenset()) -> datetime | None:
    """Say since when the vault has files that a target lacks, or the inbox some that nobody takes in; None for neither.

    Args:
        parts: Collaborators.
        target: The target, as its row is now.
        copied: Files that the last copy had. Without them those that came shortly before it may count once more.
    """
    since = 0 if target.copied_through is None else microseconds(target.copied_through)
    with parts.database.read() as tx:
        first = queries_copies.first_stored_since(tx, since, copied)
    return _stuck_since(parts, target) if first is None else instant(first)


def _stuck_since(parts: BackupParts, target: Target) -> datetime | None:
    """Say when a folder of the inbox changed that has lain there for a while, after the last copy."""
    now = parts.clock.now().timestamp()
    covered = 0.0 if target.covered_at is None else target.covered_at.timestamp()
    with suppress(OSError):
        for folder in (parts.data_folder / "inbox").iterdir():
            with suppress(OSError):
                changed = folder.stat().st_mtime
                if covered <= changed <= now - WAITS_TOO_LONG.total_seconds():
                    return datetime.fromtimestamp(changed, UTC)
    return None
