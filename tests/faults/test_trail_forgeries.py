"""Forgeries of the trail of every kind are found and located; the whole five hundred is `make trail-forgeries`."""

import json
from pathlib import Path

from tests.faults.trail_forgeries import Kind, forge, report

RESULT = Path(__file__).parents[2] / "benchmarks" / "results" / "trail-forgeries.json"


def test_forgeries_of_every_kind_are_found_and_located(tmp_path: Path) -> None:
    told = report(forge(2 * len(Kind), 7, tmp_path))
    assert told["missed"] == []
    assert told["located_by_kind"] == {kind.value: 2 for kind in Kind}


def test_what_was_forged_last_and_committed_was_all_found_and_located() -> None:
    told = json.loads(RESULT.read_text(encoding="utf-8"))
    assert told["forged"] == told["found"] == told["located"] >= 500
    assert set(told["by_kind"]) == set(Kind)
