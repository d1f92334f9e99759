"""Who did what here, in the words of the audit trail."""

from datetime import timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address

from appliance.accounts.account import Account
from appliance.accounts.context import Accounts
from appliance.audit.events import PROCESS, Actor, ActorKind, Event, EventCode, Outcome, Subject, SubjectKind
from appliance.audit.numbers import LANGUAGE, Rights, RightsGiven
from appliance.store.transactions import WriteTransaction


def person(account: Account, address: str) -> Actor:
    """Name a person as the actor."""
    return Actor(ActorKind.ACCOUNT, account.account_key, _address(address))


def machine(token_key: int, address: str) -> Actor:
    """Name a machine with a token as the actor."""
    return Actor(ActorKind.TOKEN, token_key, _address(address))


def nobody(address: str) -> Actor:
    """Name somebody who is not known as the actor."""
    return Actor(ActorKind.NOBODY, None, _address(address))


def account_key_of(actor: Actor) -> int | None:
    """Give the account key of an actor who is a person."""
    return actor.key if actor.kind is ActorKind.ACCOUNT else None


def record_account_event(
    tx: WriteTransaction, accounts: Accounts, code: EventCode, actor: Actor, account_key: int, number: int | None = None
) -> None:
    """Record what an actor did to an account, their own or another's."""
    event = Event(code, actor, subject=Subject(SubjectKind.ACCOUNT, account_key), number=number)
    accounts.audit.record(tx, event)


def record_created(tx: WriteTransaction, accounts: Accounts, actor: Actor, account: Account) -> None:
    """Record that an account was made, and what its person may do."""
    given = RightsGiven(_rights(account))
    record_account_event(tx, accounts, EventCode.ACCOUNT_CREATED, actor, account.account_key, given.number)


def record_rights(tx: WriteTransaction, accounts: Accounts, actor: Actor, before: Account, after: Account) -> None:
    """Record what a person may do from now on, and what they could do before."""
    given = RightsGiven(_rights(after), _rights(before))
    record_account_event(tx, accounts, EventCode.ROLE_CHANGED, actor, after.account_key, given.number)


def record_language(tx: WriteTransaction, accounts: Accounts, account: Account, address: str) -> None:
    """Record that a person chose another language."""
    code, actor = EventCode.ACCOUNT_CHANGED, person(account, address)
    record_account_event(tx, accounts, code, actor, account.account_key, LANGUAGE)


def record_own_event(tx: WriteTransaction, accounts: Accounts, code: EventCode, account: Account, address: str) -> None:
    """Record what a person did to their own account or session."""
    record_account_event(tx, accounts, code, person(account, address), account.account_key)


def record_failure(
    tx: WriteTransaction, accounts: Accounts, code: EventCode, account: Account | None, address: str
) -> None:
    """Record a failed attempt, at an account if there is one."""
    subject = None if account is None else Subject(SubjectKind.ACCOUNT, account.account_key)
    accounts.audit.record(tx, Event(code, nobody(address), Outcome.FAILURE, subject))


def record_throttled(tx: WriteTransaction, accounts: Accounts, address: str, number: int) -> None:
    """Record that so many attempts from an address were not heard."""
    event = Event(EventCode.LOGIN_THROTTLED, nobody(address), Outcome.FAILURE, number=number)
    accounts.audit.record(tx, event)


def record_turned_away(tx: WriteTransaction, accounts: Accounts, actor: Actor, number: int) -> None:
    """Record that so many requests of a caller were too many and were not answered."""
    accounts.audit.record(tx, Event(EventCode.REQUESTS_THROTTLED, actor, Outcome.FAILURE, number=number))


def record_set_back(tx: WriteTransaction, accounts: Accounts, by: timedelta, account_key: int | None = None) -> None:
    """Record that something kept lay so far ahead of the clock; it was passed over, for an account's sign-in or all."""
    subject = None if account_key is None else Subject(SubjectKind.ACCOUNT, account_key)
    seconds = int(by.total_seconds())
    accounts.audit.record(tx, Event(EventCode.CLOCK_SET_BACK, PROCESS, subject=subject, number=seconds))


def _rights(account: Account) -> Rights:
    return Rights(account.role.value, account.image_right)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """Take an address as the proxy told it; nothing when it told none."""
    try:
        return ip_address(text)
    except ValueError:
        return None
