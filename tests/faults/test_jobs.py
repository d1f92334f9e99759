"""Jobs cut off at a few steps in each of five ways, of the many that `make job-faults` tries."""

import json
import os
import re
import tempfile
from pathlib import Path

import pytest

from appliance.store.files import RealFiles, replace_durably
from tests.faults.faulted_jobs import JOBS, FaultedJob
from tests.faults.fields import TIMES_AFTER, Field
from tests.faults.jobs import run
from tests.faults.tallies import GONE_AFTER, Kind, Tallies, Tally, Tried, read_report, report
from tests.faults.traced import CAN_TRACE
from tests.faults.worlds import Facts, World, fill

pytestmark = [
    pytest.mark.slow,
    pytest.mark.peer("restic", "cc"),
    pytest.mark.skipif(not CAN_TRACE, reason="the tracer knows x86-64 only"),
]
WITHOUT_RESTIC = {"rotate keys", "export patient", "export archive"}
# `make job-faults` tries these
BY_THE_WAY = {"new disk", "arrivals", "restore test", "prune", "new root", "catalogue key"}
TRIED = [number for number, job in enumerate(JOBS) if job.name not in BY_THE_WAY]

_WORDS = b"all of it" * 100


def job_named(name: str) -> FaultedJob:
    return next(job for job in JOBS if job.name == name)


@pytest.mark.parametrize("number", TRIED, ids=[JOBS[number].name for number in TRIED])
def test_whatever_is_cut_off_the_next_run_completes(number: int) -> None:
    """Of jobs that take restic, which is slow, each has another kind; the others have all."""
    job, kinds = JOBS[number], [*Kind]
    with tempfile.TemporaryDirectory() as folder:
        one = Field(job, Path(folder))
        for kind in kinds if job.name in WITHOUT_RESTIC else [kinds[number % len(kinds)]]:
            assert one.attempt(kind, next(one.missing(kind, Tally()))).broken is None


def test_what_was_pruned_is_durable_before_it_counts_as_gone(short_path: Path) -> None:
    """Each repository's removals are followed by a sync of its whole disk before the catalogue is written again."""
    assert len(re.findall("Uy", Field(job_named("prune"), short_path).changes)) == 2


def test_what_a_restore_says_was_proved_survives_a_power_cut(short_path: Path) -> None:
    """Restic syncs nothing of what it restores: once the state tells of it, it has to be durable."""
    one = Field(job_named("restore"), short_path)
    proved = one.renames("state.json")[1]  # after the one that names the snapshot
    for at in (proved + 4, proved + 5):  # it is synced
        assert one.attempt(Kind.POWER, at).broken is None


def test_every_step_is_tried_with_every_kind_and_what_does_not_hold_is_found(tmp_path: Path) -> None:
    """Of three that write one file, one leaves drafts, one syncs nothing, one renames before it syncs."""
    untidy = FaultedJob("untidy", fill, _write_durably, _check_written)
    rash = FaultedJob("rash", fill, lambda world: _file(world).write_bytes(_WORDS), _check_written)
    hasty = FaultedJob("hasty", fill, _write_hastily, _check_written)
    tallies: Tallies = {}
    run([untidy, rash, hasty], tallies, tmp_path, 3600.0, lambda: None)
    for kinds in tallies.values():
        assert all(tally.tried == tally.steps for tally in kinds.values())
    counts = {name: {kind: len(tally.tried) for kind, tally in kinds.items()} for name, kinds in tallies.items()}
    assert counts["untidy"] == {Kind.KILL: 3, Kind.FULL: 2, Kind.ERROR: 5, Kind.POWER: 5, Kind.DONE: TIMES_AFTER}
    assert counts["rash"] == {Kind.KILL: 2, Kind.FULL: 2, Kind.ERROR: 2, Kind.POWER: 2, Kind.DONE: TIMES_AFTER}
    broken = [(name, kind) for name, kinds in tallies.items() for kind in Kind if kinds[kind].broken]
    assert broken == [("untidy", Kind.KILL), ("untidy", Kind.POWER), ("rash", Kind.DONE), ("hasty", Kind.POWER)]
    assert [*tallies["hasty"][Kind.POWER].broken] == ["s /disk/file, after r /disk/draft /disk/file"]
    assert [*tmp_path.iterdir()] == []


def _write_durably(world: World) -> None:
    replace_durably(RealFiles(), _file(world), _WORDS)


def _write_hastily(world: World) -> None:
    if not _file(world).exists():
        (world.disk / "draft").write_bytes(_WORDS)
        (world.disk / "draft").rename(_file(world))
        with _file(world).open("rb") as file:
            os.fsync(file.fileno())
        RealFiles().fsync_folder(world.disk)


def _file(world: World) -> Path:
    return world.disk / "file"


def _check_written(world: World, _facts: Facts) -> None:
    assert _file(world).read_bytes() == _WORDS


def test_a_later_run_goes_on_after_what_was_counted(tmp_path: Path) -> None:
    tally = Tally(steps={"w a", "s a", "u a"})
    for step, broken in (("w a", None), ("w a", None), ("s a", "gone"), (None, None)):
        tally.count(Tried(Kind.KILL, step, cut_off=step is not None, seconds=1.5, broken=broken))
    told = report({"purge": {Kind.KILL: tally}})
    assert (told["steps"], told["steps_tried"], told["tries"], told["cut_off"], told["broken"]) == (3, 2, 4, 3, 1)
    assert told["seconds_a_try"] == 1.5
    (tmp_path / "counts.json").write_text(json.dumps(told))
    found = read_report(tmp_path / "counts.json")["purge"][Kind.KILL]
    assert (found.steps, found.tries) == (tally.steps, 4)
    assert (found.tried, found.broken) == ({"w a"}, {"s a": "gone"}), "what was broken is tried again"
    found.count(Tried(Kind.KILL, "s a", cut_off=True, seconds=1.0))
    assert (found.tried, found.broken) == ({"w a", "s a"}, {})
    assert read_report(tmp_path / "none.json") == {}


def test_a_step_that_no_recording_has_any_more_is_no_more_to_be_tried_until_one_has_it(tmp_path: Path) -> None:
    tally, file = Tally(), tmp_path / "counts.json"
    tally.recorded({"w a", "s a", "u a"})
    tally.count(Tried(Kind.KILL, "w a", cut_off=True, seconds=1.0))
    for _ in range(GONE_AFTER):
        assert tally.gone == set()
        file.write_text(json.dumps(report({"purge": {Kind.KILL: tally, Kind.FULL: Tally(steps={"u a"})}})))
        tally = read_report(file)["purge"][Kind.KILL]
        tally.recorded({"s a"})
    told = report({"purge": {Kind.KILL: tally, Kind.FULL: Tally(steps={"u a"})}})
    assert (told["steps"], told["steps_tried"], told["not_seen_lately"]) == (3, 1, 1)
    file.write_text(json.dumps(told))
    purge = json.loads(file.read_text())["jobs"]["purge"]
    assert purge["not tried"] == {"s a": {"kill": 0}, "u a": {"full": 0}}
    assert purge["not seen lately"] == {"u a": {"kill": GONE_AFTER}}
    tally = read_report(file)["purge"][Kind.KILL]
    assert tally.gone == {"u a"}
    tally.recorded({"s a", "u a"})
    assert tally.gone == set()
