"""Many associations at once: few commits, the order kept, nobody held up by a slow sender."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from appliance.errors import Unavailable
from appliance.intake.batch import BATCH_FILES
from appliance.intake.service import Intake
from appliance.store.database import Database
from appliance.store.files import RealFiles
from appliance.store.transactions import WriteTransaction
from tests.intake.a_clinic import Clinic, ct_slice, sent

ASSOCIATIONS = 30


class CountingDatabase(Database):
    """Counts the transactions that change rows."""

    writes = 0

    @contextmanager
    def write(self) -> Iterator[WriteTransaction]:
        self.writes += 1
        with super().write() as tx:
            yield tx


class CountingFiles(RealFiles):
    """Counts how often each folder is synced, and refuses the n-th rename."""

    def __init__(self, refuse_rename: int = 0) -> None:
        self.synced: list[Path] = []
        self.left = refuse_rename

    def fsync_folder(self, path: Path) -> None:
        self.synced.append(path)
        super().fsync_folder(path)

    def rename(self, source: Path, target: Path) -> None:
        self.left -= 1
        if self.left == 0:
            raise OSError("the disk refused")
        super().rename(source, target)


def receive(clinic: Clinic) -> None:
    for number in range(1, ASSOCIATIONS + 1):
        clinic.receive([sent(ct_slice(number))])


def test_many_associations_of_one_slice_share_their_commits_and_syncs(tmp_path: Path) -> None:
    clinic = Clinic(tmp_path)
    receive(clinic)
    database, files = clinic.crashing(CountingDatabase), CountingFiles()
    intake = Intake(clinic.parts_with(files))
    intake.start()
    assert intake.step() == ASSOCIATIONS <= BATCH_FILES
    intake.close()
    assert database.writes < ASSOCIATIONS / 2  # four each when every association had its own
    assert files.synced.count(tmp_path / "settled") < ASSOCIATIONS / 2
    rows = clinic.rows("SELECT outcome, settled_at IS NOT NULL, declared_count FROM associations ORDER BY started_at")
    assert rows == [("released", 1, 1)] * ASSOCIATIONS
    numbers = clinic.rows("SELECT instance_number FROM instances ORDER BY instance_key")
    assert numbers == [(number,) for number in range(1, ASSOCIATIONS + 1)]


def test_a_slow_sender_holds_nobody_up(tmp_path: Path) -> None:
    clinic = Clinic(tmp_path)
    slow = clinic.receive([sent(ct_slice(99))], end=False)
    coming = slow.begin("1.2.840.10008.5.1.4.1.1.2", "1.2.3.4.5.100", "1.2.840.10008.1.2.1")
    coming.write(b"the first bytes of many")
    receive(clinic)
    intake = clinic.intake()
    assert intake.step() == ASSOCIATIONS + 1
    assert clinic.rows("SELECT count(*) FROM associations WHERE settled_at IS NULL") == [(1,)]
    assert len(list((tmp_path / "inbox").iterdir())) == 1
    coming.abandon()
    intake.close()


@pytest.mark.parametrize("at", [1, 15, ASSOCIATIONS, ASSOCIATIONS + 1, 2 * ASSOCIATIONS])
def test_a_refused_move_is_made_good_by_the_next_step_of_the_same_process(tmp_path: Path, at: int) -> None:
    clinic = Clinic(tmp_path)
    receive(clinic)
    files = CountingFiles(refuse_rename=at + 1)  # the first is of the public key's file
    intake = Intake(clinic.parts_with(files))
    intake.start()
    with pytest.raises(Unavailable):
        intake.step()
    intake.step()
    intake.close()
    assert clinic.rows("SELECT count(*) FROM files WHERE place = 'vault'") == [(ASSOCIATIONS,)]
    assert len(list(clinic.parts.vault.stored_ids())) == ASSOCIATIONS
    assert not list((tmp_path / "inbox").iterdir())
    assert clinic.rows("SELECT count(*) FROM quarantine") == [(0,)]
