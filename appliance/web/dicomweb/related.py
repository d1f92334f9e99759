"""A multipart/related body read as it comes: where parts begin and end, and the bytes between, without keeping them.

Guards: no more is held than a delimiter or a part's headers can be long; what is longer is refused. A part has ended
only when the delimiter after it was read, so a cut one is never taken for whole.
Leaves out: what part headers say. A part is judged by its bytes; only how it is coded for transfer would matter, and
HTTP codes nothing (RFC 9110 8.3.3).

Source: RFC 2046 5.1.1 (delimiters), RFC 2387, DICOM PS3.18 8.6.1.2.
"""

from collections.abc import Callable, Iterator, Mapping
from enum import Enum, auto

from appliance.errors import Unsuitable

LONGEST_BOUNDARY = 200  # RFC 2046 says 70; some senders do not
LONGEST_HEADERS = 16 * 1024
LONGEST_PREAMBLE = 64 * 1024
_PADDING = b" \t"


_Step = tuple[tuple["Mark | memoryview", ...], int]  # what a step tells, and where the next one begins


class Mark(Enum):
    """A place between the bytes of parts."""

    BEGIN = auto()
    END = auto()


class _At(Enum):
    PREAMBLE = auto()
    DELIMITER = auto()
    HEADERS = auto()
    BODY = auto()
    EPILOGUE = auto()


class RelatedReader:
    """Takes a body piece by piece and tells of its parts."""

    def __init__(self, boundary: bytes) -> None:
        """Read a body with this boundary.

        Raises:
            Unsuitable: It is none.
        """
        if not 0 < len(boundary) <= LONGEST_BOUNDARY or b"\r" in boundary or b"\n" in boundary:
            raise Unsuitable("the boundary of the body is none")
        self._delimiter = b"\n--" + boundary  # the CR before it is told from content when the delimiter was found
        self._rest = b"\n"  # a body may begin with its first delimiter
        self._at = _At.PREAMBLE
        self._passed = 0  # bytes of the preamble, or of the open part's headers
        self._steps: Mapping[_At, Callable[[bytes, int], _Step]] = {
            _At.PREAMBLE: self._preamble,
            _At.DELIMITER: self._after_delimiter,
            _At.HEADERS: self._headers,
            _At.BODY: self._body,
            _At.EPILOGUE: self._epilogue,
        }

    @property
    def has_ended(self) -> bool:
        """Whether the closing delimiter was read."""
        return self._at is _At.EPILOGUE

    def feed(self, data: bytes) -> Iterator[Mark | memoryview]:
        """Give what a piece of the body tells: marks, and bytes of the open part.

        Raises:
            Unsuitable: It is no such body.
        """
        data = self._rest + data
        position = 0
        while True:
            before, at = position, self._at
            told, position = self._steps[at](data, position)
            yield from told
            if (position, self._at) == (before, at):
                break
        self._rest = data[position:]

    def _preamble(self, data: bytes, position: int) -> _Step:
        found = data.find(self._delimiter, position)
        if found >= 0:
            self._at = _At.DELIMITER
            return (), found + len(self._delimiter)
        keep = max(position, len(data) - len(self._delimiter) + 1)
        self._passed += keep - position
        if self._passed > LONGEST_PREAMBLE:
            raise Unsuitable("the body has no part, or its boundary is another one")
        return (), keep

    def _after_delimiter(self, data: bytes, position: int) -> _Step:
        """Read the rest of a delimiter's line: the end of all parts, or the beginning of one."""
        if data[position : position + 2] == b"--":
            self._at = _At.EPILOGUE
            return (), len(data)
        end = data.find(b"\n", position)
        line = data[position:end] if end >= 0 else data[position:]
        if line.removesuffix(b"\r").strip(_PADDING) and not (end < 0 and line == b"-"):
            raise Unsuitable("the boundary of the body stands within a part")
        if end < 0:
            return _waiting(data, position, LONGEST_BOUNDARY)
        self._at, self._passed = _At.HEADERS, 0
        return (), end  # its line's end may be the end of no headers at all

    def _headers(self, data: bytes, position: int) -> _Step:
        for empty_line in (b"\n\r\n", b"\n\n"):
            if data.startswith(empty_line, position):
                self._at = _At.BODY
                return (Mark.BEGIN,), position + len(empty_line)
        end = data.find(b"\n", position + 1)
        if end < 0:
            return _waiting(data, position, LONGEST_HEADERS)
        self._passed += end - position
        if self._passed > LONGEST_HEADERS:
            raise Unsuitable("the headers of a part are too long")
        return (), end

    def _body(self, data: bytes, position: int) -> _Step:
        found = data.find(self._delimiter, position)
        if found >= 0:
            self._at = _At.DELIMITER
            end = found - 1 if data[found - 1 : found] == b"\r" and found > position else found
            return (memoryview(data)[position:end], Mark.END), found + len(self._delimiter)
        keep = max(position, len(data) - len(self._delimiter))  # and the CR that may stand before it
        return ((memoryview(data)[position:keep],) if keep > position else ()), keep

    def _epilogue(self, data: bytes, _: int) -> _Step:
        return (), len(data)


def _waiting(data: bytes, position: int, most: int) -> _Step:
    if len(data) - position > most:
        raise Unsuitable("the headers of a part are too long")
    return (), position
