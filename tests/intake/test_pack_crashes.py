"""A pack is cut off at every file operation and at every commit; what comes after leaves nothing over."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from appliance.errors import Unavailable
from appliance.intake.packing import Packing
from tests.intake.a_clinic import ct_slice
from tests.intake.test_crashes import Crash, CrashingDatabase, CrashingFiles
from tests.intake.test_packing import COUNT, SERIES, Box, take
from tests.store.failing_files import FailingFiles


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    """A box with a pack of a series that is too small for a preview, so that no child has to be waited for."""
    box = Box(tmp_path)
    pixels = np.random.default_rng(1).integers(0, 300, (150, 150)).astype("<u2").tobytes()
    take(box, [ct_slice(at, Rows=150, Columns=150, PixelData=pixels) for at in range(1, COUNT + 1)])
    assert box.pack() is not None
    yield box
    box.database.close()


def make_stale(box: Box) -> None:
    """Drop the pack and ask for another: its file has to go, and one to be made."""
    with box.database.write() as tx:
        tx.change("INSERT INTO packs_wanted (series_key, changes) VALUES (1, 1)")
    assert box.read(SERIES) is None


def check_made_good(box: Box) -> None:
    """Go on as after a start: one pack of all, and on the disk nothing that nobody knows of, neither now nor then."""
    assert box.unknown_files() == []
    pack = box.pack()
    assert pack is not None
    assert pack.files == box.stored()
    assert box.rows("SELECT count(*) FROM pack_leftovers") == [(0,)]
    assert box.unknown_files() == []
    assert len(list(box.parts.vault.stored_ids())) == COUNT
    assert len(list(box.parts.vault.pack_ids())) == 1


def cut(packing: Packing) -> bool:
    """Do all that waits; give whether it was cut off, or put off because the disk refused to give an image."""
    try:
        while packing.step():
            pass
    except (Crash, Unavailable):
        return True
    finally:
        packing._nursery.close()
    return bool(packing._put_off)


def test_a_disk_that_refuses_once_anywhere_only_delays_a_pack(box: Box) -> None:
    whole = box.files
    for n in range(1, 99):
        make_stale(box)
        box.files = FailingFiles(n)
        was_cut = cut(box.packing())
        box.files = whole
        check_made_good(box)
        if not was_cut:
            assert n > 10
            return
    pytest.fail("there are more operations than were tried")


@pytest.mark.parametrize("after", [False, True])
def test_a_crash_at_any_change_of_the_disk_leaves_nothing_over(box: Box, *, after: bool) -> None:
    whole = box.files
    for n in range(1, 20):
        make_stale(box)
        box.files = CrashingFiles(n, after=after)
        was_cut = cut(box.packing())
        box.files = whole
        check_made_good(box)
        if not was_cut:
            assert n > 3
            return
    pytest.fail("there are more operations than were tried")


@pytest.mark.parametrize("after", [False, True])
def test_a_crash_at_any_commit_leaves_nothing_over(box: Box, *, after: bool) -> None:
    database = box.crashing(CrashingDatabase)
    for n in range(1, 20):
        make_stale(box)
        database.left, database.after = n, after
        was_cut = cut(box.packing())
        database.left = 0
        check_made_good(box)
        if not was_cut:
            assert n > 3
            return
    pytest.fail("there are more commits than were tried")
