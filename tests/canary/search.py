"""Looks for what must never be found: a patient's name or pixels outside ciphertext.

A needle is sought as UTF-8, Latin-1, UTF-16 of both orders, hexadecimal,
base64 at each of its three alignments, percent-encoding and JSON escapes, and
again inside whatever decompresses: gzip, zlib, bzip2, xz, zstandard and ZIP
members, three layers deep. Places are folders, and of a process its open
files (deleted ones too), arguments and environment.
"""

import base64
import bz2
import gzip
import io
import json
import lzma
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from urllib.parse import quote

import zstandard

_DEPTH = 3
_INFLATED_BYTES = 64 << 20
_MEMBERS: tuple[tuple[bytes, Callable[[bytes], bytes]], ...] = (
    (b"\x1f\x8b\x08", lambda data: zlib.decompressobj(31).decompress(data, _INFLATED_BYTES)),
    (b"\x78\x01", lambda data: zlib.decompressobj().decompress(data, _INFLATED_BYTES)),
    (b"\x78\x5e", lambda data: zlib.decompressobj().decompress(data, _INFLATED_BYTES)),
    (b"\x78\x9c", lambda data: zlib.decompressobj().decompress(data, _INFLATED_BYTES)),
    (b"\x78\xda", lambda data: zlib.decompressobj().decompress(data, _INFLATED_BYTES)),
    (b"BZh", lambda data: bz2.BZ2Decompressor().decompress(data, _INFLATED_BYTES)),
    (b"\xfd7zXZ\x00", lambda data: lzma.LZMADecompressor().decompress(data, _INFLATED_BYTES)),
    (b"\x28\xb5\x2f\xfd", lambda data: zstandard.ZstdDecompressor().decompressobj().decompress(data)),
    (b"PK\x03\x04", lambda data: b"".join(_zip_members(data))),
)
_BROKEN = (zlib.error, OSError, EOFError, lzma.LZMAError, zstandard.ZstdError, zipfile.BadZipFile, ValueError)


def spellings(text: str) -> set[bytes]:
    """Give every form in which `text` may have been written."""
    utf8 = text.encode()
    forms = {utf8, text.encode("utf-16-le"), text.encode("utf-16-be"), json.dumps(text)[1:-1].encode()}
    forms |= {quote(text).encode(), quote(text, safe="^").encode(), text.encode("latin-1", "ignore")}
    return {f for f in forms if len(f) >= 4} | bytes_spellings(utf8)


def bytes_spellings(raw: bytes) -> set[bytes]:
    """Give the forms of raw bytes, such as a pixel watermark: as they are, hexadecimal, base64."""
    return {raw, raw.hex().encode(), raw.hex().upper().encode()} | {_base64_core(raw, shift) for shift in range(3)}


def search_bytes(data: bytes, needles: Iterable[bytes], depth: int = _DEPTH) -> bool:
    """Say whether any needle stands in `data`, or in what decompresses from anywhere inside it."""
    needles = tuple(needles)
    if any(needle in data for needle in needles):
        return True
    return depth > 0 and any(search_bytes(inner, needles, depth - 1) for inner in _inflated(data))


def search_folder(folder: Path, needles: Iterable[bytes]) -> list[str]:
    """Give the files below `folder` that hold a needle, in their content or in their name."""
    needles = tuple(needles)
    return [str(p) for p in sorted(folder.rglob("*")) if _hit(p, needles)]


def search_process(pid: int, needles: Iterable[bytes]) -> list[str]:
    """Give what of a process holds a needle: arguments, environment, open files, deleted ones too."""
    needles = tuple(needles)
    process = Path("/proc") / str(pid)
    places = [process / "cmdline", process / "environ", *_open_files(process)]
    return [str(place) for place in places if search_bytes(_read(place), needles)]


def _hit(path: Path, needles: tuple[bytes, ...]) -> bool:
    if any(needle in str(path).encode() for needle in needles):
        return True
    return path.is_file() and not path.is_symlink() and search_bytes(_read(path), needles)


def _open_files(process: Path) -> Iterator[Path]:
    try:
        links = list((process / "fd").iterdir())
    except OSError:
        return
    for link in links:
        if link.is_file():  # sockets, pipes and devices are not files; a deleted file still is
            yield link


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _inflated(data: bytes) -> Iterator[bytes]:
    for magic, inflate in _MEMBERS:
        at = data.find(magic)
        while at >= 0:
            try:
                inner = inflate(data[at:])
            except _BROKEN:
                inner = b""
            if len(inner) >= 4:
                yield inner
            at = data.find(magic, at + 1)


def _zip_members(data: bytes) -> Iterator[bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for name in archive.namelist():
            yield archive.read(name)


def _base64_core(raw: bytes, shift: int) -> bytes:
    encoded = base64.b64encode(bytes(shift) + raw)
    start = (0, 2, 3)[shift]
    return encoded[start : len(encoded) - 4 if len(raw) + shift > 6 else None]


def compressed_forms(raw: bytes) -> dict[str, bytes]:
    """Give `raw` compressed in each way the search must see through; for its own tests."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as writer:
        writer.writestr("member", raw)
    return {
        "gzip": gzip.compress(raw),
        "zlib": zlib.compress(raw),
        "zlib-9": zlib.compress(raw, 9),
        "bzip2": bz2.compress(raw),
        "xz": lzma.compress(raw),
        "zstandard": zstandard.ZstdCompressor().compress(raw),
        "zip": archive.getvalue(),
        "twice": gzip.compress(zlib.compress(raw)),
    }
