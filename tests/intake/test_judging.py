"""A large series is counted with each batch and judged when it has grown, or rests; no crash leaves it unjudged."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from appliance.archive import recording
from appliance.archive.cataloguing import Cataloguer
from appliance.archive.quarantine import SecondLook
from appliance.intake.service import Intake
from tests.intake.a_clinic import Clinic, SetClock, ct_slice, sent
from tests.intake.test_kept_counts import check

FIRST = 252  # judged as it comes; what is added afterwards waits
TOLD = "SELECT instance_count, judged_count, completeness FROM series"


class StillClock(SetClock):
    """Time that passes only when a test says so."""

    def monotonic(self) -> float:
        return self.ahead.total_seconds()


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Clinic:
    clinic = Clinic(tmp_path_factory.mktemp("clinic"))
    clinic.take(*[ct_slice(number) for number in range(1, FIRST + 1)])
    another = clinic.intake()  # a slow machine parts what came into batches; a start judges what waits
    another.step()
    another.close()
    assert clinic.rows(TOLD) == [(FIRST, FIRST, "no gaps")]
    return clinic


@pytest.fixture
def intake(clinic: Clinic) -> Iterator[Intake]:
    clinic.parts = replace(clinic.parts, clock=StillClock())
    intake = clinic.intake()
    yield intake
    intake.close()


def pass_time(clinic: Clinic) -> None:
    clock = clinic.parts.clock
    assert isinstance(clock, StillClock)
    clock.ahead += timedelta(seconds=1)


def test_what_comes_to_a_large_series_is_counted_at_once_and_judged_once_it_rests(
    clinic: Clinic, intake: Intake
) -> None:
    clinic.receive([sent(ct_slice(FIRST + 2))])
    intake.step()
    assert clinic.rows(TOLD) == [(FIRST + 1, FIRST, "no gaps")]
    check(clinic)
    intake.step()
    assert clinic.rows(TOLD) == [(FIRST + 1, FIRST, "no gaps")], "it does not rest yet"
    pass_time(clinic)
    intake.step()
    assert clinic.rows(TOLD) == [(FIRST + 1, FIRST + 1, "gaps")]
    assert clinic.rows("SELECT gappy_series FROM studies") == [(1,)]
    check(clinic)


def test_a_series_whose_judgement_waited_is_judged_after_a_crash(clinic: Clinic, intake: Intake) -> None:
    clinic.receive([sent(ct_slice(FIRST + 1))])
    intake.step()
    assert clinic.rows(TOLD) == [(FIRST + 2, FIRST + 1, "gaps")]
    intake.close()
    another = clinic.intake()
    another.step()
    another.close()
    assert clinic.rows(TOLD) == [(FIRST + 2, FIRST + 2, "no gaps")]


def test_a_further_version_is_counted_and_needs_no_judgement(clinic: Clinic, intake: Intake) -> None:
    clinic.receive([sent(ct_slice(1, PixelData=bytes([9]) * 128))])
    intake.step()
    check(clinic)
    assert clinic.rows("SELECT judged_count = instance_count, further_versions FROM series") == [(1, 1)]


def test_whoever_does_not_come_back_judges_at_once(clinic: Clinic, intake: Intake) -> None:
    key = clinic.rows("SELECT series_key, instance_count FROM series")[0]
    for kind, waiting in ((Cataloguer, {key[0]: key[1]}), (SecondLook, {})):
        with clinic.database.write() as tx:
            cataloguer = kind(tx, clinic.keys.current_wrapping_key(tx), 0)
            cataloguer._touched[1] = recording.Added(1)
            assert cataloguer.finish() == waiting
    assert clinic.rows("SELECT judged_count = instance_count FROM series") == [(1,)]
    intake.step()


def test_judging_reads_each_instance_of_a_growing_series_ten_times_at_most(clinic: Clinic) -> None:
    many, read = 4000, 0
    with clinic.database.write() as tx:
        tx.change("UPDATE series SET instance_count = 0, judged_count = 0")
        for _ in range(many):
            instances, may_wait = recording.count_in(tx, 1, recording.Added(1, instances=1))
            if not may_wait and instances > 250:
                read += instances
                tx.change("UPDATE series SET judged_count = instance_count")
        assert tx.rows("SELECT judged_count > 0.88 * instance_count FROM series") == [(1,)]
    assert 0 < read < 10 * many
