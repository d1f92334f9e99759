"""A box whose scans are copied, and the restore test of its copies."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from appliance.audit.queries import head
from appliance.backup.engine import Source
from appliance.backup.target import Target
from appliance.backup.targets import Repositories, open_repositories
from appliance.clock import microseconds
from appliance.integrity.portions import Room, free_bytes
from appliance.integrity.proofs import Proof, ProofParts, prove
from appliance.jobs.job import Run
from appliance.keys.hierarchy import Keyring
from tests.backup.a_backup import BackedUp

RESERVE_BYTES = 1 << 20


@dataclass
class Proved:
    """A box, its target, and nights that copy and prove."""

    box: BackedUp
    target: Target
    free: Callable[[Path], int] = free_bytes
    room_kind: type[Room] = Room

    @classmethod
    def in_folder(cls, folder: Path, scans: int = 3) -> "Proved":
        """Make a box with a few scans and a disk."""
        box = BackedUp(folder / "box")
        box.scan(count=scans)
        return cls(box, box.target())

    @property
    def disk(self) -> Path:
        return Path(self.target.location.facts["path"])

    @property
    def room(self) -> Room:
        return self.room_kind(self.box.folder, RESERVE_BYTES, self.free)

    @property
    def parts(self) -> ProofParts:
        return ProofParts(
            self.box.integrity, self.box.backup, Keyring.for_process("jobs", self.box.root), self.room
        )  # fmt: skip

    def repositories(self) -> Repositories:
        backup = self.box.backup
        return open_repositories(self.target, backup.backup_key, backup.key_wrapping, backup.work_folder)

    def test(self, *, in_full: bool = False) -> Proof:
        """Run the restore test as its job does."""
        run = Run(1, self.box.clock, self.box.database, lambda: False)
        return prove(self.parts, self.target, run, in_full=in_full)

    def night(self, catalogue: Path | None = None) -> None:
        """Copy everything, as the night's run does; or another catalogue in the place of the box's."""
        box, opened = self.box, self.repositories()
        staged = box.folder / "backup" / "staged"
        staged.mkdir(parents=True, exist_ok=True)
        with box.database.read() as tx:
            end = head(tx)
        box.database.close()
        (staged / "catalogue.db").write_bytes((catalogue or box.folder / "catalogue.db").read_bytes())
        now = box.clock.now()
        made = {
            "keys": opened.keys.backup(Source(staged, ["catalogue.db"]), "night", now),
            "files": opened.files.backup(Source(box.folder, ["vault"]), "night", now),
        }
        with box.database.write() as tx:
            for repository, snapshot in made.items():
                tx.change(
                    """INSERT INTO backup_snapshots (target_key, repository, snapshot_id, kind, taken_at,
                         audit_sequence, audit_chain, file_count, bytes) VALUES (:target, :repository,
                         :id, 'night', :at, :sequence, :chain, :files, :bytes)""",
                    target=self.target.target_key, repository=repository, id=snapshot.snapshot_id,
                    at=microseconds(snapshot.taken_at), sequence=end.sequence, chain=end.chain,
                    files=snapshot.file_count, bytes=snapshot.bytes,
                )  # fmt: skip
        box.pass_by(timedelta(minutes=1))
