"""The filtered and sorted list gives exactly the studies that are wanted, each once, whatever the size of its pages."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.archive.reading import queries_list
from appliance.archive.reading.rows import Position, StudyRow
from appliance.archive.reading.wanted import Device, Order, Standing, Wanted
from appliance.archive.studies import devices, find_studies, get_device, get_patient, list_studies, modalities
from appliance.clock import SystemClock, microseconds
from appliance.errors import NotFound
from appliance.keys.secret import SecretKey
from appliance.store.database import Database
from benchmarks.catalogue import build

STUDIES = 60
OLD, NEW = Device(1, "Maker", "Old"), Device(21, "Maker", "New")


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Database:
    database = build(tmp_path_factory.mktemp("list") / "catalogue.db", STUDIES, SecretKey(bytes(32)))
    with database.write() as tx:
        tx.change("UPDATE series SET modality = 'PX' WHERE study_key % 3 = 0")
        tx.change("UPDATE series SET manufacturer = 'Maker', manufacturer_model_name = 'Old' WHERE study_key <= 20")
        tx.change("UPDATE series SET manufacturer = 'Maker', manufacturer_model_name = 'New' WHERE study_key > 20")
        tx.change("UPDATE studies SET gappy_series = 1 WHERE study_key % 7 = 0")
        tx.change("UPDATE studies SET unchecked_series = 1 WHERE study_key % 5 = 0")
        tx.change("UPDATE studies SET study_date = '20260101' WHERE study_key % 4 = 0")
        tx.change("UPDATE patients SET patient_name_folded = 'same name' WHERE patient_key % 3 = 0")
        tx.change(
            "INSERT INTO identity_conflicts (kind, patient_key, other_patient_key, found_at) "
            "VALUES ('same id, other person', 4, 9, 0)"
        )
        tx.change(
            "INSERT INTO identity_conflicts (kind, patient_key, study_key, found_at) "
            "VALUES ('study of two patients', 1, 1, 0)"
        )
    return database


def keeps(wanted: Wanted, row: StudyRow) -> bool:
    check = bool(row.gappy_series or row.odd_series or row.further_versions or row.open_conflicts)
    stands = {
        Standing.ALL: True,
        Standing.CHECK: check,
        Standing.UNCHECKED: bool(row.unchecked_series) and not check,
        Standing.WHOLE: not check and not row.unchecked_series,
    }[wanted.standing]
    return (
        stands
        and (wanted.arrived_since is None or microseconds(row.last_arrived_at) >= wanted.arrived_since)
        and (not wanted.modality or wanted.modality == ("CT" if row.study_key % 3 else "PX"))
        and (wanted.device is None or (row.study_key <= 20) == (wanted.device is OLD))
        and (not wanted.words or row.patient_id == "P000004")
    )


WANTED = st.builds(
    Wanted,
    words=st.sampled_from([(), ("p000004",)]),
    arrived_since=st.sampled_from([None, 0, 30_000_000, 10**12]),
    modality=st.sampled_from(["", "CT", "PX", "MR"]),
    device=st.sampled_from([None, OLD, NEW]),
    standing=st.sampled_from(Standing),
    order=st.sampled_from(Order),
)


@given(wanted=WANTED, size=st.integers(1, 30), few=st.sampled_from([0, 5, 1000]))
@settings(max_examples=150, deadline=None)
def test_every_wanted_study_comes_once_and_in_order_however_it_is_found(
    database: Database, wanted: Wanted, size: int, few: int
) -> None:
    seen: list[StudyRow] = []
    with database.read() as tx:
        everything = list_studies(tx, STUDIES)
        page = queries_list.find_studies(tx, wanted, size, None, few)
        while page:
            seen += page
            page = queries_list.find_studies(tx, wanted, size, page[-1].study_key, few)
    assert sorted(row.study_key for row in seen) == sorted(row.study_key for row in everything if keeps(wanted, row))
    if wanted.order is Order.ARRIVED:
        assert [row.position for row in seen] == sorted((row.position for row in seen), key=by_arrival, reverse=True)
    if wanted.order is Order.TAKEN:
        assert [row.study_date for row in seen] == sorted((row.study_date for row in seen), reverse=True)
    if wanted.order is Order.NAME:
        with database.read() as tx:
            names: dict[int, str] = dict(tx.rows("SELECT patient_key, patient_name_folded FROM patients"))
        assert [names[row.patient_key] for row in seen] == sorted(names[row.patient_key] for row in seen)


def by_arrival(position: Position) -> tuple[int, int]:
    return position.last_arrived_at, position.study_key


def test_what_can_be_chosen_is_what_is_stored(database: Database) -> None:
    with database.read() as tx:
        assert modalities(tx) == ["CT", "PX"]
        assert [(one.manufacturer, one.manufacturer_model_name) for one in devices(tx)] == [
            ("Maker", "New"),
            ("Maker", "Old"),
        ]
        assert get_device(tx, 1) == OLD
        with pytest.raises(NotFound):
            get_device(tx, 9999)


def test_a_patient_has_all_studies_the_latest_first_and_the_other_patient_of_a_conflict(database: Database) -> None:
    with database.read() as tx:
        patient = get_patient(tx, 4)
        assert {row.study_key for row in patient.studies} == {7, 8}
        assert patient.studies[0].study_date >= patient.studies[1].study_date
        assert patient.study_count == 2
        assert patient.conflicts == (("same id, other person", 9),)
        assert get_patient(tx, 9).conflicts == (("same id, other person", 4),)
        with pytest.raises(NotFound):
            get_patient(tx, 9999)


def test_an_empty_catalogue_offers_nothing_to_choose(tmp_path: Path) -> None:
    database = Database(tmp_path / "catalogue.db", SecretKey(bytes(32)), SystemClock())
    database.create_or_migrate()
    with database.read() as tx:
        assert (modalities(tx), devices(tx)) == ([], [])
        with pytest.raises(NotFound):
            find_studies(tx, Wanted(order=Order.NAME), 5, 1)
