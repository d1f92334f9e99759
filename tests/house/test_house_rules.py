"""Every file of the repository keeps the house rules."""

import subprocess
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest

from tests.house import rules

ROOT = Path(__file__).parents[2]
# These two quote what they forbid.
QUOTING = {PurePosixPath("tests/house/rules.py"), PurePosixPath("tests/house/test_counter_examples.py")}
SPOKEN = {".py", ".md", ".toml", ".sh", ".ts", ".css", ".html", ".yml", ".yaml", ".j2", ".service", ".socket", ".json"}


def tracked() -> list[PurePosixPath]:
    """All files that are or could be committed."""
    command = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split("\0")
    return sorted(PurePosixPath(name) for name in names if name and (ROOT / name).is_file())


def rules_for(path: PurePosixPath) -> Iterator[rules.Rule]:
    """The rules that bind one file, by where it lies and what it is."""
    if path in QUOTING:
        yield from (rules.file_is_short, rules.functions_are_short)
        return
    built = "static" in path.parts or "vectors" in path.parts
    if path.suffix == ".py":
        yield from rules.PYTHON_RULES
        yield from rules.PRODUCT_RULES if path.parts[0] == "appliance" else ()
        yield from rules.TEST_RULES if path.parts[0] == "tests" else ()
    if path.suffix == ".ts" and not built:
        yield from rules.SCRIPT_RULES
    if not built and (path.suffix in SPOKEN or path.name in {"Makefile", "run"}):
        yield from rules.TEXT_RULES


@pytest.mark.parametrize("path", tracked(), ids=str)
def test_every_file_keeps_the_rules(path: PurePosixPath) -> None:
    bound = list(rules_for(path))
    if bound:
        text = (ROOT / path).read_text(encoding="utf-8")
        assert not [fault for rule in bound for fault in rule(path, text)]


def test_the_rules_see_the_product_and_its_tests() -> None:
    bound = {path: list(rules_for(path)) for path in tracked()}
    assert rules.sql_lives_in_queries in bound[PurePosixPath("appliance/clock.py")]
    assert rules.nothing_is_patched in bound[PurePosixPath("tests/conftest.py")]
    assert rules.nothing_names_a_workplace in bound[PurePosixPath("Makefile")]
