"""Disk errors, a few of the many that `python -m tests.faults.errors` injects."""

from pathlib import Path

import pytest

from tests.faults.errors import run

pytestmark = [pytest.mark.slow, pytest.mark.peer("cc")]
FEW = 90


def test_what_was_acknowledged_survives_an_error_at_any_operation(short_path: Path, free_port_block: int) -> None:
    outcome = run(short_path, free_port_block, FEW)
    assert outcome.lost == []
    assert outcome.holds(), outcome
    assert {name.split()[0] for name in outcome.by_kind} == {"receiver", "intake"}
    assert outcome.refused > 0, "no error reached a sender, so none was tried"
