"""Breaking the glass: the right to look at images, lent to one session of a person for a box of time.

Guards: it is lent to the session that asked and to no other of the same person, after a code just shown; it gives
looking and nothing else, never taking out, storing or giving away; it ends by itself (`sessions` asks `lent` at each
request). Every beginning is an event and a notice to whoever looks after the box, and stays waiting until somebody
else has reviewed it (`emergency_reviews`). An earlier one that waits keeps nobody from a patient: the notice says so.

Source: 45 CFR 164.312(a)(2)(ii) (emergency access procedure).
"""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from appliance.accounts import queries_emergencies as kept
from appliance.accounts.account import Account
from appliance.accounts.context import Accounts
from appliance.accounts.emergency_endings import note_end, settle
from appliance.accounts.roles import IMAGE_RIGHT, Permission
from appliance.accounts.second_factor import Confirmed
from appliance.accounts.sessions import Session, Stage
from appliance.accounts.trail import person
from appliance.audit.events import Actor, Event, EventCode, Subject, SubjectKind
from appliance.errors import NotFound, NotPermitted, Unsuitable
from appliance.jobs.asking import ask_run
from appliance.notifications.codes import NoticeCode, Severity
from appliance.notifications.notices import raise_notice
from appliance.store.transactions import WriteTransaction

REVIEW_WITHIN = timedelta(days=7)
LONGEST_WORDS = 1000
SUBJECT = "emergency"  # of its notices
TELL = "tell"  # the job that tells


class Reason(StrEnum):
    """Why the glass was broken, in general; the person's own words say more."""

    TREATMENT = "treatment"
    NOBODY_THERE = "nobody there"
    ASKED_FOR = "asked for"
    ACCOUNT = "account"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Why:
    """A reason and the words for it."""

    reason: Reason
    words: str


def why_of(reason: str, words: str) -> Why:
    """Take what a person gives as their reason.

    Raises:
        Unsuitable: It is no reason of the list, or there are no words.
    """
    said = words.strip()[:LONGEST_WORDS]
    if reason not in set(Reason) or not said:
        raise Unsuitable("an emergency has a reason, and words for it")
    return Why(Reason(reason), said)


def begin(accounts: Accounts, session: Session, by: Confirmed, why: Why) -> int:
    """Lend the image right to this session; gives the emergency's key.

    Raises:
        NotPermitted: The role may not break the glass, or somebody else confirmed it.
        Unsuitable: This session may look already.
    """
    if by.account.account_key != session.account.account_key or session.stage is not Stage.FULL:
        raise NotPermitted("an emergency is begun by whoever is signed in")
    if Permission.BREAK_GLASS not in by.account.permissions:
        raise NotPermitted("this role may not break the glass")
    if by.account.permissions >= IMAGE_RIGHT:
        raise Unsuitable("this person may look at images without an emergency")
    with accounts.database.write() as tx:
        now = accounts.clock.now()
        settle(tx, accounts.audit, now)
        if kept.open_of_session(tx, session.session_hash) is not None:
            raise Unsuitable("this session has an emergency")
        late = kept.count_unreviewed(tx, now - REVIEW_WITHIN, by.account.account_key) > 0
        key = begin_for(tx, accounts, Borrower(by.account, session.session_hash, by.actor), why)
        tell(tx, accounts, NoticeCode.EMERGENCY_REPEATED if late else NoticeCode.EMERGENCY_BEGUN, key)
    return key


@dataclass(frozen=True, slots=True)
class Borrower:
    """Whom the right is lent to: an account, one session of it, and how the trail names them."""

    account: Account
    session_hash: bytes
    actor: Actor
    code_key: int | None = None


def begin_for(tx: WriteTransaction, accounts: Accounts, to: Borrower, why: Why) -> int:
    """Begin an emergency and record it; gives its key."""
    now = accounts.clock.now()
    key = kept.insert_emergency(
        tx, now, now + timedelta(minutes=accounts.emergency_minutes),
        account_key=to.account.account_key, session_hash=to.session_hash, code_key=to.code_key,
        reason=why.reason.value, words=why.words,
    )  # fmt: skip
    subject = Subject(SubjectKind.EMERGENCY, key)
    event = Event(EventCode.EMERGENCY_BEGUN, to.actor, subject=subject, number=accounts.emergency_minutes)
    kept.set_first_event(tx, key, accounts.audit.record(tx, event))
    return key


def tell(tx: WriteTransaction, accounts: Accounts, code: NoticeCode, emergency_key: int) -> None:
    """Tell whoever looks after the box, at once where the box tells anybody anything."""
    now = accounts.clock.now()
    raise_notice(tx, code, Severity.ALARM, now, (SUBJECT, emergency_key), accounts.emergency_minutes)
    with suppress(NotFound):  # a box whose jobs never ran tells it when they do
        ask_run(tx, TELL, now)


def end(accounts: Accounts, session: Session, address: str) -> bool:
    """End the emergency of one's own session now; gives whether there was one."""
    if session.emergency is None:
        return False
    with accounts.database.write() as tx:
        return _end_now(tx, accounts, session.emergency.emergency_key, person(session.account, address))


def end_of_other(accounts: Accounts, emergency_key: int, by: Account, address: str) -> None:
    """End somebody's emergency now, as a reviewer.

    Raises:
        NotFound: There is none that goes on under this key.
        NotPermitted: It is not for this person.
    """
    with accounts.database.write() as tx:
        if not _end_now(tx, accounts, emergency_key, person(by, address)):
            raise NotFound("no emergency goes on under this key")
        if Permission.REVIEW_EMERGENCIES not in by.permissions:
            raise NotPermitted("this role reviews no emergencies")


def _end_now(tx: WriteTransaction, accounts: Accounts, emergency_key: int, by: Actor) -> bool:
    now = accounts.clock.now()
    settle(tx, accounts.audit, now)
    found = [one for one in kept.unended(tx) if one.lent.emergency_key == emergency_key]
    for one in found:
        note_end(tx, accounts.audit, one, now, by)
    return bool(found)


def is_late(emergency: kept.Emergency, now: datetime) -> bool:
    """Say whether an emergency has waited for its review for longer than it may."""
    return emergency.reviews == 0 and now - emergency.began_at > REVIEW_WITHIN
