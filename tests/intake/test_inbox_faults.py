"""Damaged, forged and replayed files, cut associations, refused senders: each is told and stops nothing."""

import os
import shutil
import threading
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from appliance.assembly.supervisor import waiting_count
from appliance.identifiers import AssociationId, FileId
from appliance.inbox.association import END_NAME
from appliance.inbox.public_key import read_public_key
from appliance.inbox.spool import Spool, SpoolEvent
from appliance.inbox.writer import AssociationWriter
from appliance.intake.service import Intake
from appliance.keys.hierarchy import Keyring, Subkey
from appliance.keys.inbox_seal import new_inbox_key_pair
from appliance.keys.secret import SecretKey
from appliance.keys.wrapping import seal_secret
from tests.dicom import datasets as ds
from tests.intake.a_clinic import EXPLICIT_LITTLE, Clinic, Sent, ct_slice, sent
from tests.patience import PATIENCE


@pytest.fixture
def clinic(tmp_path: Path) -> Clinic:
    return Clinic(tmp_path)


def step(clinic: Clinic, times: int = 2) -> None:
    intake = clinic.intake()
    for _ in range(times):
        intake.step()
    intake.close()


def files_of(association: AssociationWriter) -> list[Path]:
    return sorted(path for path in association.folder.iterdir() if len(path.name) == 32)


def flip(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


def arrivals(clinic: Clinic) -> list[str]:
    return sorted(str(row[0]) for row in clinic.rows("SELECT outcome FROM arrivals"))


def test_a_flipped_bit_in_any_part_of_a_file_is_told_and_stops_nothing(clinic: Clinic) -> None:
    big = sent(ct_slice(1, Rows=512, Columns=512, PixelData=bytes(512 * 1024)))
    association = clinic.receive([big, sent(ct_slice(2))])
    damaged = max(files_of(association), key=lambda path: path.stat().st_size)
    flip(damaged, 300_000)
    step(clinic)
    assert arrivals(clinic) == ["damaged", "new"]
    assert clinic.rows("SELECT reason FROM quarantine") == [("damaged",)]
    assert clinic.rows("SELECT count(*) FROM audit_events WHERE event = 'file damaged'") == [(1,)]
    assert clinic.parts.vault.path_of(FileId.parse(damaged.name)).exists()


@pytest.mark.parametrize("at", [0, 40, 70, -1])
def test_a_flipped_bit_at_either_end_is_never_swept(clinic: Clinic, at: int) -> None:
    association = clinic.receive([sent(ct_slice(1)), sent(ct_slice(2))])
    damaged = files_of(association)[0]
    flip(damaged, at)
    step(clinic)
    assert arrivals(clinic) in (["damaged", "new"], ["forged", "new"])
    kept = [*clinic.folder.rglob(damaged.name)]
    assert len(kept) == 1


def test_a_cut_file_of_a_counted_association_is_kept_as_damaged(clinic: Clinic) -> None:
    association = clinic.receive([sent(ct_slice(1)), sent(ct_slice(2))])
    os.truncate(files_of(association)[0], 200)
    step(clinic)
    assert arrivals(clinic) == ["damaged", "new"]


def test_a_file_under_another_name_or_from_another_association_is_forged(clinic: Clinic) -> None:
    first = clinic.receive([sent(ct_slice(1))])
    second = clinic.receive([sent(ct_slice(2))])
    shutil.copy(files_of(first)[0], first.folder / str(FileId.new()))
    shutil.copy(files_of(first)[0], second.folder / files_of(first)[0].name)
    (second.folder / str(FileId.new())).symlink_to("/etc/hostname")
    step(clinic)
    assert arrivals(clinic).count("new") == 2
    assert clinic.rows("SELECT count(*) FROM audit_events WHERE event = 'file forged'") == [(3,)]
    assert clinic.rows("SELECT count(*) FROM instances") == [(2,)]


def test_a_replayed_association_is_told_and_changes_nothing(clinic: Clinic, tmp_path: Path) -> None:
    association = clinic.receive([sent(ct_slice(1))])
    kept = shutil.copytree(association.folder, tmp_path / "kept")
    step(clinic)
    before = {path.name: path.read_bytes() for path in (tmp_path / "vault").rglob("*") if path.is_file()}
    shutil.copytree(kept, association.folder)
    step(clinic)
    assert arrivals(clinic) == ["new"]
    assert clinic.rows("SELECT reason FROM quarantine") == [("replayed",)]
    assert before == {path.name: path.read_bytes() for path in (tmp_path / "vault").rglob("*") if path.is_file()}
    assert not list((tmp_path / "inbox").iterdir())


def test_an_association_sealed_for_another_box_is_told_once_and_left(clinic: Clinic, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = Clinic(tmp_path / "other")
    stranger = other.receive([sent(ct_slice(1))])
    shutil.copytree(stranger.folder, tmp_path / "inbox" / stranger.folder.name)
    clinic.receive([sent(ct_slice(2))])
    step(clinic)
    step(clinic)
    assert arrivals(clinic) == ["new"]
    assert clinic.rows("SELECT reason FROM quarantine") == [("damaged",)]


def test_a_record_with_other_facts_does_not_open(clinic: Clinic) -> None:
    association = clinic.receive([sent(ct_slice(1))])
    record = association.folder / "association"
    record.write_bytes(record.read_bytes().replace(b"192.0.2.7", b"192.0.2.8"))
    step(clinic)
    assert clinic.rows("SELECT reason FROM quarantine") == [("forged",)]
    assert [len(path.name) for path in clinic.parts.aside.glob("*/*")].count(32) == 1, "it is kept"


def test_a_forged_end_is_not_believed(clinic: Clinic) -> None:
    association = clinic.receive([sent(ct_slice(1))])
    end = association.folder / END_NAME
    end.write_bytes(end.read_bytes().replace(b'"file_count":1', b'"file_count":9'))
    step(clinic)
    assert clinic.rows("SELECT outcome, declared_count FROM associations") == [("open", None)]
    clinic.clock.ahead = timedelta(hours=1)
    step(clinic)
    assert clinic.rows("SELECT outcome, declared_count FROM associations") == [("cut off", None)]
    assert arrivals(clinic) == ["new"]
    assert clinic.rows("SELECT reason FROM quarantine") == [("forged",)]


@pytest.mark.parametrize("kept_bytes", [0, 30, -1])
def test_an_end_that_a_power_cut_took_or_cut_accuses_nobody(clinic: Clinic, kept_bytes: int) -> None:
    association = clinic.receive([sent(ct_slice(1))])
    end = association.folder / END_NAME
    end.write_bytes(end.read_bytes()[:kept_bytes])
    step(clinic)
    assert clinic.rows("SELECT outcome FROM associations") == [("open",)]
    clinic.clock.ahead = timedelta(hours=1)
    step(clinic)
    assert clinic.rows("SELECT outcome, declared_count FROM associations") == [("cut off", None)]
    assert arrivals(clinic) == ["new"]
    assert clinic.rows("SELECT count(*) FROM quarantine") == [(0,)]
    assert clinic.rows("SELECT count(*) FROM audit_events WHERE event = 'file forged'") == [(0,)]


def test_a_missing_file_is_told_by_the_count(clinic: Clinic) -> None:
    association = clinic.receive([sent(ct_slice(1)), sent(ct_slice(2))])
    files_of(association)[0].unlink()
    step(clinic)
    ended = clinic.rows("SELECT outcome, number FROM audit_events WHERE event = 'association ended'")
    assert ended == [("failure", 1)]
    assert clinic.rows("SELECT declared_count FROM associations") == [(2,)]


def test_an_association_without_end_is_cut_off_though_its_clock_ran_ahead(clinic: Clinic) -> None:
    association = clinic.receive([sent(ct_slice(1))], end=False)
    for path in (*association.folder.iterdir(), association.folder):
        os.utime(path, (2e9 + 1e8, 2e9 + 1e8))
    step(clinic)
    assert clinic.rows("SELECT outcome, declared_count FROM associations") == [("cut off", None)]
    assert arrivals(clinic) == ["new"]


def test_an_association_without_end_is_cut_off_and_its_count_unknown(clinic: Clinic) -> None:
    association = clinic.receive([sent(ct_slice(1))], end=False)
    one = sent(ct_slice(2))
    coming = association.begin(one.sop_class_uid, one.sop_instance_uid, one.transfer_syntax_uid)
    coming.write(bytes(400_000))
    association.let_go()
    step(clinic)
    clinic.clock.ahead = timedelta(hours=1)
    step(clinic)
    assert clinic.rows("SELECT outcome, declared_count FROM associations") == [("cut off", None)]
    assert len(files_of(association)) == 1
    clinic.clock.ahead = timedelta(days=6)
    step(clinic)
    assert len(files_of(association)) == 1
    clinic.clock.ahead = timedelta(days=8)
    step(clinic)
    assert not association.folder.exists()
    assert clinic.rows("SELECT number FROM audit_events WHERE event = 'inbox swept'") == [(1,)]
    assert arrivals(clinic) == ["new"]


def test_hostile_scans_wait_in_quarantine_and_the_next_one_is_listed(clinic: Clinic) -> None:
    nest = (ds.element(0x00081140, b"SQ", b"", ds.UNDEFINED) + ds.item(b"", ds.UNDEFINED)) * 20_000
    hostile = [Sent("1.2.840.10008.5.1.4.1.1.2", f"1.2.{at}", EXPLICIT_LITTLE, data) for at, data in
               enumerate([ds.uids() + nest, b"", b"\xff" * 5000, ds.uids()[:30]])]  # fmt: skip
    clinic.receive([*hostile, sent(ct_slice(1))])
    step(clinic)
    assert arrivals(clinic) == ["new", *["quarantined"] * 4]


def test_refused_senders_become_cards_and_events_once(clinic: Clinic) -> None:
    spool = Spool(clinic.folder / "spool" / "receiver", clinic.clock)
    facts = {
        "calling_ae_title": "CBCT9",
        "called_ae_title": "ENAMEL",
        "address": "192.0.2.9",
        "reason": "calling-ae-title",
    }
    spool.record(SpoolEvent.ASSOCIATION_REFUSED, facts)
    spool.record(SpoolEvent.ASSOCIATION_LIMIT, {"address": "192.0.2.9"})
    step(clinic)
    step(clinic)
    assert clinic.rows("SELECT calling_ae_title, attempts, state FROM unknown_senders") == [("CBCT9", 1, "waiting")]
    assert clinic.rows("SELECT last_sequence FROM spools") == [(2,)]
    assert clinic.rows("SELECT count(*) FROM audit_events WHERE event = 'sender unknown'") == [(1,)]
    spool.record(SpoolEvent.ASSOCIATION_REFUSED, {**facts, "reason": "address"})
    step(clinic)
    assert clinic.rows("SELECT attempts, reason FROM unknown_senders") == [(2, "address")]


def test_the_receiver_is_given_the_current_public_key(clinic: Clinic) -> None:
    clinic.intake().close()
    assert read_public_key(clinic.folder / "exchange" / "inbox-key.json") == clinic.public


def test_a_study_is_listed_soon_after_its_last_instance(clinic: Clinic) -> None:
    stop = threading.Event()
    thread = threading.Thread(target=Intake(clinic.parts).run, args=(stop,))
    thread.start()
    try:
        time.sleep(1.0)
        clinic.receive([sent(ct_slice(number)) for number in range(1, 21)])
        received = time.monotonic()
        while clinic.rows("SELECT coalesce(max(instance_count), 0) FROM studies") != [(20,)]:
            assert time.monotonic() - received < 2 * PATIENCE
            time.sleep(0.02)
    finally:
        stop.set()
        thread.join()


def test_foreign_names_in_the_inbox_are_passed_over(clinic: Clinic) -> None:
    (clinic.folder / "inbox" / "lost+found").mkdir()
    (clinic.folder / "inbox" / str(AssociationId.new())).mkdir()
    (clinic.folder / "inbox" / str(AssociationId.new())).write_bytes(b"")
    association = clinic.receive([sent(ct_slice(1))])
    (association.folder / "notes.txt").write_text("x")
    step(clinic)
    assert arrivals(clinic) == ["new"]


def test_what_cannot_be_opened_is_put_aside_and_counted_no_more_and_opens_once_its_key_is_back(clinic: Clinic) -> None:
    public = clinic.public
    pair = new_inbox_key_pair()
    clinic.public = replace(public, number=7, public_key=pair.public_key)  # an inbox key of a newer catalogue
    stranger = clinic.receive([sent(ct_slice(number)) for number in (1, 2, 3)])
    clinic.public = public
    assert waiting_count(clinic.parts.inbox) == 3
    before = {path.name: path.read_bytes() for path in stranger.folder.iterdir()}
    step(clinic)
    aside = clinic.parts.aside / stranger.folder.name
    assert waiting_count(clinic.parts.inbox) == 0
    assert {path.name: path.read_bytes() for path in aside.iterdir()} == before
    step(clinic)
    assert aside.exists(), "still no key opens it"
    assert clinic.rows("SELECT count(*) FROM quarantine") == [(1,)]
    with clinic.database.write() as tx:
        made = clinic.keys.rotate_inbox_key(tx, above=6)
        tx.change(
            "UPDATE rotating_keys SET wrapped_key = :wrapped, public_key = :public WHERE kind = 'inbox' AND number = 7",
            wrapped=seal_secret(key_wrapping_key(clinic), b"inbox key 7", pair.private_key.reveal()),
            public=pair.public_key,
        )
    assert made.number == 7
    step(clinic)
    assert not aside.exists()
    assert clinic.rows("SELECT instance_count FROM studies") == [(3,)]


def key_wrapping_key(clinic: Clinic) -> SecretKey:
    return Keyring.for_process("intake", clinic.root).key(Subkey.KEY_WRAPPING)


@pytest.mark.parametrize("folder_too", [False, True])
def test_a_catalogued_file_that_is_gone_is_told_and_keeps_its_association_no_longer(
    clinic: Clinic, *, folder_too: bool
) -> None:
    association = clinic.receive([sent(ct_slice(1)), sent(ct_slice(2))])
    step(clinic)
    (file_id, *_), *_ = clinic.rows("SELECT file_id FROM files ORDER BY file_id")
    assert isinstance(file_id, bytes)
    name = association.folder.name
    if not folder_too:
        (clinic.parts.settled / name).rename(association.folder)
    with clinic.database.write() as tx:  # as a crash leaves it between the rows and the move
        sql = "UPDATE files SET place = 'inbox', association_id = :association WHERE file_id = :file"
        tx.change(sql, association=bytes.fromhex(name), file=file_id)
        tx.change("UPDATE associations SET settled_at = NULL")
    clinic.parts.vault.path_of(FileId(file_id)).unlink()
    for _ in range(2):
        step(clinic)
        assert clinic.rows("SELECT count(*) FROM associations WHERE settled_at IS NULL") == [(0,)]
        assert clinic.rows("SELECT reason FROM quarantine") == [("damaged",)]
        assert clinic.rows("SELECT count(*) FROM audit_events WHERE event = 'file damaged'") == [(1,)]
    assert not association.folder.exists()
