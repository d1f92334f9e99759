"""Walks in a real Chromium: a script of node's beside this file, told a plan, gives what everybody met."""

import json
import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.stories.clinic import ROOT, RunningClinic

VIEWER = ROOT / "appliance" / "web" / "viewer"
HERE = Path(__file__).parent
# Of pages whose session was just ended, and of what was refused.
TOLD = ("a status of 401", "a status of 403")


def browsing() -> None:
    """Fetch what drives Chromium, and axe, where nobody has yet."""
    if not all((VIEWER / "node_modules" / each).is_dir() for each in ("playwright-core", "axe-core")):
        subprocess.run(["npm", "ci", "--ignore-scripts"], cwd=VIEWER, check=True, capture_output=True)


def planned(script: str, folder: Path, plan: Mapping[str, object]) -> list[str]:
    """Write the plan, with where pictures go if somebody wants them, and give the command that follows it."""
    browsing()
    path = folder / f"{script}.json"
    path.write_text(json.dumps({**plan, "pictures": os.environ.get("ENAMEL_SHOTS", "")}))
    return ["node", str(HERE / script), str(path)]


def walk(script: str, folder: Path, clinic: RunningClinic, plan: Mapping[str, object], seconds: float = 900) -> Any:  # noqa: ANN401  whatever was met
    """Let everybody walk through a clinic, and give what they met; what asks without a browser knows its authority."""
    command = planned(script, folder, {**plan, "facts": clinic.facts})
    environment = {**os.environ, "NODE_EXTRA_CA_CERTS": str(clinic.facts["web"]["ca_file"])}
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def talked_through(
    command: list[str], errors: Path, answer: Callable[[Mapping[str, Any]], Mapping[str, object]]
) -> dict[str, Any]:
    """Let a walk go that says what it wants, a line of JSON each time; answer each, and give what it met."""
    with (
        errors.open("w") as written,
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=written, text=True) as going,
    ):
        assert going.stdin is not None
        assert going.stdout is not None
        for line in going.stdout:
            said = json.loads(line)
            if "found" in said:
                return dict(said["found"])
            going.stdin.write(json.dumps(answer(said)) + "\n")
            going.stdin.flush()
    raise AssertionError(errors.read_text())


def faults_of(found: Mapping[str, Any]) -> dict[str, list[str]]:
    """Give what broke on the way: policies, scripts, requests of another host; not what was told to be over."""
    faults = found["faults"]
    errors = [line for line in faults["errors"] if not any(each in line for each in TOLD)]
    return {"errors": errors, "policy": faults["policy"], "foreign": faults["foreign"]}
