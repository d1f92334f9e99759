"""The chain over audit events: an HMAC over each row and the link before it.

Guards: an edited, removed, inserted or reordered event shows, and with a head
that was remembered elsewhere a shortened or rewritten chain shows too.
A new root brings a new key: the events before stay linked by the one before, and the
first link of the new key covers the last of the old, so an old key alone forges nothing.
Leaves out: against whoever holds the audit key only remembered heads prove
anything; keeping them outside the box is another module's duty.
"""

import hashlib
import hmac
import json
import sys
from collections.abc import Iterable
from dataclasses import astuple, dataclass
from enum import StrEnum

from appliance.keys.secret import SecretKey, same_bytes

LINK_BYTES = 32
_LABEL = b"enamel audit event\x00"


@dataclass(frozen=True)
class Entry:
    """An event as its row keeps it. The order of the fields is what the chain covers."""

    sequence: int
    at: int
    event: str
    outcome: str
    actor_kind: str
    actor_key: int | None
    address: str | None
    subject_kind: str | None
    subject_key: int | None
    patient_key: int | None
    study_key: int | None
    number: int | None


@dataclass(frozen=True)
class Head:
    """Where a chain ends: worth remembering outside."""

    sequence: int
    chain: bytes


START = Head(0, bytes(LINK_BYTES))


class Fault(StrEnum):
    """What is wrong with a chain, as far as it can be told."""

    ALTERED = "altered"  # the row, or its link, is not what was appended here
    MISSING = "missing"  # the row of this sequence is gone
    CUT = "cut"  # the chain ends before a head that was remembered
    REWRITTEN = "rewritten"  # it is whole, but not the one whose head was remembered


@dataclass(frozen=True)
class Verdict:
    """What walking a chain found; `sequence` is where the fault is, else the last event."""

    fault: Fault | None
    sequence: int
    head: Head


@dataclass(frozen=True)
class EarlierKey:
    """An audit key of before, and the last event that it linked."""

    last_sequence: int
    key: SecretKey


def next_link(key: SecretKey, link: bytes, entry: Entry) -> bytes:
    """Give the link of `entry` after the link before it."""
    row = json.dumps(astuple(entry), ensure_ascii=True, separators=(",", ":")).encode()
    return hmac.digest(key.reveal(), _LABEL + link + row, hashlib.sha256)


def walk(
    key: SecretKey,
    rows: Iterable[tuple[Entry, bytes]],
    remembered: Iterable[Head] = (),
    earlier: Iterable[EarlierKey] = (),
) -> Verdict:
    """Walk a chain from its first event and stop at the first fault.

    Args:
        key: The audit key.
        rows: Every event with its link, by sequence.
        remembered: Heads that were kept elsewhere.
        earlier: The audit keys before this one, the oldest first; each linked the events up to its last.
    """
    anchors: dict[int, set[bytes]] = {}
    for known in remembered:
        anchors.setdefault(known.sequence, set()).add(known.chain)
    keys = [*earlier, EarlierKey(sys.maxsize, key)]
    head = START
    for entry, link in rows:
        if entry.sequence != head.sequence + 1:
            return Verdict(Fault.MISSING, head.sequence + 1, head)
        while entry.sequence > keys[0].last_sequence:
            del keys[0]
        if not same_bytes(next_link(keys[0].key, head.chain, entry), link):
            return Verdict(Fault.ALTERED, entry.sequence, head)
        if not all(same_bytes(chain, link) for chain in anchors.get(entry.sequence, ())):
            return Verdict(Fault.REWRITTEN, entry.sequence, head)
        head = Head(entry.sequence, link)
    if max(anchors, default=0) > head.sequence:
        return Verdict(Fault.CUT, head.sequence + 1, head)
    return Verdict(None, head.sequence, head)
