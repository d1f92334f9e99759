"""What all tests share: real peers, hypothesis profiles, free ports, the public corpus."""

import os
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from pydicom.data import get_testdata_files

from tests.peers import pytest_configure, pytest_runtest_setup, pytest_terminal_summary
from tests.priority import priority_taken_back

__all__ = ["pytest_configure", "pytest_runtest_setup", "pytest_terminal_summary"]  # pytest takes its hooks from here
pytest_plugins = ["tests.places"]
ROOT = Path(__file__).parents[1]
CORPUS = ROOT.parent / "shared" / "corpus"
IN_CI = os.environ.get("CI") == "true"
# Of the corpus' files with SOP class and instance UID, at least 98.1 % are listed; of pydicom's own 152, four
# (JPEG-LS samples) have no Study Instance UID and wait in quarantine.
LEAST_LISTED = 0.981 if CORPUS.is_dir() else 148 / 152

settings.register_profile("small", max_examples=40, deadline=None, derandomize=IN_CI)
settings.register_profile("full", max_examples=2000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("ENAMEL_HYPOTHESIS", "small"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that hold slow tests, so that no core is idle while another ends the run alone."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(autouse=True)
def _usual_priority() -> Iterator[None]:
    with priority_taken_back():
        yield


@pytest.fixture
def short_path() -> Iterator[Path]:
    """Give an empty folder whose path leaves room for the sockets below it (a socket's is at most 107 bytes)."""
    with tempfile.TemporaryDirectory(prefix="enamel-") as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def free_ports() -> Callable[[int], list[int]]:
    """Give a function that finds so many loopback ports nobody listens on."""
    return ports_nobody_listens_on


def ports_nobody_listens_on(count: int) -> list[int]:
    """Find so many loopback ports."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [taken.getsockname()[1] for taken in sockets]


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
def free_port_block() -> Iterator[int]:
    """Give the first of ten neighbouring loopback ports that nobody listens on, ours until the test ends."""
    with claimed_ports() as first:
        yield first


@pytest.fixture(scope="module")
def module_port_block() -> Iterator[int]:
    """Give the first of ten such ports, ours until the module's last test ends."""
    with claimed_ports() as first:
        yield first


@contextmanager
def claimed_ports() -> Iterator[int]:
    """Claim ten neighbouring loopback ports from every other run of tests, by a name without a file; give the first."""
    for first in range(24000, 32000, 10):
        with socket.socket(socket.AF_UNIX) as claim:
            try:
                claim.bind(f"\0enamel-tests-{first}")
                with ExitStack() as held:
                    for port in range(first, first + 10):
                        held.enter_context(socket.create_server(("127.0.0.1", port)))
            except OSError:
                continue
            yield first
            return
    raise AssertionError("no ten neighbouring ports are free")
