"""SIGKILL at random moments, a few of the many that `python -m tests.faults.kills` sends."""

from pathlib import Path

import pytest

from tests.faults.kills import run

pytestmark = [pytest.mark.slow, pytest.mark.alone]
KILLS = 12


def test_what_was_acknowledged_survives_kills_at_random_moments(short_path: Path, free_port_block: int) -> None:
    outcome = run(KILLS, 7, free_port_block, short_path)
    assert outcome.holds(), outcome
    assert outcome.kills == KILLS
    assert min(outcome.restarts_timed.values()) > 0
