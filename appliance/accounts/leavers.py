"""What ends with a person who leaves or gets another role, told before and after, and what goes on with nobody.

Guards: it is told from the rows that `leaving` changes, never from what was meant.
Leaves out: passkeys, PINs, invitations and the sealed code, which end without a list.
"""

import json
from collections.abc import Callable, Iterable, Set
from dataclasses import dataclass, replace
from datetime import datetime

from appliance.accounts import queries, queries_tokens
from appliance.accounts.account import Account
from appliance.accounts.peers.queries_certificates import Certificate, certificates
from appliance.accounts.roles import Permission, Role, permissions_of
from appliance.accounts.sessions import is_over
from appliance.accounts.tokens import TokenRecord, tokens_of
from appliance.clock import microseconds
from appliance.store.transactions import ReadTransaction, Row


@dataclass(frozen=True, slots=True)
class Ends:
    """What ends, ended or stays: browsers signed in, machines' tokens, devices' certificates."""

    browsers: int
    tokens: tuple[TokenRecord, ...]
    certificates: tuple[Certificate, ...]

    @property
    def is_nothing(self) -> bool:
        """Say whether there is none of it."""
        return not (self.browsers or self.tokens or self.certificates)


def what_ends(tx: ReadTransaction, account: Account, now: datetime) -> Ends:
    """Give what ends when this open account is closed now."""
    living = [row for _, row in queries.sessions_of(tx, account.account_key) if not is_over(account, row, now)]
    return _belonging(tx, account.account_key, len(living), lambda thing: _is_good(thing, now))


def what_ended(tx: ReadTransaction, account: Account, closed_at: datetime) -> Ends:
    """Give what ended when this account was closed; sessions are forgotten in time, tokens and certificates never."""
    was = replace(account, disabled_at=None)
    ended = queries.sessions_ended_since(tx, account.account_key, closed_at)
    living = [row for row in ended if not is_over(was, replace(row, revoked_at=None), closed_at)]
    return _belonging(tx, account.account_key, len(living), lambda thing: _is_since(thing.revoked_at, closed_at))


def what_roles_end(tx: ReadTransaction, account: Account, roles: Iterable[Role], now: datetime) -> Ends:
    """Give the good tokens and certificates that one of these roles, or the image right given or taken, would end."""
    lost = _may_be_lost(account, roles)
    going = {row[3] for row in queries_tokens.tokens(tx) if _goes(row, account.account_key, lost)}
    tokens = tuple(one for one in tokens_of(tx) if one.token_key in going and _is_good(one, now))
    if Permission.APPROVE_SENDERS not in lost:
        return Ends(0, tokens, ())
    theirs = _belonging(tx, account.account_key, 0, lambda thing: _is_good(thing, now))
    return replace(theirs, tokens=tokens)


def what_ended_between(tx: ReadTransaction, account_key: int, since: int, until: int) -> Ends:
    """Give what of this account ended from one microsecond since 1970 to another, both included, but for sessions."""
    return _belonging(
        tx, account_key, 0,
        lambda thing: thing.revoked_at is not None and since <= microseconds(thing.revoked_at) <= until,
    )  # fmt: skip


def what_stays(tx: ReadTransaction, now: datetime) -> Ends:
    """Give the good tokens and certificates that end with nobody."""
    tokens = tuple(one for one in tokens_of(tx) if not one.ends_with and _is_good(one, now))
    without = tuple(one for one in certificates(tx) if one.answerable_key is None and _is_good(one, now))
    return Ends(0, tokens, without)


def _may_be_lost(account: Account, roles: Iterable[Role]) -> frozenset[Permission]:
    """Give what this person may do now and not with every one of these roles, with the image right or without."""
    each = [account.permissions - permissions_of(role, image_right=right) for role in roles for right in (False, True)]
    return frozenset[Permission]().union(*each)


def _goes(row: Row, account_key: int, lost: Set[Permission]) -> bool:
    """Say whether a token ends with these rights of a person, as `leaving` ends it."""
    made_by, laboratory, answerable, _, _, scopes = row[:6]
    return (
        (made_by == account_key and Permission.MANAGE_ACCOUNTS in lost)
        or (laboratory == account_key and Permission.READ_GIVEN in lost)
        or (answerable == account_key and not lost.isdisjoint(json.loads(str(scopes))))
    )


def _belonging(
    tx: ReadTransaction, account_key: int, browsers: int, counts: Callable[[TokenRecord | Certificate], bool]
) -> Ends:
    tokens = tuple(one for one in tokens_of(tx) if account_key in one.ends_with and counts(one))
    theirs = tuple(one for one in certificates(tx) if one.answerable_key == account_key and counts(one))
    return Ends(browsers, tokens, theirs)


def _is_since(at: datetime | None, since: datetime) -> bool:
    return at is not None and at >= since


def _is_good(thing: TokenRecord | Certificate, now: datetime) -> bool:
    ends_at = thing.expires_at if isinstance(thing, TokenRecord) else thing.ends_at
    return thing.revoked_at is None and (ends_at is None or ends_at > now)
