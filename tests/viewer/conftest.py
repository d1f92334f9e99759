"""How the viewer is driven in a real Chromium by tests."""

import json
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.viewer.page_server import page_server

VIEWER = Path(__file__).parents[2] / "appliance" / "web" / "viewer"
Show = Callable[[str, Mapping[str, bytes | int]], Any]


@pytest.fixture(scope="session")
def drive() -> Path:
    """The driver, with its playwright-core."""
    if not (VIEWER / "node_modules").is_dir():
        subprocess.run(["npm", "ci", "--ignore-scripts"], cwd=VIEWER, check=True, capture_output=True)
    return VIEWER / "tests" / "drive.mjs"


@pytest.fixture
def show(drive: Path, free_ports: Callable[[int], list[int]]) -> Show:
    """Show streams to Chromium by one of the driver's scenarios; no policy is broken and nothing foreign asked for."""

    def run(scenario: str, contents: Mapping[str, bytes | int]) -> Any:  # noqa: ANN401 - whatever the scenario prints as JSON
        with page_server(contents, free_ports(1)[0]) as origin:
            command = ["node", str(drive), origin, scenario]
            done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr
        answer = json.loads(done.stdout)
        assert answer["faults"] == {"policy": [], "foreign": [], "errors": []}
        return answer["found"]

    return run
