"""Searches are served by an index: no plan walks a whole table, whatever is asked by its strongest key."""

import pytest

from appliance.archive.matching import Key, Level, Search, match_for
from appliance.archive.queries_search import search_sql
from tests.store.a_box import ABox

BY_INDEX = [
    (Level.STUDY, {Key.PATIENT_NAME: "Muller*"}),
    (Level.STUDY, {Key.PATIENT_NAME: "Muller^Jan"}),
    (Level.STUDY, {Key.PATIENT_ID: "A-1"}),
    (Level.STUDY, {Key.STUDY_INSTANCE_UID: "1.2"}),
    (Level.STUDY, {Key.STUDY_DATE: "20260101-20260131"}),
    (Level.STUDY, {Key.ACCESSION_NUMBER: "X1"}),
    (Level.SERIES, {Key.STUDY_INSTANCE_UID: "1.2"}),
    (Level.SERIES, {Key.SERIES_INSTANCE_UID: "1.2"}),
    (Level.SERIES, {Key.PATIENT_ID: "A-1", Key.MODALITY: "CT"}),
    (Level.INSTANCE, {Key.SOP_INSTANCE_UID: "1.2"}),
    (Level.INSTANCE, {Key.SERIES_INSTANCE_UID: "1.2", Key.INSTANCE_NUMBER: "3"}),
    (Level.INSTANCE, {Key.STUDY_INSTANCE_UID: "1.2"}),
]


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> ABox:
    return ABox(tmp_path_factory.mktemp("box")).create()


def plan(box: ABox, level: Level, keys: dict[Key, str], *, fuzzy: bool = False) -> list[str]:
    matches = {key: match for key, value in keys.items() if (match := match_for(key, value, fuzzy=fuzzy))}
    sql, parameters = search_sql(Search(level, matches))
    with box.database.read() as tx:
        return [str(row[3]) for row in tx.rows(f"EXPLAIN QUERY PLAN {sql}", **parameters)]


def walked(steps: list[str]) -> list[str]:
    """Give the steps that walk a table: a page that was found by then is none."""
    return [step for step in steps if step.startswith("SCAN") and step != "SCAN page"]


@pytest.mark.parametrize(("level", "keys"), BY_INDEX, ids=str)
def test_a_strong_key_is_looked_up_by_index(box: ABox, level: Level, keys: dict[Key, str]) -> None:
    assert not walked(plan(box, level, keys))


def test_a_fuzzy_name_is_looked_up_in_the_search_index(box: ABox) -> None:
    steps = plan(box, Level.STUDY, {Key.PATIENT_NAME: "jan"}, fuzzy=True)
    assert walked(steps) == [step for step in steps if "VIRTUAL TABLE" in step]


def test_the_newest_studies_are_walked_in_their_order_and_nothing_is_read_of_those_before_the_page(box: ABox) -> None:
    steps = plan(box, Level.STUDY, {})
    assert steps[:2] == ["CO-ROUTINE page", "SCAN st USING COVERING INDEX studies_by_date"]
    assert len([step for step in steps if "TEMP B-TREE" in step]) == 1  # the page's own rows


def test_a_page_of_instances_is_found_without_their_versions_and_patients(box: ABox) -> None:
    steps = plan(box, Level.INSTANCE, {Key.SERIES_INSTANCE_UID: "1.2"})
    before_page = steps[: steps.index("SCAN page")]
    assert [step.split()[1] for step in before_page if step.startswith("SEARCH")] == ["se", "i"]
