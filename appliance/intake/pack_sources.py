"""Stored instances as sources: one at a time, or all of a series one behind the other."""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import accumulate

from appliance.archive.located import Located
from appliance.errors import Tampered, Unavailable
from appliance.intake.parts import IntakeParts
from appliance.keys.stream import SealedStream
from appliance.store.files import storage_faults
from appliance.store.stored_files import unseal_row


class DamagedInstance(Tampered):
    """An instance that is not what was stored, and which."""

    def __init__(self, located: Located, found: Tampered) -> None:
        super().__init__(str(found))
        self.located = located


class UnreadableInstance(Unavailable):
    """The disk refused to give an instance."""


class StoredSource:
    """One stored instance's plaintext."""

    def __init__(self, located: Located, stream: SealedStream, on_read: Callable[[], None]) -> None:
        self._located = located
        self._stream = stream
        self._on_read = on_read

    @property
    def total_bytes(self) -> int:
        return self._stream.plaintext_bytes

    def read(self, offset: int, length: int) -> bytes:
        self._on_read()
        with _naming(self._located), storage_faults():
            return self._stream.read(offset, length)


@contextmanager
def _naming(located: Located) -> Iterator[None]:
    try:
        yield
    except Tampered as error:
        raise DamagedInstance(located, error) from error
    except Unavailable as error:
        raise UnreadableInstance(str(error)) from error


@contextmanager
def opened(parts: IntakeParts, located: Located, on_read: Callable[[], None]) -> Iterator[StoredSource]:
    """Open an instance; `on_read` hears of every reading, and may raise.

    Raises:
        NotFound: It was erased meanwhile.
        DamagedInstance: It is missing, or not what was stored.
        UnreadableInstance, Unavailable: The disk refused, to give it or anything else.
    """
    with parts.database.read() as tx:
        sealed = unseal_row(tx, parts.keys, located.file.file_id)
    with ExitStack() as open_files:
        with _naming(located), storage_faults():
            stream = open_files.enter_context(sealed.open(parts.vault))
        if stream.plaintext_bytes != located.file.plaintext_bytes:
            raise DamagedInstance(located, Tampered("a stored instance is not as long as its row says"))
        yield StoredSource(located, stream, on_read)


class SeriesSource:
    """A series' instances one behind the other; the one that was read last stays open."""

    def __init__(self, parts: IntakeParts, shown: Sequence[Located], on_read: Callable[[], None]) -> None:
        self._parts, self._shown, self._on_read = parts, shown, on_read
        self._ends = [*accumulate(one.file.plaintext_bytes for one in shown)]
        self._open = ExitStack()
        self._current: tuple[int, StoredSource] | None = None

    @property
    def total_bytes(self) -> int:
        return self._ends[-1]

    def read(self, offset: int, length: int) -> bytes:
        """Give bytes of one instance or of several."""
        found, end = [], min(offset + length, self.total_bytes)
        while offset < end:
            number = bisect_right(self._ends, offset)
            begins = self._ends[number] - self._shown[number].file.plaintext_bytes
            found.append(self._source(number).read(offset - begins, min(end, self._ends[number]) - offset))
            offset += len(found[-1])
        return b"".join(found)

    def close(self) -> None:
        """Close what is open."""
        self._current = None
        self._open.close()

    def _source(self, number: int) -> StoredSource:
        if self._current is None or self._current[0] != number:
            self.close()
            source = self._open.enter_context(opened(self._parts, self._shown[number], self._on_read))
            self._current = number, source
        return self._current[1]
