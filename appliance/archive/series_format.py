"""The bytes of a series stream that are no image: its head with the index, and what stands around each record.

Source: docs/storage-format.md, "series stream".
"""

import json
import struct
from collections.abc import Mapping, Sequence
from enum import IntEnum

from appliance.archive.located import Located

MAGIC = b"ENSTREAM"
FORMAT = 4
PREVIEW_NUMBER = 0xFFFFFFFF
CONDITION_BYTES = 4
_HEAD = struct.Struct("<8sII")
_RECORD = struct.Struct("<IIQ")
_CONDITION = struct.Struct("<I")
_ALIGNMENT = 8


class Coding(IntEnum):
    """What a record's bytes are."""

    PLAIN = 0  # a Part 10 file as stored
    PACKED = 1  # a Part 10 file whose words are packed
    PREVIEW = 2


class Condition(IntEnum):
    """What the box found of a record's bytes."""

    SOUND = 0
    DAMAGED = 1
    UNREADABLE = 2  # the disk refused; another time it may not


def head(shown: Sequence[Located], order: Sequence[int], preview: Mapping[str, object] | None = None) -> bytes:
    """Give the stream's first bytes: magic, version, index.

    Args:
        shown: The series' instances in display order, at least one.
        order: Indices into `shown`, as the records follow.
        preview: What the index says of the preview, where one comes.
    """
    index: dict[str, object] = {
        "series": shown[0].series_instance_uid,
        "instances": [_entry(one) for one in shown],
        "order": order,
    }
    if preview is not None:
        index["preview"] = preview
    text = json.dumps(index, separators=(",", ":")).encode()
    text += b" " * (-(_HEAD.size + len(text)) % _ALIGNMENT)
    return _HEAD.pack(MAGIC, FORMAT, len(text)) + text


def record_head(number: int, coding: Coding, length: int) -> bytes:
    """Give what stands before a record's bytes."""
    return _RECORD.pack(number, coding, length)


def condition(found: Condition = Condition.SOUND) -> bytes:
    """Give what stands behind a record's bytes."""
    return _CONDITION.pack(found)


def _entry(one: Located) -> dict[str, object]:
    image = one.image
    return {
        "sop": one.sop_instance_uid,
        "number": one.instance_number,
        "transfer_syntax": one.transfer_syntax_uid,
        "rows": image.rows or 0,
        "columns": image.columns or 0,
        "frames": image.frame_count if image.rows else 0,
        "bits_allocated": image.bits_allocated or 0,
        "samples": image.samples_per_pixel or 0,
        "bytes": one.file.plaintext_bytes,
        "position": image.vector("position"),
        "orientation": image.vector("orientation"),
    }
