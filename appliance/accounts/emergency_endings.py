"""Notes which emergencies are over, with the instant at which they ended, whoever or whatever ended them; and the code.

What an emergency lends ends by itself, where the session is looked up; here that is written into the trail. So no way
to end a session has to think of emergencies. So does a sealed code, with the right of whoever drew it and so saw it to
draw one: the look-up of a code asks for that.
"""

from datetime import datetime, timedelta

from appliance.accounts import queries
from appliance.accounts import queries_emergencies as emergencies
from appliance.accounts.queries_emergencies import Unended
from appliance.audit.events import PROCESS, Actor, AuditLog, Event, EventCode, Subject, SubjectKind
from appliance.clock import is_ahead
from appliance.notifications.codes import NoticeCode, Severity
from appliance.notifications.notices import raise_notice
from appliance.store.transactions import WriteTransaction

NOTED_EVERY = timedelta(seconds=10)  # how often its use is noted, so how much later than that it was used at most


def settle(tx: WriteTransaction, audit: AuditLog, now: datetime, by: Actor = PROCESS) -> int:
    """Note what is over, and close the accounts that were made for it; gives how many."""
    over = [(one, at) for one in emergencies.unended(tx) if (at := over_at(one, now)) is not None]
    for one, at in over:
        note_end(tx, audit, one, at, by)
    return len(over)


def settle_code(tx: WriteTransaction, audit: AuditLog, now: datetime, by: Actor = PROCESS) -> None:
    """Note that the sealed code is over where whoever drew it has left or manages accounts no more, and tell it."""
    for drawn_by in emergencies.end_codes_of_gone(tx, now):
        audit.record(tx, Event(EventCode.EMERGENCY_CODE_ENDED, by, subject=Subject(SubjectKind.ACCOUNT, drawn_by)))
        raise_notice(tx, NoticeCode.EMERGENCY_CODE_ENDED, Severity.WARNING, now)


def note_end(tx: WriteTransaction, audit: AuditLog, one: Unended, at: datetime, by: Actor) -> None:
    """Note that one is over."""
    subject = Subject(SubjectKind.EMERGENCY, one.lent.emergency_key)
    minutes = max(0, round((at - one.lent.began_at).total_seconds() / 60))
    sequence = audit.record(tx, Event(EventCode.EMERGENCY_ENDED, by, subject=subject, number=minutes, at=at))
    emergencies.set_ended(tx, one.lent.emergency_key, at, sequence)
    if one.is_built_in:
        queries.revoke_sessions_of(tx, one.account_key, at)
        queries.disable_account(tx, one.account_key, at)


def over_at(one: Unended, now: datetime) -> datetime | None:
    """Say since when an emergency is over; None while it is not."""
    lent = one.lent
    ends = [at for at in (one.revoked_at, one.disabled_at) if at is not None]
    if now >= lent.ends_at:
        ends.append(lent.ends_at)
    if is_ahead(lent.latest_at, now) or not one.has_session:
        ends.append(min(lent.ends_at, lent.latest_at + NOTED_EVERY))
    return min(ends) if ends else None
