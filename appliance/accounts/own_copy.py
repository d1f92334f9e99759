"""Everything that is kept of one's own account, as a file; what proves who one is stands in it as a fact, never itself.

Of each event of the record that the person did, or that was done to their account, it says when, what, how it went and
from which address. What the person decided at work (rules, holds, proposals, approvals, reviews) is in it as events.

Leaves out: who reviewed an emergency, and who invited, which is somebody else's; of an event, who did it, to whom and
its number; what the person signed about emergencies of others, beyond the event of it; tokens and certificates that
have ended.
"""

from datetime import datetime
from typing import TypedDict

from appliance.accounts import (
    own,
    queries_codes,
    queries_devices,
    queries_emergencies,
    queries_invitations,
    queries_passkeys,
)
from appliance.accounts.account import Account
from appliance.accounts.context import Accounts
from appliance.accounts.leavers import what_ends
from appliance.accounts.sessions import Session
from appliance.accounts.trail import record_own_event
from appliance.audit.events import EventCode
from appliance.audit.queries import events_of_account
from appliance.clock import instant
from appliance.store.transactions import ReadTransaction


class Facts(TypedDict):
    """The account itself; times are ISO 8601 in UTC."""

    user_name: str
    name: str
    role: str
    may_view_images: bool
    language: str
    second_factor: bool
    made_at: str
    password_set_at: str | None
    last_signed_in_at: str | None
    closed_at: str | None


class ExportedPasskey(TypedDict):
    """A passkey, but for its key."""

    name: str
    works_at: str
    made_at: str
    last_used_at: str | None


class ExportedBrowser(TypedDict):
    """A browser where the person came in whole; whether a PIN of theirs opens it, never which."""

    first_signed_in_at: str
    last_signed_in_at: str
    has_pin: bool


class ExportedInvitation(TypedDict):
    """An invitation to choose a first password, but for its code."""

    made_at: str
    good_until: str
    ended_at: str | None


class ExportedReview(TypedDict):
    """What somebody signed about an emergency."""

    signed_at: str
    verdict: str
    words: str


class ExportedEmergency(TypedDict):
    """A time that this person broke the glass."""

    began_at: str
    ended_at: str | None
    reason: str
    words: str
    reviews: list[ExportedReview]


class ExportedSession(TypedDict):
    """A living session, but for its token."""

    address: str
    browser: str
    system: str
    began_at: str
    active_at: str


class ExportedEvent(TypedDict):
    """An event of the record that the person did, or that was done to their account."""

    at: str
    event: str
    outcome: str
    address: str | None


class Exported(TypedDict):
    """The whole file."""

    account: Facts
    devices_answered_for: list[str]
    machines: list[str]
    recovery_codes_left: int
    pin_last_set_at: str | None
    passkeys: list[ExportedPasskey]
    browsers: list[ExportedBrowser]
    sessions: list[ExportedSession]
    invitations: list[ExportedInvitation]
    emergencies: list[ExportedEmergency]
    events: list[ExportedEvent]


def export_account(accounts: Accounts, session: Session, address: str) -> Exported:
    """Give everything that is kept of one's own account, but for what proves who one is."""
    account = session.account
    with accounts.database.write() as tx:
        record_own_event(tx, accounts, EventCode.ACCOUNT_EXPORTED, account, address)
    signed_in = own.sessions_of(accounts, session)
    with accounts.database.read() as tx:
        events, ends = _events(tx, account), what_ends(tx, account, accounts.clock.now())
        return {
            "account": _facts(account),
            "devices_answered_for": [one.device_name for one in ends.certificates],
            "machines": [one.name for one in ends.tokens],
            "recovery_codes_left": queries_codes.unused_codes(tx, account.account_key),
            "pin_last_set_at": max((one["at"] for one in events if one["event"] == EventCode.PIN_SET), default=None),
            "passkeys": _passkeys(tx, account),
            "browsers": _browsers(tx, account),
            "sessions": [_session(each) for each in signed_in],
            "invitations": _invitations(tx, account),
            "emergencies": _emergencies(tx, account),
            "events": events,
        }


def _facts(account: Account) -> Facts:
    return {
        "user_name": account.user_name,
        "name": account.display_name,
        "role": account.role.value,
        "may_view_images": account.image_right,
        "language": account.language,
        "second_factor": account.second_factor,
        "made_at": _text(account.created_at),
        "password_set_at": _maybe(account.password_set_at),
        "last_signed_in_at": _maybe(account.last_in_at),
        "closed_at": _maybe(account.disabled_at),
    }


def _session(one: own.OwnSession) -> ExportedSession:
    return {
        "address": one.address,
        "browser": f"{one.browser.family} {one.browser.version}" if one.browser.family else "",
        "system": one.browser.system,
        "began_at": _text(one.created_at),
        "active_at": _text(one.last_active_at),
    }


def _passkeys(tx: ReadTransaction, account: Account) -> list[ExportedPasskey]:
    return [
        {
            "name": each.name,
            "works_at": each.host,
            "made_at": _text(each.created_at),
            "last_used_at": _maybe(each.last_used_at),
        }
        for each in queries_passkeys.passkeys_of(tx, account.account_key)
    ]


def _browsers(tx: ReadTransaction, account: Account) -> list[ExportedBrowser]:
    return [
        {"first_signed_in_at": _text(first), "last_signed_in_at": _text(last), "has_pin": has_pin}
        for first, last, has_pin in queries_devices.devices_of(tx, account.account_key)
    ]


def _invitations(tx: ReadTransaction, account: Account) -> list[ExportedInvitation]:
    return [
        {"made_at": _text(made), "good_until": _text(until), "ended_at": _maybe(ended)}
        for made, until, ended in queries_invitations.invitations_of(tx, account.account_key)
    ]


def _emergencies(tx: ReadTransaction, account: Account) -> list[ExportedEmergency]:
    return [
        {
            "began_at": _text(each.began_at),
            "ended_at": _maybe(each.ended_at),
            "reason": each.reason,
            "words": each.words,
            "reviews": [
                {"signed_at": _text(one.signed_at), "verdict": one.verdict, "words": one.words}
                for one in queries_emergencies.reviews_of(tx, each.emergency_key)
            ],
        }
        for each in queries_emergencies.emergencies_of(tx, account.account_key)
    ]


def _events(tx: ReadTransaction, account: Account) -> list[ExportedEvent]:
    return [
        {"at": _text(instant(each.at)), "event": each.event, "outcome": each.outcome, "address": each.address}
        for each in events_of_account(tx, account.account_key)
    ]


def _text(at: datetime) -> str:
    return at.isoformat()


def _maybe(at: datetime | None) -> str | None:
    return None if at is None else _text(at)
