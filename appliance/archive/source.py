"""The one read path of stored instances for the web: no route can skip who may see what.

Guards: every look-up and every read states its `Scope`; a study outside it is
one that does not exist. No byte leaves before its chunk's tag has verified.
What is looked at is recorded, once an hour for each study and session; a file
that is not what was stored is marked and recorded, once, and a pack dropped.
Leaves out: who the caller is (a door knows) and how an answer is written.
"""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from threading import Lock, local
from typing import BinaryIO

from appliance.archive import queries_retrieve, queries_search
from appliance.archive.damage import Damage
from appliance.archive.located import Located, Packed, Readable
from appliance.archive.lookups import Lookups
from appliance.archive.matching import AnyOf, Key, Level, Search
from appliance.archive.packs import Packs, is_worthwhile
from appliance.archive.scope import Scope
from appliance.archive.viewings import Viewings
from appliance.audit.events import AuditLog, EventCode
from appliance.clock import Clock
from appliance.errors import NotFound, Tampered, Unavailable
from appliance.keys.secret import SecretKey
from appliance.keys.stream import CHUNK_BYTES, SealBuffers, SealedStream
from appliance.keys.wrapping import unwrap_data_key
from appliance.store.database import Database
from appliance.store.files import storage_faults
from appliance.store.rotating_keys import RotatingKeys
from appliance.store.stored_files import StoredFile
from appliance.store.transactions import Row
from appliance.store.vault import Vault

OPEN_FILES = 64
OPEN_SECONDS = 1.0  # an erased file stays readable here no longer than this


@dataclass(slots=True)
class _Open:
    """A stored file that was read a moment ago."""

    file: BinaryIO
    stream: SealedStream
    until: float
    lock: Lock


class ScopedSource:
    """Finds and reads stored instances on behalf of a caller. Threads may share it."""

    def __init__(self, database: Database, vault: Vault, keys: RotatingKeys, audit: AuditLog, clock: Clock) -> None:
        self._database = database
        self._vault = vault
        self._keys = keys
        self._viewings = Viewings(database, audit, clock)
        self._damage = Damage(database, audit, clock)
        self._packs = Packs(database, audit, clock)
        self._clock = clock
        self._open: OrderedDict[bytes, _Open] = OrderedDict()
        self._wrapping_keys: dict[int, tuple[SecretKey, float]] = {}
        self._lock = Lock()
        self._local = local()

    def search(self, scope: Scope, search: Search) -> list[Row]:
        """Run a search over what the caller may know of.

        Raises:
            NotPermitted: The caller may not search, or not at this level.
        """
        if search.level is Level.STUDY:
            scope.check_list()
        else:
            scope.check_read()
        limited = _limited(scope, search)
        if limited is None:
            return []
        with self._database.read() as tx:
            return queries_search.search_rows(tx, limited)

    def instance(self, scope: Scope, study: str, series: str, sop: str) -> Located:
        """Find one instance by its UIDs.

        Raises:
            NotPermitted: The caller may see no images.
            NotFound: No such instance, or none that the caller may know of.
        """
        scope.check_view()
        scope.check_study(study)
        found = self._lookups().instance(study, series, sop)
        if found is None:
            raise NotFound("no such instance")
        return found

    def instances(self, scope: Scope, study: str, series: str | None = None) -> list[Located]:
        """Find the instances of a study or a series by UID, at least one.

        Raises:
            NotPermitted: The caller may see no images.
            NotFound: No such study or series, or none that the caller may know of.
        """
        scope.check_view()
        scope.check_study(study)
        with self._database.read() as tx:
            if series is None:
                return _some(queries_retrieve.study_instances(tx, study))
            return _some(queries_retrieve.series_instances(tx, study, series))

    def pack_by_key(self, scope: Scope, series_key: int) -> Packed | None:
        """Find the pack of a series by the series' row key, and note that it is used; None where there is none now.

        Raises:
            NotPermitted: The caller may see no images.
            NotFound: It is of a study that the caller may not know of.
        """
        scope.check_view()
        found = self._packs.find(series_key)
        if found is not None:
            scope.check_study(found.study_instance_uid)
            self._packs.note_use(found)
        return found

    def series_without_pack(self, scope: Scope, series_key: int, *, is_opened: bool) -> list[Located]:
        """Find the instances of a series by its row key, at least one; one that is opened gets its pack before others.

        Raises: as `series_by_key`.
        """
        found = self.series_by_key(scope, series_key)
        if is_opened and is_worthwhile(found):
            self._packs.ask_for(series_key)
        return found

    def series_by_key(self, scope: Scope, series_key: int) -> list[Located]:
        """Find the instances of a series by its row key, at least one.

        Raises:
            NotPermitted: The caller may see no images.
            NotFound: No such series, or none that the caller may know of.
        """
        scope.check_view()
        with self._database.read() as tx:
            found = _some(queries_retrieve.series_instances_by_key(tx, series_key))
        scope.check_study(found[0].study_instance_uid)
        return found

    def description(self, scope: Scope, located: Located) -> Row:
        """Give what the catalogue says of an instance: the row that a search at instance level would find.

        Raises:
            NotPermitted, NotFound: It is not for this caller.
        """
        scope.check_view()
        scope.check_study(located.study_instance_uid)
        with self._database.read() as tx:
            rows = queries_search.instance_rows(tx, located.instance_key)
        if not rows:
            raise NotFound("no such instance")
        return rows[0]

    def record_search(self, scope: Scope, count: int) -> None:
        """Record that the caller searched, and how many results it saw."""
        self._viewings.searched(scope, count)

    def record_view(self, scope: Scope, located: Readable) -> bool:
        """Record that the caller looks at a study, unless it did within the hour; say whether that was due."""
        return self._viewings.viewed(scope, located)

    def record_metadata(self, scope: Scope, located: Located) -> bool:
        """Record that the caller reads what a study holds, unless it did within the hour."""
        return self._viewings.viewed(scope, located, EventCode.METADATA_READ)

    def view_is_due(self, scope: Scope, located: Readable) -> bool:
        """Say whether `record_view` would record, without touching the disk."""
        return self._viewings.is_due(scope, located)

    def read(self, scope: Scope, located: Located, offset: int, length: int) -> bytes:
        """Read a stretch of an instance's plaintext.

        Raises: as `read_into`.
        """
        target = bytearray(length)
        self.read_into(scope, located, offset, memoryview(target))
        return bytes(target)

    def read_into(self, scope: Scope, located: Readable, offset: int, target: memoryview) -> None:
        """Fill `target` with the plaintext of an instance or a pack from `offset` on; when this raises, it is wiped.

        Raises:
            NotPermitted, NotFound: It is not for this caller.
            Tampered: The stored bytes are not what was stored.
            Unavailable: The disk refused to give an instance. A pack that it refuses is none any more.
        """
        scope.check_view()
        scope.check_study(located.study_instance_uid)
        try:
            _check_within(located, offset + len(target))
            while not self._read_open(self._opened(located.file), offset, target):
                pass
        except Tampered:
            if isinstance(located, Packed):
                self._packs.drop_bad(located)
            else:
                self._damage.tell(located)
            raise
        except Unavailable as error:
            if isinstance(located, Packed) and isinstance(error.__cause__, OSError):
                self._packs.drop_bad(located)  # a cache: the files themselves may be read
                raise Tampered("a pack cannot be read") from error
            raise

    def sound_ones(self, scope: Scope, found: list[Located]) -> list[Located]:
        """Leave out the damaged ones. Only if a file among them is marked as damaged are all of them read through.

        Raises: as `read_into`, but for `Tampered`.
        """
        marks = self._damage.marks()
        if not any(one.file.file_id.value in marks for one in found):
            return found
        return [one for one in found if self._is_sound(scope, one)]

    def close(self) -> None:
        """Close what is kept open and forget keys; what is read afterwards is opened anew."""
        with self._lock:
            opened = list(self._open.values())
            self._open.clear()
            self._wrapping_keys.clear()
        _close(opened)

    def _is_sound(self, scope: Scope, located: Located) -> bool:
        target = memoryview(bytearray(CHUNK_BYTES))
        length = located.file.plaintext_bytes
        try:
            for offset in range(0, length, CHUNK_BYTES):
                self.read_into(scope, located, offset, target[: length - offset])
        except Tampered:
            return False
        return True

    def _read_open(self, opened: _Open, offset: int, target: memoryview) -> bool:
        """Read, or give False when another thread has closed the file in the meantime."""
        with opened.lock:
            if opened.file.closed:
                return False
            with storage_faults():
                opened.stream.read_into(offset, target, self._scratch())
            return True

    def _lookups(self) -> Lookups:
        """Give this thread's look-ups."""
        found: Lookups | None = getattr(self._local, "lookups", None)
        if found is None:
            found = self._local.lookups = Lookups(self._database)
        return found

    def _scratch(self) -> SealBuffers:
        """Give this thread's memory for opening chunks."""
        found: SealBuffers | None = getattr(self._local, "scratch", None)
        if found is None:
            found = self._local.scratch = SealBuffers(CHUNK_BYTES)
        return found

    def _opened(self, row: StoredFile) -> _Open:
        now = self._clock.monotonic()
        with self._lock:
            found = self._open.get(row.file_id.value)
            if found is not None and found.until > now:
                self._open.move_to_end(row.file_id.value)
                return found
        fresh = self._open_anew(row, now)
        with self._lock:
            stale = [self._open.pop(row.file_id.value, None)]
            self._open[row.file_id.value] = fresh
            while len(self._open) > OPEN_FILES:
                stale.append(self._open.popitem(last=False)[1])
        _close(one for one in stale if one is not None)
        return fresh

    def _open_anew(self, row: StoredFile, now: float) -> _Open:
        file = self._vault.open_file(row.file_id, row.association_id)
        try:
            key = self._data_key(row, now)
            with storage_faults():
                stream = SealedStream(key, row.file_id, file.fileno(), row.plaintext_bytes)
        except BaseException:
            file.close()
            raise
        return _Open(file, stream, now + OPEN_SECONDS, Lock())

    def _data_key(self, row: StoredFile, now: float) -> SecretKey:
        key, until = self._wrapping_keys.get(row.wrapping_key_number, (None, 0.0))
        if key is None or until <= now:
            with self._database.read() as tx:
                key = self._keys.wrapping_key(tx, row.wrapping_key_number)
            self._wrapping_keys[row.wrapping_key_number] = key, now + OPEN_SECONDS
        return unwrap_data_key(key, row.file_id, row.wrapped_key)


def _check_within(located: Readable, end: int) -> None:
    if end > located.file.plaintext_bytes:
        raise Tampered("a stored instance is shorter than its rows say")


def _close(opened: Iterable[_Open]) -> None:
    """Close files once whoever still reads them is done."""
    for one in opened:
        with one.lock:
            one.file.close()


def _some(found: list[Located]) -> list[Located]:
    if not found:
        raise NotFound("no such study or series")
    return found


def _limited(scope: Scope, search: Search) -> Search | None:
    """Add the caller's own limit to what it asked; None when nothing is left."""
    if scope.studies is None:
        return search
    asked = search.matches.get(Key.STUDY_INSTANCE_UID)
    allowed = [uid for uid in asked.values if uid in scope.studies] if isinstance(asked, AnyOf) else scope.studies
    if not allowed:
        return None
    matches = {**search.matches, Key.STUDY_INSTANCE_UID: AnyOf(tuple(sorted(allowed)))}
    return Search(search.level, matches, search.limit, search.offset)
