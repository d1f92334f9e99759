"""Packs: made of series that rest, true to every stored byte, dropped by whatever changes the series."""

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from threading import Event as Stop
from time import monotonic

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from appliance.archive import queries_packs
from appliance.archive.damage import Damage
from appliance.audit.events import OPERATOR
from appliance.config import PackSettings
from appliance.errors import Unavailable
from appliance.identifiers import FileId
from appliance.intake.packing import QUIET_SECONDS, REST_SECONDS, Packing
from appliance.intake.parts import IntakeParts
from appliance.sandbox.birth import Birth, executed
from appliance.store.migrations import known_migrations, statements
from appliance.store.stored_files import find_file, find_orphans, rewrap_some, unseal_row
from tests.intake.a_clinic import Clinic, ct_slice
from tests.intake.pack_reader import ReadStream, read_stream
from tests.patience import PATIENCE

ROWS, COLUMNS, COUNT = 180, 171, 12
SERIES = 1


@dataclass
class ADisk:
    total: int = 10_000_000_000
    free: int = 9_000_000_000


class Box(Clinic):
    """A clinic whose packs are made when a test says so."""

    disk = ADisk()

    def packing(self, birth: Birth | None = None, **settings: int) -> Packing:
        parts = IntakeParts(
            self.folder, self.box_id, self.database, self.keys, self.audit, self.files, self.clock,
            pack_settings=PackSettings(**settings),
        )  # fmt: skip
        return Packing(parts, birth, lambda _: self.disk)

    def rest(self) -> None:
        self.clock.ahead += timedelta(seconds=REST_SECONDS + 1)
        intake = self.intake()
        intake.step()
        intake.close()

    def pack(self, packing: Packing | None = None) -> ReadStream | None:
        """Let what is wanted be made, and read the series' pack back."""
        packing = packing or self.packing()
        while packing.step():
            pass
        return self.read(SERIES)

    def read(self, series_key: int) -> ReadStream | None:
        with self.database.read() as tx:
            packed = queries_packs.find_pack(tx, series_key)
            if packed is None:
                return None
            sealed = unseal_row(tx, self.keys, packed.file.file_id)
        with sealed.open(self.parts.vault) as stream:
            return read_stream(stream.read(0, stream.plaintext_bytes))

    def stored(self) -> dict[str, bytes]:
        """Give every instance's file as the vault has it."""
        rows = self.rows(
            "SELECT sop_instance_uid, file_id FROM instances JOIN versions USING (instance_key) "
            "WHERE version_number = 1"
        )
        return {str(uid): self.stored_dataset(file_id, 0) for uid, file_id in rows if isinstance(file_id, bytes)}

    def unknown_files(self) -> list[FileId]:
        there = [*self.parts.vault.stored_ids(), *self.parts.vault.pack_ids()]
        with self.database.read() as tx:
            return find_orphans(tx, there)


def picture(number: int) -> NDArray[np.uint16]:
    """A slice that rises calmly, with some noise."""
    row, column = np.mgrid[:ROWS, :COLUMNS]
    noise = np.random.default_rng(number).integers(0, 200, (ROWS, COLUMNS))
    image: NDArray[np.uint16] = (1000 + 20 * number + row + column + noise).astype("<u2")
    return image


def a_slice(number: int, **changes: object) -> Dataset:
    pixels = picture(number).tobytes()
    told = {"Rows": ROWS, "Columns": COLUMNS, "PixelData": pixels, "RescaleSlope": "2", "RescaleIntercept": "-1000"}
    return ct_slice(number, **told | changes)


def slices(count: int = COUNT) -> list[Dataset]:
    return [a_slice(number) for number in range(1, count + 1)]


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    box = Box(tmp_path)
    box.disk = ADisk()
    yield box
    box.database.close()


def take(box: Box, datasets: Sequence[Dataset]) -> None:
    box.take(*datasets)
    box.rest()


def test_a_pack_gives_back_every_stored_byte_and_a_true_preview(box: Box) -> None:
    take(box, slices())
    pack = box.pack()
    assert pack is not None
    assert pack.files == box.stored()
    assert pack.codings == [2] + [1] * COUNT
    volume = np.stack([picture(number) for number in range(1, COUNT + 1)]) * 2.0 - 1000
    assert pack.index["preview"] == {
        "columns": 86, "rows": 90, "slices": COUNT, "factor": [1, 2, 2], "slope": 2.0, "intercept": -1000.0,
    }  # fmt: skip
    assert pack.preview is not None
    for k, j, i in ((0, 0, 0), (5, 44, 17), (COUNT - 1, 89, 85)):
        mean = volume[k, 2 * j : 2 * j + 2, 2 * i : 2 * i + 2].mean()
        assert abs(pack.preview[k, j, i] - mean) <= 1.0, "half a stored step, times the slope"
    first = pack.index["instances"][pack.index["order"][0]]["sop"]
    head = dcmread(BytesIO(pack.preview_head), force=True)
    assert (head.SOPInstanceUID, list(head.PixelSpacing)) == (first, [0.3, 0.3])
    assert pack.files[first].startswith(pack.preview_head)
    assert Tag("PixelData") not in head
    assert box.rows("SELECT count(*) FROM pack_leftovers") == [(0,)]
    assert box.rows("SELECT count(*) FROM packs_wanted") == [(0,)]


def test_a_series_is_left_alone_until_it_rests_and_small_ones_for_good(box: Box) -> None:
    box.take(*slices())
    assert box.packing().step() is False
    box.take(ct_slice(1, SeriesInstanceUID="1.2.3.9", SOPInstanceUID="1.2.3.9.1"))
    box.rest()
    assert box.pack() is not None
    assert box.read(2) is None
    assert box.rows("SELECT count(*) FROM packs_wanted") == [(0,)]


@pytest.mark.parametrize("how", ["dies", "cut", "endless", "short", "no-json", "greedy", "beyond"])
def test_a_hostile_child_spoils_no_byte_of_a_pack(box: Box, how: str) -> None:
    take(box, slices())
    hostile = executed((sys.executable, "-m", "tests.sandbox.hostile", how))
    pack = box.pack(box.packing(hostile))
    assert pack is not None
    assert (pack.files, pack.preview) == (box.stored(), None)


def test_a_lying_catalogue_spoils_no_byte_of_a_pack(box: Box) -> None:
    """Where pixels lie is a child's word, too: the one that read the scan when it arrived."""
    take(box, slices())
    with box.database.write() as tx:
        tx.change("UPDATE versions SET pixel_offset = 3, pixel_bytes = 4001 WHERE version_key = 1")
        tx.change("UPDATE versions SET pixel_offset = 70, pixel_bytes = 100000000 WHERE version_key = 2")
        tx.change("UPDATE versions SET pixel_offset = -9, pixel_bytes = 50 WHERE version_key = 3")
        tx.change("UPDATE versions SET rows_ = 9, columns_ = 70000, bits_allocated = 16 WHERE version_key = 4")
    pack = box.pack()
    assert pack is not None
    assert pack.files == box.stored()


def test_no_preview_is_made_of_what_is_not_sure(box: Box) -> None:
    odd: dict[str, dict[str, object]] = {
        "gap": {"ImagePositionPatient": [0, 0, 9]},
        "turned": {"ImageOrientationPatient": [0, 1, 0, 1, 0, 0]},
        "inverted": {"PhotometricInterpretation": "MONOCHROME1"},
        "other bits": {"HighBit": 14},
    }
    for number, (name, changes) in enumerate(odd.items(), 1):
        uid = f"1.2.3.{10 + number}"
        take(
            box,
            [
                a_slice(at, SeriesInstanceUID=uid, SOPInstanceUID=f"{uid}.{at}", **(changes if at == COUNT else {}))
                for at in range(1, COUNT + 1)
            ],
        )
        box.pack()
        pack = box.read(number)
        assert pack is not None, name
        assert (pack.preview, len(pack.files)) == (None, COUNT), name


def test_whatever_changes_a_series_drops_its_pack_and_its_key(box: Box) -> None:
    take(box, slices())
    assert box.pack() is not None
    changes: dict[str, Callable[[], None]] = {
        "another instance": lambda: take(box, [a_slice(COUNT + 1)]),
        "another version": lambda: take(box, [a_slice(3, ContentDate="20260101")]),
        "a mark of damage": lambda: mark(box, sound=False),
        "its end": lambda: mark(box, sound=True),
        "an instance that goes": lambda: remove_instance(box),
    }
    for name, change in changes.items():
        before = pack_file(box)
        change()
        with box.database.read() as tx:
            assert queries_packs.find_pack(tx, SERIES) is None, name
            assert before is None or find_file(tx, before) is None, name
        pack = box.pack()
        assert box.unknown_files() == []
        assert before is None or not box.parts.vault.pack_path_of(before).exists()
        if name == "a mark of damage":
            assert pack is None
        else:
            assert pack is not None, name
            assert pack.files == box.stored(), name


def test_a_series_that_changes_while_its_pack_is_made_gets_another(box: Box) -> None:
    take(box, slices())
    packing = box.packing()
    with box.database.read() as tx:
        wanted = queries_packs.next_wanted(tx, packing._parts.now(), 0)
    assert wanted is not None
    made = packing._make(wanted)
    assert made is not None
    take(box, [a_slice(COUNT + 1)])
    with box.database.write() as tx:
        assert not queries_packs.take_wanted(tx, wanted)
    assert box.unknown_files() == [], "the file is known as a leftover"
    pack = box.pack()
    assert pack is not None
    assert len(pack.files) == COUNT + 1
    assert not box.parts.vault.pack_path_of(made.file_id).exists()


def test_packs_keep_to_their_share_and_the_least_used_goes_first(box: Box) -> None:
    for number in (1, 2, 3):
        uid = f"1.2.4.{number}"
        take(
            box,
            [a_slice(at, SeriesInstanceUID=uid, SOPInstanceUID=f"{uid}.{at}") for at in range(1, COUNT + 1)],
        )
        if number < 3:
            box.pack()
            box.clock.ahead += timedelta(hours=2)
    with box.database.write() as tx:
        first = queries_packs.find_pack(tx, 1)
        assert first is not None
        queries_packs.note_use(tx, first.file.file_id, box.parts.now())
    one = sum(map(len, box.stored().values())) // 3
    box.disk.total = 22 * one
    box.pack()
    assert [box.read(key) is not None for key in (1, 2, 3)] == [True, False, True]
    box.disk.free = box.disk.total // 10
    packing = box.packing()
    assert packing.step() is False
    assert [box.read(key) for key in (1, 2, 3)] == [None, None, None]
    assert list(box.parts.vault.stored_ids()) == sorted(box.parts.vault.stored_ids())
    assert list(box.parts.vault.pack_ids()) == []
    assert len(list(box.parts.vault.stored_ids())) == 3 * COUNT


def test_no_share_of_the_disk_makes_no_pack(box: Box) -> None:
    take(box, slices())
    assert box.pack(box.packing(most_percent=0)) is None


def test_a_series_that_was_opened_is_packed_first(box: Box) -> None:
    for number in (1, 2, 3):
        uid = f"1.2.4.{number}"
        box.take(*[a_slice(at, SeriesInstanceUID=uid, SOPInstanceUID=f"{uid}.{at}") for at in range(1, 10)])
    box.rest()
    with box.database.write() as tx:
        queries_packs.ask_for(tx, 2, box.parts.now())
    packing = box.packing()
    packing.step()
    assert box.read(2) is None, "it is being looked at"
    box.clock.ahead += timedelta(seconds=REST_SECONDS + 1)
    packing.step()
    assert [box.read(key) is not None for key in (1, 2, 3)] == [False, True, True]


def test_one_large_object_is_split_whole_and_its_frames_make_a_preview(box: Box) -> None:
    count = 280  # 17 MB
    image = picture(1)
    volume = np.stack([image + number for number in range(count)])
    take(box, [frames(volume, [0.3 * k for k in range(count)])])
    pack = box.pack()
    assert pack is not None
    assert (pack.codings, pack.files) == ([2, 1], box.stored())
    assert pack.index["preview"]["factor"] == [2, 2, 2]
    assert pack.preview is not None
    mean = volume[2:4, 4:6, 6:8].mean() * 2.0 - 1000
    assert abs(pack.preview[1, 2, 3] - mean) <= 1.0
    head = dcmread(BytesIO(pack.preview_head), force=True)
    assert len(head.PerFrameFunctionalGroupsSequence) == head.NumberOfFrames == count


def frames(volume: NDArray[np.uint16], places: Sequence[float]) -> Dataset:
    one = a_slice(1, PixelData=volume.astype("<u2").tobytes(), NumberOfFrames=len(places))
    items = []
    for place in places:
        item, position = Dataset(), Dataset()
        position.ImagePositionPatient = [0, 0, f"{place:.4f}"]
        item.PlanePositionSequence = [position]
        items.append(item)
    one.PerFrameFunctionalGroupsSequence = items
    return one


def test_packs_open_after_their_keys_were_wrapped_anew(box: Box) -> None:
    take(box, slices())
    before = box.pack()
    assert before is not None
    with box.database.write() as tx:
        new = box.keys.rotate_wrapping_key(tx)
        assert rewrap_some(tx, box.keys, b"", 100).failed == 0
    assert box.rows("SELECT DISTINCT wrapping_key_number FROM files") == [(new,)]
    after = box.read(SERIES)
    assert after is not None
    assert after.files == before.files


def test_making_a_pack_gives_way_while_something_is_taken_in_and_ends_with_the_process(box: Box) -> None:
    packing = box.packing()
    began = monotonic()
    packing._go_on()
    packing.intake_worked()
    packing._go_on()
    assert 0.9 * QUIET_SECONDS <= monotonic() - began < 10 * QUIET_SECONDS * PATIENCE
    packing._stop.set()
    with pytest.raises(Unavailable):
        packing._go_on()


def test_the_thread_makes_packs_and_ends_when_it_is_told_to(box: Box) -> None:
    take(box, slices())
    stop = Stop()
    stop.set()
    packing = box.packing()
    packing.run(stop)
    assert box.read(SERIES) is None
    assert box.pack() is not None


def pack_file(box: Box) -> FileId | None:
    with box.database.read() as tx:
        packed = queries_packs.find_pack(tx, SERIES)
    return packed.file.file_id if packed else None


def mark(box: Box, *, sound: bool) -> None:
    (row,) = box.rows("SELECT file_id FROM versions WHERE version_key = 2")
    assert isinstance(row[0], bytes)
    damage = Damage(box.database, box.audit, box.clock)
    if sound:
        assert damage.found_sound(FileId(row[0]), damage.marks()[row[0]], OPERATOR)
    else:
        assert damage.found_damaged(FileId(row[0]), OPERATOR)


def remove_instance(box: Box) -> None:
    """As erasing will: keys and rows first."""
    with box.database.write() as tx:
        rows = tx.rows("SELECT instance_key, file_id FROM versions WHERE version_key = 4")
        key, file_id = rows[0]
        tx.change("UPDATE arrivals SET instance_key = NULL WHERE instance_key = :key", key=key)
        tx.change("DELETE FROM versions WHERE instance_key = :key", key=key)
        tx.change("DELETE FROM instances WHERE instance_key = :key", key=key)
        tx.change("DELETE FROM files WHERE file_id = :file_id", file_id=file_id)
        tx.change("UPDATE series SET instance_count = instance_count - 1, judged_count = judged_count - 1")
    box.parts.vault.remove(FileId(file_id))


def test_packs_of_before_are_let_go_of_and_made_anew_after_an_update(box: Box) -> None:
    take(box, slices())
    assert box.pack() is not None
    migration = next(one for one in known_migrations() if one.number == 29)
    with box.database.write() as tx:
        for statement in statements(migration.sql):
            tx.change(statement)
    assert box.read(SERIES) is None
    assert box.rows("SELECT series_key, changes FROM packs_wanted") == [(SERIES, 0)]
    assert box.unknown_files() == [], "the old file is named as a leftover"
    assert box.pack() is not None
    assert len(list(box.parts.vault.pack_ids())) == 1
