"""The list, its search and the study page read what they show and nothing else, however much is stored."""

import re
from collections.abc import Callable, Mapping

import pytest

from appliance.archive.reading import queries, queries_list
from appliance.archive.reading.queries import Entries, Finding
from appliance.archive.reading.wanted import Device, Order, Standing, Wanted
from appliance.archive.studies import get_study
from appliance.errors import NotFound
from appliance.store.transactions import ReadTransaction, Row
from tests.store.a_box import ABox

OF_CONFLICTS = {
    "SEARCH c USING INDEX identity_conflicts_of_study (study_key=?)",
    "SEARCH c USING INDEX identity_conflicts_of_patient (patient_key=?)",
    "SEARCH c USING INDEX identity_conflicts_of_other_patient (other_patient_key=?)",
}
LOOKS: dict[str, Callable[[ReadTransaction], object]] = {
    "list": lambda tx: queries.studies(tx, 50, None),
    "one study": lambda tx: queries.study(tx, 1),
    "series of a study": lambda tx: queries.series_of_study(tx, 1),
    "one series": lambda tx: queries.series(tx, 1),
    "conflicts": lambda tx: queries.conflicts(tx, 1, 1),
    "arrived since": lambda tx: queries.count_arrived_since(tx, 1),
    "quarantine": lambda tx: queries.quarantined(tx, 50, None),
    "dismissed files": lambda tx: queries.quarantined(tx, 50, None, Entries.DISMISSED),
}


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> ABox:
    return ABox(tmp_path_factory.mktemp("box")).create()


class Explaining:
    """A connection that keeps the plan of whatever it runs."""

    def __init__(self, tx: ReadTransaction) -> None:
        self._tx = tx
        self.steps: list[str] = []
        self.rowcount = -1
        self._found: list[Row] = []

    def execute(self, sql: str, parameters: Mapping[str, object] | None = None, /) -> "Explaining":
        values = parameters or {}
        self.steps += [str(row[3]) for row in self._tx.rows(f"EXPLAIN QUERY PLAN {sql}", **values)]
        self._found = self._tx.rows(sql, **values)
        return self

    def fetchall(self) -> list[Row]:
        return self._found


def steps_of(box: ABox, look: Callable[[ReadTransaction], object]) -> list[str]:
    """Give the plan of all that a look-up runs."""
    with box.database.read() as tx:
        explaining = Explaining(tx)
        look(ReadTransaction(explaining))
        return explaining.steps


@pytest.mark.parametrize("name", LOOKS)
def test_no_table_is_walked(box: ABox, name: str) -> None:
    assert not [step for step in steps_of(box, LOOKS[name]) if step.startswith("SCAN")]


def test_a_page_of_the_list_counts_nothing_below_a_study(box: ABox) -> None:
    steps = steps_of(box, LOOKS["list"])
    assert steps[:2] == [
        "SEARCH s USING INDEX studies_by_arrival (last_arrived_at<?)",
        "SEARCH p USING INTEGER PRIMARY KEY (rowid=?)",
    ]
    assert {step for step in steps[2:] if not step.startswith("CORRELATED")} == OF_CONFLICTS


@pytest.mark.parametrize("finding", Finding)
def test_a_search_reads_rows_for_its_page_alone(box: ABox, finding: Finding) -> None:
    steps = steps_of(box, lambda tx: queries.studies_found(tx, finding, '"a"*', 50, None))
    shown = steps[steps.index("SCAN page") :]
    assert {step for step in shown if step.startswith("SEARCH")} - OF_CONFLICTS == {
        "SEARCH s USING INTEGER PRIMARY KEY (rowid=?)",
        "SEARCH p USING INTEGER PRIMARY KEY (rowid=?)",
    }


def test_a_search_that_matches_much_is_walked_from_the_latest_arrival_on(box: ABox) -> None:
    steps = steps_of(box, lambda tx: queries.studies_found(tx, Finding.BY_ARRIVAL, '"a"*', 50, None))
    assert steps[1] == "SEARCH s USING COVERING INDEX studies_by_arrival (last_arrived_at<?)"
    assert not [step for step in steps[: steps.index("SCAN page")] if "TEMP B-TREE" in step]


def test_the_study_page_reads_no_instance(box: ABox) -> None:
    def look(tx: ReadTransaction) -> None:
        with pytest.raises(NotFound):
            get_study(tx, 1)

    assert not [step for step in steps_of(box, look) if " i " in step or " v " in step]
    assert not [step for step in steps_of(box, LOOKS["series of a study"]) if " i " in step or " v " in step]


def test_whether_the_list_changed_is_read_at_the_ends_of_indexes(box: ABox) -> None:
    """Every open page asks twice a second; `SCAN` walks as far as the 50 latest studies at the most."""
    steps = steps_of(box, queries.change_mark)
    assert [step for step in steps if step.startswith(("SCAN", "SEARCH"))] == [
        "SCAN CONSTANT ROW",
        "SEARCH studies USING COVERING INDEX studies_by_arrival",
        "SEARCH studies",
        "SCAN studies USING INDEX studies_by_arrival",
        "SCAN (subquery-3)",
    ]


@pytest.mark.parametrize("standing", Standing)
@pytest.mark.parametrize("order", Order)
@pytest.mark.parametrize("few", [0, 1000])
def test_a_filter_reads_indexes_alone_and_rows_for_its_page_alone(
    box: ABox, standing: Standing, order: Order, few: int
) -> None:
    wanted = Wanted(("a",), 1, "CT", Device(1, "Maker", "Model"), standing, order)
    steps = steps_of(box, lambda tx: queries_list.find_studies(tx, wanted, 50, None, few))
    finding = steps[: steps.index("SCAN page")]
    walked = [step for step in finding if step.startswith("SCAN") and not re.match(r"SCAN (\(|d$|study_search )", step)]
    partial = ("INDEX identity_conflicts", "INDEX studies_to_check", "INDEX studies_unchecked")
    assert [step for step in walked if not any(index in step for index in ("COVERING INDEX", *partial))] == []
