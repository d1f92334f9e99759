"""The chain over audit events: an HMAC over each row and the link before it.

Guards: an edited, removed, inserted or reordered event shows, and with a head
that was remembered elsewhere a shortened or rewritten chain shows too.
Leaves out: against whoever holds the audit key only remembered heads prove
anything; keeping them outside the box is another module's duty.
"""

import hashlib
import hmac
import json
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


def next_link(key: SecretKey, link: bytes, entry: Entry) -> bytes:
    """Give the link of `entry` after the link before it."""
    row = json.dumps(astuple(entry), ensure_ascii=True, separators=(",", ":")).encode()
    return hmac.digest(key.reveal(), _LABEL + link + row, hashlib.sha256)


def walk(key: SecretKey, rows: Iterable[tuple[Entry, bytes]], remembered: Iterable[Head] = ()) -> Verdict:
    """Walk a chain from its first event and stop at the first fault.

    Args:
        key: The audit key.
        rows: Every event with its link, by sequence.
        remembered: Heads that were kept elsewhere.
    """
    anchors = {head.sequence: head.chain for head in remembered}
    head = START
    for entry, link in rows:
        if entry.sequence != head.sequence + 1:
            return Verdict(Fault.MISSING, head.sequence + 1, head)
        if not same_bytes(next_link(key, head.chain, entry), link):
            return Verdict(Fault.ALTERED, entry.sequence, head)
        if not same_bytes(anchors.get(entry.sequence, link), link):
            return Verdict(Fault.REWRITTEN, entry.sequence, head)
        head = Head(entry.sequence, link)
    if max(anchors, default=0) > head.sequence:
        return Verdict(Fault.CUT, head.sequence + 1, head)
    return Verdict(None, head.sequence, head)
