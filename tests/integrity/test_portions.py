"""What a restore test takes out at once fits this box's disk; a disk that is full is never said of a target."""

import random
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.integrity.portions import PORTION_BYTES, Room, Sizes, portions
from appliance.integrity.proofs import prove_all
from appliance.jobs.job import Run
from tests.integrity.a_proof import RESERVE_BYTES, Proved

GIB, MIB = 1 << 30, 1 << 20


def sizes_of(files: dict[str, int]) -> Sizes:
    sizes = Sizes()
    for name, size in files.items():
        sizes.add(name, size)
    return sizes


def room(spare: int) -> Room:
    return Room(Path("/"), 2 * GIB, lambda _: 2 * GIB + spare)


def test_a_shelf_of_ten_gigabytes_goes_in_parts_where_there_is_little_room() -> None:
    drawn = random.Random(1)  # noqa: S311  names of files, not a secret
    files = {f"{shelf}{drawn.randbytes(15).hex()}": MIB for shelf in ("07", "a1") for _ in range(10 * 1024)}
    sizes = sizes_of(files)
    small = [*portions(["07", "a1"], sizes, room(3 * GIB))]
    assert max(one.bytes for one in small) <= 3 * GIB // 4
    assert sum(one.bytes for one in small) == sum(files.values())
    assert small[0].paths == ["/vault/07/070*"]
    assert {prefix for one in small for prefix in one.prefixes} == {
        f"{shelf}{digit:x}" for shelf in ("07", "a1") for digit in range(16)
    }
    assert [one.paths for one in portions(["07", "a1"], sizes, room(100 * GIB))] == [["/vault/07"], ["/vault/a1"]]


def test_small_shelves_go_together() -> None:
    shelves = [f"{number:02x}" for number in range(256)]
    whole = [*portions(shelves, sizes_of({f"{shelf}{'0' * 30}": 10 * MIB for shelf in shelves}), room(GIB))]
    assert [len(one.prefixes) for one in whole] == [51] * 5 + [1]
    assert whole[0].paths[:2] == ["/vault/00", "/vault/01"]


@given(
    st.dictionaries(st.binary(min_size=16, max_size=16).map(bytes.hex), st.integers(1, 2 * PORTION_BYTES), max_size=40),
    st.integers(-GIB, 20 * GIB),
)
def test_every_file_is_in_one_portion_and_none_is_larger_than_it_has_to_be(files: dict[str, int], spare: int) -> None:
    made = [*portions(sorted({name[:2] for name in files}), sizes_of(files), room(spare))]
    prefixes = [prefix for one in made for prefix in one.prefixes]
    for name in files:
        assert sum(name.startswith(prefix) for prefix in prefixes) == 1
    assert sum(one.bytes for one in made) == sum(files.values())
    for one in made:
        together = len(one.prefixes) > 1
        assert one.bytes <= max(PORTION_BYTES, 0 if together else spare // 4) or len(one.prefixes[0]) == 4


@pytest.fixture(scope="module")
def proved(tmp_path_factory: pytest.TempPathFactory) -> Proved:
    made = Proved.in_folder(tmp_path_factory.mktemp("portions"), scans=6)
    made.night()
    return made


def test_without_room_nothing_is_taken_out_and_nothing_is_said_of_the_target(proved: Proved) -> None:
    looks: list[int] = []

    def filling(folder: Path) -> int:
        looks.append(sum(one.stat().st_size for one in folder.joinpath("backup/proving").rglob("*") if one.is_file()))
        return RESERVE_BYTES + MIB // 2

    tight = replace(proved, free=filling)
    proof = tight.test()
    assert (proof.ending.verdict, proof.ending.fault, proof.found) == ("could not run", "full", ())
    assert max(looks) < MIB // 2, "more was taken out than there was room for"
    run = Run(1, proved.box.clock, proved.box.database, lambda: False)
    prove_all(tight.parts, run, in_full=False)
    assert (run.fault, run.failed_count) == ("no room to prove", 1)
    assert proved.box.rows("SELECT count(*) FROM integrity_faults") == [(0,)]


class Tight(Room):
    """A disk with so little room that a shelf never goes whole."""

    def most_bytes(self) -> int:
        return 1


def test_a_shelf_in_parts_is_proved_as_a_whole_one(proved: Proved) -> None:
    proof = replace(proved, room_kind=Tight).test(in_full=True)
    stored = proved.box.rows("SELECT count(*) FROM files")[0]
    assert (proof.ending.verdict, proof.ending.file_count, proof.found) == ("proved", *stored, ())


@pytest.mark.peer("mount", "restic")
@pytest.mark.as_root("mounts a small disk")
def test_a_disk_that_others_fill_meanwhile_is_no_fault_of_the_target(proved: Proved) -> None:
    """It has room when it is asked, and none when the engine writes."""
    asked = iter([4 * GIB])
    with small_disk_at(proved.box.folder / "backup", "200k"):
        proof = replace(proved, free=lambda _: next(asked, 0)).test(in_full=True)
    assert (proof.ending.verdict, proof.ending.fault, proof.found) == ("could not run", "full", ())
    assert proved.box.rows("SELECT count(*) FROM integrity_faults") == [(0,)]


@contextmanager
def small_disk_at(folder: Path, size: str) -> Iterator[None]:
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)
