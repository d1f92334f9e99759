"""The table of ASVS requirements names every one of levels 1 and 2, once, and nothing that is not there."""

import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TABLE = (ROOT / "docs" / "security" / "asvs.md").read_text()
# How many requirements each section of ASVS 5.0.0 has, by chapter; those of level 3 alone by their numbers.
SECTIONS = {
    1: (2, 10, 12, 3, 3), 2: (3, 3, 5, 2), 3: (1, 3, 5, 8, 8, 1, 5), 4: (5, 5, 2, 4), 5: (1, 6, 3, 3),
    6: (3, 12, 8, 6, 8, 4, 2, 4), 7: (3, 4, 2, 5, 3, 2), 8: (4, 4, 3, 2), 11: (4, 5, 5, 4, 2, 2, 2),
    12: (5, 2, 5), 13: (4, 6, 4, 7), 14: (2, 8, 3), 15: (5, 5, 7, 4), 16: (1, 5, 4, 3, 4),
}  # fmt: skip


def split(listed: str) -> set[str]:
    return set(listed.split())


# Of chapters that are held to level 2: those that level 3 alone asks for.
LEVEL_3 = split("""
    1.2.10 1.3.12 1.5.3 2.3.5 2.4.2 3.1.1 3.2.3 3.3.5 3.4.7 3.4.8 3.5.6 3.5.7 3.5.8 3.6.1 3.7.3 3.7.4 3.7.5
    4.1.4 4.1.5 4.2.2 4.2.3 4.2.4 4.2.5 5.2.4 5.2.5 5.2.6 5.3.3 6.3.5 6.3.6 6.3.7 6.3.8 6.4.5 6.4.6 6.5.6 6.5.7
    6.5.8 6.6.4 6.7.1 6.7.2 8.1.3 8.1.4 8.2.4 8.3.2 8.3.3 8.4.2 12.1.4 12.1.5 12.3.5 13.1.2 13.1.3 13.1.4 13.2.6
    13.4.6 13.4.7 14.2.5 14.2.6 14.2.7 14.2.8 15.1.4 15.1.5 15.2.4 15.2.5 15.4.1 15.4.2 15.4.3 15.4.4
""")
IDS = {
    f"{chapter}.{section}.{number}"
    for chapter, counts in SECTIONS.items()
    for section, count in enumerate(counts, 1)
    for number in range(1, count + 1)
} - LEVEL_3


def listed() -> list[str]:
    """Read the first column, ranges written out."""
    found = []
    for line in TABLE.splitlines():
        if re.match(r"\| \d", line):
            for part in line.split("|")[1].split(","):
                first, _, last = part.strip().partition(" to ")
                head, begin = first.rsplit(".", 1)
                end = last.rsplit(".", 1)[1] if last else begin
                found += [f"{head}.{number}" for number in range(int(begin), int(end) + 1)]
    return found


def test_every_requirement_of_the_levels_stands_there_once() -> None:
    counted = Counter(listed())
    assert [one for one, count in counted.items() if count > 1] == []
    assert set(counted) - IDS == set()
    assert IDS - set(counted) == set()


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`((?:appliance|tests|docs)/[\w./-]+)`", TABLE))))
def test_what_it_names_is_there(path: str) -> None:
    assert (ROOT / path).exists()


@pytest.mark.parametrize("named", sorted(set(re.findall(r"`(tests/[^`]*::[^`]*)`", TABLE))))
def test_each_test_that_it_names_is_there(named: str) -> None:
    path, _, test = named.partition("::")
    assert re.search(rf"^(?:async )?def {test}\(", (ROOT / path).read_text(), re.MULTILINE)


def test_it_names_files_of_tests_and_no_folders() -> None:
    named = re.findall(r"`(tests/[^`:]*)", TABLE)
    assert len(named) > 100
    assert [path for path in named if not path.endswith(".py")] == []


def test_each_state_is_one_of_few() -> None:
    states = {line.split("|")[2].strip() for line in TABLE.splitlines() if re.match(r"\| \d", line)}
    assert states == {"met", "partly", "none here", "not met", "not met, on purpose"}
