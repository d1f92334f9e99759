"""Lists and searches give the same whichever way they are found, and kept counts are what counting gives."""

import random
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.archive.reading import queries
from appliance.archive.reading.queries import Finding
from appliance.archive.reading.rows import StudyRow
from appliance.archive.studies import list_studies, search_studies
from appliance.clock import SystemClock
from appliance.store.transactions import ReadTransaction
from tests.store.a_box import ABox
from tests.web.invented import Invented, put

WORDS = ["ana", "anabel", "bruno", "cbct", "carla", "canine"]
STUDIES = 1200  # more than a search may match and still be found by its matches


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> ABox:
    """Studies whose arrivals lie in another order than their keys, several at one moment."""
    box = ABox(tmp_path_factory.mktemp("box")).create()
    chance = random.Random(3)  # noqa: S311  the same every time
    now = SystemClock().now()
    with box.database.write() as tx:
        for number in range(1, STUDIES + 1):
            name = f"{chance.choice(WORDS)}^{chance.choice(WORDS)}"
            ago = timedelta(minutes=chance.randrange(200))
            put(tx, Invented(name, f"P{number}", "", "", "CBCT", "CT", 1, ago), now, number)
    return box


def pages(tx: ReadTransaction, typed: str, size: int) -> list[StudyRow]:
    """Turn every page of a list or a search."""
    found: list[StudyRow] = []
    while True:
        after = found[-1].position if found else None
        page = search_studies(tx, typed, size, after) if typed else list_studies(tx, size, after)
        found += page
        if len(page) < size:
            return found


@settings(max_examples=30, deadline=None)
@given(typed=st.lists(st.sampled_from([*WORDS, "an", "c", "P1"]), max_size=2).map(" ".join), size=st.integers(40, 500))
def test_paging_gives_every_match_once_in_the_order_of_arrival(box: ABox, typed: str, size: int) -> None:
    with box.database.read() as tx:
        everything = list_studies(tx, STUDIES + 1)
        wanted = [row for row in everything if matches(row, typed)]
        assert pages(tx, typed, size) == wanted
    assert everything == sorted(everything, key=lambda row: (row.last_arrived_at, row.study_key), reverse=True)


def matches(row: StudyRow, typed: str) -> bool:
    words = [*row.patient_name.split("^"), row.patient_id.lower(), "cbct"]
    return all(any(word.startswith(asked.lower()) for word in words) for asked in typed.split())


@settings(max_examples=30, deadline=None)
@given(word=st.sampled_from([*WORDS, "an", "c", "nobody"]), limit=st.integers(1, 60), at=st.integers(0, STUDIES - 1))
def test_both_ways_of_finding_find_the_same(box: ABox, word: str, limit: int, at: int) -> None:
    with box.database.read() as tx:
        after = list_studies(tx, STUDIES)[at].position
        found = [queries.studies_found(tx, finding, f'"{word}"*', limit, after) for finding in Finding]
    assert found[0] == found[1]


def test_an_open_conflict_is_counted_once_for_each_study_it_is_about(tmp_path: Path) -> None:
    box, now = ABox(tmp_path).create(), SystemClock().now()
    with box.database.write() as tx:
        for number in range(1, 5):
            put(tx, Invented(f"Somebody^{number}", "P", "", "", "", "CT", 1, timedelta()), now, number)
        for patient, other, study, resolved in [(1, 2, None, None), (1, 3, 3, None), (4, 1, None, 5), (2, None, 2, 1)]:
            tx.change(
                "INSERT INTO identity_conflicts (kind, patient_key, other_patient_key, study_key, found_at, "
                "resolved_at) VALUES ('same id, other person', :patient, :other, :study, 0, :resolved)",
                patient=patient, other=other, study=study, resolved=resolved,
            )  # fmt: skip
    with box.database.read() as tx:
        assert {row.study_key: row.open_conflicts for row in list_studies(tx, 9)} == {1: 1, 2: 1, 3: 1, 4: 0}
        told = {key: [one.other_patient_id for one in queries.conflicts(tx, key, key)] for key in range(1, 5)}
    assert told == {1: ["P"], 2: ["P"], 3: ["P"], 4: []}
