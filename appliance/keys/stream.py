"""A sealed file: chunks of AES-256-GCM that open in any order, and only whole.

Guards: no plaintext leaves before its tag has verified; cut, reordered,
swapped, appended or foreign bytes are `Tampered`; a data key seals one file.
Leaves out: who keeps the data key, where the file lies, when it is durable.

The layout is in docs/storage-format.md, byte by byte.
"""

import os
import struct
from collections.abc import Callable, Iterator
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from appliance.errors import Tampered, WrongKey
from appliance.identifiers import FileId
from appliance.keys.derivation import expand
from appliance.keys.secret import KEY_BYTES, SecretKey, same_bytes

Buffer = bytes | bytearray | memoryview

CHUNK_BYTES = 256 * 1024
LARGEST_CHUNK_BYTES = 4 * 1024 * 1024  # a forged header may not ask for more memory than this
TAG_BYTES = 16
_MAGIC = b"ENAMEL"
_FORMAT = 1
_HEADER = struct.Struct(">6sH16sI4s32s")
HEADER_BYTES = _HEADER.size  # 64
_RESERVED = bytes(4)
_LABEL = b"enamel sealed file"


class SealBuffers:
    """The memory that sealing needs, to be used again for the next file.

    One sealer at a time may use it.
    """

    def __init__(self, chunk_bytes: int = CHUNK_BYTES) -> None:
        if not 0 < chunk_bytes <= LARGEST_CHUNK_BYTES:
            raise ValueError(f"a chunk has 1 to {LARGEST_CHUNK_BYTES} bytes")
        self.chunk_bytes = chunk_bytes
        self.plain = memoryview(bytearray(chunk_bytes))
        self.sealed = memoryview(bytearray(HEADER_BYTES + chunk_bytes + TAG_BYTES))


class StreamSealer:
    """Seals one file as its bytes come, in the memory of two chunks.

    The sink is given views of a buffer that is used again: it must have
    taken the bytes when it returns. After a sink has raised, the sealer
    refuses everything, so that no nonce is ever used twice.
    """

    def __init__(
        self,
        data_key: SecretKey,
        file_id: FileId,
        sink: Callable[[memoryview], object],
        chunk_bytes: int = CHUNK_BYTES,
        buffers: SealBuffers | None = None,
    ) -> None:
        self._buffers = buffers or SealBuffers(chunk_bytes)
        self._plain = self._buffers.plain
        self._chunk_bytes = self._buffers.chunk_bytes
        self._sink = sink
        encryption_key, commitment = _file_keys(data_key, file_id)
        self._cipher = AESGCM(encryption_key)
        self._header = _HEADER.pack(_MAGIC, _FORMAT, file_id.value, self._chunk_bytes, _RESERVED, commitment)
        self._filled = 0
        self._chunk_count = 0
        self._plaintext_bytes = 0
        self._usable = True

    def write(self, data: Buffer) -> None:
        """Take any number of bytes; whole chunks go to the sink sealed."""
        rest = memoryview(data).cast("B")
        while len(rest) > (room := self._chunk_bytes - self._filled):  # a full chunk waits: it may be the last
            self._plain[self._filled : self._chunk_bytes] = rest[:room]
            self._filled = self._chunk_bytes
            rest = rest[room:]
            self._seal(last=False)
        self._plain[self._filled : self._filled + len(rest)] = rest
        self._filled += len(rest)

    def finish(self) -> int:
        """Seal the last chunk and give the plaintext's length in bytes."""
        self._seal(last=True)
        self._usable = False
        return self._plaintext_bytes

    @property
    def written_bytes(self) -> int:
        """Give how many bytes of plaintext were written so far."""
        return self._plaintext_bytes + self._filled

    def read_back(self, offset: int, length: int, stored: Callable[[int, int], bytes]) -> bytes:
        """Give bytes that were written, before `finish`; fewer than `length` only at the end.

        Args:
            offset: Of the first byte.
            length: How many.
            stored: Gives what the sink was given, by offset and length.

        Raises:
            Tampered: A chunk is not what the sink was given.
        """
        end, pieces = min(offset + length, self.written_bytes), []
        while offset < end:
            number, skip = divmod(offset, self._chunk_bytes)
            taken = min(self._chunk_bytes - skip, end - offset)
            pieces.append(self._chunk_again(number, stored)[skip : skip + taken])
            offset += taken
        return b"".join(pieces)

    def _chunk_again(self, number: int, stored: Callable[[int, int], bytes]) -> bytes | memoryview:
        if number == self._chunk_count:
            return self._plain[: self._filled]
        sealed_bytes = self._chunk_bytes + TAG_BYTES
        sealed = stored(HEADER_BYTES + number * sealed_bytes, sealed_bytes)
        try:
            return self._cipher.decrypt(_nonce(number, last=False), sealed, self._header)
        except InvalidTag:
            raise _not_what_was_stored(number) from None

    def _seal(self, *, last: bool) -> None:
        if not self._usable:
            raise ValueError("this sealer is finished, or its sink has failed")
        self._usable = False
        start = 0 if self._chunk_count == 0 else HEADER_BYTES
        end = HEADER_BYTES + self._filled + TAG_BYTES
        sealed = self._buffers.sealed
        nonce = _nonce(self._chunk_count, last=last)
        self._cipher.encrypt_into(nonce, self._plain[: self._filled], self._header, sealed[HEADER_BYTES:end])
        sealed[:HEADER_BYTES] = self._header
        self._sink(sealed[start:end])
        self._chunk_count += 1
        self._plaintext_bytes += self._filled
        self._filled = 0
        self._usable = True


class SealedStream:
    """Reads a sealed file anywhere, decrypting only the chunks that are needed.

    For one reader at a time: it reuses a buffer. The file stays the caller's.
    """

    def __init__(
        self, data_key: SecretKey, file_id: FileId, file: BinaryIO | int, plaintext_bytes: int | None = None
    ) -> None:
        """Check header, key and length.

        Args:
            data_key: The file's own key.
            file_id: The id that its row gives.
            file: A seekable file, or a descriptor (which is then read without moving its position).
            plaintext_bytes: The exact length that the row gives. Without it the
                last chunk is opened at once, so that a cut shows.

        Raises:
            WrongKey: The header commits to another key.
            Tampered: It is no sealed file, another one, or not of this length.
        """
        self._file = file
        stored_bytes = os.fstat(file).st_size if isinstance(file, int) else file.seek(0, os.SEEK_END)
        encryption_key, commitment = _file_keys(data_key, file_id)
        self._header = self._read(0, HEADER_BYTES)
        self._chunk_bytes = _check_header(bytes(self._header), file_id, commitment)
        self._cipher = AESGCM(encryption_key)
        self.plaintext_bytes = _plaintext_bytes(stored_bytes, self._chunk_bytes)
        self._last_chunk = max(0, self.plaintext_bytes - 1) // self._chunk_bytes
        if plaintext_bytes not in (None, self.plaintext_bytes):
            raise Tampered(f"a sealed file holds {self.plaintext_bytes} bytes where {plaintext_bytes} were stored")
        if not plaintext_bytes:  # unknown, or none: then no read would ever look at the one chunk
            self._open_chunk(self._last_chunk)

    def read(self, offset: int, length: int) -> bytes:
        """Give the bytes from `offset` on, fewer than `length` only at the end.

        Raises:
            Tampered: A chunk in this range is not what was stored.
        """
        return b"".join(self.chunks(offset, length))

    def chunks(self, offset: int = 0, length: int | None = None) -> Iterator[bytes]:
        """Give a range piece by piece, each verified before it leaves.

        Raises:
            Tampered: A chunk is not what was stored; the pieces before it were.
        """
        if offset < 0 or (length is not None and length < 0):
            raise ValueError("a range begins at 0 or later and has no negative length")
        end = self.plaintext_bytes if length is None else min(self.plaintext_bytes, offset + length)
        while offset < end:
            number, skip = divmod(offset, self._chunk_bytes)
            chunk = self._open_chunk(number)
            taken = min(len(chunk) - skip, end - offset)
            yield chunk if taken == len(chunk) else chunk[skip : skip + taken]
            offset += taken

    def read_into(self, offset: int, target: memoryview, scratch: SealBuffers) -> None:
        """Fill `target` with the bytes from `offset` on, taking no memory: for whoever reads much and often.

        Args:
            offset: Where to begin; the file must hold as many bytes from there as the target has room for.
            target: Bytes, writable. When this raises, it is wiped: nothing unverified stays in it.
            scratch: Memory that no other reader uses meanwhile.

        Raises:
            Tampered: A chunk in this range is not what was stored.
        """
        if not 0 <= offset <= self.plaintext_bytes - len(target) or scratch.chunk_bytes < self._chunk_bytes:
            raise ValueError("the range lies outside the file, or the scratch memory is too small")
        filled = 0
        try:
            while filled < len(target):
                number, skip = divmod(offset + filled, self._chunk_bytes)
                filled += self._open_into(number, skip, target[filled:], scratch)
        except Tampered:
            target[:] = bytes(len(target))
            raise

    def _open_into(self, number: int, skip: int, target: memoryview, scratch: SealBuffers) -> int:
        nonce, position, plain_bytes = self._place_of(number)
        taken = min(plain_bytes - skip, len(target))
        plain = target[:taken] if taken == plain_bytes else scratch.plain[:plain_bytes]
        sealed = scratch.sealed[: plain_bytes + TAG_BYTES]
        self._fill(position, sealed)
        try:
            self._cipher.decrypt_into(nonce, sealed, self._header, plain)
        except InvalidTag:
            raise _not_what_was_stored(number) from None
        if taken != plain_bytes:
            target[:taken] = plain[skip : skip + taken]
        return taken

    def _open_chunk(self, number: int) -> bytes:
        nonce, position, plain_bytes = self._place_of(number)
        sealed = self._read(position, plain_bytes + TAG_BYTES)
        try:
            return self._cipher.decrypt(nonce, sealed, self._header)
        except InvalidTag:
            raise _not_what_was_stored(number) from None

    def _place_of(self, number: int) -> tuple[bytes, int, int]:
        """Give a chunk's nonce, its place in the file, and its plaintext's length."""
        last = number == self._last_chunk
        plain_bytes = self.plaintext_bytes - number * self._chunk_bytes if last else self._chunk_bytes
        return _nonce(number, last=last), HEADER_BYTES + number * (self._chunk_bytes + TAG_BYTES), plain_bytes

    def _fill(self, offset: int, target: memoryview) -> None:
        if isinstance(self._file, int):
            found = os.preadv(self._file, [target], offset)
        else:
            self._file.seek(offset)
            found = self._file.readinto(target)  # type: ignore[attr-defined]  # every BinaryIO of ours has it
        if found != len(target):
            raise Tampered("a sealed file is shorter than it was")

    def _read(self, offset: int, length: int) -> bytes:
        if isinstance(self._file, int):
            found = os.pread(self._file, length, offset)
        else:
            self._file.seek(offset)
            found = self._file.read(length)
        if len(found) != length:
            raise Tampered("a sealed file is shorter than it was")
        return found


def _not_what_was_stored(number: int) -> Tampered:
    return Tampered(f"chunk {number} of a sealed file is not what was stored")


def ends_well(data_key: SecretKey, file_id: FileId, file: BinaryIO | int) -> bool:
    """Say whether header and last chunk verify: the file is complete."""
    try:
        SealedStream(data_key, file_id, file)
    except Tampered:
        return False
    return True


def _file_keys(data_key: SecretKey, file_id: FileId) -> tuple[bytes, bytes]:
    both = expand(data_key, _LABEL, file_id.value, 2 * KEY_BYTES)
    return both[:KEY_BYTES], both[KEY_BYTES:]


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + (b"\x01" if last else b"\x00")


def _check_header(header: bytes, file_id: FileId, expected_commitment: bytes) -> int:
    magic, version, id_bytes, chunk_bytes, reserved, commitment = _HEADER.unpack(header)
    if (magic, version, reserved) != (_MAGIC, _FORMAT, _RESERVED) or not 0 < chunk_bytes <= LARGEST_CHUNK_BYTES:
        raise Tampered("this is no sealed file of a format that this release knows")
    if id_bytes != file_id.value:
        raise Tampered("a sealed file bears another file's id")
    if not same_bytes(commitment, expected_commitment):
        raise WrongKey("a sealed file was sealed with another key")
    return int(chunk_bytes)


def _plaintext_bytes(stored_bytes: int, chunk_bytes: int) -> int:
    full, rest = divmod(stored_bytes - HEADER_BYTES, chunk_bytes + TAG_BYTES)
    if rest == 0 and full:
        return full * chunk_bytes
    if rest > TAG_BYTES or (rest == TAG_BYTES and full == 0):
        return full * chunk_bytes + rest - TAG_BYTES
    raise Tampered("a sealed file is cut within a chunk")
