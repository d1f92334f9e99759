"""A whole box, the disk that its copies are on, and the folders that exports and restores go to, all in one folder."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from appliance.accounts import totp
from appliance.accounts.account import NewAccount
from appliance.accounts.queries import credentials_by_name
from appliance.accounts.roles import Role
from appliance.accounts.second_factor import Confirmed, confirm
from appliance.accounts.service import create_account
from appliance.assembly.box import open_box, unseal_root
from appliance.assembly.folders import Folders
from appliance.assembly.jobs import all_jobs
from appliance.assembly.keyrings import keyring_of
from appliance.assembly.rooms import Rooms, open_rooms
from appliance.audit.events import OPERATOR
from appliance.config import Settings, in_folders
from appliance.errors import Unavailable
from appliance.identifiers import FileId
from appliance.jobs.clock_marks import believe_clock
from appliance.jobs.running import Runner
from appliance.keys.secret import SecretKey
from appliance.store.runs import RunOutcome
from tests.assembly.a_full_box import FullBox, study_slice
from tests.faults.kept import digests_kept
from tests.intake.a_clinic import SetClock

CLINIC = "Clínica Ñ"
PROPOSES, AGREES = "ines", "joao"
_SECRET = b"12345678901234567890"


class World:
    """One folder with everything in it that a job may change."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data, self.disk, self.out, self.back = (folder / name for name in ("data", "disk", "out", "back"))
        self.clock = SetClock()

    def settings(self, data: Path | None = None) -> Settings:
        """Give the settings of its box, or of the one that was restored to another folder."""
        data = data or self.data
        return in_folders(Settings(clinic_name=CLINIC), str(data), str(data / "run"))

    def root(self) -> SecretKey:
        """Give the root as it is sealed now."""
        return unseal_root(Folders.of(self.settings()), None)

    def start(self) -> None:
        """Do what every start does before the processes run."""
        open_box(self.settings(), None, self.clock)

    @contextmanager
    def rooms(self, process: str) -> Iterator[Rooms]:
        """Open the box as one of its processes does."""
        folders = Folders.of(self.settings())
        rooms = open_rooms(self.settings(), keyring_of(process, self.root(), folders), self.clock)
        try:
            yield rooms
        finally:
            rooms.database.close()

    def run(self, *names: str) -> None:
        """Run jobs of the release, one after the other.

        Raises:
            Unavailable: One of them did not end as done.
        """
        with self.rooms("jobs") as rooms:
            with rooms.database.write() as tx:
                believe_clock(tx, self.clock)
            jobs, runner = {job.name: job for job in all_jobs(rooms)}, Runner(rooms.database, self.clock)
            for name in names:
                run = runner.begin(jobs[name], None)
                if runner.run(jobs[name], run) is not RunOutcome.DONE:
                    raise Unavailable(f"{name}: {run.fault}")

    def confirmed(self, rooms: Rooms, user_name: str) -> Confirmed:
        """Let a person type the code of their app."""
        with rooms.database.read() as tx:
            found = credentials_by_name(tx, user_name)
        assert found is not None
        return confirm(rooms.accounts, found.account, totp.current_code(_SECRET, self.clock.now()), "192.0.2.10")

    def pass_by(self, span: timedelta) -> None:
        """Let time pass."""
        self.clock.ahead += span


@dataclass(frozen=True)
class Facts:
    """What the box has to keep, whatever happens, and what must never come back.

    Attributes:
        digests: SHA-256 of each instance's datasets, by SOP Instance UID, also of what still waits in the inbox.
        erased: Files that were erased.
        secrets: What no copy of the catalogue may hold any more: their wrapped keys.
        root: The root secret at the beginning.
    """

    digests: Mapping[str, set[str]]
    root: SecretKey
    erased: frozenset[FileId] = frozenset()
    secrets: tuple[bytes, ...] = ()


def fill(world: World) -> Facts:
    """Put a box of two studies, two people and one scan that still waits into a world."""
    made, digests = _made()
    shutil.copytree(made, world.data)
    world.disk.mkdir()
    return Facts(digests, world.root())


@cache
def _made() -> tuple[Path, Mapping[str, set[str]]]:
    folder = Path(mkdtemp(prefix="enamel-world-"))
    box = FullBox(folder / "data", clinic_name=CLINIC)
    for number in (1, 2):
        box.add_study(number, slices=2)
    for name in (PROPOSES, AGREES):
        new = NewAccount(name, name, Role.DENTIST, "quiet amber tram 42", totp_secret=_SECRET)
        create_account(box.rooms.accounts, new, OPERATOR)
    box.receive([study_slice(3, 1)])
    box.close()
    shutil.copytree(folder / "data", folder / "later")
    later = FullBox(folder / "later")
    later.take_in()
    digests = digests_kept(later.rooms)
    later.close()
    return folder / "data", digests
