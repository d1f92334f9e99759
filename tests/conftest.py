"""What all tests share: real peers, hypothesis profiles, free ports, the public corpus."""

import os
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from pydicom.data import get_testdata_files

ROOT = Path(__file__).parents[1]
CORPUS = ROOT.parent / "shared" / "corpus"
IN_CI = os.environ.get("CI") == "true"

settings.register_profile("small", max_examples=40, deadline=None, derandomize=IN_CI)
settings.register_profile("full", max_examples=2000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("ENAMEL_HYPOTHESIS", "small"))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Look for the programs a `peer` test names: in CI a missing one fails, elsewhere it skips."""
    for marker in item.iter_markers("peer"):
        missing = [name for name in marker.args if shutil.which(name) is None]
        if missing and IN_CI:
            pytest.fail(f"peers are missing in CI: {', '.join(missing)}", pytrace=False)
        if missing:
            pytest.skip(f"peers are missing: {', '.join(missing)}")


@pytest.fixture
def short_path() -> Iterator[Path]:
    """Give an empty folder whose path leaves room for the sockets below it (a socket's is at most 107 bytes)."""
    with tempfile.TemporaryDirectory(prefix="enamel-") as folder:
        yield Path(folder)


@pytest.fixture
def free_ports() -> Callable[[int], list[int]]:
    """Give a function that finds so many loopback ports nobody listens on."""

    def find(count: int) -> list[int]:
        with ExitStack() as held:
            sockets = [held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
            return [taken.getsockname()[1] for taken in sockets]

    return find


def corpus() -> Iterator[Path]:
    """Yield the public DICOM files at hand: the shared corpus, or pydicom's own test files."""
    files = CORPUS.rglob("*") if CORPUS.is_dir() else map(Path, get_testdata_files())
    return (path for path in files if path.is_file() and path.suffix not in {".csv", ".md", ".py", ".json", ".txt"})


@pytest.fixture(scope="session")
def corpus_files() -> list[Path]:
    """Give every public DICOM file at hand, broken ones included: the corpus, or pydicom's own files."""
    files = sorted(corpus())
    assert files, "neither the corpus nor pydicom's own test files are here"
    return files


@pytest.fixture
def free_port_block() -> int:
    """Give the first of ten neighbouring loopback ports that nobody listens on."""
    for first in range(24000, 32000, 10):
        try:
            with ExitStack() as held:
                for port in range(first, first + 10):
                    held.enter_context(socket.create_server(("127.0.0.1", port)))
        except OSError:
            continue
        return first
    raise AssertionError("no ten neighbouring ports are free")
