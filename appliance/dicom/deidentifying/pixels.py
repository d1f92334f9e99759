"""Says which bytes of a picture's element a copy has, and which of them it has as zeros, for they are no picture.

Guards: behind native pixels, in a compressed frame's comments and application data, behind its end and in fragments
that no frame needs, nothing of the original is left; no length and no decoded value changes by that, so that tables of
offsets and lists of frames stay true. Where that is not sure there is no copy. Leaves out: what pixels show.

Source: DICOM PS3.5 8.2 and A.4.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from appliance.dicom.attributes import Attributes
from appliance.dicom.deidentifying import bitstreams
from appliance.dicom.deidentifying.copies import Blanks
from appliance.dicom.deidentifying.judging import Refusal
from appliance.dicom.elements import UNDEFINED, Element, Walk
from appliance.dicom.facts import MOST_FRAMES
from appliance.dicom.fragments import Fragment, basic_offsets, located_frames
from appliance.dicom.source import Source
from appliance.dicom.transfer_syntaxes import is_native

MOST_FRAME_BYTES = 128 * 1024 * 1024  # of one compressed frame: far below what a child may hold
_PIECE_BYTES = 8 * 1024 * 1024
_FRAMES, _ROWS, _COLUMNS, _ALLOCATED = 0x00280008, 0x00280010, 0x00280011, 0x00280100
_COMPRESSED = "1.2.840.10008.1.2."
_JPEG = frozenset({*(f"{_COMPRESSED}4.{number}" for number in range(50, 67)), _COMPRESSED + "4.70"})
_JPEG_LS = frozenset({_COMPRESSED + "4.80", _COMPRESSED + "4.81"})
_JPEG_2000 = frozenset(_COMPRESSED + last for last in ("4.90", "4.91", "4.201", "4.202", "4.203"))
_RLE = _COMPRESSED + "5"


@dataclass(frozen=True, slots=True)
class Kept:
    """What of a picture's element a copy has: so many bytes from its begin, some of them as zeros."""

    pixel_bytes: int
    blanks: Blanks


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture's element within its dataset."""

    source: Source
    walk: Walk
    top: Attributes
    element: Element
    transfer_syntax_uid: str

    def kept(self) -> Kept | Refusal:
        """Say what a copy has of it, or why there is none."""
        per_frame = self._pixels()
        count = self._frame_count()
        if not per_frame or not count:
            return Refusal.UNREADABLE
        if is_native(self.transfer_syntax_uid):
            return self._native(per_frame * (self.top.unsigned(_ALLOCATED) or 0) * count)
        beside = self._beside(per_frame)
        if beside is None:
            return Refusal.FORM
        if self.element.length != UNDEFINED or self.walk.pixel_end is None or not self.walk.fragments:
            return Refusal.UNREADABLE
        return self._encapsulated(beside, count, self.walk.pixel_end)

    def _pixels(self) -> int:
        return (self.top.unsigned(_ROWS) or 0) * (self.top.unsigned(_COLUMNS) or 0)

    def _frame_count(self) -> int:
        """Give how many frames there are, 0 where that is no number of frames; empty means one."""
        count = self.top.integer(_FRAMES) if self.top.text(_FRAMES) else 1
        return count if count is not None and 0 < count <= MOST_FRAMES else 0

    def _native(self, bits: int) -> Kept | Refusal:
        """Cut what stands behind the last frame, but for one byte of padding, which says nothing."""
        whole = (bits + 7) // 8
        if not whole or self.element.length == UNDEFINED:
            return Refusal.UNREADABLE
        padded = whole % 2 == 1 and self.element.length > whole
        return Kept(min(self.element.length, whole + padded), ((self.element.offset + whole, 1),) if padded else ())

    def _beside(self, pixels: int) -> bitstreams.Beside | None:
        """Give what finds what is beside a frame's picture, None for a form that is not known."""
        uid = self.transfer_syntax_uid
        if uid in _JPEG:
            return bitstreams.beside_jpeg
        if uid in _JPEG_LS:
            return bitstreams.beside_jpeg_ls
        if uid in _JPEG_2000:
            return bitstreams.beside_jpeg_2000
        segments = (self.top.unsigned(_ALLOCATED) or 0) // 8
        return partial(bitstreams.beside_rle, pixels=pixels, segments=segments) if uid == _RLE else None

    def _encapsulated(self, beside: bitstreams.Beside, count: int, end: int) -> Kept | Refusal:
        frames = located_frames(self.walk, self.source, count)
        if frames is None or not all(frames) or not self._is_table(frames):
            return Refusal.REMAINS
        blanks: list[tuple[int, int]] = []
        for fragments in frames:
            frame = self._frame(fragments)
            found = None if frame is None else beside(frame)
            if found is None:
                return Refusal.REMAINS
            blanks += _placed(found, fragments)
        return Kept(end - self.element.offset, tuple(sorted(blanks)))

    def _is_table(self, frames: Sequence[Sequence[Fragment]]) -> bool:
        """Say whether the Basic Offset Table is empty, or nothing but the offsets of these frames."""
        table = self.walk.fragments[0]
        first = frames[0][0][0]
        offsets = [fragments[0][0] - first for fragments in frames]
        return not table[1] or list(basic_offsets(self.source, table)) == offsets

    def _frame(self, fragments: Sequence[Fragment]) -> bytes | None:
        """Read a frame, None of one that is too large."""
        if sum(length for _, length in fragments) > MOST_FRAME_BYTES:
            return None
        return b"".join(
            self.source.read(at, min(_PIECE_BYTES, offset + length - at))
            for offset, length in fragments
            for at in range(offset, offset + length, _PIECE_BYTES)
        )


def _placed(spans: Sequence[bitstreams.Span], fragments: Sequence[Fragment]) -> Iterator[tuple[int, int]]:
    """Give where spans of a frame lie in the file, and how long they are, cut where fragments end."""
    begin = 0
    for offset, length in fragments:
        for start, end in spans:
            first, last = max(start, begin), min(end, begin + length)
            if first < last:
                yield offset + first - begin, last - first
        begin += length
