"""Making a box, opening it, recovering it, and its certificates."""

import json
import stat
import subprocess
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from threading import get_ident

import pytest

from appliance.assembly.box import complete_box, create_box, open_box, read_box_file, recover_box, unseal_root
from appliance.assembly.certificates import ensure_certificates, renew_web_certificate
from appliance.assembly.folders import Folders
from appliance.assembly.intake_parts import intake_parts
from appliance.assembly.rooms import Rooms, open_rooms
from appliance.audit.events import OPERATOR
from appliance.clock import SystemClock
from appliance.config import Settings, StaffSettings, in_folders, read_settings
from appliance.errors import (
    CatalogueMissing,
    NotFound,
    Refused,
    Unavailable,
    Unsuitable,
    WrongKey,
    WrongPassphrase,
)
from appliance.identifiers import BoxId
from appliance.inbox.public_key import read_public_key
from appliance.intake.rotation import rotate
from appliance.keys.hierarchy import SUBKEYS_OF, Keyring
from appliance.keys.passphrases import PassphraseCost
from appliance.keys.recovery import root_from_recovery_code
from appliance.keys.sealing import HostKey, seal_to_passphrase
from appliance.store.box import BoxRow, name_box
from appliance.store.migrations import known_migrations
from appliance.store.rotating_keys import KeyKind, current_inbox_public_key
from appliance.store.transactions import WriteTransaction
from tests.assembly.a_calendar import Calendar

NAMES = ("box.clinic.example", "localhost", "127.0.0.1", "192.168.7.2")


def settings(folder: Path, names: tuple[str, ...] = NAMES) -> Settings:
    plain = Settings(clinic_name="Clínica Ñ", staff=StaffSettings(names=names))
    return in_folders(plain, str(folder / "data"), str(folder / "data" / "run"))


def rooms_of(settings: Settings, clock: Calendar) -> Rooms:
    return complete_box(settings, unseal_root(Folders.of(settings), None), clock)


def test_a_new_box_opens_and_gives_each_process_its_own_keys_only(tmp_path: Path) -> None:
    create_box(settings(tmp_path), None, SystemClock())
    keyrings = open_box(settings(tmp_path), None, SystemClock())
    assert set(keyrings) == {"intake", "staff", "jobs"}
    for name, encoded in keyrings.items():
        assert len(encoded.splitlines()) == len(SUBKEYS_OF[name])
    with open_rooms(settings(tmp_path), Keyring.decode(keyrings["intake"]), SystemClock()).database.read() as tx:
        assert tx.rows("SELECT clinic_name FROM box") == [("Clínica Ñ",)]
        assert tx.rows("SELECT event FROM audit_events ORDER BY sequence")[0] == ("box created",)


def test_nothing_in_a_new_box_is_open_to_others(tmp_path: Path) -> None:
    create_box(settings(tmp_path), None, SystemClock())
    for path in (tmp_path / "data").rglob("*"):
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode & 0o007 == 0, path
    for secret in ("keys/root.sealed", "tls/web/web-intermediate-key.pem"):
        assert stat.S_IMODE((tmp_path / "data" / secret).stat().st_mode) == 0o600


def test_the_settings_file_of_a_new_box_moves_with_its_folder(tmp_path: Path) -> None:
    create_box(settings(tmp_path), None, SystemClock())
    (tmp_path / "data").rename(tmp_path / "moved")
    moved = read_settings(tmp_path / "moved" / "settings.toml")
    assert moved.data_folder == str((tmp_path / "moved").resolve())
    assert moved.staff.names == NAMES


def test_a_box_is_made_once(tmp_path: Path) -> None:
    create_box(settings(tmp_path), None, SystemClock())
    before = (tmp_path / "data" / "keys" / "root.sealed").read_bytes()
    with pytest.raises(Refused):
        create_box(settings(tmp_path), None, SystemClock())
    assert (tmp_path / "data" / "keys" / "root.sealed").read_bytes() == before


def test_a_box_whose_sealed_root_is_lost_is_not_made_anew(tmp_path: Path) -> None:
    create_box(settings(tmp_path), None, SystemClock())
    (tmp_path / "data" / "keys" / "root.sealed").unlink()
    before = (tmp_path / "data" / "box.json").read_bytes()
    with pytest.raises(Refused, match="already"):
        create_box(settings(tmp_path), None, SystemClock())
    assert (tmp_path / "data" / "box.json").read_bytes() == before
    with pytest.raises(NotFound, match="keys recover"):
        open_box(settings(tmp_path), None, SystemClock())


def test_a_box_is_made_where_its_installation_laid_out_an_empty_catalogue(tmp_path: Path) -> None:
    folders = Folders.of(settings(tmp_path))
    folders.create()
    folders.catalogue.touch(mode=0o660)
    create_box(settings(tmp_path), None, SystemClock())
    assert set(open_box(settings(tmp_path), None, SystemClock())) == {"intake", "staff", "jobs"}


def test_where_there_is_no_box_that_is_said(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        open_box(settings(tmp_path), None, SystemClock())
    with pytest.raises(NotFound):
        read_box_file(Folders.of(settings(tmp_path)))


def seal_cheaply(folder: Path, code: str, passphrase: str) -> None:
    """Seal a box's root to a passphrase again, at the least cost of a guess, which the file names itself."""
    cheap = PassphraseCost(memory_kib=64, passes=1, lanes=1)
    Folders.of(settings(folder)).sealed_root.write_bytes(
        seal_to_passphrase(root_from_recovery_code(code), passphrase, cheap)
    )


def test_a_passphrase_box_opens_with_its_passphrase_alone(tmp_path: Path) -> None:
    code = create_box(settings(tmp_path), "correct horse battery", SystemClock())
    assert open_box(settings(tmp_path), "correct horse battery", SystemClock())
    seal_cheaply(tmp_path, code, "correct horse battery")
    for wrong in (None, "wrong horse"):
        with pytest.raises(WrongPassphrase):
            open_box(settings(tmp_path), wrong, SystemClock())
    assert open_box(settings(tmp_path), "correct horse battery", SystemClock())


@pytest.mark.parametrize("guessed", ["a", "fourteen char", "passwordpassword", "aaaaaaaaaaaaaaa", "clinica Clínica Ñ"])
def test_a_passphrase_that_somebody_would_guess_makes_and_recovers_no_box(tmp_path: Path, guessed: str) -> None:
    with pytest.raises(Unsuitable, match="at least 15 characters"):
        create_box(settings(tmp_path), guessed, SystemClock())
    assert not (tmp_path / "data").exists()
    code = create_box(settings(tmp_path), None, SystemClock())
    before = (tmp_path / "data" / "keys" / "root.sealed").read_bytes()
    with pytest.raises(Unsuitable):
        recover_box(settings(tmp_path), root_from_recovery_code(code), guessed, SystemClock())
    assert (tmp_path / "data" / "keys" / "root.sealed").read_bytes() == before


@pytest.mark.peer("systemd-creds")
def test_a_box_sealed_to_its_machine_opens_by_itself_or_with_its_passphrase_too(tmp_path: Path) -> None:
    create_box(settings(tmp_path / "alone"), None, SystemClock(), HostKey.HOST)
    assert open_box(settings(tmp_path / "alone"), None, SystemClock())
    code = create_box(settings(tmp_path / "both"), "correct horse battery", SystemClock(), HostKey.HOST)
    with pytest.raises(WrongPassphrase):
        open_box(settings(tmp_path / "both"), None, SystemClock())
    before = open_box(settings(tmp_path / "both"), "correct horse battery", SystemClock())
    recover_box(settings(tmp_path / "both"), root_from_recovery_code(code), None, SystemClock(), HostKey.HOST)
    assert open_box(settings(tmp_path / "both"), None, SystemClock()) == before


def test_the_recovery_code_brings_a_box_back_under_another_passphrase(tmp_path: Path) -> None:
    code = create_box(settings(tmp_path), None, SystemClock())
    seal_cheaply(tmp_path, code, "forgotten by everyone")
    before = open_box(settings(tmp_path), "forgotten by everyone", SystemClock())
    (tmp_path / "data" / "keys" / "root.sealed").unlink()
    recover_box(settings(tmp_path), root_from_recovery_code(code.lower()), "remembered by somebody", SystemClock())
    assert open_box(settings(tmp_path), "remembered by somebody", SystemClock()) == before


def test_another_boxs_recovery_code_changes_nothing(tmp_path: Path) -> None:
    other = create_box(settings(tmp_path / "other"), None, SystemClock())
    create_box(settings(tmp_path), None, SystemClock())
    before = (tmp_path / "data" / "keys" / "root.sealed").read_bytes()
    with pytest.raises(WrongKey):
        recover_box(settings(tmp_path), root_from_recovery_code(other), None, SystemClock())
    assert (tmp_path / "data" / "keys" / "root.sealed").read_bytes() == before


def lose_catalogue(folders: Folders) -> None:
    for part in ("", "-wal", "-shm"):
        folders.catalogue.with_name("catalogue.db" + part).unlink(missing_ok=True)


def everything(folders: Folders) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folders.data.rglob("*") if path.is_file()}


def mark_begun(folders: Folders) -> None:
    folders.box.write_bytes(replace(read_box_file(folders), is_finished=False).encode())


@pytest.mark.parametrize("catalogue", ["none", "empty", "whole"])
def test_a_creation_that_was_cut_off_is_completed_by_the_next_opening(tmp_path: Path, catalogue: str) -> None:
    create_box(settings(tmp_path), None, SystemClock())
    folders = Folders.of(settings(tmp_path))
    mark_begun(folders)
    for lost in (folders.inbox_key, folders.web_tls / "web.pem", folders.dicom_tls / "dicom-clients.pem"):
        lost.unlink()
    if catalogue != "whole":
        lose_catalogue(folders)
    if catalogue == "empty":
        folders.catalogue.touch()
    open_box(settings(tmp_path), None, SystemClock())
    box = read_box_file(folders)
    assert box.is_finished
    assert json.loads(folders.inbox_key.read_bytes())["box_id"] == str(box.box_id)
    assert (folders.web_tls / "web.pem").exists()
    assert (folders.dicom_tls / "dicom-clients.pem").exists()


@pytest.mark.parametrize("marked", [True, False])
@pytest.mark.parametrize("empty", [True, False])
def test_a_box_that_lost_its_catalogue_is_not_opened_and_nothing_of_it_changes(
    tmp_path: Path, *, marked: bool, empty: bool
) -> None:
    code = create_box(settings(tmp_path), None, SystemClock())
    folders = Folders.of(settings(tmp_path))
    catalogue = folders.catalogue.read_bytes()
    lose_catalogue(folders)
    if empty:
        folders.catalogue.touch()
    if not marked:
        mark_begun(folders)  # the receiver has its key: the catalogue was there
    before = everything(folders)
    with pytest.raises(CatalogueMissing, match="back from a copy"):
        open_box(settings(tmp_path), None, SystemClock())
    with pytest.raises(CatalogueMissing):
        recover_box(settings(tmp_path), root_from_recovery_code(code), None, SystemClock())
    with pytest.raises(Refused, match="already"):
        create_box(settings(tmp_path), None, SystemClock())
    assert everything(folders) == before
    folders.catalogue.write_bytes(catalogue)
    assert open_box(settings(tmp_path), None, SystemClock()), "once it is back the box opens"


def test_a_box_without_root_and_catalogue_is_not_made_anew_over_what_the_receiver_seals_to(tmp_path: Path) -> None:
    create_box(settings(tmp_path), None, SystemClock())
    folders = Folders.of(settings(tmp_path))
    lose_catalogue(folders)
    folders.sealed_root.unlink()
    before = everything(folders)
    with pytest.raises(Refused, match="already"):
        create_box(settings(tmp_path), None, SystemClock())
    assert everything(folders) == before


@pytest.mark.parametrize("readable", [True, False])
def test_a_damaged_box_file_does_not_make_the_box_a_stranger_to_its_inbox(tmp_path: Path, *, readable: bool) -> None:
    create_box(settings(tmp_path), None, SystemClock())
    folders = Folders.of(settings(tmp_path))
    known = read_box_file(folders).box_id
    other = str(BoxId.new()).encode()
    folders.box.write_bytes(folders.box.read_bytes().replace(str(known).encode(), other) if readable else b"{")
    keyrings = open_box(settings(tmp_path), None, SystemClock())
    assert read_public_key(folders.inbox_key).box_id == known
    rooms = open_rooms(settings(tmp_path), Keyring.decode(keyrings["intake"]), SystemClock())
    assert intake_parts(rooms).box_id == known
    rooms.database.close()


def test_a_catalogue_without_a_box_in_it_is_not_filled(tmp_path: Path) -> None:
    create_box(settings(tmp_path), None, SystemClock())
    rooms = rooms_of(settings(tmp_path), Calendar(SystemClock().now()))
    with rooms.database.write() as tx:
        tx.change("DELETE FROM box")
    rooms.database.close()
    with pytest.raises(CatalogueMissing, match="of no box"):
        open_box(settings(tmp_path), None, SystemClock())


EARLIER = """
INSERT INTO patients VALUES (1, '', '', '', '', '', '', 0);
INSERT INTO studies VALUES (1, 1, '1.2', '', '', '', '', '', '', '', 0, 0, 0, 0);
WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n LIMIT 20000)
INSERT INTO series SELECT n, 1, '1.2.' || n, '', NULL, '', '', '', '', '', 0, 0, '', '' FROM n;
"""


def make_earlier_catalogue(folder: Path) -> None:
    """Make a box whose catalogue is an earlier release's, with enough in it that migrating takes a while."""
    create_box(settings(folder), None, SystemClock())
    folders = Folders.of(settings(folder))
    box = read_box_file(folders)
    lose_catalogue(folders)
    root = unseal_root(folders, None)
    rooms = open_rooms(settings(folder), Keyring.for_process("staff", root), SystemClock())
    rooms.database.create_or_migrate(known_migrations()[:3])
    with rooms.database._transaction("BEGIN IMMEDIATE", check=False) as connection:
        tx = WriteTransaction(connection)
        name_box(tx, BoxRow(box.box_id, "", box.created_at))
        rooms.rotating_keys.rotate_wrapping_key(tx)
        rooms.rotating_keys.rotate_inbox_key(tx)
        for statement in EARLIER.strip().split(";\n"):
            tx.change(statement)
    rooms.database.close()


def test_a_long_migration_tells_by_its_own_work_that_it_goes_on(tmp_path: Path) -> None:
    make_earlier_catalogue(tmp_path)
    heard: list[int] = []
    assert open_box(settings(tmp_path), None, SystemClock(), lambda: heard.append(get_ident()))
    assert len(heard) > 1
    assert set(heard) == {get_ident()}, "no thread beats beside the work"
    heard.clear()
    assert open_box(settings(tmp_path), None, SystemClock(), lambda: heard.append(get_ident()))
    assert heard == [], "nothing to migrate, nothing to tell"


def test_a_box_file_that_says_nothing_of_its_creation_is_of_a_box_that_was_made(tmp_path: Path) -> None:
    create_box(settings(tmp_path), None, SystemClock())
    folders = Folders.of(settings(tmp_path))
    table = json.loads(folders.box.read_bytes())
    assert table.pop("creation") == "finished"
    folders.box.write_text(json.dumps(table))
    assert read_box_file(folders).is_finished
    folders.box.write_text("[]")
    with pytest.raises(Unavailable):
        read_box_file(folders)


def test_after_an_older_catalogue_came_back_no_inbox_key_bears_a_number_that_was_used(tmp_path: Path) -> None:
    create_box(settings(tmp_path), None, SystemClock())
    folders = Folders.of(settings(tmp_path))
    old = folders.catalogue.read_bytes()
    rooms = rooms_of(settings(tmp_path), Calendar(SystemClock().now()))
    rotate(intake_parts(rooms), (KeyKind.INBOX,), OPERATOR)
    rooms.database.close()
    second = read_public_key(folders.inbox_key)
    lose_catalogue(folders)
    folders.catalogue.write_bytes(old)
    for _ in range(2):
        open_box(settings(tmp_path), None, SystemClock())
        third = read_public_key(folders.inbox_key)
        assert (second.number, third.number) == (2, 3), "nobody can open what is sealed to number 2"
    with rooms_of(settings(tmp_path), Calendar(SystemClock().now())).database.read() as tx:
        assert current_inbox_public_key(tx).public_key == read_public_key(folders.inbox_key).public_key


def verified(tls: Path, name: str, at: datetime) -> bool:
    check = ["-verify_ip" if name[0].isdigit() else "-verify_hostname", name, "-attime", str(int(at.timestamp()))]
    web = str(tls / "web" / "web.pem")
    command = ["openssl", "verify", *check, "-CAfile", str(tls / "web-ca.pem"), "-untrusted", web, web]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.mark.peer("openssl")
def test_openssl_accepts_the_certificate_for_every_name_of_the_box(tmp_path: Path) -> None:
    clock = Calendar()
    create_box(settings(tmp_path), None, clock)
    tls = tmp_path / "data" / "tls"
    assert all(verified(tls, name, clock.at) for name in NAMES)
    assert not verified(tls, "bank.example", clock.at)


@pytest.mark.peer("openssl")
def test_certificates_are_renewed_in_time_locked_or_not_and_trust_is_kept(tmp_path: Path) -> None:
    clock = Calendar()
    create_box(settings(tmp_path), None, clock)
    tls = tmp_path / "data" / "tls"
    trusted, folders = (tls / "web-ca.pem").read_bytes(), Folders.of(settings(tmp_path))
    assert not renew_web_certificate(folders, NAMES, clock)
    clock.at += timedelta(days=25)
    assert renew_web_certificate(folders, NAMES, clock), "the web certificate, without any key of the box"
    clock.at += timedelta(days=50)
    intermediate = (tls / "web" / "web-intermediate.pem").read_bytes()
    ensure_certificates(rooms_of(settings(tmp_path), clock))
    assert (tls / "web" / "web-intermediate.pem").read_bytes() != intermediate
    assert (tls / "web-ca.pem").read_bytes() == trusted
    assert verified(tls, "localhost", clock.at)


def test_a_new_name_below_the_clinics_keeps_trust_and_another_needs_a_new_authority(tmp_path: Path) -> None:
    clock = Calendar()
    create_box(settings(tmp_path, ("clinic.example",)), None, clock)
    tls = tmp_path / "data" / "tls"
    trusted = (tls / "web-ca.pem").read_bytes()
    ensure_certificates(rooms_of(settings(tmp_path, ("scan.clinic.example",)), clock))
    assert (tls / "web-ca.pem").read_bytes() == trusted
    ensure_certificates(rooms_of(settings(tmp_path, ("scan.practice.example",)), clock))
    assert (tls / "web-ca.pem").read_bytes() != trusted


def test_a_public_address_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Unsuitable):
        create_box(settings(tmp_path, ("8.8.8.8",)), None, SystemClock())


def test_without_an_issuing_certificate_a_locked_box_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="unlock it once"):
        renew_web_certificate(Folders.of(settings(tmp_path)), NAMES, Calendar())


def test_the_authorities_keys_are_in_the_catalogue_alone(tmp_path: Path) -> None:
    create_box(settings(tmp_path), None, SystemClock())
    rooms = rooms_of(settings(tmp_path), Calendar(SystemClock().now()))
    with rooms.database.read() as tx:
        kinds = (KeyKind.WEB_AUTHORITY, KeyKind.DEVICE_AUTHORITY)
        keys = [rooms.rotating_keys.current_authority(tx, kind).private_key for kind in kinds]
    for path in (tmp_path / "data").rglob("*"):
        for key in keys:
            assert not path.is_file() or key.splitlines()[1] not in path.read_bytes()
