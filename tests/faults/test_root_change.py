"""Another root and another catalogue key under faults, a few of those that `tests.faults.root_change` tries."""

from pathlib import Path

import pytest

from tests.faults.root_change import run

pytestmark = [pytest.mark.slow, pytest.mark.peer("cc")]
FEW = 170


def test_whatever_is_cut_off_or_refused_the_box_opens_and_the_next_try_completes(short_path: Path) -> None:
    outcome = run(short_path, FEW)
    assert outcome.lost == []
    assert outcome.holds(), outcome
    assert {name.split()[0] for name in outcome.by_kind} == {"root", "catalogue"}
