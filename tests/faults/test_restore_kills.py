"""A restore that is killed before any change of the disk goes on; `make restore-kills` tries every one."""

from pathlib import Path

import pytest

from tests.assembly.a_lost_box import make_lost
from tests.faults.restore_kills import kill_everywhere


@pytest.mark.slow
@pytest.mark.peer("restic")
def test_killed_before_a_change_of_the_disk_the_next_run_completes(tmp_path: Path) -> None:
    assert kill_everywhere(make_lost(tmp_path), tmp_path, range(9, 2000, 40)) > 2
