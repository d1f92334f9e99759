"""Reads a series stream by the letter of docs/storage-format.md, whatever its records are coded in."""

import json
import struct
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass
class ReadStream:
    """What a stream held: files by SOP instance UID, in the order they came, and the preview with its head."""

    index: dict[str, Any]
    files: dict[str, bytes] = field(default_factory=dict)
    codings: list[int] = field(default_factory=list)
    preview: NDArray[np.float64] | None = None
    preview_head: bytes = b""


def read_stream(body: bytes) -> ReadStream:
    magic, version, length = struct.unpack_from("<8sII", body)
    assert (magic, version, length % 8) == (b"ENSTREAM", 4, 0)
    found, at = ReadStream(json.loads(body[16 : 16 + length])), 16 + length
    numbers = []
    while at < len(body):
        number, coding, size = struct.unpack_from("<IIQ", body, at)
        data = body[at + 16 : at + 16 + size]
        assert body[at + 16 + size : at + 20 + size] == bytes(4)
        at += 20 + size
        found.codings.append(coding)
        if coding == 2:
            assert (number, len(found.codings)) == (0xFFFFFFFF, 1)
            _read_preview(found, data)
        else:
            numbers.append(number)
            entry = found.index["instances"][number]
            found.files[entry["sop"]] = data if coding == 0 else b"".join(joined(data))
            assert len(found.files[entry["sop"]]) == entry["bytes"]
    assert numbers == found.index["order"]
    assert ("preview" in found.index) == (found.preview is not None)
    return found


def joined(data: bytes) -> tuple[bytes, bytes, bytes]:
    """Put a packed record together again: head, words, rest."""
    head, words, stride, length = struct.unpack_from("<IIII", data)
    across, strips = -(-stride // 8), -(-words // (8 * stride))
    at = 16 + head
    least = struct.unpack_from(f"<{across * strips}H", data, at)
    bits = data[at + 2 * len(least) : at + 3 * len(least)]
    start = at = at + 3 * len(least)
    grid = np.zeros((8 * strips, 8 * across), "<u2")
    for block, (low, width) in enumerate(zip(least, bits, strict=True)):
        row, column = 8 * (block // across), 8 * (block % across)
        for lane in range(8):
            stream = int.from_bytes(data[at + lane : at + 8 * width : 8], "little")
            values = [(low + (stream >> (width * y) & ((1 << width) - 1))) % 65536 for y in range(8)]
            grid[row : row + 8, column + lane] = values
        at += 8 * width
    assert at == start + length
    return data[16 : 16 + head], grid[:, :stride].tobytes()[: 2 * words], data[at:]


def _read_preview(found: ReadStream, data: bytes) -> None:
    told = found.index["preview"]
    found.preview_head, words, rest = joined(data)
    assert rest == b""
    values = np.frombuffer(words, "<i2").reshape(told["slices"], told["rows"], told["columns"])
    found.preview = values * told["slope"] + told["intercept"]
