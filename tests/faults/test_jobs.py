"""Jobs cut off at a few changes of the disk in each of five ways, of the many that `make job-faults` tries."""

import json
import re
import tempfile
from pathlib import Path

import pytest

from tests.faults.faulted_jobs import JOBS
from tests.faults.jobs import Field, Kind, Tally, read_report, report, try_one
from tests.faults.traced import CAN_TRACE

pytestmark = [
    pytest.mark.slow,
    pytest.mark.peer("restic", "cc"),
    pytest.mark.skipif(not CAN_TRACE, reason="the tracer knows x86-64 only"),
]
WITHOUT_RESTIC = {"rotate keys", "export patient", "export archive"}
BY_THE_WAY = {"arrivals", "restore test", "prune", "new root", "catalogue key"}  # `make job-faults` tries these
TRIED = [number for number, job in enumerate(JOBS) if job.name not in BY_THE_WAY]


@pytest.mark.parametrize("number", TRIED, ids=[JOBS[number].name for number in TRIED])
def test_whatever_is_cut_off_the_next_run_completes(number: int) -> None:
    """Of jobs that take restic, which is slow, each has another kind; the others have all."""
    job, kinds = JOBS[number], [*Kind]
    with tempfile.TemporaryDirectory() as folder:
        one = Field(job, Path(folder))
        for kind in kinds if job.name in WITHOUT_RESTIC else [kinds[number % len(kinds)]]:
            tally = Tally()
            try_one(one, kind, one.order(kind)[0], tally)
            assert tally.broken == []


def test_what_was_pruned_is_durable_before_it_counts_as_gone(short_path: Path) -> None:
    """Each repository's removals are followed by a sync of its whole disk before the catalogue is written again."""
    prune = next(job for job in JOBS if job.name == "prune")
    assert len(re.findall("Uy", Field(prune, short_path).changes)) == 2


def test_what_a_restore_says_was_proved_survives_a_power_cut(short_path: Path) -> None:
    """Restic syncs nothing of what it restores: once the state tells of it, it has to be durable."""
    one = Field(next(job for job in JOBS if job.name == "restore"), short_path)
    proved = one.renames("state.json")[1]  # after the one that names the snapshot
    for at in (proved + 3, proved + 4):  # it is synced
        tally = Tally()
        try_one(one, Kind.POWER, at, tally)
        assert tally.broken == []


def test_a_later_run_goes_on_after_what_was_counted(tmp_path: Path) -> None:
    tallies = {"purge": {Kind.KILL.value: Tally(places=400, tried=7, reached=6, cut_off=5, broken=["9: gone"])}}
    told = report(tallies)
    assert (told["tried"], told["broken"]) == (7, 1)
    (tmp_path / "counts.json").write_text(json.dumps(told))
    assert read_report(tmp_path / "counts.json") == tallies
    assert read_report(tmp_path / "none.json") == {}
