"""The benchmark of backup and restore measures what it says, and says when a promise does not hold."""

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.backup import Figures, broken_promises, measure, same_files

GOOD = Figures(2.6, 5200, 25.0, 27.0, 1.08, 0.8, 2.0, 13.0, 16.0, 0.81, True, 2, "0.14.0", "x")


def test_each_promise_that_does_not_hold_is_named() -> None:
    assert broken_promises(GOOD) == []
    assert broken_promises(replace(GOOD, restore_speed_share=0.69)) == ["a restore is too slow"]
    assert broken_promises(replace(GOOD, full_share=1.31)) == ["a full run is too slow"]
    assert broken_promises(replace(GOOD, unchanged_seconds=3.1)) == ["a night without changes is too slow"]
    large = replace(GOOD, gigabytes=20.0, unchanged_seconds=3.1, full_share=1.31)
    assert broken_promises(large) == [], "promised of 2.6 GB"
    assert broken_promises(replace(large, restore_speed_share=0.69)) == ["a restore is too slow"]
    assert broken_promises(replace(GOOD, restored_identical=False)) == ["what came back is not what was lost"]


def test_folders_are_the_same_only_with_the_same_names_and_bytes(tmp_path: Path) -> None:
    for name in ("one", "other"):
        (tmp_path / name / "ab").mkdir(parents=True)
        (tmp_path / name / "ab" / "file").write_bytes(b"x")
    assert same_files(tmp_path / "one", tmp_path / "other")
    (tmp_path / "other" / "ab" / "file").write_bytes(b"y")
    assert not same_files(tmp_path / "one", tmp_path / "other")
    (tmp_path / "other" / "ab" / "file").write_bytes(b"x")
    (tmp_path / "other" / "ab" / "more").write_bytes(b"")
    assert not same_files(tmp_path / "one", tmp_path / "other")


@pytest.mark.slow
@pytest.mark.peer("restic")
def test_a_small_box_is_measured_and_comes_back_the_same(tmp_path: Path) -> None:
    figures = measure(tmp_path, 0.01, 1)
    assert (figures.files, figures.restored_identical) == (19, True)
    assert min(figures.restore_seconds, figures.full_seconds, figures.unchanged_seconds) > 0
