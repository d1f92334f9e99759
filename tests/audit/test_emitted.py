"""Every event of the closed list is one that some code records."""

import ast
from pathlib import Path

from appliance.audit.events import EventCode

CODE = Path(__file__).parents[2] / "appliance"
LIST = CODE / "audit" / "events.py"


def named_in(text: str) -> set[str]:
    """Give the codes that a module names."""
    nodes = (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Attribute))
    return {node.attr for node in nodes if isinstance(node.value, ast.Name) and node.value.id == "EventCode"}


def unemitted(codes: list[str]) -> list[str]:
    """Give the codes that no module but the list itself names."""
    modules = [path for path in CODE.rglob("*.py") if path != LIST]
    named = set().union(*(named_in(path.read_text(encoding="utf-8")) for path in modules))
    return [code for code in codes if code not in named]


def test_every_event_is_recorded_by_some_code() -> None:
    assert unemitted([code.name for code in EventCode]) == []


def test_an_event_that_nothing_records_would_be_named() -> None:
    assert unemitted([*(code.name for code in EventCode), "PROCESS_STARTED"]) == ["PROCESS_STARTED"]
