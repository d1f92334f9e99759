"""What is one step, and which changes are tried."""

from pathlib import Path

from tests.faults.steps import shuffled, steps_of
from tests.faults.traced import Change

ROOT = Path("/tmp/world")  # noqa: S108  a name, nothing is there
LOG = "/data/catalogue/catalogue.db-wal"


def steps(*changes: str) -> list[str]:
    """Give the steps of changes told as words: letter, path, and how the program was called."""
    told = [one.split(" ", 2) for one in changes]
    return steps_of([Change(one[0], f"{ROOT}{one[1]}", "", " ".join(one[2:])) for one in told], ROOT)


def test_what_differs_by_chance_only_is_one_step() -> None:
    first, second = steps("w /vault/b9/b924a3a2b002df30", "w /vault/0c/0c24a3a2b002df31")
    assert first == second == "w /vault/*/*, after the beginning"


def test_page_after_page_is_one_step_and_each_commit_another() -> None:
    told = steps(*[f"w {LOG}"] * 48, f"s {LOG}", f"w {LOG}", f"s {LOG}")
    assert len({*told}) == 4
    assert len({*told[:48]}) == 1


def test_the_same_after_something_else_is_another_step() -> None:
    told = steps("u /a/tmp-1", "s /a", "o /a/index", "s /a", "o /a/index", "s /a")
    assert told[1] != told[3]
    assert told[3] == told[5]
    before, after = steps(f"w {LOG}", "u /a", f"w {LOG}")[::2]
    assert before != after


def test_another_programs_steps_are_told_apart_by_what_it_was_called_for() -> None:
    program = "restic --cache-dir /c"
    backup, more, prune = steps(
        f"W /disk/index/1 {program} backup --json --", f"W /disk/index/2 {program} backup --json --",
        f"W /disk/index/3 {program} prune --max-unused 0",
    )  # fmt: skip
    assert backup == more == "W /disk/index/*, by backup"
    assert prune == "W /disk/index/*, by prune"


def test_where_a_rename_leads_to_belongs_to_it() -> None:
    moved = steps_of([Change("R", f"{ROOT}/a/tmp-17", f"{ROOT}/a/index.db", "restic init")], ROOT)
    assert moved == ["R /a/tmp-* /a/index.db, by init"]


def test_the_order_is_the_same_each_time_and_another_for_others() -> None:
    places = range(1, 50)
    assert sorted(shuffled(places, "purge kill")) == [*places]
    assert shuffled(places, "purge kill") == shuffled(places, "purge kill") != shuffled(places, "purge full")
