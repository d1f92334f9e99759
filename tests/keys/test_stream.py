"""The sealed file: whatever is written comes back, and nothing else ever does."""

import hashlib
import hmac
import io
import os
import struct
import tempfile
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import example, given
from hypothesis import strategies as st

from appliance.errors import Tampered, WrongKey
from appliance.identifiers import FileId
from appliance.keys.secret import SecretKey
from appliance.keys.stream import (
    CHUNK_BYTES,
    HEADER_BYTES,
    LARGEST_CHUNK_BYTES,
    TAG_BYTES,
    Buffer,
    SealBuffers,
    SealedStream,
    StreamSealer,
    ends_well,
)

KEY = SecretKey(bytes(range(32)))
ID = FileId(bytes(range(16)))
CHUNK = 10
SEALED_CHUNK = CHUNK + TAG_BYTES
contents = st.binary(max_size=5 * CHUNK)


def seal(content: bytes, *, key: SecretKey = KEY, file_id: FileId = ID, chunk_bytes: int = CHUNK) -> bytes:
    out = bytearray()
    sealer = StreamSealer(key, file_id, out.extend, chunk_bytes)
    sealer.write(content)
    assert sealer.finish() == len(content)
    return bytes(out)


def opened(sealed: bytes, *, key: SecretKey = KEY, file_id: FileId = ID, length: int | None = None) -> bytes:
    stream = SealedStream(key, file_id, io.BytesIO(sealed), length)
    return stream.read(0, stream.plaintext_bytes)


def parts(sealed: bytes) -> tuple[bytes, list[bytes]]:
    body = sealed[HEADER_BYTES:]
    return sealed[:HEADER_BYTES], [body[i : i + SEALED_CHUNK] for i in range(0, len(body), SEALED_CHUNK)]


@given(contents, st.lists(st.integers(0, 5 * CHUNK)))
def test_what_is_written_in_any_pieces_is_read_back_whole(content: bytes, cuts: list[int]) -> None:
    out = bytearray()
    sealer = StreamSealer(KEY, ID, out.extend, CHUNK)
    edges = [0, *sorted(min(cut, len(content)) for cut in cuts), len(content)]
    for start, end in pairwise(edges):
        sealer.write(content[start:end])
    assert sealer.finish() == len(content)
    assert bytes(out) == seal(content)
    assert opened(bytes(out)) == content


@given(contents, st.integers(0, 6 * CHUNK), st.integers(0, 6 * CHUNK))
def test_any_range_is_what_a_slice_of_the_whole_would_be(content: bytes, offset: int, length: int) -> None:
    stream = SealedStream(KEY, ID, io.BytesIO(seal(content)), len(content))
    assert stream.read(offset, length) == content[offset : offset + length]
    assert b"".join(stream.chunks(offset)) == content[offset:]


@pytest.mark.parametrize("wrap", [bytes, bytearray, memoryview])
def test_any_kind_of_buffer_can_be_written(wrap: Callable[[bytes], Buffer]) -> None:
    out = bytearray()
    sealer = StreamSealer(KEY, ID, out.extend, CHUNK)
    sealer.write(wrap(b"0123456789abc"))
    sealer.finish()
    assert opened(bytes(out)) == b"0123456789abc"


def test_a_view_of_larger_items_counts_bytes_and_not_items() -> None:
    out = bytearray()
    sealer = StreamSealer(KEY, ID, out.extend, CHUNK)
    sealer.write(memoryview(struct.pack("<6H", *range(6))).cast("H"))
    assert sealer.finish() == 12
    assert opened(bytes(out)) == struct.pack("<6H", *range(6))


@pytest.mark.parametrize("length", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK])
def test_only_an_empty_file_has_an_empty_last_chunk(length: int) -> None:
    sealed = seal(b"x" * length)
    chunk_count = max(1, -(-length // CHUNK))
    assert len(sealed) == HEADER_BYTES + length + chunk_count * TAG_BYTES
    assert opened(sealed) == b"x" * length


@given(contents, st.data())
def test_a_flipped_bit_anywhere_is_told(content: bytes, data: st.DataObject) -> None:
    sealed = bytearray(seal(content))
    bit = data.draw(st.integers(0, 8 * len(sealed) - 1))
    sealed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(Tampered):
        opened(bytes(sealed), length=len(content))
    with pytest.raises(Tampered):
        opened(bytes(sealed))


@given(contents, st.data())
def test_a_cut_anywhere_is_told_with_and_without_the_rows_length(content: bytes, data: st.DataObject) -> None:
    sealed = seal(content)
    cut = sealed[: data.draw(st.integers(0, len(sealed) - 1))]
    for length in (None, len(content)):
        with pytest.raises(Tampered):
            SealedStream(KEY, ID, io.BytesIO(cut), length)
    assert not ends_well(KEY, ID, io.BytesIO(cut))


@given(contents, st.binary(min_size=1, max_size=3 * SEALED_CHUNK))
def test_appended_bytes_are_told(content: bytes, more: bytes) -> None:
    for length in (None, len(content)):
        with pytest.raises(Tampered):
            SealedStream(KEY, ID, io.BytesIO(seal(content) + more), length)


@given(st.binary(min_size=2 * CHUNK + 1, max_size=5 * CHUNK), st.data())
def test_chunks_that_change_places_are_told(content: bytes, data: st.DataObject) -> None:
    header, chunks = parts(seal(content))
    one, other = data.draw(st.permutations(range(len(chunks))))[:2]
    chunks[one], chunks[other] = chunks[other], chunks[one]
    with pytest.raises(Tampered):
        opened(header + b"".join(chunks))


@given(st.binary(min_size=CHUNK + 1, max_size=4 * CHUNK), st.data())
def test_a_chunk_left_out_or_doubled_is_told(content: bytes, data: st.DataObject) -> None:
    header, chunks = parts(seal(content))
    at = data.draw(st.integers(0, len(chunks) - 1))
    for changed in (chunks[:at] + chunks[at + 1 :], chunks[: at + 1] + chunks[at:]):
        with pytest.raises(Tampered):
            opened(header + b"".join(changed))


@pytest.mark.parametrize("at", range(3))
def test_a_chunk_of_another_file_is_told(at: int) -> None:
    header, chunks = parts(seal(b"a" * 25))
    _, foreign = parts(seal(b"b" * 25, file_id=FileId(bytes(16))))
    chunks[at] = foreign[at]
    with pytest.raises(Tampered):
        opened(header + b"".join(chunks))


def test_another_files_id_or_key_is_told_by_the_header_alone() -> None:
    sealed = seal(b"scan")
    with pytest.raises(Tampered, match="another file's id"):
        SealedStream(KEY, FileId(bytes(16)), io.BytesIO(sealed), 4)
    with pytest.raises(WrongKey):
        SealedStream(SecretKey(bytes(32)), ID, io.BytesIO(sealed), 4)
    renamed = bytearray(sealed)
    renamed[8:24] = bytes(16)
    with pytest.raises(WrongKey):  # one data key for two ids gives two keys and two commitments
        SealedStream(KEY, FileId(bytes(16)), io.BytesIO(bytes(renamed)), 4)


def test_a_commitment_that_was_replaced_too_does_not_help_an_attacker() -> None:
    other = SecretKey(bytes(32))
    forged = seal(b"other", key=other)[:HEADER_BYTES] + seal(b"scan!")[HEADER_BYTES:]
    with pytest.raises(Tampered):
        opened(forged, key=other)


@pytest.mark.parametrize(
    ("at", "content"),
    [(0, b"ENAMEX"), (6, b"\x00\x00"), (6, b"\x00\x02"), (28, b"\x00\x00\x00\x01"), (24, b"\x00\x00\x00\x00"),
     (24, struct.pack(">I", LARGEST_CHUNK_BYTES + 1)), (24, b"\xff\xff\xff\xff")],
)  # fmt: skip
def test_a_header_of_no_known_format_is_refused_before_any_memory_is_taken(at: int, content: bytes) -> None:
    sealed = bytearray(seal(b"scan"))
    sealed[at : at + len(content)] = content
    with pytest.raises(Tampered, match="no sealed file"):
        opened(bytes(sealed))


def test_the_row_may_not_tell_another_length() -> None:
    for length in (3, 5, 4 + CHUNK):
        with pytest.raises(Tampered, match="where"):
            SealedStream(KEY, ID, io.BytesIO(seal(b"scan")), length)


def test_a_range_before_the_damage_is_read_and_one_over_it_is_not() -> None:
    sealed = bytearray(seal(b"x" * 35))
    sealed[HEADER_BYTES + 2 * SEALED_CHUNK] ^= 1
    stream = SealedStream(KEY, ID, io.BytesIO(bytes(sealed)), 35)
    assert stream.read(0, 20) == b"x" * 20
    assert stream.read(30, 5) == b"x" * 5
    pieces = stream.chunks(5)
    assert next(pieces) + next(pieces) == b"x" * 15
    with pytest.raises(Tampered, match="chunk 2"):
        next(pieces)


def test_a_file_that_shrinks_while_it_is_read_is_told(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(seal(b"x" * 35))
    with path.open("rb") as file:
        stream = SealedStream(KEY, ID, file.fileno(), 35)
        os.truncate(path, HEADER_BYTES + SEALED_CHUNK)
        with pytest.raises(Tampered, match="shorter"):
            stream.read(10, 10)


class Counting(io.BytesIO):
    """A file that knows how many bytes were taken from it."""

    taken = 0

    def read(self, size: int | None = -1, /) -> bytes:
        found = super().read(size)
        self.taken += len(found)
        return found


def test_a_range_reads_only_the_chunks_that_it_needs() -> None:
    file = Counting(seal(b"x" * 1000))
    stream = SealedStream(KEY, ID, file, 1000)
    assert file.taken == HEADER_BYTES
    stream.read(95, 10)
    assert file.taken == HEADER_BYTES + 2 * SEALED_CHUNK


def test_a_descriptor_is_read_without_moving_its_position(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(seal(b"0123456789" * 3))
    with path.open("rb", buffering=0) as file:
        file.seek(7)
        assert SealedStream(KEY, ID, file.fileno(), 30).read(9, 3) == b"901"
        assert ends_well(KEY, ID, file.fileno())
        assert file.tell() == 7


@pytest.mark.parametrize(("offset", "length"), [(-1, 5), (0, -1)])
def test_a_range_before_the_beginning_is_a_mistake(offset: int, length: int) -> None:
    with pytest.raises(ValueError, match="a range begins"):
        SealedStream(KEY, ID, io.BytesIO(seal(b"scan")), 4).read(offset, length)


def test_after_its_end_or_a_failed_sink_a_sealer_takes_nothing_more() -> None:
    sealer = StreamSealer(KEY, ID, bytearray().extend, CHUNK)
    sealer.finish()
    with pytest.raises(ValueError, match="finished"):
        sealer.finish()

    def full(_view: memoryview) -> None:
        raise OSError(28, "No space left on device")

    sealer = StreamSealer(KEY, ID, full, CHUNK)
    with pytest.raises(OSError, match="No space"):
        sealer.write(b"x" * 11)
    for again in (lambda: sealer.write(b"x" * 11), sealer.finish):
        with pytest.raises(ValueError, match="its sink has failed"):
            again()


@pytest.mark.parametrize("chunk_bytes", [0, -1, LARGEST_CHUNK_BYTES + 1])
def test_a_chunk_has_a_bounded_size(chunk_bytes: int) -> None:
    with pytest.raises(ValueError, match="a chunk has"):
        StreamSealer(KEY, ID, bytearray().extend, chunk_bytes)


def test_buffers_are_used_again_without_a_trace_of_the_file_before() -> None:
    buffers, alone = SealBuffers(CHUNK), []
    for content in (b"a" * 25, b"b", b"", b"c" * 20):
        out = bytearray()
        sealer = StreamSealer(KEY, ID, out.extend, buffers=buffers)
        sealer.write(content)
        sealer.finish()
        alone.append(bytes(out) == seal(content))
    assert alone == [True] * 4


def test_the_sink_takes_header_and_first_chunk_at_once_then_whole_chunks() -> None:
    sizes: list[int] = []
    sealer = StreamSealer(KEY, ID, lambda view: sizes.append(len(view)))
    sealer.write(bytes(2 * CHUNK_BYTES))
    assert sizes == [HEADER_BYTES + CHUNK_BYTES + TAG_BYTES]
    sealer.write(b"x")
    sealer.finish()
    assert sizes[1:] == [CHUNK_BYTES + TAG_BYTES, 1 + TAG_BYTES]


@given(st.lists(contents, min_size=2, max_size=6), st.lists(st.booleans(), min_size=6, max_size=6))
def test_no_nonce_is_used_twice_under_one_key(files: list[bytes], same_key: list[bool]) -> None:
    used: set[tuple[bytes, bytes]] = set()
    data_key = SecretKey.new()
    for content, same in zip(files, same_key, strict=False):
        file_id, key = FileId.new(), data_key if same else SecretKey.new()
        header, chunks = parts(seal(content, key=key, file_id=file_id))
        for number, chunk in enumerate(chunks):
            nonce = number.to_bytes(11, "big") + bytes([number == len(chunks) - 1])
            AESGCM(encryption_key(key, file_id)).decrypt(nonce, chunk, header)  # this nonce it is, and no other
            assert (encryption_key(key, file_id), nonce) not in used
            used.add((encryption_key(key, file_id), nonce))


def encryption_key(data_key: SecretKey, file_id: FileId) -> bytes:
    """HKDF-SHA256 written out by RFC 5869, without the library that the code uses."""
    extracted = hmac.digest(bytes(32), data_key.reveal(), hashlib.sha256)
    return hmac.digest(extracted, b"enamel sealed file\x00" + file_id.value + b"\x01", hashlib.sha256)


@pytest.mark.parametrize("name", ["header", "chunk"])
def test_a_stream_is_complete_only_if_header_and_last_chunk_verify(name: str) -> None:
    sealed = bytearray(seal(b"x" * 25))
    assert ends_well(KEY, ID, io.BytesIO(bytes(sealed)))
    sealed[3 if name == "header" else -1] ^= 1
    assert not ends_well(KEY, ID, io.BytesIO(bytes(sealed)))


@given(contents, st.integers(0, 5 * CHUNK), st.integers(0, 5 * CHUNK), st.booleans())
@example(bytes(range(35)), 3, 25, False)
@example(bytes(range(35)), 3, 25, True)
def test_a_range_is_read_into_memory_that_is_used_again(
    content: bytes, offset: int, length: int, by_file: bool
) -> None:
    offset = min(offset, len(content))
    target = memoryview(bytearray(min(length, len(content) - offset)))
    with tempfile.TemporaryFile(buffering=0) as file:
        file.write(seal(content))
        stream = SealedStream(KEY, ID, file if by_file else file.fileno(), len(content))
        stream.read_into(offset, target, SealBuffers(CHUNK))
    assert bytes(target) == content[offset : offset + len(target)]


@given(st.binary(min_size=1, max_size=5 * CHUNK), st.data())
def test_nothing_unverified_stays_in_the_memory_that_was_given(content: bytes, data: st.DataObject) -> None:
    sealed = bytearray(seal(content))
    sealed[data.draw(st.integers(HEADER_BYTES, len(sealed) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    target = memoryview(bytearray(b"x" * len(content)))
    with pytest.raises(Tampered):
        SealedStream(KEY, ID, io.BytesIO(sealed), len(content)).read_into(0, target, SealBuffers(CHUNK))
    assert bytes(target) == bytes(len(content))


def test_memory_is_filled_only_from_within_the_file_and_by_enough_scratch(tmp_path: Path) -> None:
    path = tmp_path / "sealed"
    path.write_bytes(seal(b"0123456789abc"))
    with path.open("r+b", buffering=0) as file:
        stream = SealedStream(KEY, ID, file.fileno(), 13)
        for offset, length, chunk in ((-1, 1, CHUNK), (13, 1, CHUNK), (0, 14, CHUNK), (0, 1, CHUNK - 1)):
            with pytest.raises(ValueError, match="outside the file"):
                stream.read_into(offset, memoryview(bytearray(length)), SealBuffers(chunk))
        file.truncate(HEADER_BYTES + 5)
        with pytest.raises(Tampered):
            stream.read_into(0, memoryview(bytearray(13)), SealBuffers(CHUNK))


@example(bytes(range(25)), 3, 60)
@given(contents, st.integers(0, 60), st.integers(0, 60))
def test_what_was_written_is_read_back_before_the_file_is_finished(content: bytes, offset: int, length: int) -> None:
    out = bytearray()
    sealer = StreamSealer(KEY, ID, out.extend, CHUNK)
    sealer.write(content)
    assert sealer.written_bytes == len(content)
    asked = sealer.read_back(offset, length, lambda at, many: bytes(out[at : at + many]))
    assert asked == content[offset : offset + length]
    assert sealer.finish() == len(content)
    assert opened(bytes(out)) == content, "reading back changed nothing"


def test_what_the_sink_lost_is_told_when_it_is_read_back() -> None:
    out = bytearray()
    sealer = StreamSealer(KEY, ID, out.extend, CHUNK)
    sealer.write(bytes(3 * CHUNK))
    out[HEADER_BYTES] ^= 1
    with pytest.raises(Tampered):
        sealer.read_back(0, 1, lambda at, many: bytes(out[at : at + many]))
    assert sealer.read_back(CHUNK, CHUNK, lambda at, many: bytes(out[at : at + many])) == bytes(CHUNK)
