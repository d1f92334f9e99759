"""Whether a box and its copies are whole after whatever happened: every key and byte, nothing erased, nothing left."""

import re
import shutil
from pathlib import Path

from appliance.assembly.backup_parts import backup_parts
from appliance.assembly.box import open_box
from appliance.audit.queries import verify
from appliance.backup.queries import used_targets
from appliance.backup.targets import open_target
from appliance.keys.hierarchy import Subkey
from tests.assembly.a_full_box import FullBox
from tests.canary.search import search_bytes, spellings
from tests.faults.kept import digests_kept
from tests.faults.worlds import CLINIC, Facts, World
from tests.retention.raw_bytes import decrypted

_NAMES = tuple(f"Invented^Nº{number}" for number in (1, 2, 3))
_HEXADECIMAL = re.compile(r"[0-9a-f]{16,}|(?<=/)[0-9a-f]{2}(?=/|$)")
_OWN_BUSINESS = re.compile(r"/backup/cache/|/locks/.|-wal$|-shm$|^data/run/")


def count(world: World, sql: str) -> int:
    """Give the one number that the catalogue answers."""
    with world.rooms("staff") as rooms, rooms.database.read() as tx:
        return int(tx.rows(sql)[0][0])


def check_box(world: World, facts: Facts, data: Path | None = None) -> None:
    """Check that a box starts, that nothing of it was lost and nothing that was erased is back.

    Args:
        world: Where it lies.
        facts: What it has to keep.
        data: Another folder than the world's own box.
    """
    settings = world.settings(data)
    open_box(settings, None, world.clock)
    box = FullBox(Path(settings.data_folder), world.clock, CLINIC)
    try:
        _check_keys(box)
        box.take_in()
        kept = digests_kept(box.rooms)
        assert kept == facts.digests, f"lost or back: {sorted(kept.keys() ^ facts.digests.keys())}"
        back = facts.erased & set(box.rooms.vault.stored_ids())
        assert not back, f"{len(back)} erased files are back"
    finally:
        box.close()


def _check_keys(box: FullBox) -> None:
    rooms = box.rooms
    with rooms.database.read() as tx:
        verdict = verify(tx, rooms.keyring.key(Subkey.AUDIT))
        assert verdict.fault is None, f"the trail is {verdict.fault}"
        rooms.rotating_keys.open_all(tx)
    assert rooms.database.check_integrity() == [], "the catalogue is damaged"


def check_target(world: World) -> None:
    """Have the restore test prove all that lies on the disk; after the next pruning nothing half written is there."""
    world.run("full restore test", "prune copies")
    left = [path.name for path in world.disk.rglob("*-tmp-*")]
    assert left == [], f"half written packs stay on the disk: {left}"


def check_no_copy_holds(world: World, facts: Facts) -> None:
    """Look through the catalogue of every copy on the disk for what was erased, and for half written packs."""
    scratch = world.folder / "seen"
    with world.rooms("jobs") as rooms:
        with rooms.database.read() as tx:
            (target,) = used_targets(tx)
        keys = open_target(backup_parts(rooms), target).keys
        for one in keys.snapshots():
            keys.restore(one.snapshot_id, scratch)
            clear = decrypted(scratch / "catalogue.db", rooms.keyring.key(Subkey.CATALOGUE))
            shutil.rmtree(scratch)
            assert not any(secret in clear for secret in facts.secrets), "a copy holds an erased key"


def check_no_plaintext(world: World) -> None:
    """Look for the patients' names in every file but what was exported."""
    needles = [needle for name in _NAMES for needle in spellings(name)]
    for path in world.folder.rglob("*"):
        if path.is_file() and not path.is_relative_to(world.out):
            assert not search_bytes(path.read_bytes(), needles, depth=0), f"a name stands in {path.name}"


def names_in(world: World) -> set[str]:
    """Give the kinds of files and folders that lie in a world, whatever their random names are."""
    found = set()
    for path in world.folder.rglob("*"):
        name = str(path.relative_to(world.folder))
        is_empty = (
            "/backup/scratch/" in name and path.stat().st_size == 0
        )  # restic removes its files before it fills them
        if not (is_empty or _OWN_BUSINESS.search(name)):
            found.add(_HEXADECIMAL.sub("*", name))
    return found
