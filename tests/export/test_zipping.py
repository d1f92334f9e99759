"""Archives of any size are as the plainest programs expect them."""

import io
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from appliance.export import zipping
from appliance.export.entries import Entry
from appliance.export.zipping import zip_bytes, zip_pieces

AT = datetime(2026, 11, 21, 14, 30, 8, tzinfo=UTC)


def entry(name: str, content: bytes) -> Entry:
    return Entry(name, len(content), lambda: iter((content,)))


@given(st.dictionaries(st.from_regex(r"[A-Z0-9_]{1,8}(/[A-Z0-9_]{1,8})?", fullmatch=True), st.binary(max_size=2000)))
def test_python_reads_what_was_written(contents: dict[str, bytes]) -> None:
    entries = [entry(name, content) for name, content in contents.items()]
    archive = b"".join(zip_pieces(entries, AT))
    assert len(archive) == zip_bytes(entries)
    with zipfile.ZipFile(io.BytesIO(archive)) as read:
        assert read.testzip() is None
        assert {one.filename: read.read(one) for one in read.infolist()} == contents
        assert all(one.date_time == (2026, 11, 21, 14, 30, 8) for one in read.infolist())
        assert all(not one.flag_bits & 8 for one in read.infolist())  # lengths stand before the bytes


def test_a_large_file_is_read_twice_and_never_held() -> None:
    opened = []

    def pieces() -> Iterator[bytes]:
        opened.append(1)
        for _piece in range(5):
            yield bytes(1024 * 1024)

    archive = b"".join(zip_pieces([Entry("LARGE", 5 * 1024 * 1024, pieces)], AT))
    assert len(opened) == 2
    with zipfile.ZipFile(io.BytesIO(archive)) as read:
        assert read.testzip() is None


def test_beyond_four_gigabytes_the_long_form_is_written() -> None:
    size = 0x100000010
    far = zipping._Written(b"FAR", 5, 7, size)
    long = zipping._Written(b"LONG", size, 7, 0)
    for one in (far, long):
        record = zipping._central(one, 0)
        read = zipfile.ZipFile(io.BytesIO(record + zipping._ending(1, len(record), 0)))
        [info] = read.infolist()
        assert (info.file_size, info.header_offset) == (one.size, one.offset)


def test_more_files_than_the_short_form_counts() -> None:
    entries = [entry(f"{place:08}", b"") for place in range(65_536)]
    archive = b"".join(zip_pieces(entries, AT))
    assert len(archive) == zip_bytes(entries)
    with zipfile.ZipFile(io.BytesIO(archive)) as read:
        assert len(read.namelist()) == 65_536
