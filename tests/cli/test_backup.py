"""`enamel backup`: which place is meant is told by its number, and what is refused says how it is meant after all."""

from pathlib import Path

import pytest

from tests.cli.a_disk import quick_disk
from tests.warm import run


@pytest.mark.peer("restic")
def test_two_places_of_one_name_are_told_apart_by_their_numbers(tmp_path: Path) -> None:
    data = str(tmp_path / "data")
    assert run("keys", "init", "--sealing", "file", "--data", data).returncode == 0
    for number, name in ((1, "first"), (2, "second")):
        quick_disk(data, tmp_path / name)
        place = ("backup", "add", "folder", "--path", str(tmp_path / name), "--name", "blue", "--data", data)
        refused = run(*place)
        assert (refused.returncode, "say that it is meant (--same-disk)" in refused.stderr) == (15, True)
        added = run(*place, "--same-disk")
        assert (added.returncode, f"number {number}." in added.stdout) == (0, True), added.stderr
    copied = run("backup", "run", "--data", data).stdout.splitlines()
    assert copied[0].split()[:2] == ["target", "key"]
    assert [line.split()[:2] for line in copied[-2:]] == [["1", "blue"], ["2", "blue"]]
    standing = run("backup", "status", "--data", data).stdout.splitlines()
    assert [line.partition(":")[0] for line in standing[:2]] == ["1 blue", "2 blue"]
