"""Which keys there are, in which state each is, and what still needs it.

States are those of NIST SP 800-57 part 1 revision 5, section 7: pre-activation, active, deactivated, compromised,
destroyed; nothing here is ever suspended. A key that was both compromised and destroyed is destroyed, and says
since when it was compromised. Leaves out: key material, none of which is read here.

Source: NIST SP 800-57 part 1 rev. 5, 7.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from appliance.clock import instant
from appliance.store.box import find_box
from appliance.store.roots import COMPROMISED, Root, roots
from appliance.store.rotating_keys import KeyKind
from appliance.store.transactions import ReadTransaction, Row

MOST_COUNTED = 1000
ROOT, SIGNING = "root", "signing"
_UNDER_A_ROOT = ("key-wrapping", "accounts", SIGNING, "pseudonym")
_KEPT = ("catalogue", "audit", "backup")


class KeyState(StrEnum):
    """The states of a key.

    Source: NIST SP 800-57 part 1 rev. 5, 7.
    """

    PRE_ACTIVATION = "pre-activation"
    ACTIVE = "active"
    DEACTIVATED = "deactivated"
    COMPROMISED = "compromised"
    DESTROYED = "destroyed"


class Need(StrEnum):
    """What still needs a key."""

    EVERYTHING = "everything below it"
    FILES = "files"
    ARRIVALS = "arrivals that no backup holds yet"
    COPIES = "copies of before"
    RECORD = "the record of before"
    CERTIFICATES = "certificates of before"
    TRUST = "browsers and devices that trust it"
    NOTHING = "nothing"


@dataclass(frozen=True)
class KeyFacts:
    """One key.

    Attributes:
        kind: `root`, a subkey, or a kind of rotating key.
        number: From 1, of its kind.
        state: Its state now.
        made_at: Since when there is one.
        since: Since when it is in this state.
        need: What still needs it.
        count: Of how many of them; None where they are not counted, `MOST_COUNTED` where there may be more.
        compromised_at: Since when somebody may know it.
    """

    kind: str
    number: int
    state: KeyState
    made_at: datetime
    since: datetime
    need: Need
    count: int | None = None
    compromised_at: datetime | None = None


def key_states(tx: ReadTransaction, published_pair: int | None) -> list[KeyFacts]:
    """Give every key that this box ever had, kind by kind, the newest of each first.

    Args:
        tx: The transaction.
        published_pair: The inbox pair that the receiver seals to now; None where that is not known.
    """
    known = _roots(tx)
    facts = [_root(tx, root) for root in known]
    facts += [fact for kind in _KEPT for fact in _kept(tx, kind, known)]
    facts += [_signed(root) for root in known if root.signing_public_key is not None]
    facts += [
        KeyFacts(kind, known[-1].number, KeyState.ACTIVE, known[-1].since, known[-1].since, Need.EVERYTHING)
        for kind in _UNDER_A_ROOT
    ]
    facts += [_rotating(tx, row, published_pair) for row in _rows(tx)]
    return sorted(facts, key=lambda fact: (_ORDER.index(fact.kind), -fact.number))


def under(tx: ReadTransaction, kind: KeyKind, number: int) -> tuple[Need, int | None]:
    """Say what a rotating key opens, and of how much."""
    if kind is KeyKind.WRAPPING:
        sql = "SELECT count(*) FROM (SELECT 1 FROM files WHERE wrapping_key_number = :number LIMIT :most)"
        return Need.FILES, int(tx.rows(sql, number=number, most=MOST_COUNTED)[0][0])
    if kind is KeyKind.INBOX:
        sql = "SELECT count(*) FROM (SELECT 1 FROM associations WHERE released_at IS NULL LIMIT :most)"
        return Need.ARRIVALS, int(tx.rows(sql, most=MOST_COUNTED)[0][0])
    return Need.TRUST, None


_ORDER = (ROOT, *_KEPT, *_UNDER_A_ROOT, *(kind.value for kind in KeyKind))


def _roots(tx: ReadTransaction) -> list[Root]:
    """Give the roots; a box that never had another has not noted its first."""
    box = find_box(tx)
    first = Root(1, b"", instant(0) if box is None else box.created_at, None, None)
    return roots(tx) or [first]


def _root(tx: ReadTransaction, root: Root) -> KeyFacts:
    if root.retired_at is None:
        return KeyFacts(ROOT, root.number, KeyState.ACTIVE, root.since, root.since, Need.EVERYTHING)
    sql = "SELECT count(*) FROM backup_targets WHERE root_key = :number AND destroyed_at IS NULL"
    copies = int(tx.rows(sql, number=root.number)[0][0])
    compromised_at = root.retired_at if root.reason == COMPROMISED else None
    state = KeyState.DEACTIVATED if compromised_at is None else KeyState.COMPROMISED
    need, count = (Need.COPIES, copies) if copies else (Need.NOTHING, None)
    return KeyFacts(ROOT, root.number, state, root.since, root.retired_at, need, count, compromised_at)


def _signed(root: Root) -> KeyFacts:
    """Give the signing key of a root of before: nothing is signed by it any more, and what was goes on verifying."""
    retired_at = root.retired_at or root.since
    compromised_at = retired_at if root.reason == COMPROMISED else None
    state = KeyState.DEACTIVATED if compromised_at is None else KeyState.COMPROMISED
    return KeyFacts(SIGNING, root.number, state, root.since, retired_at, Need.CERTIFICATES, None, compromised_at)


def _kept(tx: ReadTransaction, kind: str, known: list[Root]) -> list[KeyFacts]:
    """Give one of the subkeys that are kept when another takes their place."""
    rows = tx.rows(
        "SELECT number, root_key, ended_at FROM earlier_keys WHERE subkey = :kind ORDER BY number", kind=kind
    )
    need = Need.RECORD if kind == "audit" else Need.COPIES
    by_number = {root.number: root for root in known}
    begun, facts = known[0].since, list[KeyFacts]()
    for number, root_number, ended in rows:
        ended_at, root = instant(ended), by_number[root_number]
        compromised_at = root.retired_at if root.reason == COMPROMISED else None
        state = KeyState.DEACTIVATED if compromised_at is None else KeyState.COMPROMISED
        facts.append(KeyFacts(kind, number, state, begun, ended_at, need, None, compromised_at))
        begun = ended_at
    return [*facts, KeyFacts(kind, len(rows) + 1, KeyState.ACTIVE, begun, begun, Need.EVERYTHING)]


def _rows(tx: ReadTransaction) -> list[Row]:
    return tx.rows(
        "SELECT kind, number, created_at, retired_at, destroyed_at, compromised_at FROM rotating_keys "
        "ORDER BY kind, number"
    )


def _rotating(tx: ReadTransaction, row: Row, published_pair: int | None) -> KeyFacts:
    kind, number, made_at = KeyKind(row[0]), int(row[1]), instant(row[2])
    retired_at, destroyed_at, compromised_at = (None if at is None else instant(at) for at in row[3:])
    state, since = _in_use(kind, number, retired_at, published_pair), retired_at or made_at
    if compromised_at is not None:
        state, since = KeyState.COMPROMISED, compromised_at
    if destroyed_at is not None:
        return KeyFacts(
            kind.value, number, KeyState.DESTROYED, made_at, destroyed_at, Need.NOTHING, None, compromised_at
        )
    need, count = under(tx, kind, number)
    return KeyFacts(
        kind.value, number, state, made_at, since, Need.NOTHING if count == 0 else need, count, compromised_at
    )


def _in_use(kind: KeyKind, number: int, retired_at: datetime | None, published_pair: int | None) -> KeyState:
    """Say whether a key is sealed to: an inbox pair is once the receiver was told of it, and as long as it is."""
    if kind is KeyKind.INBOX and published_pair is not None:
        if number == published_pair:
            return KeyState.ACTIVE
        return KeyState.PRE_ACTIVATION if retired_at is None else KeyState.DEACTIVATED
    return KeyState.ACTIVE if retired_at is None else KeyState.DEACTIVATED
