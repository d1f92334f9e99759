"""Remembers, beside the catalogue, how far the trail had come, so that an older catalogue does not pass for today's.

Guards: the note only ever moves forward, and one that is damaged is told. It
needs no key, so it outlives them. Leaves out: whoever puts back, or removes,
the note together with the catalogue; what targets remember finds that.
"""

import json
from contextlib import suppress
from hashlib import sha256

from appliance.audit.chain import Head
from appliance.audit.queries import head, link_at
from appliance.errors import Tampered
from appliance.integrity.findings import FaultCode, Finding, Place
from appliance.integrity.parts import IntegrityParts
from appliance.keys.secret import same_bytes
from appliance.store.files import replace_durably, storage_faults
from appliance.store.transactions import ReadTransaction

NOTE = "trail seen"  # what findings call it
_NAME = "backup/trail-seen.json"
_MOST_BYTES = 4096
OLDER = "it is of an earlier day than the one that was seen here; `enamel catalogue rebuild` puts an older one to use"


def look_back(parts: IntegrityParts) -> Finding | None:
    """Say whether this catalogue is the one that was seen last, or came after it."""
    try:
        seen = _read(parts)
    except Tampered as fault:
        return Finding(Place.CATALOGUE, FaultCode.ALTERED, str(fault), thing=NOTE)
    with parts.database.read() as tx:
        return None if seen is None else compare(tx, seen, NOTE)


def compare(tx: ReadTransaction, seen: Head, thing: str) -> Finding | None:
    """Say whether a catalogue's trail goes through a head that was seen."""
    if seen.sequence == 0:
        return None
    link = link_at(tx, seen.sequence)
    if link is None:
        return Finding(Place.CATALOGUE, FaultCode.OLDER, OLDER, sequence=seen.sequence, thing=thing)
    if not same_bytes(link, seen.chain):
        words = "its record of events is another than the one that was seen here"
        return Finding(Place.CATALOGUE, FaultCode.EXCHANGED, words, sequence=seen.sequence, thing=thing)
    return None


def remember(parts: IntegrityParts) -> None:
    """Note how far the trail has come; call this only after `look_back` found nothing wrong.

    Raises:
        Unavailable: The disk refused.
    """
    with parts.database.read() as tx:
        end = head(tx)
    facts = json.dumps({"sequence": end.sequence, "chain": end.chain.hex()}).encode()
    path = parts.data_folder / _NAME
    with storage_faults():
        path.parent.mkdir(mode=0o770, exist_ok=True)
        replace_durably(parts.files, path, facts + b"\n" + _code(facts) + b"\n")


def _read(parts: IntegrityParts) -> Head | None:
    with storage_faults():
        try:
            with parts.files.open_read(parts.data_folder / _NAME) as file:
                stored = file.read(_MOST_BYTES)
        except FileNotFoundError:
            return None
    facts, _, code = stored.removesuffix(b"\n").partition(b"\n")
    if _code(facts) != code:
        raise Tampered("the note of how far the record had come is not what was written")
    members = json.loads(facts)
    return Head(int(members["sequence"]), bytes.fromhex(members["chain"]))


def forget(parts: IntegrityParts) -> None:
    """Forget what was seen: another catalogue takes the place of that one, on purpose.

    Raises:
        Unavailable: The disk refused.
    """
    with storage_faults(), suppress(FileNotFoundError):
        parts.files.unlink(parts.data_folder / _NAME)


def _code(facts: bytes) -> bytes:
    return sha256(facts).hexdigest().encode()
