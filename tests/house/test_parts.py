"""The lists of a part's tests name what is there, and a run that takes too long fails."""

import subprocess
import sys

import pytest

from tests.parts import PARTS, PROMISED_SECONDS, TESTS, Part, command, timed

EACH_PART = pytest.mark.parametrize("part", PARTS.values(), ids=PARTS)


@EACH_PART
def test_every_place_on_the_list_is_there_once(part: Part) -> None:
    assert [place for place in part.places if not (TESTS / place).exists()] == []
    assert len(set(part.places)) == len(part.places)


@EACH_PART
def test_every_test_that_is_about_a_part_by_its_name_is_on_its_list(part: Part) -> None:
    assert part.left_out() == []


def test_one_that_is_left_out_is_found() -> None:
    assert Part("Keeping", ("web/test_keeping.py",), ("keeping",)).left_out()[0] == "web/test_keeping_backups.py"


@EACH_PART
def test_the_part_and_nothing_else_is_run_on_as_many_processes_as_ci_uses(part: Part) -> None:
    words = command(part, ["-x"])
    cores = int(subprocess.run(["nproc"], capture_output=True, check=True).stdout)
    assert words[words.index("-n") + 1] == str(2 * cores)
    assert "processes=$(($(nproc) * 2))" in (TESTS.parent / "tools" / "ci-tests.sh").read_text()
    assert [word for word in words if word.startswith("tests/")] == [f"tests/{place}" for place in part.places]


def test_four_minutes_are_promised() -> None:
    assert PROMISED_SECONDS == 240


@pytest.mark.parametrize(("does", "most", "status"), [("pass", 60, 0), ("pass", 0, 1), ("exit(1)", 60, 1)])
def test_a_run_that_fails_or_takes_longer_than_promised_is_red(
    does: str, most: float, status: int, capfd: pytest.CaptureFixture[str]
) -> None:
    assert timed("A part", [sys.executable, "-c", does], most) == status
    assert f"; {most} s are promised" in capfd.readouterr().out
