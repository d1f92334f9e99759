"""Power losses replayed, a few of the many that `python -m tests.faults.power_loss` does, and the proof that it sees.

The proof: with one kind of fsync left out, the same replay must lose something.
"""

from pathlib import Path

import pytest

from tests.faults.power_loss import record, record_death, replay

pytestmark = [pytest.mark.slow, pytest.mark.peer("cc")]
STATES = 40


def test_what_was_acknowledged_survives_power_losses(short_path: Path, free_port_block: int) -> None:
    pair, recording = record(short_path, free_port_block, 3)
    outcome = replay(pair, recording, STATES, 3)
    assert outcome.holds(), outcome
    assert outcome.acknowledged == 24


def test_a_death_within_a_step_and_a_later_power_loss_lose_nothing_together(
    short_path: Path, free_port_block: int
) -> None:
    pair, recording = record_death(short_path, free_port_block, 4)
    outcome = replay(pair, recording, 2 * STATES, 4)
    assert outcome.holds(), outcome
    assert outcome.acknowledged == 1


@pytest.mark.parametrize("forgotten", ["file", "folder"])
def test_a_forgotten_fsync_is_found(short_path: Path, free_port_block: int, forgotten: str) -> None:
    pair, recording = record(short_path, free_port_block, 3, forgotten)
    outcome = replay(pair, recording, STATES // 2, 3)
    assert not outcome.holds(), "the replay did not notice that an fsync is missing"
