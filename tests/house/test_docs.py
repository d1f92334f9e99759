"""The decisions are short and found from their index; what an operator may set is written down."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DECISIONS = ROOT / "docs" / "decisions"
RECORDS = sorted(DECISIONS.glob("[0-9]*.md"))


def faults_of(record: str, text: str, index: str) -> list[str]:
    """Say what is wrong with one record."""
    missing = [word for word in ("Context", "Decision", "Consequences", "Alternatives") if word not in text]
    return [
        *(f"{record} lacks {word}" for word in missing),
        *([f"{record} is longer than 60 lines"] if text.count("\n") > 60 else []),
        *([] if f"]({record})" in index else [f"{record} is not in the index"]),
    ]


@pytest.mark.parametrize("record", RECORDS, ids=lambda path: path.name)
def test_a_decision_has_its_parts_and_a_line_in_the_index(record: Path) -> None:
    assert not faults_of(record.name, record.read_text(), (DECISIONS / "README.md").read_text())


def test_each_decision_has_a_number_of_its_own_and_the_index_is_in_their_order() -> None:
    numbers = [record.name[:4] for record in RECORDS]
    assert sorted(set(numbers)) == numbers
    assert [record.read_text()[:8] for record in RECORDS] == [f"# {number}: " for number in numbers]
    index = re.findall(r"^\| \[(\d{4})\]\(", (DECISIONS / "README.md").read_text(), re.MULTILINE)
    assert index == numbers


def test_a_decision_that_is_long_or_partial_or_lost_is_named() -> None:
    whole = "Context Decision Consequences Alternatives\n"
    assert not faults_of("1.md", whole, "[1](1.md)")
    assert faults_of("1.md", whole, "")
    assert faults_of("1.md", whole + "\n" * 60, "[1](1.md)")
    assert faults_of("1.md", "Context\n", "[1](1.md)")


def test_every_test_that_the_threat_model_names_is_there() -> None:
    section = (ROOT / "docs" / "threat-model.md").read_text().split("## Which of these are tested")[1]
    named = re.findall(r"`(tests/[\w/]+\.py)`", section.split("\n## ")[0])
    assert len(named) > 15
    assert [path for path in named if not (ROOT / path).is_file()] == []


def test_every_answer_of_the_role_is_in_the_operators_guide() -> None:
    defaults = (ROOT / "ansible" / "roles" / "enamel_box" / "defaults" / "main.yml").read_text()
    guide = (ROOT / "docs" / "operations" / "install.md").read_text()
    answers = set(re.findall(r"^(enamel_\w+):", defaults, re.MULTILINE))
    assert answers == set(re.findall(r"^\| `(enamel_\w+)`", guide, re.MULTILINE))


def absent(text: str, root: Path) -> list[str]:
    """Give the tests that a text names by file and function and that are not in that file."""
    named = re.findall(r"(tests/[\w/]+\.py)::(\w+)", text)
    return [
        f"{file}::{name}"
        for file, name in named
        if not (root / file).is_file() or f"\ndef {name}(" not in (root / file).read_text(encoding="utf-8")
    ]


def test_every_test_that_the_page_about_testing_names_is_there() -> None:
    page = (ROOT / "docs" / "testing.md").read_text(encoding="utf-8")
    assert len(re.findall(r"tests/[\w/]+\.py::\w+", page)) > 60
    assert absent(page, ROOT) == []


def test_every_make_target_that_the_page_about_testing_names_is_there() -> None:
    page = (ROOT / "docs" / "testing.md").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(re.findall(r"`make ([a-z-]+)`", page)) - targets == set()


def test_a_test_that_was_renamed_away_is_noticed() -> None:
    here = "tests/house/test_docs.py::test_a_test_that_was_renamed_away_is_noticed"
    assert absent(here, ROOT) == []
    assert absent(f"{here}_at_once tests/house/test_nothing.py::test_it", ROOT) == [
        f"{here}_at_once",
        "tests/house/test_nothing.py::test_it",
    ]


def test_every_page_of_the_operators_guide_is_in_its_index_and_no_link_leads_nowhere() -> None:
    guide = ROOT / "docs" / "operations"
    index = (guide / "index.md").read_text(encoding="utf-8")
    assert [
        page.name for page in sorted(guide.glob("*.md")) if page.name != "index.md" and f"]({page.name})" not in index
    ] == []
    links = [
        (page, link) for page in guide.glob("*.md") for link in re.findall(r"\]\(([^)#:]+)[^):]*\)", page.read_text())
    ]
    assert [f"{page.name}: {link}" for page, link in links if not (page.parent / link).exists()] == []
