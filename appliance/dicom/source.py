"""Where the walker reads from: bytes at hand, bytes fetched on demand, or an inflated stream.

A source is random access by contract, yet the walker only moves forward, so
that an inflated one can drop what it has passed.
"""

import zlib
from typing import Protocol

from appliance.dicom.faults import Fault, Unparsable

WINDOW_BYTES = 64 * 1024
LEAST_INFLATED_BYTES = 256 * 1024 * 1024  # a deflated dataset may always become this large
MOST_INFLATION = 100  # and beyond it at most this many times its deflated size; zlib's own limit is 1032


class Source(Protocol):
    """A plaintext file that is read by offset."""

    @property
    def total_bytes(self) -> int:
        """Give how many bytes there are."""
        ...

    def read(self, offset: int, length: int) -> bytes:
        """Give `length` bytes from `offset`, fewer only at the end."""
        ...


class ByteSource:
    """Bytes that are all at hand."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    @property
    def total_bytes(self) -> int:
        return len(self._data)

    def read(self, offset: int, length: int) -> bytes:
        return self._data[offset : offset + length]


class InflatedSource:
    """The inflated form of a deflated dataset, a window at a time.

    Offsets count inflated bytes from the dataset's start. Memory stays at two
    windows whatever the data inflates to.

    Source: DICOM PS3.5 A.5 (Deflated Explicit VR Little Endian), RFC 1951.
    """

    def __init__(self, source: Source, dataset_offset: int) -> None:
        self._source = source
        self._next = dataset_offset
        self._inflater = zlib.decompressobj(wbits=-zlib.MAX_WBITS)
        self._start = 0
        self._window = b""
        self._most = max(LEAST_INFLATED_BYTES, MOST_INFLATION * (source.total_bytes - dataset_offset))

    @property
    def total_bytes(self) -> int:
        """Give the most that could come: the true end shows as a short read."""
        return self._most

    def read(self, offset: int, length: int) -> bytes:
        """Inflate up to `offset + length`; what lies before `offset` is dropped.

        Raises:
            Unparsable: The deflate stream is damaged, or grows beyond its bound.
        """
        if offset < self._start:
            raise Unparsable(Fault.BAD_ELEMENT)
        while self._start + len(self._window) < offset + length and self._grow():
            self._drop_before(offset)
        self._drop_before(offset)
        return self._window[:length]

    def inflate_to_end(self) -> int:
        """Inflate everything, keeping nothing, and give the inflated length."""
        while self._grow():
            self._drop_before(self._start + len(self._window))
        return self._start + len(self._window)

    def _drop_before(self, offset: int) -> None:
        passed = min(max(offset - self._start, 0), len(self._window))
        self._window = self._window[passed:]
        self._start += passed

    def _grow(self) -> bool:
        if self._inflater.eof:
            return False
        deflated = self._inflater.unconsumed_tail or self._fetch()
        try:
            inflated = self._inflater.decompress(deflated, WINDOW_BYTES)
        except zlib.error as error:
            raise Unparsable(Fault.BAD_DEFLATE) from error
        self._window += inflated
        if self._start + len(self._window) > self._most:
            raise Unparsable(Fault.INFLATES_TOO_FAR)
        return bool(inflated or deflated)

    def _fetch(self) -> bytes:
        deflated = self._source.read(self._next, WINDOW_BYTES)
        self._next += len(deflated)
        return deflated
