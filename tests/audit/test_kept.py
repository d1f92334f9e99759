"""No statement of the program deletes or changes an event: the trail is kept for as long as the box is."""

import re
from pathlib import Path

import appliance

PROGRAM = Path(appliance.__file__).parent
CHANGES = re.compile(
    r"(DELETE\s+FROM|UPDATE(\s+OR\s+\w+)?|REPLACE\s+INTO|INSERT\s+OR\s+REPLACE\s+INTO|DROP\s+TABLE(\s+IF\s+EXISTS)?"
    r"|ALTER\s+TABLE)\s+[\"'`\[]?audit_events\b",
    re.IGNORECASE,
)


def changing(text: str) -> list[str]:
    """Give the statements of a text that would delete or change events."""
    return [found[0] for found in CHANGES.finditer(text)]


def test_no_statement_of_the_program_deletes_or_changes_an_event() -> None:
    sources = [path for path in PROGRAM.rglob("*") if path.suffix in {".py", ".sql"}]
    assert any("INSERT INTO audit_events" in path.read_text(encoding="utf-8") for path in sources)
    assert {path.name: found for path in sources if (found := changing(path.read_text(encoding="utf-8")))} == {}


def test_a_statement_that_would_is_noticed() -> None:
    for statement in (
        "DELETE FROM audit_events WHERE at < 1",
        "UPDATE audit_events SET at = 1",
        "drop table audit_events",
    ):
        assert changing(statement)
    assert not changing("SELECT * FROM audit_events")
