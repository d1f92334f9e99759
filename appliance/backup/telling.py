"""Tells the clinic about its copies: one notice for each target that is late or fails, one where there is none.

Guards: a disk that is away is told after its own limit, not before; what is over is ended.
"""

from datetime import datetime

from appliance.backup import queries
from appliance.backup.faults import Fault
from appliance.backup.standing import Standing, fault_told, is_worth_telling, standing_of
from appliance.backup.target import Target
from appliance.notifications.codes import NoticeCode, Severity
from appliance.notifications.notices import end_notice, raise_notice
from appliance.store.transactions import ReadTransaction, WriteTransaction

SUBJECT = "target"
_SEVERITIES = {Standing.WARNING: Severity.WARNING, Standing.ALARM: Severity.ALARM}


def tell_of_targets(tx: WriteTransaction, now: datetime) -> None:
    """Raise and end the notices about all targets, as they stand now."""
    used = queries.used_targets(tx)
    if used:
        end_notice(tx, NoticeCode.BACKUP_MISSING, now)
    else:
        raise_notice(tx, NoticeCode.BACKUP_MISSING, Severity.WARNING, now)
    for target in queries.targets(tx):
        _tell(tx, target, now)


def end_notices_of(tx: WriteTransaction, target_key: int, now: datetime) -> None:
    """End what was said of one target."""
    for code in (NoticeCode.BACKUP_LATE, NoticeCode.BACKUP_FAILS):
        end_notice(tx, code, now, (SUBJECT, target_key))


def names_of_targets(tx: ReadTransaction) -> dict[tuple[str, int], str]:
    """Give what the clinic calls the places that notices are about."""
    return {(SUBJECT, target.target_key): target.name for target in queries.targets(tx)}


def _tell(tx: WriteTransaction, target: Target, now: datetime) -> None:
    standing, subject = standing_of(target, now), (SUBJECT, target.target_key)
    if target.destroyed_at is not None:
        end_notice(tx, NoticeCode.ERASURE_UNDECIDED, now, subject)  # nobody reads there any more
    days = (now - (target.covered_at or target.created_at)).days
    severity = _SEVERITIES.get(standing)
    wanted = None
    if severity is not None:
        fails = is_worth_telling(fault_told(target)) or target.fault is Fault.NOT_OURS or days < 1
        wanted = NoticeCode.BACKUP_FAILS if fails else NoticeCode.BACKUP_LATE
    for code in (NoticeCode.BACKUP_LATE, NoticeCode.BACKUP_FAILS):
        if code is wanted and severity is not None:
            raise_notice(tx, code, severity, now, subject, days if code is NoticeCode.BACKUP_LATE else None)
        else:
            end_notice(tx, code, now, subject)
