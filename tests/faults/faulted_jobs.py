"""What may be cut off: each job as it is prepared, done, and looked at afterwards. A line of the table is a job."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from appliance.assembly.backup_parts import backup_parts
from appliance.assembly.box import open_box, sealed_again
from appliance.assembly.folders import Folders
from appliance.assembly.intake_parts import intake_parts
from appliance.assembly.keyrings import find_epoch
from appliance.assembly.new_root import Terms, rekey_catalogue, rotate_root
from appliance.assembly.restoring import Choice
from appliance.assembly.restoring_targets import open_source, parse_where
from appliance.assembly.rooms import retention_of
from appliance.audit.events import OPERATOR
from appliance.backup.queries import used_targets
from appliance.backup.running import look_at
from appliance.backup.target import location_of
from appliance.backup.targets import NewTarget, register_target
from appliance.cli.export import exporter_of
from appliance.errors import Refused, Unsuitable
from appliance.export.entries import Shelf
from appliance.export.folder import FolderWriter, check_folder
from appliance.export.whole import ArchiveExporter
from appliance.identifiers import FileId
from appliance.intake.rotation import KeyUpkeep
from appliance.retention.proposals import approve, propose
from appliance.retention.queries_decisions import Kind, Scope
from appliance.store.files import RealFiles
from tests.assembly.a_full_box import FullBox
from tests.assembly.a_lost_box import restore
from tests.backup.quick_repositories import lay_out
from tests.faults import wholeness as whole
from tests.faults.worlds import AGREES, PROPOSES, Facts, World, fill

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NIGHT, COPYING = ("backup", "prune copies"), ("copy arrivals", "backup")
NEXT_NIGHT, KEYS_ARE_OLD, COPIES_ARE_OVER = timedelta(minutes=1), timedelta(days=31), timedelta(days=28)


@dataclass(frozen=True)
class FaultedJob:
    """One job.

    Attributes:
        name: What the results call it.
        prepare: Makes what it begins with in an empty world.
        work: Does it; done again it completes what was cut off, or changes nothing.
        check: Raises AssertionError unless the world is whole after that.
        at: How long after the preparation it is done.
        following: What the night after it does, which clears away half written packs and a catalogue that was laid out.
    """

    name: str
    prepare: Callable[[World], Facts]
    work: Callable[[World], object]
    check: Callable[[World, Facts], None]
    at: timedelta = timedelta()
    following: Callable[[World], None] = lambda _: None

    def work_again(self, world: World) -> None:
        """Do it again, and what follows it."""
        self.work(world)
        self.following(world)


def with_disk(world: World) -> Facts:
    """Name a disk as a target, which nobody has made ready yet."""
    facts = fill(world)
    location = location_of("folder", {"path": str(world.disk), "same_disk": "yes"})
    with world.rooms("jobs") as rooms:
        register_target(backup_parts(rooms), NewTarget("disk", location), OPERATOR)
    return facts


def with_ready_disk(world: World) -> Facts:
    """Have it made ready, quickly."""
    facts = with_disk(world)
    with world.rooms("jobs") as rooms:
        parts = backup_parts(rooms)
        with rooms.database.read() as tx:
            (target,) = used_targets(tx)
        lay_out(world.disk, parts.box_id, parts.backup_key, target.target_id)
    make_disk_ready(world)
    return facts


def copied(world: World) -> Facts:
    """Let it have had a night."""
    facts = with_ready_disk(world)
    world.run("backup")
    return facts


def make_disk_ready(world: World) -> None:
    """Do what a night's run does before all else: look at the disk and make its two repositories, if there are none."""
    with world.rooms("jobs") as rooms:
        parts = backup_parts(rooms)
        with rooms.database.read() as tx:
            (target,) = used_targets(tx)
        look_at(parts, target)


def arrived(world: World) -> Facts:
    """Let a scan that waited come in after the night."""
    facts = copied(world)
    box = FullBox(world.data, world.clock)
    box.take_in()
    box.close()
    return facts


def agreed(world: World) -> Facts:
    """Let two people agree, after a night, that the first study is to be erased."""
    facts = copied(world)
    with world.rooms("staff") as rooms:
        retention = retention_of(rooms)
        keys = propose(retention, Scope.STUDY, [1], Kind.REQUEST, world.confirmed(rooms, PROPOSES))
        assert approve(retention, keys, world.confirmed(rooms, AGREES)) == []
        with rooms.database.read() as tx:
            rows = tx.rows(
                "SELECT file_id, wrapped_key, sop_instance_uid FROM files JOIN versions USING (file_id) "
                "JOIN instances USING (instance_key) JOIN series USING (series_key) WHERE study_key = 1"
            )
    gone = {str(row[2]) for row in rows}
    digests = {uid: digest for uid, digest in facts.digests.items() if uid not in gone}
    erased, secrets = frozenset(FileId(bytes(row[0])) for row in rows), tuple(bytes(row[1]) for row in rows)
    return replace(facts, digests=digests, erased=erased, secrets=secrets)


def erased(world: World) -> Facts:
    """Let the study be erased, and the night after it copied."""
    facts = agreed(world)
    world.run("purge", *COPYING)
    return facts


def rotate_keys(world: World) -> None:
    """Do what intake does by itself once its keys are old, until nothing is left to do."""
    with world.rooms("intake") as rooms:
        for _ in range(2):
            upkeep = KeyUpkeep(intake_parts(rooms))
            for _ in range(8):
                while upkeep.step():
                    pass
                world.pass_by(timedelta(seconds=61))
            world.pass_by(2 * DAY)


def new_root(world: World) -> None:
    """Give the box another root, if it has not got one."""
    if whole.count(world, "SELECT count(*) FROM roots") < 2:
        sealed = Folders.of(world.settings()).sealed_root.read_bytes()
        terms = Terms(lambda root: sealed_again(root, sealed, None), lambda _: None)
        rotate_root(world.settings(), world.root(), world.clock, terms)


def new_catalogue_key(world: World) -> None:
    """Give the catalogue another key, if it has not got one."""
    if find_epoch(world.root(), Folders.of(world.settings()).catalogue) < 2:
        rekey_catalogue(world.settings(), world.root(), world.clock, RealFiles())


def export_patient(world: World) -> None:
    """Export a patient to a folder, unless all of it is there."""
    with world.rooms("staff") as rooms:
        package = exporter_of(rooms).patient(1)
        try:
            check_folder(world.out)
        except (Refused, Unsuitable):
            with package.giving(OPERATOR, "folder"):
                FolderWriter(world.out, RealFiles()).write(package.entries, package.identity)


def export_archive(world: World) -> None:
    """Export the whole archive, or go on with it."""
    with world.rooms("staff") as rooms:
        shelf = Shelf(rooms.database, rooms.rotating_keys, rooms.vault)
        ArchiveExporter(shelf, rooms.audit, rooms.clock, RealFiles()).export(world.out)


def first_night(world: World) -> None:
    """Run a night on a disk that it may have to make ready."""
    world.run(*NIGHT)


def restore_older(world: World) -> None:
    """Bring the box back from the copy that was made before the erasure, or go on with it."""
    if (world.back / "keys" / "root.sealed").exists():
        return
    source = open_source(parse_where(f"folder:{world.disk}"), None, world.root())
    oldest = min(source.keys.snapshots(), key=lambda one: one.taken_at)
    restore(world.back, world.root(), source, choice=Choice(snapshot_id=oldest.snapshot_id))


def start_restored(world: World) -> None:
    """Start the box that came back, if it did: that clears away what bringing it back left."""
    if (world.back / "keys" / "root.sealed").exists():
        open_box(world.settings(world.back), None, world.clock)


def check_restored(world: World, facts: Facts) -> None:
    """What came back is whole, without what was erased since, and its trail says once that it came back."""
    whole.check_box(world, facts, world.back)


def check_copies(world: World, facts: Facts) -> None:
    """The box is whole, and so is what lies on the disk."""
    whole.check_target(world)
    whole.check_box(world, facts)


def check_erased(world: World, facts: Facts) -> None:
    """The box and its newest copy are whole, and a copy older than the erasure comes back without what was erased."""
    check_copies(world, facts)
    restore_older(world)
    check_restored(world, facts)


def check_pruned(world: World, facts: Facts) -> None:
    """No copy on the disk holds an erased key any more, and the box knows it."""
    assert whole.count(world, "SELECT count(*) FROM erasures WHERE files_gone_at IS NULL") == 0, "not erased to the end"
    whole.check_no_copy_holds(world, facts)
    check_copies(world, facts)


def check_keys(world: World, facts: Facts) -> None:
    """One wrapping key is left, which opens everything."""
    left = "SELECT count(*) FROM rotating_keys WHERE kind = 'wrapping' AND destroyed_at IS NULL"
    assert whole.count(world, left) == 1, "an old wrapping key was not destroyed"
    whole.check_box(world, facts)


def check_new_night(world: World, facts: Facts) -> None:
    """The next night copies what the new key opens."""
    world.pass_by(NEXT_NIGHT)
    first_night(world)
    check_copies(world, facts)


def check_ready(world: World, facts: Facts) -> None:
    """A disk that was made ready takes a first night."""
    if whole.count(world, "SELECT count(*) FROM backup_snapshots") == 0:
        first_night(world)
    check_copies(world, facts)


def check_root(world: World, facts: Facts) -> None:
    """The new root opens the box, and the next night copies it under that."""
    assert world.root() != facts.root, "the root is the old one"
    check_new_night(world, facts)


def check_exported(world: World, facts: Facts) -> None:
    """Everything that was to leave is there, and the box is as it was."""
    assert check_folder(world.out) > 1
    whole.check_box(world, facts)


def _jobs(*names: str) -> Callable[[World], None]:
    return lambda world: world.run(*names)


JOBS: Sequence[FaultedJob] = (
    FaultedJob("new disk", with_disk, make_disk_ready, check_ready, following=first_night),
    FaultedJob("first night", with_ready_disk, _jobs("backup"), check_copies, following=_jobs("prune copies")),
    FaultedJob("arrivals", arrived, _jobs("copy arrivals", "anchor audit"), check_copies, 2 * HOUR, _jobs(*NIGHT)),
    FaultedJob("restore test", copied, _jobs("full restore test"), whole.check_box),
    FaultedJob("purge", agreed, _jobs("purge", *COPYING), check_erased, HOUR / 12, _jobs("prune copies")),
    FaultedJob("prune", erased, _jobs("backup", "prune copies", "prove erasures"), check_pruned, COPIES_ARE_OVER),
    FaultedJob("rotate keys", fill, rotate_keys, check_keys, KEYS_ARE_OLD),
    FaultedJob("new root", copied, new_root, check_root),
    FaultedJob("catalogue key", copied, new_catalogue_key, check_new_night),
    FaultedJob("export patient", fill, export_patient, check_exported),
    FaultedJob("export archive", fill, export_archive, check_exported),
    FaultedJob("restore", erased, restore_older, check_restored, following=start_restored),
)
