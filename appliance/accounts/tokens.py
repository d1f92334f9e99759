"""Bearer tokens for machines: named, scoped, revocable, told once.

A token carries permissions of the one table and nothing more; only its
SHA-256 is kept. Tokens open DICOMweb, never pages. Their last use is kept to
the day, so that a machine that is gone can be told from one that works.

Guards: a clock that is set back makes no expired token good: one that expires is
refused while its making lies ahead of the clock.
"""

import hashlib
import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from appliance.accounts import queries, queries_tokens
from appliance.accounts.answerable import check_answerable
from appliance.accounts.context import Accounts
from appliance.accounts.roles import Permission, Role
from appliance.accounts.trail import account_key_of
from appliance.audit.events import Actor, Event, EventCode, Subject, SubjectKind
from appliance.clock import DRIFT, instant, is_ahead
from appliance.errors import NotFound, Unsuitable
from appliance.store.transactions import ReadTransaction

# Each scope by the name that an operator types: searching studies; searching inside them; metadata, pixels and files;
# handing in, which shows nothing of what is there.
SCOPES: Mapping[str, Permission] = {
    "list-studies": Permission.LIST_STUDIES,
    "read-studies": Permission.READ_STUDY,
    "view-images": Permission.VIEW_IMAGES,
    "store-images": Permission.STORE_IMAGES,
}
MAY_BE_SCOPED = frozenset(SCOPES.values())
LABORATORY = "given"  # the scope of a laboratory's token, which has no other
NOTED_EVERY = timedelta(days=1)
_PREFIX = "enamel_"  # so that scanners for leaked secrets can know it


@dataclass(frozen=True, slots=True)
class MachineToken:
    """A machine that may come in; `use_is_due` when this use of it should be noted.

    `laboratory_key` is the account of the laboratory whose machine it is; such a token opens what was given to it.
    """

    token_key: int
    name: str
    permissions: frozenset[Permission]
    use_is_due: bool
    laboratory_key: int | None = None


@dataclass(frozen=True, slots=True)
class Ending:
    """With what a token ends by itself: an instant, the laboratory whose it is, or whoever answers for it, by account.

    Whoever gave it out is none of these; with them it ends as well.
    """

    expires_at: datetime | None = None
    laboratory_key: int | None = None
    answerable_key: int | None = None


def issue_token(
    accounts: Accounts, name: str, scopes: Iterable[Permission], by: Actor, expires_at: datetime | None = None,
    answerable_key: int | None = None,
) -> str:  # fmt: skip
    """Make a token and give it, this once.

    Args:
        accounts: The room.
        name: Which machine it is for.
        scopes: What it opens.
        by: Who gives it out.
        expires_at: When it ends; None for never.
        answerable_key: The account of whoever answers for it, with whom it ends; None for nobody.

    Raises:
        Unsuitable: A scope that machines may not have, or none.
        NotFound: Whoever should answer for it has no open account.
    """
    wanted = frozenset(scopes)
    if not wanted or not wanted <= MAY_BE_SCOPED or not name.strip():
        raise Unsuitable("a token has a name and scopes that machines may have")
    return _issued(accounts, name, wanted, by, Ending(expires_at, answerable_key=answerable_key))


def _issued(accounts: Accounts, name: str, scopes: frozenset[Permission], by: Actor, ending: Ending) -> str:
    token = _PREFIX + secrets.token_urlsafe(32)
    with accounts.database.write() as tx:
        check_answerable(tx, ending.answerable_key)
        token_key = queries_tokens.insert_token(
            tx,
            name=name.strip(),
            token_hash=_hash(token),
            scopes=json.dumps(sorted(scopes)),
            created_by=account_key_of(by),
            created_at=accounts.clock.now(),
            **asdict(ending),
        )
        accounts.audit.record(tx, Event(EventCode.TOKEN_ISSUED, by, subject=Subject(SubjectKind.TOKEN, token_key)))
    return token


def find_token(accounts: Accounts, token: str) -> MachineToken | None:
    """Give the machine of this token, or None when it is unknown, expired or revoked."""
    now = accounts.clock.now()
    with accounts.database.read() as tx:
        found = queries_tokens.token_by_hash(tx, _hash(token), now, now + DRIFT)
    if found is None:
        return None
    token_key, name, scopes, last_used_at, laboratory_key = found
    due = last_used_at is None or now - last_used_at >= NOTED_EVERY or is_ahead(last_used_at, now)
    held = frozenset(Permission(scope) for scope in json.loads(scopes))
    return MachineToken(token_key, name, held, due, laboratory_key)


def find_token_key(accounts: Accounts, token: str) -> int | None:
    """Give the row of a token that is or was good, so that a refused one can be named."""
    with accounts.database.read() as tx:
        return queries_tokens.token_key_by_hash(tx, _hash(token))


def issue_laboratory_token(
    accounts: Accounts, name: str, account_key: int, by: Actor, expires_at: datetime | None = None
) -> str:
    """Make a token for a laboratory's machine and give it, this once: it opens what was given, under pseudonyms.

    Raises:
        Unsuitable: It has no name, or the account is no open one of a laboratory.
    """
    with accounts.database.read() as tx:
        account = next((one for one in queries.accounts(tx) if one.account_key == account_key), None)
    if not name.strip() or account is None or account.role is not Role.LAB or account.disabled_at is not None:
        raise Unsuitable("a laboratory's token has a name, and the account of a laboratory")
    return _issued(accounts, name, frozenset({Permission.READ_GIVEN}), by, Ending(expires_at, account_key))


def note_use(accounts: Accounts, token_key: int) -> None:
    """Note that a token is used now; to be done where that is due."""
    with accounts.database.write() as tx:
        queries_tokens.note_token_use(tx, token_key, accounts.clock.now())


def revoke_token(accounts: Accounts, token_key: int, by: Actor) -> None:
    """End a token at once.

    Raises:
        NotFound: No such token that is still good.
    """
    with accounts.database.write() as tx:
        if not queries_tokens.revoke_token(tx, token_key, accounts.clock.now()):
            raise NotFound("no such token")
        accounts.audit.record(tx, Event(EventCode.TOKEN_REVOKED, by, subject=Subject(SubjectKind.TOKEN, token_key)))


@dataclass(frozen=True, slots=True)
class TokenRecord:
    """What may be listed of a token; the token itself is not kept.

    `ends_with` are the accounts of whoever gave it out, answers for it, or is the laboratory: it ends with any of them.
    """

    token_key: int
    name: str
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None
    ends_with: frozenset[int] = frozenset()


def all_tokens(accounts: Accounts) -> list[TokenRecord]:
    """Give every token that was ever issued, in order."""
    with accounts.database.read() as tx:
        return tokens_of(tx)


def tokens_of(tx: ReadTransaction) -> list[TokenRecord]:
    """Give every token that was ever issued, in order."""
    rows = queries_tokens.tokens(tx)
    return [_record(frozenset(key for key in row[:3] if key is not None), *row[3:]) for row in rows]


def _record(
    ends_with: frozenset[int], key: int, name: str, scopes: str, created_at: int, *instants: int | None
) -> TokenRecord:
    held = {Permission(scope) for scope in json.loads(scopes)}
    every = {**SCOPES, LABORATORY: Permission.READ_GIVEN}
    names = tuple(name for name, permission in every.items() if permission in held)
    expires_at, last_used_at, revoked_at = (queries.maybe_instant(one) for one in instants)
    return TokenRecord(key, name, names, instant(created_at), expires_at, last_used_at, revoked_at, ends_with)


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
