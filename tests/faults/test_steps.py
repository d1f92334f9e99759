"""Which of a job's changes are tried first."""

from tests.faults.power import Operation
from tests.faults.steps import count_steps, first_of_each, step_of

STEPS = ["o a", *["w a"] * 48, "s a", "o b", "w a"]
PLACES = range(1, len(STEPS) + 1)


def test_one_of_each_step_is_tried_first_then_one_of_each_after_each_other() -> None:
    tried = first_of_each(PLACES, STEPS, "purge kill")
    assert sorted(tried) == [*PLACES]
    assert {STEPS[at - 1] for at in tried[:4]} == {*STEPS}
    assert {2, 52} <= {*tried[:7]}
    assert first_of_each(PLACES, STEPS, "purge kill") == tried
    assert first_of_each(PLACES, STEPS, "purge full") != tried


def test_what_differs_by_chance_only_is_one_step() -> None:
    told = {
        step_of("w", Operation("w", 0, 0, path, "", b""))
        for path in ("vault/b9/b924a3a2b002df30", "vault/0c/0c24a3a2b002df31")
    }
    assert told == {"w vault/*/*"}
    moved = step_of("R", Operation("r", 0, 0, "a/tmp-17", "a/index.db", b""))
    assert moved == "R a/tmp-* a/index.db"


def test_steps_are_counted_of_the_places_alone() -> None:
    assert count_steps(PLACES, STEPS) == 4
    assert count_steps([2, 3, 4], STEPS) == 1
