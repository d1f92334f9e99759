"""Faults that are planted anywhere are found and named; the whole thousand is `make planted-faults`."""

import json
from pathlib import Path

from tests.faults.planted import Kind, plant, report

RESULT = Path(__file__).parents[2] / "benchmarks" / "results" / "planted-faults.json"


def test_faults_of_every_kind_in_vault_and_catalogue_are_named(tmp_path: Path) -> None:
    told = report(plant(35, 0, 3, tmp_path))
    assert (told["planted"], told["named"], told["missed"]) == (35, 35, [])


def test_faults_in_a_backup_fail_that_nights_restore_test(tmp_path: Path) -> None:
    told = report(plant(7, 7, 5, tmp_path))
    assert (told["in_backup"], told["in_backup_failed_the_night"], told["missed"]) == (7, 7, [])
    assert told["by_kind"] == {kind.value: 1 for kind in Kind}


def test_what_was_planted_last_and_committed_missed_nothing() -> None:
    told = json.loads(RESULT.read_text(encoding="utf-8"))
    assert told["planted"] == told["named"] >= 800
    assert told["in_backup_failed_the_night"] == told["in_backup"]
    assert told["missed"] == []
