"""What backup does by itself: nights, arrivals within minutes, the trail's end each hour, removing what is over.

Guards: a target that is not there, or slow, keeps no other from its copy, and a
disk in a drawer makes no run fail: how old its copies are is told elsewhere. A
target whose night was missed, for the box or the disk was off, is made good as
soon as both are there, and what is over on it is removed then. That is done
while no restore test reads; where a copy is being made it is tried again until
that is done.
"""

from collections.abc import Callable, Iterable, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta, tzinfo
from threading import Event

from appliance.backup import queries
from appliance.backup.anchors import anchor
from appliance.backup.engine import OnProgress
from appliance.backup.faults import Fault
from appliance.backup.following import parts_of, targets_before
from appliance.backup.new_arrivals import waits_since
from appliance.backup.pacing import Pacing
from appliance.backup.parts import BackupParts
from appliance.backup.pruning import PRUNE_AT, is_crowded, is_prune_due, prune_target, thin_catalogues
from appliance.backup.running import Kind, back_up, look_at
from appliance.backup.side_by_side import SideBySide, Work
from appliance.backup.target import Target
from appliance.backup.telling import tell_of_targets
from appliance.backup.tombstones import carry_tombstones
from appliance.jobs.job import Job, Run
from appliance.jobs.schedule import Daily, Every, MadeUp, Schedule

BACKUP, COPY_ARRIVALS, PRUNE, ANCHOR = "backup", "copy arrivals", "prune copies", "anchor audit"
LOOK_EVERY = timedelta(minutes=4)  # what arrives is looked for so often, and copied within ten minutes
READING_LANE = "restore test"  # whatever takes copies out again; nothing is removed meanwhile
MADE_UP_AFTER = timedelta(hours=1)  # what could not be done at its time is tried again so often while it can be
_BUSY_PAUSE_SECONDS, _BUSY_PATIENCE_SECONDS = 60, 3 * 3600.0
_USUAL_NIGHT = time(1, 30)
_NIGHT_TAKES = timedelta(hours=2)  # from its time of day on, before it counts as missed
_TRIED_AGAIN_AFTER = timedelta(hours=1)
_QUIET = frozenset({Fault.UNPLUGGED, Fault.BUSY})
_OFTEN_QUIET = _QUIET | {Fault.UNREACHABLE}  # of what is tried again within the hour
_PATIENCE = timedelta(hours=12)  # restic tells each second how far it is; a listing of a far target does not

Wait = Callable[[float], object]


@dataclass
class Nights:
    """The times of all targets' nights, as one schedule; the process asks the catalogue for them now and then."""

    times: Sequence[time] = field(default=(_USUAL_NIGHT,))
    spacing = timedelta(days=1)
    is_by_calendar = True

    def next_after(self, after: datetime, zone: tzinfo) -> datetime:
        return min(Daily(at).next_after(after, zone) for at in self.times)

    def text(self) -> str:
        return Daily(min(self.times)).text()

    def set_to(self, targets: Iterable[Target]) -> None:
        """Take the times of targets; without any, the usual one."""
        self.times = sorted({target.at for target in targets}) or (_USUAL_NIGHT,)


@dataclass(frozen=True)
class Plan:
    """When things are done, as far as targets have a say in it."""

    zone: tzinfo
    nights: Nights
    pruning: MadeUp
    pacing: Pacing


def _pass(seconds: float) -> None:
    Event().wait(seconds)


def backup_jobs(parts: BackupParts, zone: tzinfo, wait: Wait = _pass) -> tuple[Job, ...]:
    """Give backup's jobs.

    Args:
        parts: Collaborators.
        zone: The clinic's.
        wait: Lets some seconds pass.
    """
    pacing = Pacing(parts.clock.monotonic, LOOK_EVERY.total_seconds())
    plan = Plan(zone, Nights(), MadeUp(Daily(PRUNE_AT), MADE_UP_AFTER), pacing)
    plan.nights.set_to(_used(parts))
    nights: Schedule = plan.nights
    return (
        Job(BACKUP, nights, lambda run: _run_nights(parts, zone, run), patience=_PATIENCE),
        Job(COPY_ARRIVALS, Every(LOOK_EVERY), lambda run: _copy_arrivals(parts, plan, run)),
        Job(PRUNE, plan.pruning, lambda run: _prune(parts, plan, run, wait), READING_LANE),
        Job(ANCHOR, Every(timedelta(hours=1)), lambda run: _anchor(parts, run)),
    )


def is_night_due(target: Target, zone: tzinfo, now: datetime) -> bool:
    """Say whether an instant of a target's schedule passed since its last night ended, or since it was added.

    One that was never tried is due. What failed in a night is tried again by the look for arrivals.
    """
    last = target.created_at if target.night_at is None else target.night_at
    is_new = target.covered_at is None and target.night_at is None
    return is_new or last > now or Daily(target.at).next_after(last, zone) <= now


def _run_nights(parts: BackupParts, zone: tzinfo, run: Run) -> None:
    """Copy to the targets whose time has come; to all where none's has: then a person asked for it."""
    used = _used(parts)
    due = [target for target in used if is_night_due(target, zone, run.clock.now())] or used
    _each(parts, run, due, lambda target, heard: back_up(parts, target, Kind.NIGHT, heard))
    _tell(parts)
    if due and all(_fault(parts, target) is Fault.UNPLUGGED for target in due):
        run.failed(Fault.UNPLUGGED.value)


def is_night_missed(target: Target, zone: tzinfo, now: datetime) -> bool:
    """Say whether the last night that was due is not on a target whole, and is to be tried again now.

    What is copied as it arrives makes no night: only a whole one shows what the box lost meanwhile. One that fails is
    tried after an hour or two, then ever more seldom until the next is due.
    """
    night = Daily(target.at)
    last = target.created_at if target.whole_night_at is None else target.whole_night_at
    if last <= now < night.next_after(last, zone) + _NIGHT_TAKES:
        return False
    if target.night_at is None:
        return True
    was_due = night.next_after(now - timedelta(days=1), zone)
    return abs(now - target.night_at) > max(_TRIED_AGAIN_AFTER, target.night_at - was_due)


def _copy_arrivals(parts: BackupParts, plan: Plan, run: Run) -> None:
    """Copy what is new to every target; while one takes long, the others are looked at again."""

    def used() -> list[Target]:
        found = _used(parts)
        plan.nights.set_to(found)
        return found

    begun_at = run.clock.now()
    _tell(parts)
    at_once = SideBySide(parts, run, lambda one, heard: _copy_new(parts, one, plan, heard), _OFTEN_QUIET)
    at_once.again(used, LOOK_EVERY.total_seconds())
    _each(parts, run, _before(parts), lambda one, _: _look_before(parts, one, plan.zone), _OFTEN_QUIET)
    _tell(parts)  # one that is well again is told at once
    there = [one for one in (*_used(parts), *_before(parts)) if one.seen_at is not None and one.seen_at >= begun_at]
    now = run.clock.now()
    plan.pruning.is_behind = any(is_prune_due(one, plan.zone, now) or is_crowded(parts, one) for one in there)


def _copy_new(parts: BackupParts, target: Target, plan: Plan, heard: OnProgress) -> None:
    """Copy what is new to a target, or everything to one that missed a night or never had one."""
    carry_tombstones(parts, target)
    now, key = parts.clock.now(), target.target_key
    if target.copied_through is None or target.copied_through > now or is_night_missed(target, plan.zone, now):
        look_at(parts, target)  # one that is not there has not had its night
        _copied(parts, target, Kind.NIGHT, plan.pacing, heard)
        return
    since = waits_since(parts, target, plan.pacing.copied(key))
    if since is not None and plan.pacing.may_begin(key, (now - since).total_seconds()):
        _copied(parts, target, Kind.ARRIVALS, plan.pacing, heard)
    elif is_prune_due(target, plan.zone, now):
        look_at(parts, target)  # one that is there has it made up for


def _copied(parts: BackupParts, target: Target, kind: Kind, pacing: Pacing, heard: OnProgress) -> None:
    begun = parts.clock.monotonic()
    copied = back_up(parts, target, kind, heard)
    pacing.ended(target.target_key, begun, copied.new_files)


def _look_before(parts: BackupParts, target: Target, zone: tzinfo) -> None:
    own = parts_of(parts, target)
    carry_tombstones(own, target)
    if is_prune_due(target, zone, parts.clock.now()):
        look_at(own, target)


def _prune(parts: BackupParts, plan: Plan, run: Run, wait: Wait) -> None:
    """Remove what is over from the targets that this is due on, from all where a person asked for it or it is on none.

    What lies there under an earlier root goes, too, with the keys of that one.
    """
    plan.pruning.is_behind = False  # until the next look for arrivals
    used, before, now = _used(parts), _before(parts), run.clock.now()
    due = {one.target_key for one in (*used, *before) if is_prune_due(one, plan.zone, now)}
    crowded = {one.target_key for one in used if is_crowded(parts, one)} - due
    if run.is_asked or not due | crowded:
        due, crowded = {one.target_key for one in (*used, *before)}, set()

    def work(target: Target, heard: OnProgress) -> None:
        (thin_catalogues if target.target_key in crowded else prune_target)(parts, target, heard)

    _until_done(parts, run, [one for one in used if one.target_key in due | crowded], work, wait)
    left = [one for one in before if one.target_key in due]
    _each(parts, run, left, lambda target, heard: _prune_before(parts, target, heard), _OFTEN_QUIET)


def _until_done(parts: BackupParts, run: Run, targets: Sequence[Target], work: Work, wait: Wait) -> None:
    """Do it for targets; where somebody else is at work, again until it is done."""
    busy = _each(parts, run, targets, work)
    until = run.clock.monotonic() + _BUSY_PATIENCE_SECONDS
    while busy and run.clock.monotonic() < until:
        for _ in range(_BUSY_PAUSE_SECONDS):
            run.check()
            wait(1.0)
        used = {one.target_key for one in _used(parts)}  # one of them may go on as an earlier one
        busy = _each(parts, run, [one for one in busy if one.target_key in used], work)
    if busy:
        run.failed(Fault.BUSY.value, len(busy))


def _prune_before(parts: BackupParts, target: Target, heard: OnProgress) -> None:
    own = parts_of(parts, target)
    carry_tombstones(own, target)
    prune_target(own, target, heard)


def _anchor(parts: BackupParts, run: Run) -> None:
    """Look whether each target is there, and carry the trail's end to those that are."""

    def work(target: Target, _: OnProgress) -> None:
        look_at(parts, target)
        anchor(parts, target)

    _tell(parts)  # also where a target that says nothing keeps this from its end
    _each(parts, run, _used(parts), work, _OFTEN_QUIET)
    _tell(parts)


def _each(
    parts: BackupParts, run: Run, targets: Sequence[Target], work: Work, quiet: Set[Fault] = _QUIET
) -> list[Target]:
    """Do something for targets, all at once; give those that somebody else was at work on."""
    return SideBySide(parts, run, work, quiet).once(targets)


def _tell(parts: BackupParts) -> None:
    with parts.database.write() as tx:
        tell_of_targets(tx, parts.clock.now())


def _used(parts: BackupParts) -> list[Target]:
    with parts.database.read() as tx:
        return queries.used_targets(tx)


def _before(parts: BackupParts) -> list[Target]:
    with parts.database.read() as tx:
        return targets_before(tx)


def _fault(parts: BackupParts, target: Target) -> Fault | None:
    with parts.database.read() as tx:
        found = queries.find_target(tx, target.target_key)
    return None if found is None else found.fault
