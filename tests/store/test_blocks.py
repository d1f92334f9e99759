"""Blocks past the page cache: whatever the pieces, the file holds what was appended, on any file system."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.store.blocks import BLOCK_BYTES, BlockMemory, BlockWriter
from appliance.store.files import ALIGNED_BYTES, RealFiles
from tests.store.failing_files import FailingFiles

MEMORY = BlockMemory()
EDGES = [0, 1, ALIGNED_BYTES - 1, ALIGNED_BYTES, ALIGNED_BYTES + 1, BLOCK_BYTES - 1, BLOCK_BYTES, BLOCK_BYTES + 1]
PIECES = st.lists(st.one_of(st.sampled_from(EDGES), st.integers(0, 3 * BLOCK_BYTES)), max_size=5)


def written(folder: Path, pieces: list[int], memory: BlockMemory = MEMORY) -> tuple[bytes, bytes]:
    """Append pieces of these lengths; give what was appended and what the file holds."""
    files, path = RealFiles(), folder / os.urandom(8).hex()
    descriptor = files.create_exclusive(path)
    writer = BlockWriter(files, descriptor, memory)
    content = [os.urandom(length) for length in pieces]
    for piece in content:
        writer.append(memoryview(piece))
    writer.finish()
    files.close(descriptor)
    held = path.read_bytes()
    path.unlink()
    return b"".join(content), held


@given(pieces=PIECES)
def test_whatever_the_pieces_the_file_holds_them(tmp_path_factory: pytest.TempPathFactory, pieces: list[int]) -> None:
    appended, held = written(tmp_path_factory.getbasetemp(), pieces)
    assert held == appended


@pytest.mark.parametrize("length", EDGES)
def test_a_file_in_memory_holds_them_too(length: int) -> None:
    appended, held = written(Path("/dev/shm"), [length, 7])  # noqa: S108  a tmpfs, where the cache cannot be passed
    assert held == appended


def test_the_page_cache_is_passed_where_the_file_system_can(tmp_path: Path) -> None:
    files = RealFiles()
    descriptor = files.create_exclusive(tmp_path / "scan")
    assert os.get_blocking(descriptor)
    BlockWriter(files, descriptor, MEMORY)
    flags = Path(f"/proc/self/fdinfo/{descriptor}").read_text().split("flags:")[1].split()[0]
    files.close(descriptor)
    assert bool(int(flags, 8) & os.O_DIRECT) == can_pass_cache(tmp_path)


def can_pass_cache(folder: Path) -> bool:
    """Try with what the operating system offers."""
    try:
        descriptor = os.open(folder / "tried", os.O_CREAT | os.O_WRONLY | os.O_DIRECT)
    except OSError:
        return False
    os.close(descriptor)
    return True


def test_the_padding_of_a_block_is_not_what_the_last_file_left_in_memory(tmp_path: Path) -> None:
    memory = BlockMemory()
    written(tmp_path, [BLOCK_BYTES], memory)
    written(tmp_path, [100], memory)
    assert bytes(memory.view[100:ALIGNED_BYTES]) == bytes(ALIGNED_BYTES - 100)


@pytest.mark.parametrize("operation", ["write", "truncate"])
def test_a_disk_that_refuses_is_heard(tmp_path: Path, operation: str) -> None:
    files = FailingFiles(fail_at=(operation, 1))
    descriptor = files.create_exclusive(tmp_path / "refused")
    writer = BlockWriter(files, descriptor, MEMORY)
    writer.append(memoryview(b"scan"))
    with pytest.raises(OSError, match=operation):
        writer.finish()
    files.close(descriptor)


@given(pieces=PIECES, places=st.lists(st.tuples(st.integers(0, 4 * BLOCK_BYTES), st.sampled_from(EDGES)), max_size=4))
def test_what_was_appended_is_read_back_from_disk_and_memory(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[int], places: list[tuple[int, int]]
) -> None:
    files, path = RealFiles(), tmp_path_factory.getbasetemp() / os.urandom(8).hex()
    writer = BlockWriter(files, descriptor := files.create_exclusive(path), MEMORY)
    content = b"".join(os.urandom(length) for length in pieces)
    writer.append(memoryview(content))
    with files.open_read(path) as reading:
        for offset, length in [(0, len(content)), *places]:
            assert writer.read_back(reading, offset, length) == content[offset : offset + length]
    files.close(descriptor)
    path.unlink()
