"""How the viewer is driven in a real Chromium by tests."""

import json
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ports_nobody_listens_on
from tests.viewer.hands import Person
from tests.viewer.page_server import page_server
from tests.viewer.series_stream import Sample, series_stream
from tests.viewer.unsteady import Unsteady
from tests.viewer.web_driver import BROWSERS

VIEWER = Path(__file__).parents[2] / "appliance" / "web" / "viewer"
Show = Callable[[str, Mapping[str, bytes | int | Unsteady]], Any]


@pytest.fixture(scope="session")
def drive() -> Path:
    """The driver, with its playwright-core."""
    if not (VIEWER / "node_modules").is_dir():
        subprocess.run(["npm", "ci", "--ignore-scripts"], cwd=VIEWER, check=True, capture_output=True)
    return VIEWER / "tests" / "drive.mjs"


@pytest.fixture(scope="session")
def show(drive: Path, free_ports: Callable[[int], list[int]]) -> Show:
    """Show streams to Chromium by one of the driver's scenarios; no policy is broken and nothing foreign asked for."""

    def run(scenario: str, contents: Mapping[str, bytes | int | Unsteady]) -> Any:  # noqa: ANN401 - whatever the scenario prints as JSON
        with page_server(contents, free_ports(1)[0]) as origin:
            command = ["node", str(drive), origin, scenario]
            done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
        assert done.returncode == 0, done.stderr
        answer = json.loads(done.stdout)
        assert answer["faults"] == {"policy": [], "foreign": [], "errors": []}
        return answer["found"]

    return run


@dataclass(frozen=True)
class Desk:
    """A person before a browser, a server that hands out what is laid on the desk, and what a test remembers."""

    person: Person
    origin: str
    contents: dict[str, bytes | int] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)

    def show(self, samples: Sequence[Sample], query: str = "") -> None:
        """Open the viewer on a series that it has not seen yet, and wait until all of it has come and is drawn."""
        name = f"shown-{len(self.contents)}"
        self.contents[f"/stream/{name}"] = series_stream(samples)
        self.person.open(f"{self.origin}/view/{name}{query}")
        self.person.settle()


@pytest.fixture(scope="module")
def desk(request: pytest.FixtureRequest) -> Iterator[Desk]:
    """Sit down before a browser, Chromium unless the test names another, for a whole file of tests."""
    with ExitStack() as ending:
        contents: dict[str, bytes | int] = {}
        origin = ending.enter_context(page_server(contents, ports_nobody_listens_on(1)[0]))
        browser = BROWSERS[getattr(request, "param", "chromium")]
        person = Person(ending.enter_context(browser(ports_nobody_listens_on)))
        yield Desk(person, origin, contents)
