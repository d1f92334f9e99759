"""Reviewing emergencies: somebody else looks at what was seen, says whether it was right, and signs.

Guards: nobody reviews their own, nor what was opened by the code that they drew, and so saw, while anybody else can
review it; a review is signed with a code just shown and is never changed, only added to (the catalogue refuses it).
Its event in the chained trail bears a digest of what was signed, so that a review that was changed past the box shows.
The digest is salted: it tells nobody what was written.
Leaves out: who stood behind the name that was typed at an envelope.
"""

import hashlib
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from appliance.accounts import queries_emergencies as kept
from appliance.accounts.approvers import who_may
from appliance.accounts.context import Accounts
from appliance.accounts.emergencies import LONGEST_WORDS, SUBJECT
from appliance.accounts.emergency_endings import settle
from appliance.accounts.queries_emergencies import Emergency, Review
from appliance.accounts.roles import Permission
from appliance.accounts.second_factor import Confirmed
from appliance.audit.chain import Entry
from appliance.audit.events import ActorKind, Event, EventCode, Subject, SubjectKind
from appliance.audit.families import Family, codes_of
from appliance.audit.queries_search import Wanted, reading
from appliance.clock import microseconds
from appliance.errors import NotFound, NotPermitted, Unsuitable
from appliance.notifications.codes import NoticeCode
from appliance.notifications.notices import end_notice
from appliance.store.transactions import ReadTransaction

NOTICES = (NoticeCode.EMERGENCY_BEGUN, NoticeCode.EMERGENCY_REPEATED, NoticeCode.EMERGENCY_CODE_USED)
LOOKS = (*codes_of(Family.VIEWS), *codes_of(Family.EXPORTS))
_NONCE_BYTES = 16
_DIGEST_BITS = 63  # a whole number that a row can have


class Verdict(StrEnum):
    """What a reviewer thinks of it."""

    RIGHT = "right"
    NOT_RIGHT = "not right"
    FOLLOW_UP = "to be followed up"


@dataclass(frozen=True, slots=True)
class Signed:
    """A review, and whether it is what was signed."""

    review: Review
    is_genuine: bool


def review(accounts: Accounts, emergency_key: int, by: Confirmed, verdict: str, words: str) -> None:
    """Sign what one thinks of an emergency; the first review decides, later ones add to it.

    Raises:
        NotFound: There is no such emergency.
        NotPermitted: It is one's own, came of one's own code while others may review, or is not for this person.
        Unsuitable: It goes on still, or there is no verdict or no words.
    """
    said, own = words.strip()[:LONGEST_WORDS], by.account
    if verdict not in set(Verdict) or not said:
        raise Unsuitable("a review has a verdict, and words for it")
    with accounts.database.write() as tx:
        now = accounts.clock.now()
        settle(tx, accounts.audit, now)
        found = get_emergency(tx, emergency_key)
        if Permission.REVIEW_EMERGENCIES not in own.permissions or not is_for(tx, found, own.account_key):
            raise NotPermitted("an emergency is reviewed by somebody else, who may")
        if found.ended_at is None:
            raise Unsuitable("it goes on: it is reviewed when it is over")
        bare = Review(own.account_key, verdict, said, now, secrets.token_bytes(_NONCE_BYTES), 0)
        subject = Subject(SubjectKind.EMERGENCY, emergency_key)
        event = Event(EventCode.EMERGENCY_REVIEWED, by.actor, subject=subject, number=digest(found, bare))
        kept.insert_review(tx, emergency_key, replace(bare, sequence=accounts.audit.record(tx, event)))
        for code in NOTICES:
            end_notice(tx, code, now, (SUBJECT, emergency_key))


def get_emergency(tx: ReadTransaction, emergency_key: int) -> Emergency:
    """Give one.

    Raises:
        NotFound: There is none.
    """
    found = kept.find_emergency(tx, emergency_key)
    if found is None:
        raise NotFound("there is no such emergency")
    return found


def digest(emergency: Emergency, one: Review) -> int:
    """Give the number by which the trail knows what was signed: who, when, of what, and every word.

    A person's own name may be corrected; one that was typed at an envelope is what was signed.
    """
    typed = "" if emergency.drawn_by is None else emergency.name
    signed = [
        emergency.emergency_key, emergency.account_key, typed, emergency.reason, emergency.words,
        microseconds(emergency.began_at), microseconds(emergency.ended_at or emergency.ends_at),
        one.account_key, one.verdict, one.words, microseconds(one.signed_at),
    ]  # fmt: skip
    whole = hashlib.sha256(one.nonce + json.dumps(signed).encode()).digest()
    return int.from_bytes(whole, "big") >> (8 * len(whole) - _DIGEST_BITS)


def signed_reviews(tx: ReadTransaction, emergency: Emergency) -> Sequence[Signed]:
    """Give what was signed of an emergency, the first first."""
    return [
        Signed(one, _told(tx, one.sequence, emergency.emergency_key) == digest(emergency, one))
        for one in kept.reviews_of(tx, emergency.emergency_key)
    ]


def _told(tx: ReadTransaction, sequence: int, emergency_key: int) -> int | None:
    """Give the digest that the trail has under a number, if it is of a review of this emergency."""
    wanted = Wanted(events=(EventCode.EMERGENCY_REVIEWED,))
    entry = next(iter(reading(tx, wanted, sequence - 1)), None)
    if entry is None or (entry.sequence, entry.subject_key) != (sequence, emergency_key):
        return None
    return entry.number


def seen_in(tx: ReadTransaction, emergency: Emergency) -> list[Entry]:
    """Give every look of that person in the box of time, in any of their sessions, the first first.

    What an answer showed is told when it is done, so some of it is written after the end.
    """
    until = None if emergency.ended_at is None else microseconds(emergency.ended_at) + 1
    wanted = Wanted(until=until, actor_kind=ActorKind.ACCOUNT, actor_key=emergency.account_key, events=LOOKS)
    return list(reading(tx, wanted, emergency.first_sequence))


def is_for(tx: ReadTransaction, emergency: Emergency, account_key: int) -> bool:
    """Say whether this is for somebody to review, who may review emergencies.

    Not one's own. Nor what somebody came in for by a code that one had drawn, and so may have used under any name;
    only where nobody else can, it is better reviewed by its drawer than by nobody.
    """
    if account_key == emergency.account_key:
        return False
    return account_key != emergency.drawn_by or not can_be_reviewed(tx, emergency)


def can_be_reviewed(tx: ReadTransaction, emergency: Emergency) -> bool:
    """Say whether there is anybody else who could review this than who it was, or who drew the code for it."""
    others = who_may(tx, Permission.REVIEW_EMERGENCIES)
    return any(each.account_key not in (emergency.account_key, emergency.drawn_by) for each in others)
