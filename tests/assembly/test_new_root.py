"""Another root secret, another key of the catalogue: all of it, or nothing, whenever it is cut off."""

import errno
import os
from hashlib import sha256
from itertools import count
from pathlib import Path

import pytest

from appliance.accounts import passkeys
from appliance.accounts.challenges import Purpose
from appliance.accounts.passkey_answers import Answer, Site
from appliance.accounts.queries import credentials_by_name
from appliance.accounts.second_factor import Confirmed
from appliance.accounts.sessions import Stage, find_session, start_session
from appliance.assembly.box import open_box, recover_box, sealed_again
from appliance.assembly.keyrings import find_epoch
from appliance.assembly.new_root import Terms, rotate_root
from appliance.assembly.rooms import Rooms
from appliance.audit.chain import Head
from appliance.audit.events import OPERATOR
from appliance.audit.queries import head, latest, verify
from appliance.errors import ApplianceError, OutOfSpace, Refused, Unavailable, WrongKey
from appliance.keys.hierarchy import Keyring, Subkey, derive
from appliance.keys.sealing import root_fingerprint
from appliance.keys.secret import SecretKey
from appliance.keys.signing import SigningKey
from appliance.store.database import Database
from appliance.store.files import Draft, FileLayer, RealFiles
from appliance.store.roots import COMPROMISED, earlier_keys, roots, subkey_of_root
from tests.accounts.an_authenticator import Authenticator
from tests.assembly.a_kept_box import KeptBox, a_kept_box
from tests.store.failing_files import FailingFiles

SITE = Site("enamel.test", "https://enamel.test")


def test_a_new_root_opens_everything_and_the_one_before_opens_nothing(tmp_path: Path) -> None:
    box = a_kept_box(tmp_path)
    before, catalogue = box.root(), box.folders.catalogue.read_bytes()
    after = box.rotate_root()
    assert box.root() == after != before
    box.opened().database.close()
    for subkey in Subkey:
        assert derive(before, subkey) != derive(after, subkey)
    with pytest.raises(WrongKey):
        Database(box.folders.catalogue, derive(before, Subkey.CATALOGUE), box.clock).check_integrity()
    assert box.folders.catalogue.read_bytes()[:4096] != catalogue[:4096]
    assert not box.folders.next_catalogue.parent.exists()
    assert [path.name for path in box.folders.sealed_root.parent.iterdir()] == ["root.sealed"]


def test_a_sealed_root_that_a_cut_off_change_left_is_gone_after_the_next(tmp_path: Path) -> None:
    box = a_kept_box(tmp_path)
    Draft(RealFiles(), box.folders.next_root, b"sealed, and never in use")
    box.rotate_root()
    assert [path.name for path in box.folders.sealed_root.parent.iterdir()] == ["root.sealed"]


def test_the_new_code_recovers_the_box_and_the_old_one_does_not(tmp_path: Path) -> None:
    box = a_kept_box(tmp_path)
    before = box.root()
    after = box.rotate_root()
    with pytest.raises(WrongKey):
        recover_box(box.settings, before, None, box.clock)
    box.folders.sealed_root.unlink()
    recover_box(box.settings, after, None, box.clock)
    box.opened()


def test_the_trail_goes_on_under_a_new_key_and_an_edit_before_it_still_shows(tmp_path: Path) -> None:
    box = a_kept_box(tmp_path)
    with box.rooms().database.read() as tx:
        ended = head(tx)
    box.rotate_root()
    box.rotate_root()
    rooms = box.opened()
    with rooms.database.read() as tx:
        key = rooms.keyring.key(Subkey.AUDIT)
        told = [(entry.event, entry.number) for entry in latest(tx, 100)]
        assert told.count(("root rotated", 2)) == told.count(("root rotated", 3)) == 1
        assert verify(tx, key, [ended]).fault is None
        assert verify(tx, key, [Head(ended.sequence, bytes(32))]).fault == "rewritten"
        kept = tx.rows("SELECT last_sequence, last_chain FROM roots WHERE root_key = 1")
        assert kept == [(ended.sequence, ended.chain)]
    for sequence in (1, ended.sequence, ended.sequence + 1):
        with rooms.database.write() as tx:
            (number,) = tx.rows("SELECT at FROM audit_events WHERE sequence = :sequence", sequence=sequence)[0]
            tx.change("UPDATE audit_events SET at = at + 1 WHERE sequence = :sequence", sequence=sequence)
        with rooms.database.read() as tx:
            verdict = verify(tx, key)
            assert (verdict.fault, verdict.sequence) == ("altered", sequence)
        with rooms.database.write() as tx:
            tx.change("UPDATE audit_events SET at = :at WHERE sequence = :sequence", at=number, sequence=sequence)


def test_a_trail_that_was_altered_before_is_carried_over_as_it_is(tmp_path: Path) -> None:
    box = a_kept_box(tmp_path)
    with box.rooms().database.write() as tx:
        tx.change("UPDATE audit_events SET at = at + 1 WHERE sequence = 2")
    box.rotate_root()
    rooms = box.rooms()
    with rooms.database.read() as tx:
        verdict = verify(tx, rooms.keyring.key(Subkey.AUDIT))
        assert (verdict.fault, verdict.sequence) == ("altered", 2)


def test_who_holds_todays_subkey_opens_the_ones_before_it_and_nobody_else(tmp_path: Path) -> None:
    box = a_kept_box(tmp_path)
    first = box.root()
    second = box.rotate_root()
    third = box.rotate_root()
    with box.rooms().database.read() as tx:
        for subkey in (Subkey.AUDIT, Subkey.BACKUP, Subkey.CATALOGUE):
            kept = earlier_keys(tx, subkey, derive(third, subkey))
            assert [one.key for one in kept] == [derive(first, subkey), derive(second, subkey)]
            assert [one.root_number for one in kept] == [1, 2]
            assert subkey_of_root(tx, subkey, derive(third, subkey), 1) == derive(first, subkey)
            with pytest.raises(WrongKey):
                earlier_keys(tx, subkey, derive(second, subkey))


def test_the_box_remembers_each_root_by_its_fingerprint_alone(tmp_path: Path) -> None:
    box = a_kept_box(tmp_path)
    before = box.root()
    with box.rooms().database.write() as tx:
        tx.change("INSERT INTO recovery_kits (form, identifier, holders, made_at) VALUES ('shares', 7, '[\"Ana\"]', 1)")
    terms = box.terms()
    after: list[SecretKey] = []
    box.lock()
    number = rotate_root(box.settings, before, box.clock, Terms(terms.seal, after.append, COMPROMISED))
    with box.rooms().database.read() as tx:
        first, second = roots(tx)
        assert tx.rows("SELECT form FROM recovery_kits WHERE ended_at IS NULL") == [("code",)]
    assert (first.number, first.fingerprint, first.reason) == (1, root_fingerprint(before), "compromised")
    assert first.retired_at is not None
    assert first.signing_public_key is not None
    shown = SigningKey(derive(before, Subkey.SIGNING), "", box.clock.now()).fingerprint
    assert sha256(first.signing_public_key).hexdigest() == shown  # what the certificates of then are checked by
    assert (second.number, second.fingerprint, second.retired_at) == (number, root_fingerprint(after[0]), None)


def test_arrivals_sealed_before_a_new_root_still_open_and_new_ones_get_another_pair(tmp_path: Path) -> None:
    box = a_kept_box(tmp_path)
    box.rotate_root()
    rooms = box.opened()
    with rooms.database.read() as tx:
        assert set(rooms.rotating_keys.inbox_private_keys(tx)) == {1, 2, 3}
        assert rooms.rotating_keys.current_wrapping_key(tx).number == 3


def test_passkeys_let_their_person_in_under_every_root_after_the_one_they_were_made_under(tmp_path: Path) -> None:
    box = a_kept_box(tmp_path)
    devices = [_with_passkey(box.rooms())]
    for _ in range(2):
        box.rotate_root()
        rooms = box.opened()
        for device in devices:
            accounts = rooms.accounts
            asked = passkeys.options_to_show(accounts, Purpose.SIGN_IN, SITE, b"a form", None)
            answer = Answer(device.show(asked), SITE, b"a form", "")
            assert find_session(accounts, passkeys.sign_in(accounts, answer)) is not None
        devices.append(_with_passkey(rooms))
    assert len({device.user_handle for device in devices}) == 3, "each root has its own handles"


def _with_passkey(rooms: Rooms) -> Authenticator:
    """Give the box's person one more passkey."""
    device, accounts = Authenticator(), rooms.accounts
    with rooms.database.write() as tx:
        found = credentials_by_name(tx, "ines")
        assert found is not None
        token = start_session(tx, found.account.account_key, Stage.FULL, "", rooms.clock.now())
    session = find_session(accounts, token)
    assert session is not None
    made = device.create(passkeys.options_to_add(accounts, session, SITE))
    by = Confirmed(session.account, OPERATOR)
    passkeys.add_passkey(accounts, by, "", Answer(made, SITE, session.session_hash, ""))
    return device


def test_a_root_that_is_refused_when_it_is_shown_leaves_the_box_as_it_was(tmp_path: Path) -> None:
    def refuse(_: SecretKey) -> None:
        raise Refused("somebody gave up")

    box = a_kept_box(tmp_path)
    before = box.root()
    sealed = box.folders.sealed_root.read_bytes()
    with pytest.raises(Refused, match="gave up"):
        rotate_root(box.settings, before, box.clock, Terms(lambda root: sealed_again(root, sealed, None), refuse))
    assert box.root() == before
    assert not box.folders.next_catalogue.parent.exists()
    box.opened()


@pytest.mark.parametrize("change", ["root", "catalogue"])
def test_a_box_that_is_in_use_keeps_its_keys(tmp_path: Path, change: str) -> None:
    box = a_kept_box(tmp_path)
    before = box.root()
    user = box.rooms()
    box.in_use.clear()  # so that it stays open
    with user.database.read(), pytest.raises(Unavailable, match="lock the box"):
        _change(box, change, RealFiles())
    user.database.close()
    assert box.root() == before
    _change(box, change, RealFiles())
    box.opened()


def test_nobody_opens_a_box_while_its_root_changes(tmp_path: Path) -> None:
    box = a_kept_box(tmp_path)
    before, told = box.root(), []
    other = box.rooms()

    def tried(_: SecretKey) -> None:
        for opening in (lambda: open_box(box.settings, None, box.clock), other.database.read().__enter__):
            with pytest.raises(Unavailable, match=r"another key|open elsewhere") as fault:
                opening()
            told.append(str(fault.value))

    rotate_root(box.settings, before, box.clock, Terms(box.terms().seal, tried))
    assert len(told) == 2
    box.opened()


@pytest.mark.parametrize("change", ["root", "catalogue"])
def test_an_error_at_any_file_operation_leaves_a_box_that_opens_and_a_next_try_that_completes(
    tmp_path: Path, change: str
) -> None:
    failed = 0
    for nth in count(1):
        box = a_kept_box(tmp_path / str(nth))
        files = FailingFiles(nth, errno.ENOSPC if nth % 2 else errno.EIO)
        try:
            _change(box, change, files)
        except ApplianceError:
            failed += 1
        if len(files.done) < nth:
            break
        box.opened()
        assert not box.folders.next_catalogue.parent.exists()
        assert not box.folders.next_root.exists()
        _change(box, change, RealFiles())
        box.opened()
    assert failed >= {"root": 12, "catalogue": 7}[change], failed


def test_a_catalogue_gets_its_roots_next_key_and_every_opening_finds_it(tmp_path: Path) -> None:
    box = a_kept_box(tmp_path)
    root = box.root()
    assert find_epoch(root, box.folders.catalogue) == 1
    assert [box.rekey() for _ in range(2)] == [2, 3]
    assert find_epoch(root, box.folders.catalogue) == 3
    with pytest.raises(WrongKey):
        Database(box.folders.catalogue, derive(root, Subkey.CATALOGUE), box.clock).check_integrity()
    rooms = box.opened()
    with rooms.database.read() as tx:
        kept = earlier_keys(tx, Subkey.CATALOGUE, derive(root, Subkey.CATALOGUE, 3))
        assert [one.key for one in kept] == [derive(root, Subkey.CATALOGUE, epoch) for epoch in (1, 2)]
        assert [entry.number for entry in latest(tx, 100) if entry.event == "catalogue rekeyed"] == [3, 2]
    keyring = Keyring.decode(open_box(box.settings, None, box.clock)["intake"])
    assert keyring.key(Subkey.CATALOGUE) == derive(root, Subkey.CATALOGUE, 3)
    after = box.rotate_root()
    assert find_epoch(after, box.folders.catalogue) == 1
    box.opened()


def test_a_new_root_needs_room_for_a_second_catalogue(tmp_path: Path) -> None:
    box = a_kept_box(tmp_path)
    before, size = box.root(), box.folders.catalogue.stat().st_size
    with box.folders.catalogue.open("r+b") as file:
        file.truncate(1 << 43)  # a hole at its end, which takes no room
    with pytest.raises(OutOfSpace, match="MiB"):
        _change(box, "root", RealFiles())
    assert box.root() == before
    os.truncate(box.folders.catalogue, size)
    box.opened()


def _change(box: KeptBox, change: str, files: FileLayer) -> None:
    if change == "root":
        box.rotate_root(files)
    else:
        box.rekey(files)
