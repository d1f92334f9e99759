"""The list of Safekeeping's tests names what is there, and a run that takes too long fails."""

import sys
from pathlib import Path

import pytest

from tests import keeping

TESTS = Path(__file__).parents[1]


def test_every_place_on_the_list_is_there() -> None:
    assert [place for place in keeping.PLACES if not (TESTS / place).exists()] == []
    assert len(set(keeping.PLACES)) == len(keeping.PLACES)


def test_every_page_command_and_process_of_safekeeping_that_is_tested_is_on_the_list() -> None:
    named = {TESTS / place for place in keeping.PLACES}
    about = ("keeping", "restor", "retention", "erasure", "decommission", "export", "new_root", "planted", "backup")
    left_out = [
        path.relative_to(TESTS).as_posix()
        for path in TESTS.rglob("test_*.py")
        if any(word in path.name for word in about) and not {path, *path.parents} & named
    ]
    assert sorted(left_out) == ["house/test_keeping.py"]


@pytest.mark.parametrize(("does", "most", "status"), [("pass", 60, 0), ("pass", 0, 1), ("exit(1)", 60, 1)])
def test_a_run_that_fails_or_takes_longer_than_promised_is_red(
    does: str, most: float, status: int, capfd: pytest.CaptureFixture[str]
) -> None:
    assert keeping.timed([sys.executable, "-c", does], most) == status
    assert f"; {most} s are promised" in capfd.readouterr().out
