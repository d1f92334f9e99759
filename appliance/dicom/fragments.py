"""Which fragments make up which frame of encapsulated pixel data, and the index's byte form.

Byte form, kept in `versions.frame_index`: for each frame in order a u32 LE
number of fragments, then for each fragment its u64 LE offset in the file's
plaintext and its u64 LE length. The offset is that of the fragment's first
byte after its item header.

Source: DICOM PS3.5 A.4 (encapsulation), PS3.3 C.7.6.3.1.8 (Extended Offset Table).
"""

import struct
from collections.abc import Callable, Sequence
from itertools import pairwise

from appliance.dicom.elements import Walk
from appliance.dicom.facts import MOST_FRAMES
from appliance.dicom.faults import Fault, Unparsable
from appliance.dicom.source import Source

Fragment = tuple[int, int]  # offset and length in the file's plaintext
EXTENDED_OFFSETS = 0x7FE00001
_COUNT = struct.Struct("<I")
_FRAGMENT = struct.Struct("<QQ")
_LONE = struct.Struct("<IQQ")  # a frame of one fragment
_STARTS = (b"\xff\xd8", b"\xff\x4f")  # JPEG and JPEG-LS SOI; JPEG 2000 SOC


def encode_index(frames: Sequence[Sequence[Fragment]]) -> bytes:
    """Write the byte form."""
    parts = []
    for fragments in frames:
        parts.append(_COUNT.pack(len(fragments)))
        parts.extend(_FRAGMENT.pack(*fragment) for fragment in fragments)
    return b"".join(parts)


def decode_index(data: bytes) -> list[list[Fragment]]:
    """Read the byte form.

    Raises:
        Unparsable: It is cut off.
    """
    frames, at = [], 0
    try:
        while at < len(data):
            (count,) = _COUNT.unpack_from(data, at)
            at += _COUNT.size
            if count > (len(data) - at) // _FRAGMENT.size:
                raise Unparsable(Fault.TRUNCATED)
            frames.append(list(_FRAGMENT.iter_unpack(data[at : at + count * _FRAGMENT.size])))
            at += count * _FRAGMENT.size
    except struct.error as error:
        raise Unparsable(Fault.TRUNCATED) from error
    return frames


def find_frames(data: bytes, numbers: Sequence[int], frame_count: int) -> list[list[Fragment]] | None:
    """Read some frames of the byte form; where each has one fragment, as most do, without reading the others.

    Args:
        data: The byte form, with no frame that is empty.
        numbers: Frame numbers from 1 on.
        frame_count: How many frames there are.

    Returns:
        The fragments of each asked frame, or None when there is no such frame.

    Raises:
        Unparsable: It is cut off.
    """
    if len(data) == frame_count * _LONE.size and max(numbers, default=0) <= frame_count:
        found = [_LONE.unpack_from(data, (number - 1) * _LONE.size) for number in numbers]
        return [[(offset, length)] for _, offset, length in found]
    frames = decode_index(data)
    return [frames[number - 1] for number in numbers] if max(numbers, default=0) <= len(frames) else None


def located_frames(walk: Walk, source: Source, frame_count: int) -> list[list[Fragment]] | None:
    """Group the fragments that a walk found into frames, or give None when nothing says how.

    Args:
        walk: Of a dataset whose encapsulated pixel data has at least one item.
        source: What was walked.
        frame_count: As the dataset says.
    """
    table, *fragments = walk.fragments
    return frames_of(fragments, _offsets(walk, source, table), frame_count, source.read)


def frames_of(
    fragments: Sequence[Fragment], offsets: Sequence[int], frame_count: int, read: Callable[[int, int], bytes]
) -> list[list[Fragment]] | None:
    """Group fragments into frames, or give None when nothing says how.

    Args:
        fragments: All fragments after the Basic Offset Table.
        offsets: Of each frame's first fragment's item, from the first item after
            the table; empty when there is no table.
        frame_count: As the dataset says.
        read: Gives bytes by offset and length, to look for start markers.
    """
    if not fragments:
        return None
    if frame_count == 1:
        return [list(fragments)]
    by_table = _split(fragments, _indices_of(fragments, offsets))
    if offsets and by_table is not None and len(by_table) == frame_count:
        return by_table
    if len(fragments) == frame_count:
        return [[fragment] for fragment in fragments]
    if len(fragments) < frame_count:
        return None
    starts = [at for at, (offset, _) in enumerate(fragments) if read(offset, 2) in _STARTS]
    by_marker = _split(fragments, starts)
    return by_marker if by_marker is not None and len(by_marker) == frame_count else None


def _indices_of(fragments: Sequence[Fragment], offsets: Sequence[int]) -> list[int]:
    first = fragments[0][0]
    at_offset = {offset - first: index for index, (offset, _) in enumerate(fragments)}
    return [at_offset.get(offset, -1) for offset in offsets]


def _split(fragments: Sequence[Fragment], starts: Sequence[int]) -> list[list[Fragment]] | None:
    if not starts or starts[0] != 0 or any(a >= b for a, b in pairwise(starts)):
        return None
    return [list(fragments[a:b]) for a, b in zip(starts, [*starts[1:], len(fragments)], strict=True)]


def _offsets(walk: Walk, source: Source, table: Fragment) -> Sequence[int]:
    extended = walk.elements.get(EXTENDED_OFFSETS)
    if extended is not None and extended.length % 8 == 0 and extended.length <= 8 * MOST_FRAMES:
        raw = source.read(extended.offset, extended.length)
        return struct.unpack(f"<{len(raw) // 8}Q", raw)
    return basic_offsets(source, table)


def basic_offsets(source: Source, table: Fragment) -> Sequence[int]:
    """Read the Basic Offset Table; of one that cannot be one, nothing."""
    if not 0 < table[1] <= 4 * MOST_FRAMES or table[1] % 4:
        return ()
    raw = source.read(*table)
    return struct.unpack(f"<{len(raw) // 4}I", raw)
