"""How much memory one piece of work may take is bounded by the machine and by every group that the process is in."""

import os
from pathlib import Path

import pytest

from appliance.store.memory import memory_for_one

GIB = 1 << 30
MACHINE = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 4


def group(folder: Path, most: str, current: int = 0, files: int = 0, shared: int = 0) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "memory.max").write_text(f"{most}\n")
    (folder / "memory.current").write_text(f"{current}\n")
    (folder / "memory.stat").write_text(f"anon {current - files}\nfile {files}\nshmem {shared}\n")


@pytest.fixture
def told_by(tmp_path: Path) -> Path:
    (tmp_path / "cgroups").mkdir()
    told = tmp_path / "cgroup"
    told.write_text("1:cpu:/elsewhere\n0::/system.slice/enamel-jobs.service\n")
    return told


def test_half_of_what_is_left_to_the_unit_is_given_and_pages_of_files_are_left(told_by: Path) -> None:
    cgroups = told_by.with_name("cgroups")
    group(cgroups / "system.slice", "max")
    group(cgroups / "system.slice" / "enamel-jobs.service", str(GIB // 4), 3 * GIB // 16, GIB // 8, GIB // 32)
    assert memory_for_one(cgroups, told_by) == min(MACHINE, (GIB // 4 - GIB // 16 - GIB // 32) // 2)


def test_a_limit_of_a_group_above_holds_as_well_and_less_than_nothing_is_nothing(told_by: Path) -> None:
    cgroups = told_by.with_name("cgroups")
    group(cgroups / "system.slice", "1000", 2000)
    group(cgroups / "system.slice" / "enamel-jobs.service", "max")
    assert memory_for_one(cgroups, told_by) == 0


def test_without_groups_or_limits_the_machine_decides(told_by: Path) -> None:
    assert memory_for_one(told_by.with_name("cgroups"), told_by) == MACHINE
    assert memory_for_one(told_by.with_name("cgroups"), told_by.with_name("missing")) == MACHINE
    assert 0 < memory_for_one() <= MACHINE
