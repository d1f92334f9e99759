"""The register of recovery kits: made, kept by whom, read back, ended. The secret itself is never here.

Guards: only the newest kit of a form counts; that an earlier one was ended
here does not make its papers worthless, for they open the same root: whoever
shows them says so. Leaves out: making shares (`appliance.keys.recovery_shares`).
"""

from collections.abc import Sequence
from datetime import datetime

from appliance.audit.events import Actor, AuditLog, Event, EventCode, Subject, SubjectKind
from appliance.errors import Unsuitable
from appliance.keys.recovery_shares import SHARE_COUNT
from appliance.recovery import queries
from appliance.recovery.queries import KitRow
from appliance.store.roots import roots
from appliance.store.transactions import ReadTransaction, WriteTransaction

CODE, SHARES = "code", "shares"
_LONGEST_HOLDER = 80


def checked_holders(holders: Sequence[str]) -> tuple[str, ...]:
    """Give who keeps which share, as rows keep it.

    Raises:
        Unsuitable: They are neither nobody nor one for each share, or not a line of text each.
    """
    named = tuple(holder.strip() for holder in holders)
    if named and len(named) != SHARE_COUNT:
        raise Unsuitable(f"a kit has {SHARE_COUNT} shares: name {SHARE_COUNT} keepers, or none")
    if any(not 0 < len(holder) <= _LONGEST_HOLDER or not holder.isprintable() for holder in named):
        raise Unsuitable(f"a keeper is named in 1 to {_LONGEST_HOLDER} characters, on one line")
    return named


def record_made(
    tx: WriteTransaction, audit: AuditLog, identifier: int, holders: Sequence[str], now: datetime, by: Actor
) -> int:
    """Enter a kit of shares that was made now, in the place of those before it; give its key."""
    queries.end_kits(tx, now, SHARES)
    kit_key = queries.add_kit(tx, SHARES, identifier, checked_holders(holders), now)
    audit.record(tx, Event(EventCode.RECOVERY_KIT_MADE, by, subject=Subject(SubjectKind.KIT, kit_key)))
    return kit_key


def record_read_back(tx: WriteTransaction, audit: AuditLog, identifier: int | None, now: datetime, by: Actor) -> KitRow:
    """Enter that a kit was typed in and opens this box; one that nobody entered before is entered now.

    Args:
        tx: The transaction.
        audit: The trail.
        identifier: Of the shares; None for the code.
        now: The time.
        by: Who typed.
    """
    form = CODE if identifier is None else SHARES
    kit = queries.find_kit(tx, form, identifier)
    kit_key = queries.add_kit(tx, form, identifier, (), now) if kit is None else kit.kit_key
    queries.note_read_back(tx, kit_key, now)
    audit.record(tx, Event(EventCode.RECOVERY_KIT_READ_BACK, by, subject=Subject(SubjectKind.KIT, kit_key)))
    return next(row for row in queries.all_kits(tx) if row.kit_key == kit_key)


def current_kits(tx: ReadTransaction) -> list[KitRow]:
    """Give the kits that count, the newest first."""
    return [kit for kit in queries.all_kits(tx) if kit.ended_at is None]


def opening_kits(tx: ReadTransaction) -> list[KitRow]:
    """Give the kits whose papers open this box, the newest first: all that were made since its root secret is this one.

    One that was replaced is among them, for a new kit is of the same root.
    """
    since = max((root.retired_at for root in roots(tx) if root.retired_at is not None), default=None)
    return [kit for kit in queries.all_kits(tx) if since is None or kit.made_at >= since]
