"""Reads a series stream by the letter of docs/storage-format.md, whatever its records are coded in."""

import json
import struct
import zlib
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
    assert (magic, version, length % 8) == (b"ENSTREAM", 3, 0)
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
    """Put a split record together again: head, words, rest."""
    head, words, low, high = struct.unpack_from("<IIII", data)
    at = 16 + head
    planes = [_plane(data[at : at + low], words), _plane(data[at + low : at + low + high], words)]
    whole = np.empty(2 * words, np.uint8)
    whole[0::2], whole[1::2] = (np.frombuffer(plane, np.uint8) for plane in planes)
    return data[16:at], whole.tobytes(), data[at + low + high :]


def _plane(stored: bytes, words: int) -> bytes:
    if len(stored) == words:
        return stored
    inflater = zlib.decompressobj(-15)
    plane = inflater.decompress(stored)
    assert (len(plane), inflater.eof, inflater.unused_data) == (words, True, b"")
    return plane


def _read_preview(found: ReadStream, data: bytes) -> None:
    told = found.index["preview"]
    found.preview_head, words, rest = joined(data)
    assert rest == b""
    values = np.frombuffer(words, "<i2").reshape(told["slices"], told["rows"], told["columns"])
    found.preview = values * told["slope"] + told["intercept"]
