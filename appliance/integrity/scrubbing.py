"""Reads every stored file again within each month, a slice at a time, and gives way to whoever needs the disk.

Guards: the file that was read longest ago is read next; nothing is skipped by
a run that was cut off, for each file's turn is written down as it is read.
While scans arrive it waits. Its disk and processor time is idle time, where
the machine lets a process say so. Leaves out: repairing (`repairing`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from appliance.audit.events import PROCESS
from appliance.clock import microseconds
from appliance.identifiers import AssociationId, BoxId
from appliance.inbox.reader import InboxReader
from appliance.integrity import queries
from appliance.integrity.findings import FoundBy
from appliance.integrity.idle import idle_priority
from appliance.integrity.keeping import Keeper
from appliance.integrity.parts import IntegrityParts
from appliance.integrity.reading import ReadBack, verify_file

ROUND = timedelta(days=27)  # every file is read once in so long: a month, less three days that a box may be off
LEAST_REST = timedelta(days=7)  # a small archive is not read over and over
_RUNS_A_DAY = 24
_RUNS_A_ROUND = 27 * _RUNS_A_DAY
_LEAST_BYTES = 64 << 20  # of a run
_BATCH = 64
_WAIT_SECONDS = 5.0
_LONGEST_WAIT_SECONDS = 600.0
_QUIET_SECONDS = 600.0  # an association that ended is taken in within seconds
_ANY_BOX = BoxId(bytes(16))  # no record is opened here


@dataclass(frozen=True)
class Scrubbed:
    """What a slice read and found."""

    files: int
    bytes_read: int
    faults: int
    gave_way: bool


@dataclass(frozen=True)
class Slice:
    """How a slice goes.

    Attributes:
        stopping: Says whether to end now.
        on_progress: Hears files and bytes that were read so far.
        wait: Waits for so many seconds, or less when told to stop.
        run_key: The run that findings name.
    """

    stopping: Callable[[], bool]
    on_progress: Callable[[int, int], None]
    wait: Callable[[float], object]
    run_key: int | None = None


def scrub(parts: IntegrityParts, going: Slice) -> Scrubbed:
    """Read the files whose turn it is, as many bytes as keep the round to its month.

    Raises:
        Unavailable, Tampered: The catalogue cannot be read.
    """
    now = parts.clock.now()
    with parts.database.write() as tx:
        queries.line_up(tx, microseconds(now))
        queries.end_faults_of_gone_files(tx, microseconds(now))
    with parts.database.read() as tx:
        total, late = queries.bytes_in_vault(tx, microseconds(now - ROUND))
    budget = max(_LEAST_BYTES, total // _RUNS_A_ROUND, late // _RUNS_A_DAY)
    with idle_priority():
        return _Scrub(parts, going).read_until(budget, microseconds(now - LEAST_REST))


class _Scrub:
    """One slice."""

    def __init__(self, parts: IntegrityParts, going: Slice) -> None:
        self._parts = parts
        self._going = going
        self._keeper = Keeper(parts, FoundBy.SCRUB, PROCESS, going.run_key)
        self._files = self._bytes = 0
        self._gave_way = False

    def read_until(self, budget: int, rest: int) -> Scrubbed:
        """Read batch after batch."""
        while self._goes_on(budget):
            with self._parts.database.read() as tx:
                batch = queries.in_turn(tx, rest, _BATCH)
            if not batch:
                break
            self._read_batch(batch, budget)
        return Scrubbed(self._files, self._bytes, len(self._keeper.found), self._gave_way)

    def _read_batch(self, batch: Sequence[queries.Turn], budget: int) -> None:
        read: list[queries.Turn] = []
        try:
            for turn in batch:
                if not self._goes_on(budget) or not self._is_quiet():
                    return
                self._keeper.note(turn.expected, self._read(turn))
                read.append(turn)
                self._files, self._bytes = self._files + 1, self._bytes + turn.plaintext_bytes
                self._going.on_progress(self._files, self._bytes)
        finally:
            with self._parts.database.write() as tx:
                queries.note_read(tx, read, microseconds(self._parts.clock.now()))

    def _read(self, turn: queries.Turn) -> ReadBack:
        return verify_file(self._parts.database, self._parts.rotating_keys, self._parts.vault, turn.expected)

    def _goes_on(self, budget: int) -> bool:
        return self._bytes < budget and not self._gave_way and not self._going.stopping()

    def _is_quiet(self) -> bool:
        """Wait until nothing waits in the inbox; give up after a while, for the next run goes on."""
        waited = 0.0
        while is_busy(self._parts):
            if waited >= _LONGEST_WAIT_SECONDS or self._going.stopping():
                self._gave_way = True
                return False
            self._going.wait(_WAIT_SECONDS)
            waited += _WAIT_SECONDS
        return True


def is_busy(parts: IntegrityParts) -> bool:
    """Say whether scans are arriving, or came lately: what was cut off, or cannot be taken in, keeps nobody waiting."""
    reader = InboxReader(parts.data_folder / "inbox", _ANY_BOX, parts.files)
    return any(_arrives(parts, reader, association_id) for association_id in reader.walk())


def _arrives(parts: IntegrityParts, reader: InboxReader, association_id: AssociationId) -> bool:
    quiet_seconds = abs(parts.clock.now().timestamp() - reader.quiet_since(association_id))
    return quiet_seconds <= _QUIET_SECONDS or reader.is_live(association_id)
