"""A catalogue that is lost is made again from a snapshot, the files that came after it, and what opens those."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from appliance.audit.events import OPERATOR
from appliance.identifiers import FileId
from appliance.integrity.checking import check_box
from appliance.integrity.parts import IntegrityParts
from appliance.integrity.rebuilding import Rebuilt, rebuild
from appliance.keys.hierarchy import Keyring, Subkey
from appliance.retention.erasing import ErasingParts, erase
from appliance.retention.tombstones import all_tombstones
from appliance.store.box import BoxRow, name_box
from appliance.store.database import Database
from tests.intake.a_clinic import Clinic, ct_slice
from tests.intake.test_rebuilding import all_rows


@pytest.fixture
def clinic(tmp_path: Path) -> Clinic:
    made = Clinic(tmp_path)
    with made.database.write() as tx:
        name_box(tx, BoxRow(made.box_id, "A clinic", made.clock.now()))
    made.take(*(ct_slice(number) for number in (1, 2, 3, 7)))
    return made


def snapshot(clinic: Clinic) -> Path:
    """Keep the catalogue as it is now, as a backup would."""
    clinic.database.close()  # the last connection puts all of the log into the file
    kept = clinic.folder / "snapshot.db"
    shutil.copy(clinic.folder / "catalogue.db", kept)
    return kept


def come_since(clinic: Clinic) -> None:
    clinic.take(ct_slice(1), ct_slice(2, SeriesDescription="changed"), ct_slice(9, StudyInstanceUID=None))
    clinic.take(ct_slice(20, PatientName="Other^One"), ct_slice(30, PatientSex="", StudyInstanceUID="1.2.9"))


def rebuilt(
    clinic: Clinic, kept: Path, old: Database | None, erased: Sequence[FileId] = ()
) -> tuple[IntegrityParts, Rebuilt]:
    new = kept.with_name("rebuilt.db")
    shutil.copy(kept, new)
    database = Database(new, Keyring.for_process("intake", clinic.root).key(Subkey.CATALOGUE), clinic.clock)
    parts = IntegrityParts(
        clinic.folder, database, clinic.keys, clinic.parts.vault, clinic.files, clinic.audit, clinic.audit_key,
        clinic.clock,
    )  # fmt: skip
    return parts, rebuild(parts, clinic.box_id, old, erased)


def test_what_came_after_the_snapshot_comes_back_row_for_row_from_what_intake_kept(clinic: Clinic) -> None:
    kept = snapshot(clinic)
    come_since(clinic)
    before = all_rows(clinic.database)
    parts, done = rebuilt(clinic, kept, None)
    assert (done.from_snapshot, done.without_key) == (4, ())
    assert all_rows(parts.database) == before
    assert check_box(parts).faults == ()
    outcomes = "SELECT outcome, declared_count, settled_at IS NULL FROM associations ORDER BY started_at"
    with parts.database.read() as tx:
        assert tx.rows(outcomes) == clinic.rows(outcomes)


def test_doing_it_twice_changes_nothing(clinic: Clinic) -> None:
    kept = snapshot(clinic)
    come_since(clinic)
    parts, _ = rebuilt(clinic, kept, None)
    rows = all_rows(parts.database)
    assert rebuild(parts, clinic.box_id, None, ()).added == 0
    assert all_rows(parts.database) == rows


def test_where_a_record_is_gone_the_old_catalogue_opens_the_file(clinic: Clinic) -> None:
    kept = snapshot(clinic)
    come_since(clinic)
    before = all_rows(clinic.database)
    for association in (clinic.folder / "settled").iterdir():
        shutil.rmtree(association)
    _, without = rebuilt(clinic, kept, None)
    assert (without.added, len(without.without_key) + 4) == (0, len(clinic.rows("SELECT 1 FROM files")))
    parts, done = rebuilt(clinic, kept, clinic.database)
    assert done.without_key == ()
    assert all_rows(parts.database) == before


def test_keys_made_since_come_along_while_the_old_catalogue_opens(clinic: Clinic) -> None:
    kept = snapshot(clinic)
    with clinic.database.write() as tx:
        clinic.keys.rotate_wrapping_key(tx)
        clinic.keys.rotate_inbox_key(tx)
    come_since(clinic)
    parts, done = rebuilt(clinic, kept, clinic.database)
    current = "SELECT kind, number FROM rotating_keys WHERE retired_at IS NULL ORDER BY kind"
    with parts.database.read() as tx:
        assert tx.rows(current) == clinic.rows(current)
    assert done.without_key == ()
    assert all_rows(parts.database) == all_rows(clinic.database)


@pytest.mark.parametrize("by", ["the old catalogue", "tombstones on a target"])
def test_what_was_erased_since_stays_erased(clinic: Clinic, by: str) -> None:
    come_since(clinic)
    kept = snapshot(clinic)
    erasing = ErasingParts(clinic.folder, clinic.database, clinic.audit, clinic.files, clinic.clock)
    erase(erasing, "study", 1, "request", OPERATOR)
    with clinic.database.read() as tx:
        erased = all_tombstones(tx)
    left = all_rows(clinic.database)
    old, known = (clinic.database, ()) if by == "the old catalogue" else (None, erased)
    parts, done = rebuilt(clinic, kept, old, known)
    assert (done.erased, done.added) == (len(erased), 0)
    assert all_rows(parts.database) == left
    assert check_box(parts).faults == ()
