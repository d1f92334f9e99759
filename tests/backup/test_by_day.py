"""A disk that is plugged in only while the clinic is open: it is copied to, pruned and proved like any other."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from appliance.audit.events import OPERATOR
from appliance.backup.jobs import BACKUP, COPY_ARRIVALS, PRUNE, backup_jobs, is_night_missed
from appliance.backup.pruning import is_prune_due
from appliance.backup.target import Target, location_of
from appliance.backup.targets import open_target
from appliance.integrity.jobs import proof_jobs
from appliance.integrity.portions import Room
from appliance.integrity.proofs import ProofParts
from appliance.jobs.clock_marks import believe_clock
from appliance.jobs.job import Job
from appliance.jobs.running import Runner
from appliance.jobs.timetable import Timetable
from appliance.keys.hierarchy import Keyring
from appliance.retention.erasing import ErasingParts, erase
from appliance.retention.proofs import Standing, proofs_of, update_all
from tests.backup.a_backup import BackedUp
from tests.backup.doing_jobs import row, whose_clock_is_right

MADRID = ZoneInfo("Europe/Madrid")
HOUR = timedelta(hours=1)
BEGUN = datetime(2031, 1, 1, tzinfo=UTC)
DAYS = 31  # whatever is erased on the second has to be gone from the disk by then
UNPROVED = {4: False, DAYS - 4: True}  # days like any other, of which nothing is asked but copies and pruning


def jobs_of(clinic: BackedUp, *, proving: bool) -> Sequence[Job]:
    """Give what the process of jobs does to targets, but for what is the same by day and by night."""
    parts = ProofParts(
        clinic.integrity, clinic.backup, Keyring.for_process("jobs", clinic.root), Room(clinic.folder, 0)
    )
    wanted = {BACKUP, COPY_ARRIVALS, PRUNE, *({"repair", "restore test", "full restore test"} if proving else ())}
    return [job for job in (*backup_jobs(clinic.backup, UTC), *proof_jobs(parts, UTC)) if job.name in wanted]


class Process:
    """The process of jobs, which does what is due once an hour."""

    def __init__(self, clinic: BackedUp, *, proving: bool = True) -> None:
        self.clinic = clinic
        self.timetable = Timetable(jobs_of(clinic, proving=proving), UTC, clinic.database, clinic.clock)
        self.timetable.open()
        self.runner = Runner(clinic.database, clinic.clock)

    def turn(self) -> list[str]:
        """Do what is due, until nothing is."""
        done: list[str] = []
        with self.clinic.database.write() as tx:
            believe_clock(tx, self.clinic.clock)
        while orders := self.timetable.orders():
            for order in orders:
                self.runner.run(order.job, self.runner.begin(order.job, order.asked_by))
                self.timetable.done(order.job)
                done.append(order.job.name)
        return done


def plugged(clinic: BackedUp, *, in_: bool) -> None:
    drawer, place = clinic.disk().with_name("drawer"), clinic.folder.parent / "disk"
    if in_ and drawer.exists():
        place.rmdir()
        drawer.rename(place)
    elif not in_ and not drawer.exists():
        place.rename(drawer)
        place.mkdir()


@pytest.mark.slow
@pytest.mark.peer("restic")
def test_a_disk_that_is_there_from_eight_to_seven_is_pruned_and_proved_and_holds_no_erased_key(tmp_path: Path) -> None:
    clinic = whose_clock_is_right(tmp_path)
    clinic.pass_by(timedelta(hours=(10 - clinic.clock.now().hour) % 24))
    clinic.scan(count=2)
    clinic.scan(first=5, count=1, study="1.2.3.7")
    target, process = clinic.target(), Process(clinic)
    begun, erasure, nights = clinic.clock.now(), None, list[datetime]()
    while clinic.clock.now() - begun < timedelta(days=DAYS):
        hour, day = clinic.clock.now().hour, (clinic.clock.now() - begun).days
        plugged(clinic, in_=8 <= hour < 19)
        if hour == 0 and day in UNPROVED:
            process = Process(clinic, proving=UNPROVED[day])
        if hour in {1, 5, 9, 18}:  # at others nothing is due but to look
            process.turn()
        if hour == 15 and day % 9 == 0:
            clinic.scan(first=20 + day, count=1, study=f"1.2.9.{day}")
            process.turn()
        if hour == 16 and day == 1:
            parts = ErasingParts(clinic.folder, clinic.database, clinic.audit, clinic.files, clinic.clock)
            erasure = erase(parts, "study", 1, "request", OPERATOR)
        whole = row(clinic, target).whole_night_at
        if whole is not None and whole not in nights:
            nights.append(whole)
        clinic.pass_by(HOUR)
    plugged(clinic, in_=True)
    assert len({at.date() for at in nights}) >= DAYS - 1, "a night each day"
    assert len(nights) <= DAYS + 2
    oldest = open_target(clinic.backup, row(clinic, target)).keys.snapshots()[0]
    assert clinic.clock.now() - oldest.taken_at < timedelta(days=28)
    assert erasure is not None
    with clinic.database.write() as tx:
        update_all(tx, clinic.audit, clinic.clock.now())
        assert [proof.standing for proof in proofs_of(tx, erasure, clinic.clock.now())] == [Standing.PRUNED]
        ((proved,),) = tx.rows("SELECT min(proved_at) FROM proved_files")
        ((tests,),) = tx.rows("SELECT count(*) FROM restore_tests WHERE verdict = 'proved'")
    assert clinic.clock.now().timestamp() - proved / 1e6 < timedelta(days=2).total_seconds()
    assert 7 <= tests <= 10
    assert clinic.rows("SELECT verdict, fault FROM restore_tests WHERE verdict = 'failed'") == []


def a_target(**changes: object) -> Target:
    place = location_of("folder", {"path": "/x"})
    target = Target(1, bytes(16), "x", place, None, False, time(1, 30), timedelta(1), timedelta(7), BEGUN)
    return replace(target, **changes)  # type: ignore[arg-type]  # whatever a test changes


def test_a_night_is_missed_by_the_last_whole_one_and_not_by_what_was_copied_since() -> None:
    whole = datetime(2031, 6, 2, 8, 4, tzinfo=UTC)
    target = a_target(whole_night_at=whole, night_at=whole, covered_at=datetime(2031, 6, 3, 7, 0, tzinfo=UTC))
    assert not is_night_missed(target, MADRID, datetime(2031, 6, 3, 1, 29, tzinfo=UTC)), "it may still be at it"
    assert is_night_missed(target, MADRID, datetime(2031, 6, 3, 8, 0, tzinfo=UTC)), "though it is 24 h old only"
    ahead = a_target(whole_night_at=whole + timedelta(days=400), night_at=whole)
    assert is_night_missed(ahead, MADRID, whole + timedelta(days=1)), "by a clock that was wrong"


def test_a_night_that_fails_all_day_is_tried_ever_more_seldom() -> None:
    now = datetime(2031, 6, 2, 0, 0, tzinfo=UTC)
    whole, tried, until = now - timedelta(days=3), now - timedelta(days=1), now + timedelta(days=2)
    times = []
    while now < until:
        if is_night_missed(a_target(whole_night_at=whole, night_at=tried), UTC, now):
            tried = now
            times.append(now)
        now += timedelta(minutes=4)
    assert 8 <= len(times) <= 14
    assert min(later - earlier for earlier, later in pairwise(times)) > timedelta(hours=1)


def test_pruning_is_due_once_its_time_passed_since_it_was_last_done() -> None:
    def due(now: datetime, pruned_at: datetime | None = None) -> bool:
        return is_prune_due(a_target(pruned_at=pruned_at), UTC, now)

    assert not due(BEGUN + timedelta(hours=4))
    assert due(BEGUN + timedelta(hours=5))
    assert not due(BEGUN + timedelta(hours=27), BEGUN + timedelta(hours=9))
    assert due(BEGUN + timedelta(days=40), BEGUN + timedelta(hours=9))
    assert due(BEGUN, BEGUN + timedelta(days=9)), "by a clock that was wrong"
