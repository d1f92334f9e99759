"""What series and studies keep counts of is what counting gives, after whatever arrived in whatever order."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset

from appliance.store.migrations import known_migrations, statements
from tests.intake.a_clinic import Clinic, ct_slice

SERIES = "series_key, instance_count, frame_count, viewable_count, further_versions"
STUDIES = "study_key, series_count, instance_count, gappy_series, odd_series, unchecked_series, further_versions"
COUNTED_SERIES = """SELECT e.series_key, count(*), sum(coalesce(v.number_of_frames, 1)), sum(v.viewable),
  (SELECT count(*) FROM instances JOIN versions USING (instance_key)
   WHERE series_key = e.series_key AND version_number > 1)
  FROM series e JOIN instances USING (series_key) JOIN versions v USING (instance_key)
  WHERE v.version_number = 1 GROUP BY e.series_key ORDER BY e.series_key"""
COUNTED_STUDIES = """SELECT s.study_key, count(*), sum(e.instance_count), sum(e.completeness = 'gaps'),
  sum(e.completeness = 'odd geometry'), sum(e.completeness = 'unchecked'), sum(e.further_versions)
  FROM studies s JOIN series e USING (study_key) GROUP BY s.study_key ORDER BY s.study_key"""

slices = st.builds(
    lambda study, series, number, grey: ct_slice(
        number,
        SOPInstanceUID=f"1.2.{study}.{series}.{number}",
        StudyInstanceUID=f"1.2.{study}",
        SeriesInstanceUID=f"1.2.{study}.{series}",
        PixelData=bytes([grey]) * 128,
        NumberOfFrames=2 if number == 3 else 1,
        SOPClassUID="1.2.3.4" if number == 4 else "1.2.840.10008.5.1.4.1.1.2",
    ),
    st.integers(1, 2), st.integers(1, 2), st.integers(1, 6), st.integers(1, 3),
)  # fmt: skip


def check(clinic: Clinic) -> None:
    assert clinic.rows(f"SELECT {SERIES} FROM series ORDER BY 1") == clinic.rows(COUNTED_SERIES)  # noqa: S608  a constant of this file
    assert clinic.rows(f"SELECT {STUDIES} FROM studies ORDER BY 1") == clinic.rows(COUNTED_STUDIES)  # noqa: S608  a constant of this file


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=st.lists(st.lists(slices, min_size=1, max_size=6), min_size=1, max_size=3))
def test_kept_counts_are_what_counting_gives(
    tmp_path_factory: pytest.TempPathFactory, batches: list[list[Dataset]]
) -> None:
    clinic = Clinic(tmp_path_factory.mktemp("clinic"))
    for batch in batches:
        clinic.take(*batch)
        check(clinic)


def test_a_catalogue_of_an_earlier_release_is_counted_when_it_is_migrated(tmp_path: Path) -> None:
    clinic = Clinic(tmp_path)
    again = [ct_slice(3, PixelData=bytes([grey]) * 128) for grey in (7, 8)]
    clinic.take(*[ct_slice(number) for number in (1, 2, 3, 6)], *again)
    before = clinic.rows(f"SELECT {SERIES} FROM series"), clinic.rows(f"SELECT {STUDIES} FROM studies")  # noqa: S608  constants of this file
    assert before == ([(1, 4, 4, 4, 2)], [(1, 1, 4, 1, 0, 0, 2)])
    migration = next(one for one in known_migrations() if one.number == 4)
    counting = [sql for sql in statements(migration.sql) if sql.lstrip().startswith("UPDATE")]
    assert len(counting) == 2
    with clinic.database.write() as tx:
        tx.change("UPDATE series SET frame_count = 0, viewable_count = 0, further_versions = 0")
        tx.change("UPDATE studies SET gappy_series = 0, odd_series = 9, unchecked_series = 9, further_versions = 0")
        for sql in counting:
            tx.change(sql)
    check(clinic)
    assert before == (clinic.rows(f"SELECT {SERIES} FROM series"), clinic.rows(f"SELECT {STUDIES} FROM studies"))  # noqa: S608  constants of this file
