"""The benchmark of arrivals while a backup runs measures what it says, and says when the promise does not hold."""

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.backup_arrivals import MOST_SLOWDOWN, Figures, Taken, broken_promises, measure, table

GOOD = Figures(2.6, 400, Taken(0.9, 2.0), Taken(1.1, 2.4), 1.22, 1.2, 30.0, [Taken(0.9, 2.0)], [Taken(1.1, 2.4)])


def test_arrivals_that_are_slowed_by_more_than_a_quarter_are_named() -> None:
    assert broken_promises(GOOD) == []
    assert broken_promises(replace(GOOD, acknowledged_slowdown=MOST_SLOWDOWN)) == []
    assert broken_promises(replace(GOOD, acknowledged_slowdown=1.251)) == ["a backup makes arrivals too slow"]
    assert broken_promises(replace(GOOD, listed_slowdown=1.251)) == ["a backup makes listing too slow"]


def test_the_table_has_what_was_measured() -> None:
    assert table(GOOD)[-2:] == [
        "| acknowledged | 0.90 | 1.10 | 1.22 | 1.25 |",
        "| listed | 2.00 | 2.40 | 1.20 | 1.25 |",
    ]


@pytest.mark.slow
@pytest.mark.peer("restic", "storescu")
def test_a_small_box_is_sent_scans_while_it_is_copied(tmp_path: Path, free_port_block: int) -> None:
    figures = measure(tmp_path, 0.1, 1, free_port_block, slices=4)
    assert figures.gigabytes == pytest.approx(0.1, rel=0.02)
    assert 0 < figures.quiet.acknowledged < figures.quiet.listed
    assert 0 < figures.busy.acknowledged < figures.busy.listed < figures.night_seconds
    assert not (tmp_path / "disk").exists()
