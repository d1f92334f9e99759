"""Makes the next wrapping key and inbox key pair, and destroys old ones when nothing needs them.

Guards: a key is destroyed only when no row is wrapped by it, or no association
record in inbox or settled names it (pairs_in_use.py), and never on the day it was retired: a
receiver may still be about to seal to it. The receiver's file is written after
the commit; until then arrivals are sealed to the key before, which still opens.
A number of an inbox pair is never used again: after an older copy of the catalogue
came back, the next pair is numbered above all that the receiver's file and the
inbox tell of (without that file the settled records, too), and a published key is
never replaced by one of the same number.
A clock that is set stops none of it: what intake does by the minute and day runs
by the monotonic clock, and a key or run that lies ahead of the clock counts from now.
Leaves out: the root; only a new root answers a leaked one. Copies of the
catalogue made before still hold what is destroyed here.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from appliance.audit.events import PROCESS, Actor, Event, EventCode
from appliance.clock import is_ahead
from appliance.errors import Unavailable
from appliance.identifiers import AssociationId
from appliance.inbox.public_key import InboxPublicKey, read_public_key
from appliance.intake.pairs_in_use import PairSearch, settled_pairs, waiting_pairs
from appliance.intake.parts import IntakeParts
from appliance.store import runs, stored_files
from appliance.store.rotating_keys import (
    KeyKind,
    current_inbox_public_key,
    knows_inbox_key,
    write_inbox_public_key,
)
from appliance.store.transactions import WriteTransaction

ROTATE_AFTER = timedelta(days=30)
DAILY, HOURLY = timedelta(days=1), timedelta(hours=1)
LOOK_SECONDS, PASS_SECONDS = 60.0, DAILY.total_seconds()
GRACE = timedelta(days=1)
BATCH = 200
_MOST_PAIRS = 1 << 32  # a number from there on is a forgery, and must not use up the numbers
ROTATION_JOB, REWRAP_JOB = "rotate keys", "rewrap data keys"
_EVENTS = {KeyKind.WRAPPING: EventCode.WRAPPING_KEY_ROTATED, KeyKind.INBOX: EventCode.INBOX_KEY_ROTATED}


def rotate(parts: IntakeParts, kinds: tuple[KeyKind, ...], by: Actor) -> dict[KeyKind, int]:
    """Make the next key of each kind, and tell the receiver.

    Returns:
        The new keys' numbers.

    Raises:
        Unavailable: The disk refused. If the new keys were made, the receiver goes on with the one before
            until the next run writes its file.
    """
    made: dict[KeyKind, int] = {}
    above = highest_pair_seen(parts) if KeyKind.INBOX in kinds else 0
    with parts.database.write() as tx:
        for kind in kinds:
            made[kind] = _make_next(parts, tx, kind, above)
            parts.audit.record(tx, Event(_EVENTS[kind], by, number=made[kind]))
    publish_inbox_key(parts)
    return made


def answer_compromise(parts: IntakeParts, kind: KeyKind, number: int, by: Actor) -> int:
    """Note that somebody may know a wrapping key or an inbox pair, and make the next of its kind at once.

    Returns:
        The new key's number. Rows are wrapped anew within a minute, and the old key goes when nothing needs it.

    Raises:
        NotFound: There is none of that number, or that was noted before.
        Unavailable: The disk refused. If the new key was made, the receiver goes on with the one before
            until the next run writes its file.
    """
    above = highest_pair_seen(parts) if kind is KeyKind.INBOX else 0
    with parts.database.write() as tx:
        parts.keys.mark_compromised(tx, kind, number)
        parts.audit.record(tx, Event(EventCode.KEY_COMPROMISED, by, number=number))
        made = _make_next(parts, tx, kind, above)
        parts.audit.record(tx, Event(_EVENTS[kind], by, number=made))
    publish_inbox_key(parts)
    return made


def rotates_at(kind: str, made_at: datetime) -> datetime | None:
    """Say when the next key of a kind is due, None for kinds that only a person changes."""
    return made_at + ROTATE_AFTER if kind in {one.value for one in _EVENTS} else None


def published_pair(parts: IntakeParts) -> int | None:
    """Say which inbox pair the receiver seals to, None where its file cannot be read."""
    published = _published(parts)
    return None if published is None else published.number


def publish_inbox_key(parts: IntakeParts) -> None:
    """Write the current public key for the receiver where its file is not that, for instance after a bit of it flipped.

    A published key that this catalogue never made shows that the catalogue is an older copy: then a new pair is made.

    Raises:
        Unavailable: The disk refused.
    """
    published = _published(parts)
    with parts.database.read() as tx:
        public = current_inbox_public_key(tx)
        is_older = published is not None and not knows_inbox_key(tx, published.number, published.public_key)
    if is_older:
        above = highest_pair_seen(parts)
        with parts.database.write() as tx:
            public = parts.keys.rotate_inbox_key(tx, above)
            parts.audit.record(tx, Event(EventCode.INBOX_KEY_ROTATED, PROCESS, number=public.number))
    if published is None or (published.number, published.public_key) != (public.number, public.public_key):
        write_inbox_public_key(parts.files, _key_file(parts), parts.box_id, public)


def highest_pair_seen(parts: IntakeParts) -> int:
    """Give the highest number of an inbox pair that the receiver's file and association records tell of.

    The receiver seals to what its file tells and to nothing newer, so the settled records are read without it only.
    """
    published = _published(parts)
    told = {0, *waiting_pairs(parts)}
    told |= settled_pairs(parts) if published is None else {published.number}
    return max(number for number in told if number < _MOST_PAIRS)


@dataclass
class _Pass:
    """One walk over all files' rows, a batch at a time."""

    run_key: int
    after: bytes = b""
    done: int = 0
    failed: int = 0


@dataclass
class _Search:
    """One search for inbox pairs that nothing needs, as a part of a run that has made so many keys."""

    run_key: int
    made: int
    pairs: PairSearch


@dataclass
class KeyUpkeep:
    """What intake does by itself: rotation every 30 days, wrapping anew, destruction."""

    parts: IntakeParts
    _look_at: float = float("-inf")
    _pass_at: float = float("-inf")
    _pass: _Pass | None = None
    _search: _Search | None = None
    _witnesses: dict[int, AssociationId] = field(default_factory=dict)

    def step(self) -> int:
        """Do what is due, at most one batch; give how many rows were wrapped anew or records read.

        Raises:
            Unavailable: The disk refused; it is tried again within the hour, the key file within a minute.
        """
        if self._pass is not None:
            return self._rewrap_some(self._pass)
        if self.parts.clock.monotonic() < self._look_at:
            return 0 if self._search is None else self._search_some(self._search)
        now, self._look_at = self.parts.clock.now(), self.parts.clock.monotonic() + LOOK_SECONDS
        publish_inbox_key(self.parts)
        with self.parts.database.read() as tx:
            last = runs.last_runs(tx, ROTATION_JOB)
        if self._search is None and _is_over(last.done_at, DAILY, now) and _is_over(last.begun_at, HOURLY, now):
            self._run(now)
        self._begin_pass(self.parts.clock.now())
        return 0

    def _run(self, now: datetime) -> None:
        with self.parts.database.write() as tx:
            run_key = runs.begin_run(tx, ROTATION_JOB, now)
            self.parts.keys.bring_back(tx, now)
        with self._failing_run(run_key):
            made = self._rotate_old(now)
            self._search = _Search(run_key, made, self._begin_search(now))
        self._search_some(self._search)

    @contextmanager
    def _failing_run(self, run_key: int) -> Iterator[None]:
        """End a run as failed if what is inside fails."""
        try:
            yield
        except BaseException:
            self._search = None
            with self.parts.database.write() as tx:
                runs.end_run(tx, run_key, self.parts.clock.now(), 0, 1)
            raise

    def _rotate_old(self, now: datetime) -> int:
        with self.parts.database.read() as tx:
            old = tuple(kind for kind in _EVENTS if now - self.parts.keys.made_at(tx, kind) >= ROTATE_AFTER)
        return len(rotate(self.parts, old, PROCESS)) if old else 0

    def _begin_search(self, now: datetime) -> PairSearch:
        with self.parts.database.read() as tx:
            retired = set(self.parts.keys.retired(tx, KeyKind.INBOX, now - GRACE))
        waiting = waiting_pairs(self.parts) if retired else set[int]()  # first: it may settle behind the search
        return PairSearch(self.parts, retired - waiting, self._witnesses)

    def _search_some(self, one: _Search) -> int:
        with self._failing_run(one.run_key):
            done = one.pairs.step()
            if one.pairs.is_over:
                self._end_search(one)
        return done

    def _end_search(self, one: _Search) -> None:
        """Destroy what nothing was found to need, also of what came meanwhile."""
        unneeded = one.pairs.unnamed and one.pairs.unnamed - waiting_pairs(self.parts)
        with self.parts.database.write() as tx:
            for number in sorted(unneeded):
                self._destroy(tx, KeyKind.INBOX, number)
            runs.end_run(tx, one.run_key, self.parts.clock.now(), one.made + len(unneeded), 0)
        self._search = None

    def _begin_pass(self, now: datetime) -> None:
        with self.parts.database.read() as tx:
            retired = self.parts.keys.retired(tx, KeyKind.WRAPPING, now)
        if retired and self.parts.clock.monotonic() >= self._pass_at:
            with self.parts.database.write() as tx:
                self._pass = _Pass(runs.begin_run(tx, REWRAP_JOB, now))

    def _rewrap_some(self, one: _Pass) -> int:
        with self.parts.database.write() as tx:
            batch = stored_files.rewrap_some(tx, self.parts.keys, one.after, BATCH)
            if batch.last is None:
                self._end_pass(tx, one)
        if batch.last is None:
            self._pass, self._pass_at = None, self.parts.clock.monotonic() + PASS_SECONDS
            return 0
        one.after, one.done, one.failed = batch.last, one.done + batch.done, one.failed + batch.failed
        return batch.done

    def _end_pass(self, tx: WriteTransaction, one: _Pass) -> None:
        for number in self.parts.keys.retired(tx, KeyKind.WRAPPING, self.parts.clock.now()):
            if not stored_files.uses_wrapping_key(tx, number):
                self._destroy(tx, KeyKind.WRAPPING, number)
        runs.end_run(tx, one.run_key, self.parts.clock.now(), one.done, one.failed)

    def _destroy(self, tx: WriteTransaction, kind: KeyKind, number: int) -> None:
        self.parts.keys.destroy(tx, kind, number)
        self.parts.audit.record(tx, Event(EventCode.KEY_DESTROYED, PROCESS, number=number))


def _make_next(parts: IntakeParts, tx: WriteTransaction, kind: KeyKind, above: int) -> int:
    if kind is KeyKind.WRAPPING:
        return parts.keys.rotate_wrapping_key(tx)
    return parts.keys.rotate_inbox_key(tx, above).number


def _published(parts: IntakeParts) -> InboxPublicKey | None:
    with suppress(Unavailable):
        found = read_public_key(_key_file(parts))
        return found if found.box_id == parts.box_id else None
    return None


def _key_file(parts: IntakeParts) -> Path:
    return parts.data_folder / "exchange" / "inbox-key.json"


def _is_over(since: datetime | None, span: timedelta, now: datetime) -> bool:
    return since is None or now - since >= span or is_ahead(since, now)
