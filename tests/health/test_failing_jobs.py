"""A job that fails again and again is told, each of its own, until it goes well or is no job any more."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from appliance.health.telling import IN_A_ROW, note_outcome
from appliance.jobs.job import Job, Run
from appliance.jobs.running import Runner
from appliance.jobs.schedule import Every
from appliance.notifications import queries
from appliance.notifications.codes import NoticeCode, Severity
from appliance.notifications.notices import acknowledge, raise_notice
from tests.jobs.a_timetable import Works

HOUR = timedelta(hours=1)


class Failing(Works):
    """A box with two jobs, each of which fails while it is named in `bad`."""

    def __init__(self, folder: Path) -> None:
        self.bad: set[str] = set()
        super().__init__(folder, [Job(name, Every(HOUR), self._work(name)) for name in ("backup", "scrub")])
        self.turn()

    def _work(self, name: str) -> Callable[[Run], None]:
        def work(run: Run) -> None:
            if name in self.bad:
                run.failed("unavailable")

        return work

    def restart(self) -> None:
        super().restart()
        self.runner = Runner(
            self.box.database, self.clock, on_end=lambda tx, _job, _outcome: note_outcome(tx, self.clock.now())
        )

    def told(self) -> list[tuple[int, bool]]:
        """Give each open notice: how often it failed in a row, and whether somebody knows."""
        with self.box.database.read() as tx:
            found = queries.open_notices(tx)
        assert {one.code for one in found} <= {NoticeCode.JOB_FAILS}
        return sorted((one.number or 0, one.acknowledged_at is not None) for one in found)


@pytest.fixture
def works(tmp_path: Path) -> Failing:
    return Failing(tmp_path)


def test_the_third_failure_in_a_row_is_told_and_over_when_it_goes_well(works: Failing) -> None:
    works.bad = {"backup"}
    works.let_pass((IN_A_ROW - 1) * HOUR)
    assert works.told() == []
    works.let_pass(HOUR)
    assert works.told() == [(IN_A_ROW, False)]
    works.bad = set()
    works.let_pass(HOUR)
    assert works.told() == []


def test_whoever_knows_that_one_fails_is_told_that_another_does(works: Failing) -> None:
    works.bad = {"backup"}
    works.let_pass(IN_A_ROW * HOUR)
    with works.box.database.write() as tx:
        [one] = queries.open_notices(tx)
        acknowledge(tx, one.notice_key, works.clock.now(), None)
    works.bad = {"backup", "scrub"}
    works.let_pass(IN_A_ROW * HOUR)
    assert works.told() == [(IN_A_ROW, False), (2 * IN_A_ROW, True)]


def test_what_an_earlier_release_told_of_all_jobs_together_is_over(works: Failing) -> None:
    with works.box.database.write() as tx:
        raise_notice(tx, NoticeCode.JOB_FAILS, Severity.WARNING, works.clock.now(), number=5)
    works.let_pass(HOUR)
    assert works.told() == []
