"""Packs of series that the disk refuses, or of which it gives something else: no other series waits for them."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from appliance.archive.queries_retrieve import series_instances_by_key
from appliance.intake.packing import FIRST_PUT_OFF_SECONDS
from tests.intake.test_packing import SERIES, ADisk, Box, a_slice, slices, take


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    box = Box(tmp_path)
    box.disk = ADisk()
    yield box
    box.database.close()


def test_a_series_that_the_disk_refuses_lets_the_others_go_first_and_is_tried_again_later(box: Box) -> None:
    for number in (1, 2):
        uid = f"1.2.4.{number}"
        box.take(*[a_slice(at, SeriesInstanceUID=uid, SOPInstanceUID=f"{uid}.{at}") for at in range(1, 10)])
    box.rest()
    path = path_of_series(box, 2)
    path.rename(path.with_suffix(".away"))
    path.mkdir()  # it is there, and cannot be read
    packing = box.packing()
    assert packing.step(), "the second series comes first, and cannot be had"
    assert packing.step()
    assert [box.read(key) is not None for key in (1, 2)] == [True, False]
    assert packing.step() is False, "not before its time"
    path.rmdir()
    path.with_suffix(".away").rename(path)
    box.clock.ahead += timedelta(seconds=FIRST_PUT_OFF_SECONDS + 1)
    assert packing.step()
    assert box.read(2) is not None
    assert box.rows("SELECT count(*) FROM damaged_files") == [(0,)]


@pytest.mark.parametrize("at", [-40, None])
def test_damage_that_packing_meets_is_marked_on_the_study(box: Box, at: int | None) -> None:
    take(box, slices())
    path = path_of_series(box, SERIES)
    if at is None:
        path.unlink()
    else:
        data = bytearray(path.read_bytes())
        data[at] ^= 1
        path.write_bytes(data)
    assert box.pack() is None
    assert box.rows("SELECT count(*) FROM damaged_files") == [(1,)]
    assert box.rows("SELECT count(*) FROM audit_events WHERE event = 'file damaged'") == [(1,)]
    assert box.rows("SELECT count(*) FROM packs_wanted") == [(0,)]


def path_of_series(box: Box, series_key: int) -> Path:
    """Give where one file of a series lies."""
    with box.database.read() as tx:
        file_id = series_instances_by_key(tx, series_key)[3].file.file_id
    return box.parts.vault.path_of(file_id)
