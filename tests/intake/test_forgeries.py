"""Files put into the inbox by somebody else than the receiver: none of them costs one that was acknowledged."""

import errno
import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from appliance.assembly.supervisor import waiting_count
from appliance.errors import Unavailable
from appliance.identifiers import AssociationId, FileId
from appliance.inbox.writer import AssociationWriter
from appliance.intake.service import Intake
from appliance.keys.inbox_seal import instance_key
from appliance.keys.stream import SealedStream, StreamSealer
from appliance.store.files import RealFiles
from tests.intake.a_clinic import Clinic, ct_slice, sent
from tests.intake.test_crashes import Crash, CrashingDatabase, CrashingFiles


@pytest.fixture
def clinic(tmp_path: Path) -> Clinic:
    return Clinic(tmp_path)


def step(clinic: Clinic, times: int = 2) -> None:
    """Let a fresh intake work, as after a restart."""
    intake = clinic.intake()
    for _ in range(times):
        intake.step()
    intake.close()


def file_of(association: AssociationWriter) -> Path:
    (found,) = (path for path in association.folder.iterdir() if len(path.name) == 32)
    return found


def listed(clinic: Clinic) -> list[object]:
    return [row[0] for row in clinic.rows("SELECT instance_number FROM instances ORDER BY instance_number")]


def reasons(clinic: Clinic) -> list[str]:
    return sorted(str(row[0]) for row in clinic.rows("SELECT reason FROM quarantine"))


def forged_events(clinic: Clinic) -> int:
    ((count,),) = clinic.rows("SELECT count(*) FROM audit_events WHERE event = 'file forged'")
    return int(str(count))


def opens_as_sent(clinic: Clinic, file_id: FileId, dataset: bytes) -> bool:
    ((offset,),) = clinic.rows("SELECT dataset_offset FROM versions WHERE file_id = :id", id=file_id.value)
    return clinic.stored_dataset(file_id.value, int(str(offset))) == dataset


def withheld(clinic: Clinic, association: AssociationWriter) -> Path:
    """Take an association's folder out of the inbox, as if it came later."""
    return Path(shutil.move(association.folder, clinic.folder / "later"))


def reseal_as(clinic: Clinic, association: AssociationWriter, name: FileId) -> None:
    """Let an association's file bear another's name, well sealed: by whoever has the inbox's public key."""
    reader, held = clinic.parts.reader, file_of(association)
    record = reader.record_of(AssociationId.parse(association.folder.name))
    assert record is not None
    with clinic.database.read() as tx:
        key = reader.open(record, clinic.keys.inbox_private_keys(tx)).key
    own = FileId.parse(held.name)
    with held.open("rb") as stored, (association.folder / str(name)).open("xb") as forged:
        sealer = StreamSealer(instance_key(key, name), name, forged.write)
        for chunk in SealedStream(instance_key(key, own), own, stored).chunks():
            sealer.write(chunk)
        sealer.finish()
    held.unlink()


@pytest.mark.parametrize("how", ["copy", "link", "folder"])
def test_a_forged_copy_that_is_seen_first_leaves_its_name_to_the_real_file(clinic: Clinic, how: str) -> None:
    real, other = clinic.receive([sent(ct_slice(1))]), clinic.receive([sent(ct_slice(2))], end=False)
    name, later = file_of(real).name, withheld(clinic, real)
    planted = other.folder / name
    if how == "copy":
        shutil.copy(later / name, planted)
    elif how == "link":
        planted.symlink_to("/etc/hostname")
    else:
        planted.mkdir()
    step(clinic)
    assert (listed(clinic), reasons(clinic)) == ([2], ["forged"])
    shutil.move(later, real.folder)
    step(clinic)
    assert listed(clinic) == [1, 2]
    assert opens_as_sent(clinic, FileId.parse(name), sent(ct_slice(1)).dataset)
    for _ in range(3):
        step(clinic)
    assert reasons(clinic) == ["forged", "replayed"]
    assert forged_events(clinic) == 2
    assert clinic.parts.vault.path_of(FileId.parse(name)).is_file()


def test_a_well_sealed_forgery_under_a_real_files_name_stops_nothing_and_the_real_file_is_kept(clinic: Clinic) -> None:
    real, forger = clinic.receive([sent(ct_slice(1))]), clinic.receive([sent(ct_slice(2))])
    name, kept = FileId.parse(file_of(real).name), file_of(real).read_bytes()
    later = withheld(clinic, real)
    reseal_as(clinic, forger, name)
    step(clinic)
    shutil.move(later, real.folder)
    clinic.receive([sent(ct_slice(3))])
    for _ in range(3):
        step(clinic)
    assert listed(clinic) == [2, 3]
    assert reasons(clinic) == ["replayed"]
    assert forged_events(clinic) == 1
    aside = clinic.parts.aside / real.folder.name
    assert (aside / str(name)).read_bytes() == kept, "it is kept, with its key beside it"
    assert (aside / "association").exists()
    assert waiting_count(clinic.parts.inbox) == 0, "nothing waits any more"


def test_a_well_sealed_forgery_of_a_catalogued_file_changes_nothing(clinic: Clinic) -> None:
    real = clinic.receive([sent(ct_slice(1))])
    name = FileId.parse(file_of(real).name)
    step(clinic)
    reseal_as(clinic, forger := clinic.receive([sent(ct_slice(2))]), name)
    for _ in range(3):
        step(clinic)
    assert (listed(clinic), reasons(clinic), forged_events(clinic)) == ([1], ["replayed"], 1)
    assert opens_as_sent(clinic, name, sent(ct_slice(1)).dataset)
    assert (clinic.parts.aside / forger.folder.name / str(name)).exists()
    assert waiting_count(clinic.parts.inbox) == 0


def test_a_forgery_beside_a_file_that_was_not_moved_yet_never_takes_its_place(clinic: Clinic) -> None:
    real = clinic.receive([sent(ct_slice(1))])
    name = FileId.parse(file_of(real).name)
    intake = Intake(clinic.parts_with(FullVault()))
    intake.start()
    with pytest.raises(Unavailable):
        intake.step()
    intake.close()
    assert file_of(real).exists()
    reseal_as(clinic, clinic.receive([sent(ct_slice(2))]), name)
    step(clinic)
    assert opens_as_sent(clinic, name, sent(ct_slice(1)).dataset)
    assert (listed(clinic), reasons(clinic)) == ([1], ["replayed"])


@pytest.mark.parametrize("planted_bytes", [0, 24, 40])
def test_sweeping_a_planted_stub_spares_the_stored_file_of_its_name(clinic: Clinic, planted_bytes: int) -> None:
    real = clinic.receive([sent(ct_slice(1))])
    name = FileId.parse(file_of(real).name)
    step(clinic)
    stored = clinic.parts.vault.path_of(name)
    other = clinic.receive([sent(ct_slice(2))], end=False)
    (other.folder / str(name)).write_bytes(stored.read_bytes()[:planted_bytes])
    clinic.clock.ahead = timedelta(days=8)
    step(clinic, 3)
    assert clinic.rows("SELECT number FROM audit_events WHERE event = 'inbox swept'") == [(1,)]
    assert not other.folder.exists()
    assert opens_as_sent(clinic, name, sent(ct_slice(1)).dataset)


class FullVault(RealFiles):
    """Lets nothing into the vault."""

    def rename(self, source: Path, target: Path) -> None:
        if target.parents[1].name == "vault":
            raise OSError(errno.EIO, "the disk refused")
        super().rename(source, target)


def cut_association(clinic: Clinic) -> Path:
    """Leave a file that never became whole, eight days old."""
    association = clinic.receive([sent(ct_slice(1))], end=False)
    association.begin("1.2.840.10008.5.1.4.1.1.2", "1.2.3.4", "1.2.840.10008.1.2.1").write(bytes(300_000))
    association.let_go()
    step(clinic)
    clinic.clock.ahead = timedelta(days=8)
    return file_of(association)


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("disk", [False, True])
def test_nothing_is_swept_before_that_is_written_down(tmp_path: Path, *, after: bool, disk: bool) -> None:
    crashes = 0
    for at in range(1, 13 if disk and not after else 30):  # a refusal is survived: such a run tells no end
        folder = tmp_path / str(at)
        folder.mkdir()
        clinic = Clinic(folder)
        left, sound = cut_association(clinic), clinic.database
        if not disk:
            crashing = clinic.crashing(CrashingDatabase)
            crashing.left, crashing.after = at, after
        intake = Intake(clinic.parts_with(CrashingFiles(at, after=after)) if disk else clinic.parts)
        crashed = False
        try:
            intake.start()
            for _ in range(3):
                intake.step()
        except (Crash, Unavailable):
            crashed = True
        intake.close()
        clinic.use(sound)
        told = clinic.rows("SELECT number FROM audit_events WHERE event = 'inbox swept'")
        assert told or left.exists()
        step(clinic, 3)
        told = clinic.rows("SELECT DISTINCT number FROM audit_events WHERE event = 'inbox swept'")
        assert told == [(1,)]
        assert not left.parent.exists()
        assert listed(clinic) == [1]
        crashes += crashed
        if not crashed and at > 1 and not (disk and not after):  # the first folder may be there already
            assert crashes > 2
            return
    assert disk, "there are more commits than were tried"
    assert not after
