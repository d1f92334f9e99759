"""Forges the trail in every way that a person with the catalogue could, and looks whether each is found, and where.

`python -m tests.faults.trail_forgeries --forgeries 500 --write FILE`

Without the audit key: a column or a link edited, an event deleted, two exchanged, the tail cut, one inserted, an older
catalogue put back, with and without new events after it. With the key: the same of events that an anchor has seen, and
every link after it made anew. Each forgery is made alone, in a real catalogue. It counts as located when the walk names
the event that was touched; with the key, when it names the first anchor that has seen it.
"""

import argparse
import json
import random
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from itertools import pairwise
from pathlib import Path
from typing import Any

from appliance.audit.chain import START, Entry, Fault, Head, Verdict, next_link
from appliance.audit.events import OPERATOR, PROCESS, Actor, ActorKind, Event, EventCode, Outcome, Subject, SubjectKind
from appliance.audit.queries import all_events, append, head
from appliance.keys.hierarchy import Subkey
from appliance.keys.secret import SecretKey
from appliance.store.transactions import WriteTransaction
from tests.store.a_box import ABox

EVENTS, ANCHOR_EVERY, UNSEEN = 220, 24, 12  # the last few events no anchor has seen yet
Chain = list[tuple[Entry, bytes]]


class Kind(StrEnum):
    """What is forged."""

    EDITED = "edited"
    LINK = "link edited"
    DELETED = "deleted"
    REORDERED = "reordered"
    CUT = "tail cut"
    INSERTED = "inserted"
    OLD_COPY = "old copy put back"
    OLD_COPY_CONTINUED = "old copy put back and continued"
    KEY_EDITED = "edited, with the key"
    KEY_DELETED = "deleted, with the key"
    KEY_REORDERED = "reordered, with the key"
    KEY_INSERTED = "inserted, with the key"
    KEY_CUT = "tail cut and filled, with the key"


@dataclass(frozen=True)
class Forged:
    """One forgery: what the trail is then, and what has to be said of it."""

    chain: Chain
    fault: Fault
    at: int


@dataclass(frozen=True)
class Made:
    """What came of one forgery."""

    kind: Kind
    wanted: tuple[Fault, int]
    told: tuple[Fault | None, int]


class Field:
    """A catalogue with a trail, the anchors that were kept elsewhere, and older copies of its file."""

    def __init__(self, folder: Path, rng: random.Random) -> None:
        self.box, self.folder, self.rng = ABox(folder).create(), folder, rng
        self.older: list[tuple[int, Path]] = []
        for size in (40, 90, 150, EVENTS):
            self._record_up_to(size)
            if size < EVENTS:
                self.older.append((size, self._copied(size)))
        with self.box.database.read() as tx:
            self.chain: Chain = list(all_events(tx))
        seen = range(ANCHOR_EVERY, EVENTS - UNSEEN + 1, ANCHOR_EVERY)
        self.anchors = [Head(number, self.chain[number - 1][1]) for number in seen]

    @property
    def key(self) -> SecretKey:
        return self.box.keyring.key(Subkey.AUDIT)

    def _record_up_to(self, size: int) -> None:
        with self.box.database.write() as tx:
            while head(tx).sequence < size:
                self.box.audit.record(tx, some_event(self.rng))

    def _copied(self, size: int) -> Path:
        """Keep the catalogue's file as it is now, all of it in one file."""
        self.box.database.close()
        place = self.folder / f"older-{size}"
        place.mkdir()
        for file in self.folder.glob("catalogue.db*"):
            shutil.copy(file, place / file.name)
        return place

    def judge(self, chain: Chain) -> Verdict:
        """Put a forged trail into the catalogue, have it walked, and take it out again."""
        with self.box.database.write() as tx:
            whole = list(all_events(tx))
            put(tx, chain)
            verdict = self.box.audit.verify(tx, self.anchors)
            put(tx, whole)
        return verdict

    def judge_older(self, place: Path, more: int) -> Verdict:
        """Put an older file back in a place of its own, let the box go on with it, and have it walked."""
        with tempfile.TemporaryDirectory(dir=self.folder) as name:
            for file in place.iterdir():
                shutil.copy(file, Path(name) / file.name)
            box = ABox(Path(name), self.box.root)
            with box.database.write() as tx:
                for _ in range(more):
                    box.audit.record(tx, some_event(self.rng))
                verdict = box.audit.verify(tx, self.anchors)
            box.database.close()
        return verdict


def some_event(rng: random.Random) -> Event:
    """Give an event as they happen."""
    actor = rng.choice([OPERATOR, PROCESS, Actor(ActorKind.ACCOUNT, rng.randrange(1, 9))])
    subject = rng.choice([None, Subject(SubjectKind.SERIES, rng.randrange(1, 99))])
    patient = rng.choice([None, rng.randrange(1, 50)])
    return Event(rng.choice([*EventCode]), actor, rng.choice([*Outcome]), subject, patient, patient, rng.randrange(999))


def put(tx: WriteTransaction, chain: Chain) -> None:
    """Make the trail this one, row by row, as whoever has the catalogue's key can."""
    tx.change("DELETE FROM audit_events")
    for entry, link in chain:
        append(tx, entry, link)


def edited(entry: Entry, rng: random.Random) -> Entry:
    """Change one column to something else."""
    name = rng.choice([*asdict(entry)][1:])
    value = getattr(entry, name)
    other: Any = (value or 0) + 1 if name in {"at", "number"} or name.endswith("_key") else f"{value}x"
    if name == "outcome":
        other = Outcome.FAILURE.value if value == Outcome.SUCCESS else Outcome.SUCCESS.value
    if name == "actor_kind":
        other = ActorKind.NOBODY.value if value != ActorKind.NOBODY else ActorKind.PROCESS.value
    return replace(entry, **{name: other})


def numbered(entries: Sequence[Entry]) -> list[Entry]:
    """Number entries anew, without a gap."""
    return [replace(entry, sequence=number) for number, entry in enumerate(entries, 1)]


def linked(entries: Sequence[Entry], key: SecretKey) -> Chain:
    """Make every link anew, as whoever holds the key can."""
    link, chain = START.chain, []
    for entry in numbered(entries):
        link = next_link(key, link, entry)
        chain.append((entry, link))
    return chain


def _edited(field: Field) -> Forged:
    at = field.rng.randrange(EVENTS)
    entry, link = field.chain[at]
    chain = [*field.chain[:at], (edited(entry, field.rng), link), *field.chain[at + 1 :]]
    return Forged(chain, Fault.ALTERED, at + 1)


def _link(field: Field) -> Forged:
    at = field.rng.randrange(EVENTS)
    entry, link = field.chain[at]
    place = field.rng.randrange(len(link))
    other = link[:place] + bytes([link[place] ^ 1 << field.rng.randrange(8)]) + link[place + 1 :]
    return Forged([*field.chain[:at], (entry, other), *field.chain[at + 1 :]], Fault.ALTERED, at + 1)


def _deleted(field: Field) -> Forged:
    at = field.rng.randrange(EVENTS - 1)
    return Forged([*field.chain[:at], *field.chain[at + 1 :]], Fault.MISSING, at + 1)


def _reordered(field: Field) -> Forged:
    one, other = sorted(field.rng.sample(range(EVENTS), 2))
    chain = [*field.chain]
    for here, there in ((one, other), (other, one)):
        entry, link = field.chain[there]
        chain[here] = (replace(entry, sequence=here + 1), link)
    return Forged(chain, Fault.ALTERED, one + 1)


def _cut(field: Field) -> Forged:
    left = field.rng.randrange(field.anchors[-1].sequence)
    return Forged(field.chain[:left], Fault.CUT, left + 1)


def _inserted(field: Field) -> Forged:
    at = field.rng.randrange(EVENTS)
    entries = [entry for entry, _link in field.chain]
    links = [link for _entry, link in field.chain]
    entries.insert(at, edited(entries[at], field.rng))
    links.insert(at, field.rng.randbytes(len(links[0])))
    return Forged(list(zip(numbered(entries), links, strict=True)), Fault.ALTERED, at + 1)


def _seen(field: Field) -> int:
    """Give the place of an event that an anchor has seen."""
    return field.rng.randrange(field.anchors[-1].sequence)


def _rechained(field: Field, entries: Sequence[Entry], at: int) -> Forged:
    anchor = next(one.sequence for one in field.anchors if one.sequence > at)
    return Forged(linked(entries, field.key), Fault.REWRITTEN, anchor)


def _key_edited(field: Field) -> Forged:
    at, entries = _seen(field), [entry for entry, _link in field.chain]
    entries[at] = edited(entries[at], field.rng)
    return _rechained(field, entries, at)


def _key_deleted(field: Field) -> Forged:
    at, entries = _seen(field), [entry for entry, _link in field.chain]
    del entries[at]
    return _rechained(field, entries, at)


def _key_reordered(field: Field) -> Forged:
    at, entries = _seen(field), [entry for entry, _link in field.chain]
    other = field.rng.choice([place for place in range(EVENTS) if place != at])
    entries[at], entries[other] = entries[other], entries[at]
    return _rechained(field, entries, min(at, other))


def _key_inserted(field: Field) -> Forged:
    at, entries = _seen(field), [entry for entry, _link in field.chain]
    entries.insert(at, edited(entries[at], field.rng))
    return _rechained(field, entries, at)


def _key_cut(field: Field) -> Forged:
    """Cut the tail, and write other events in its place, up to the same length."""
    left, entries = _seen(field), [entry for entry, _link in field.chain]
    return _rechained(field, [*entries[:left], *(edited(entry, field.rng) for entry in entries[left:])], left)


FORGERS: dict[Kind, Callable[[Field], Forged]] = {
    Kind.EDITED: _edited, Kind.LINK: _link, Kind.DELETED: _deleted, Kind.REORDERED: _reordered, Kind.CUT: _cut,
    Kind.INSERTED: _inserted, Kind.KEY_EDITED: _key_edited, Kind.KEY_DELETED: _key_deleted,
    Kind.KEY_REORDERED: _key_reordered, Kind.KEY_INSERTED: _key_inserted, Kind.KEY_CUT: _key_cut,
}  # fmt: skip


def forge_one(field: Field, kind: Kind) -> Made:
    """Make one forgery and hear what is said of it."""
    if kind in FORGERS:
        forged = FORGERS[kind](field)
        verdict = field.judge(forged.chain)
        return Made(kind, (forged.fault, forged.at), (verdict.fault, verdict.sequence))
    size, place = field.rng.choice(field.older)
    more = 0 if kind is Kind.OLD_COPY else field.rng.randrange(1, EVENTS - size + 40)
    verdict = field.judge_older(place, more)
    anchor = next(one.sequence for one in field.anchors if one.sequence > size)
    wanted = (Fault.REWRITTEN, anchor) if size + more >= anchor else (Fault.CUT, size + more + 1)
    return Made(kind, wanted, (verdict.fault, verdict.sequence))


def forge(count: int, seed: int, folder: Path) -> list[Made]:
    """Make so many forgeries, of each kind in turn, and first make sure that the trail is whole without them."""
    field = Field(folder, random.Random(seed))  # noqa: S311  the same forgeries each time
    whole = field.judge(field.chain)
    if whole.fault is not None or not all(one.sequence < two.sequence for one, two in pairwise(field.anchors)):
        raise AssertionError("the trail is not whole before anything is forged")
    kinds = [*Kind]
    return [forge_one(field, kinds[number % len(kinds)]) for number in range(count)]


def report(made: Sequence[Made]) -> dict[str, object]:
    """Count what was forged, found and located."""
    found = [one for one in made if one.told[0] is not None]
    located = [one for one in made if one.told == one.wanted]
    return {
        "forged": len(made),
        "found": len(found),
        "located": len(located),
        "by_kind": dict(Counter(one.kind.value for one in made)),
        "located_by_kind": dict(Counter(one.kind.value for one in located)),
        "missed": [[one.kind.value, *one.wanted, *one.told] for one in made if one.told != one.wanted],
    }


def main() -> int:
    """Forge, report, and fail when anything was not found or not located."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--forgeries", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--write", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        told = report(forge(given.forgeries, given.seed, Path(folder)))
    facts = {"command": "make trail-forgeries", "seed": given.seed, "events": EVENTS, "anchor_every": ANCHOR_EVERY}
    text = json.dumps({**facts, **told}, indent=2)
    print(text)  # noqa: T201  a command answers on standard output
    if given.write is not None:
        given.write.write_text(f"{text}\n")
    return 1 if told["missed"] else 0


if __name__ == "__main__":
    sys.exit(main())
