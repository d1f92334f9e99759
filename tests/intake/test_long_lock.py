"""What a long lock leaves waiting: all of it is listed in order, and memory grows by little for each file."""

import gc
import tracemalloc
from pathlib import Path

import pytest

from appliance.inbox.writer import InboxWriter
from appliance.store.files import RealFiles
from tests.intake.a_clinic import Clinic, ct_slice, sent

MOST_BYTES_FOR_EACH_WAITING = 6_000  # measured up to 2,900 with what is yet to be collected; a file has 20,000


class UnsyncedFiles(RealFiles):
    """The machine's files without a sync: waiting files are made fast, and nobody pulls the plug."""

    def fsync(self, descriptor: int) -> None: ...

    def fsync_folder(self, path: Path) -> None: ...


def clinic_with(folder: Path, associations: int, files_each: int) -> Clinic:
    folder.mkdir()
    files = UnsyncedFiles()
    clinic = Clinic(folder, files)
    clinic.writer = InboxWriter(folder / "inbox", lambda: clinic.public, files, clinic.clock)
    one = ct_slice(1, Rows=96, Columns=96, PixelData=bytes(2 * 96 * 96))
    for n in range(associations):
        one.PatientID, one.StudyInstanceUID = f"P-{n}", f"1.2.3.1.{n}"
        objects = []
        for m in range(files_each):
            one.SOPInstanceUID, one.SeriesInstanceUID = f"1.2.3.5.{n}.{m}", f"1.2.3.2.{n}.{m // 100}"
            one.InstanceNumber = m + 1
            objects.append(sent(one))
        clinic.receive(objects)
    return clinic


def take_in(clinic: Clinic) -> tuple[int, int]:
    """Give how many files intake took, and the most bytes that its objects held meanwhile."""
    intake = clinic.intake()
    gc.collect()
    gc.freeze()  # the test run's own objects: else what intake lets go is collected as seldom as they are
    tracemalloc.start()
    taken = intake.step()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    gc.unfreeze()
    intake.close()
    return taken, peak


@pytest.mark.slow
@pytest.mark.parametrize(("associations", "files_each"), [(20, 100), (2000, 1), (1, 2000)])
def test_two_thousand_waiting_files_are_listed_in_order_and_held_by_name_only(
    tmp_path: Path, associations: int, files_each: int
) -> None:
    tenth = (associations // 10, files_each) if associations > 1 else (1, files_each // 10)  # more than one batch
    few = clinic_with(tmp_path / "few", *tenth)
    before, peak_before = take_in(few)
    many = clinic_with(tmp_path / "many", associations, files_each)
    taken, peak = take_in(many)
    assert taken == associations * files_each
    assert peak - peak_before < (taken - before) * MOST_BYTES_FOR_EACH_WAITING
    rows = many.rows(
        "SELECT o.started_at, a.sequence FROM arrivals a JOIN instances i USING (instance_key) "
        "JOIN associations o USING (association_id) ORDER BY i.instance_key"
    )
    assert len(rows) == taken
    assert rows == sorted(rows)
    assert not list((tmp_path / "many" / "inbox").iterdir())
