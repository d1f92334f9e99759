"""Walks the data elements of a dataset within hard bounds.

Guards: nothing that a sender writes decides how deep, how long or how much we
read. Depth, number of elements and kept bytes are bounded before any other
code sees the data; every read is checked against the end of what holds it.
Leaves out: what the elements mean. Pixel data is located, never read.
"""

import struct
from collections.abc import Callable, Container
from dataclasses import dataclass, field

from appliance.dicom.faults import Fault, Unparsable
from appliance.dicom.source import WINDOW_BYTES, Source

MAX_DEPTH = 32
MAX_ELEMENTS = 400_000
MAX_VALUE_BYTES = 64 * 1024  # a longer value is located, not kept
MAX_KEPT_BYTES = 64 * 1024 * 1024

UNDEFINED = 0xFFFFFFFF  # PS3.5 7.1.1
ITEM, ITEM_END, SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD  # PS3.5 7.5
PIXEL_DATA = 0x7FE00010
FLOAT_PIXEL_DATA, DOUBLE_PIXEL_DATA = 0x7FE00008, 0x7FE00009
PIXEL_TAGS = frozenset({PIXEL_DATA, FLOAT_PIXEL_DATA, DOUBLE_PIXEL_DATA})

_LONG = frozenset({b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"})
_SHORT = frozenset(
    b"AE AS AT CS DA DS DT FL FD IS LO LT PN SH SL SS ST TM UI UL US".split()
)  # PS3.5 7.1.2: two bytes of length


@dataclass(slots=True)
class Element:
    """One data element: where its value lies, and the value or items when they were kept."""

    vr: str
    offset: int
    length: int  # UNDEFINED for encapsulated pixel data and sequences of undefined length
    value: bytes | None = None
    items: list["Elements"] | None = None


Elements = dict[int, Element]


@dataclass(frozen=True, slots=True)
class Encoding:
    """How a transfer syntax writes elements."""

    explicit: bool
    little: bool

    @property
    def order(self) -> str:
        """Give struct's sign for the byte order."""
        return "<" if self.little else ">"


@dataclass(slots=True)
class Walk:
    """What a walk found before its end, or before the fault that ended it."""

    elements: Elements = field(default_factory=dict)
    fault: Fault | None = None
    odd_vr: bool = False
    fragments: list[tuple[int, int]] = field(default_factory=list)  # offset and length; the offset table first
    pixel_end: int | None = None  # of encapsulated pixel data that ends properly


class Walker:
    """Reads elements forwards from a source.

    Args:
        source: The file; offsets are its own.
        encoding: As the transfer syntax says.
        vr_of: Gives the VR of a tag for data that does not say it ("UN" when unknown).
        keep: Tags whose values are wanted, at any level; None keeps all.
    """

    def __init__(
        self, source: Source, encoding: Encoding, vr_of: Callable[[int], str], keep: Container[int] | None
    ) -> None:
        self._source = source
        self._encoding = encoding
        self._vr_of = vr_of
        self._keep = keep
        self._window = b""
        self._base = 0
        self._count = 0
        self._kept_bytes = 0
        self._odd_vr = False
        self._fragments: list[tuple[int, int]] = []
        self._pixel_end: int | None = None
        self._short_header = struct.Struct(encoding.order + "HH2sH")
        self._implicit_header = struct.Struct(encoding.order + "HHI")
        self._long_length = struct.Struct(encoding.order + "I")

    def walk(self, offset: int) -> Walk:
        """Read the dataset that begins at `offset`; a fault ends the walk and is told in it."""
        found = Walk()
        try:
            self._dataset(found.elements, offset, None, 0, explicit=self._encoding.explicit)
        except Unparsable as error:
            found.fault = error.fault
        found.odd_vr, found.fragments, found.pixel_end = self._odd_vr, self._fragments, self._pixel_end
        return found

    def _dataset(self, into: Elements, at: int, end: int | None, depth: int, *, explicit: bool) -> int:
        """Read elements until `end`, or until an item's own end when `end` is None."""
        if depth > MAX_DEPTH:
            raise Unparsable(Fault.TOO_DEEP)
        while end is None or at < end:
            if depth == 0 and self._at_end(at):
                return at
            tag, vr, length, at = self._header(at, explicit=explicit)
            if tag == ITEM_END and end is None and depth:
                return at
            at = self._element(into, (tag, vr, length, at), depth, explicit=explicit)
        return at

    def _at_end(self, at: int) -> bool:
        """Say whether no whole element can follow: trailing padding of up to seven bytes is tolerated."""
        if not 0 <= at - self._base <= len(self._window) - 8:
            self._window, self._base = self._source.read(at, WINDOW_BYTES), at
        return len(self._window) - (at - self._base) < 8

    def _element(self, into: Elements, header: tuple[int, str, int, int], depth: int, *, explicit: bool) -> int:
        tag, vr, length, at = header
        self._count_one()
        wanted = self._keep is None or tag in self._keep
        if length == UNDEFINED and tag == PIXEL_DATA and depth == 0:
            into[tag] = Element(vr, at, length)
            self._pixel_end = self._locate_fragments(at)
            return self._pixel_end
        if length == UNDEFINED or (vr == "SQ" and wanted):
            items: list[Elements] = []
            if wanted:
                into[tag] = Element("SQ", at, length, items=items)
            return self._sequence(items, at, length, depth, explicit=explicit and vr != "UN")
        if wanted:
            into[tag] = Element(vr, at, length, self._value(tag, at, length))
        return self._after(at, length)

    def _count_one(self) -> None:
        """Count an element, an item or a fragment."""
        self._count += 1
        if self._count > MAX_ELEMENTS:
            raise Unparsable(Fault.TOO_MANY_ELEMENTS)

    def _after(self, at: int, length: int) -> int:
        if at + length > self._source.total_bytes:
            raise Unparsable(Fault.TRUNCATED)
        return at + length

    def _value(self, tag: int, at: int, length: int) -> bytes | None:
        if length > MAX_VALUE_BYTES or tag in PIXEL_TAGS:
            return None
        self._kept_bytes += length
        if self._kept_bytes > MAX_KEPT_BYTES:
            raise Unparsable(Fault.TOO_LARGE)
        start = self._within(at, length)
        return self._window[start : start + length]

    def _sequence(self, items: list[Elements], at: int, length: int, depth: int, *, explicit: bool) -> int:
        end = None if length == UNDEFINED else self._after(at, length)
        while end is None or at < end:
            tag, length, at = self._item_header(at)
            if tag == SEQUENCE_END and end is None:
                return at
            if tag != ITEM:
                raise Unparsable(Fault.BAD_ELEMENT)
            item: Elements = {}
            item_end = None if length == UNDEFINED else self._after(at, length)
            at = self._dataset(item, at, item_end, depth + 1, explicit=explicit)
            self._count_one()
            items.append(item)
        return at

    def _locate_fragments(self, at: int) -> int:
        while True:
            tag, length, at = self._item_header(at)
            if tag == SEQUENCE_END:
                return at
            if tag != ITEM or length == UNDEFINED:
                raise Unparsable(Fault.BAD_ELEMENT)
            self._count_one()
            self._fragments.append((at, length))
            at = self._after(at, length)

    def _item_header(self, at: int) -> tuple[int, int, int]:
        start = self._within(at, 8)
        group, element, length = self._implicit_header.unpack_from(self._window, start)
        return group << 16 | element, length, at + 8

    def _header(self, at: int, *, explicit: bool) -> tuple[int, str, int, int]:
        if not explicit:
            return self._implicit(at)
        start = self._within(at, 8)
        group, element, vr, length = self._short_header.unpack_from(self._window, start)
        if vr in _SHORT:
            return group << 16 | element, vr.decode(), length, at + 8
        if vr in _LONG:
            start = self._within(at, 12)
            (length,) = self._long_length.unpack_from(self._window, start + 8)
            return group << 16 | element, vr.decode(), length, at + 12
        self._odd_vr = self._odd_vr or group != 0xFFFE
        return self._implicit(at)

    def _implicit(self, at: int) -> tuple[int, str, int, int]:
        start = self._within(at, 8)
        group, element, length = self._implicit_header.unpack_from(self._window, start)
        tag = group << 16 | element
        return tag, self._vr_of(tag), length, at + 8

    def _within(self, at: int, length: int) -> int:
        """Give where `at` lies in the window, which then holds `length` bytes from there.

        Raises:
            Unparsable: The source ends before.
        """
        start = at - self._base
        if start < 0 or start + length > len(self._window):
            self._window = self._source.read(at, max(WINDOW_BYTES, length))
            self._base, start = at, 0
            if len(self._window) < length:
                raise Unparsable(Fault.TRUNCATED)
        return start
