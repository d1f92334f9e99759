"""The map of rooms is whole: every package has a row, every outside library a home, every version is pinned."""

import ast
import sys
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
CONTRACTS: list[dict[str, Any]] = PROJECT["tool"]["importlinter"]["contracts"]


def outside_libraries(text: str) -> set[str]:
    """The top packages a module imports that are neither ours nor Python's."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
    return names - set(sys.stdlib_module_names) - {"appliance"}


def homed() -> set[str]:
    """The libraries that some contract keeps in their home."""
    return {name for contract in CONTRACTS for name in contract.get("forbidden_modules", [])}


def test_every_outside_library_has_a_home() -> None:
    used = {name for path in (ROOT / "appliance").rglob("*.py") for name in outside_libraries(path.read_text())}
    assert used <= homed(), f"give these a home in an import contract: {sorted(used - homed())}"


def test_a_library_without_a_home_is_seen() -> None:
    assert outside_libraries("import os\nimport requests.sessions\nfrom faker import Faker\n") == {"requests", "faker"}
    assert not {"requests", "faker"} <= homed()


def test_the_layers_leave_no_package_out() -> None:
    layers = next(contract for contract in CONTRACTS if contract["type"] == "layers")
    assert layers["exhaustive"] is True
    placed = {name.strip() for row in layers["layers"] for name in row.split("|")}
    waited_for = {name.strip("()") for name in placed if name.startswith("(")}  # has its row before it is there
    here = {path.stem for path in (ROOT / "appliance").iterdir() if path.suffix == ".py" or path.is_dir()}
    assert here - {"__init__", "__pycache__"} - waited_for == {name for name in placed if not name.startswith("(")}


def test_every_product_dependency_is_pinned_exactly() -> None:
    assert not [need for need in PROJECT["project"]["dependencies"] if "==" not in need]
