"""Gives a locked box another root secret, or its catalogue another key.

Guards: nothing of the old is touched before the new is whole, durable and proved
to open with what it will be opened with; then `taking_over` decides by one rename.
A kill, a power cut or a full disk leaves the box as it was or as it is to be, and
the next opening does the rest. Every key that still opens something is handed over
in one transaction of the new catalogue: the random keys, second factors, targets'
credentials, and the audit, backup and catalogue keys of before, sealed under today's.
The audit chain goes on, under its new key, with the event that tells it.
Leaves out: files in the vault, which keep their data keys: whoever copied catalogue
and vault while he knew the old root reads those copies for ever. And what a person
does: the new kit, a new passphrase, second factors and authorities that may be known.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from appliance.accounts import passkeys, second_factor
from appliance.assembly.folders import Folders
from appliance.assembly.intake_parts import intake_parts
from appliance.assembly.keyrings import find_epoch
from appliance.assembly.rooms import Rooms, open_rooms
from appliance.assembly.taking_over import finish, put_catalogue_in_place, settle, throw_away_draft
from appliance.audit import queries as trail
from appliance.audit.chain import Verdict
from appliance.audit.events import OPERATOR, AuditLog, Event, EventCode
from appliance.backup.following import follow_root
from appliance.backup.queries_following import copy_all_anew
from appliance.clock import Clock
from appliance.config import Settings
from appliance.errors import CatalogueMissing, OutOfSpace, Tampered, Unavailable
from appliance.intake.rotation import highest_pair_seen
from appliance.keys.hierarchy import LAST_EPOCH, Keyring, Subkey, derive
from appliance.keys.sealing import root_fingerprint
from appliance.keys.secret import SecretKey
from appliance.keys.signing import SigningKey
from appliance.recovery import queries as kits
from appliance.recovery.kits import CODE
from appliance.store import roots
from appliance.store.box import BoxRow, find_box
from appliance.store.database import Database, LoneCatalogue
from appliance.store.files import FileLayer, RealFiles, clear_drafts, replace_durably, storage_faults
from appliance.store.rotating_keys import RotatingKeys
from appliance.store.transactions import ReadTransaction, WriteTransaction

_SECRET_MODE = 0o600
_COPIES = 3  # the new catalogue, what SQLite writes beside it while its key changes, and the log of the handing over
_SPARE_BYTES = 16 << 20
_KEPT = (Subkey.AUDIT, Subkey.BACKUP, Subkey.CATALOGUE)


@dataclass(frozen=True)
class Terms:
    """What a root is changed on.

    Attributes:
        seal: Gives the content of `keys/root.sealed` for a root, proved to open.
        show: Shows the new root's recovery code before anything is decided; what it raises leaves the box as it was.
        reason: `rotated` or `compromised`.
        files: The file layer.
    """

    seal: Callable[[SecretKey], bytes]
    show: Callable[[SecretKey], None]
    reason: str = roots.ROTATED
    files: FileLayer = field(default_factory=RealFiles)


@dataclass(frozen=True)
class _Box:
    """A box as it was before."""

    root: SecretKey = field(repr=False)
    rooms: Rooms
    row: BoxRow
    verdict: Verdict
    keys: int
    highest_pair: int

    def subkey(self, subkey: Subkey) -> SecretKey:
        """Give a subkey as it is in use: the catalogue's may not be its root's first."""
        return self.rooms.keyring.key(subkey) if subkey is Subkey.CATALOGUE else derive(self.root, subkey)


def rotate_root(settings: Settings, root: SecretKey, clock: Clock, terms: Terms) -> int:
    """Give the box a new root secret and everything below it; the number of the new root.

    Raises:
        Unavailable: The box is not locked, or the disk refused (`OutOfSpace`: it is too full).
        Tampered: The catalogue is not what was stored.
    """
    box, following = _box(settings, root, clock, terms.files), SecretKey.new()
    folders, keyring = box.rooms.folders, Keyring.for_process("staff", following)
    sealed = terms.seal(following)
    with _draft(box, keyring.key(Subkey.CATALOGUE), terms.files) as draft:
        with draft.write() as tx:
            number = _hand_over(tx, box, following, terms.reason)
        _prove(box, draft, keyring, terms.files)
        terms.show(following)
        _decide(folders, sealed, terms.files)
    return number


def rekey_catalogue(settings: Settings, root: SecretKey, clock: Clock, files: FileLayer) -> int:
    """Give the catalogue its root's next key, and say which one that is, from 2.

    Raises:
        Unavailable: The box is not locked, the disk refused, or the catalogue had every key: rotate the root.
        Tampered: The catalogue is not what was stored.
    """
    box = _box(settings, root, clock, files)
    epoch = find_epoch(root, box.rooms.folders.catalogue) + 1
    if epoch > LAST_EPOCH:
        raise Unavailable("the catalogue had every key that this root can give it: rotate the root")
    keyring = Keyring.for_process("staff", root, epoch)
    with _draft(box, keyring.key(Subkey.CATALOGUE), files) as draft:
        with draft.write() as tx:
            number = roots.note_root(tx, root_fingerprint(root), box.row.created_at)
            _keep(tx, box, Subkey.CATALOGUE, keyring.key(Subkey.CATALOGUE), number)
            copy_all_anew(tx)  # a restore test opens the newest snapshot, by today's key
            box.rooms.audit.record(tx, Event(EventCode.CATALOGUE_REKEYED, OPERATOR, number=epoch))
        _prove(box, draft, keyring, files)
        with storage_faults():
            put_catalogue_in_place(folders=box.rooms.folders, files=files)
    return epoch


def _box(settings: Settings, root: SecretKey, clock: Clock, files: FileLayer) -> _Box:
    """Read what has to be the same afterwards; a change that was cut off before is settled first."""
    folders = Folders.of(settings)
    settle(folders, files)
    rooms = open_rooms(settings, Keyring.for_process("staff", root, find_epoch(root, folders.catalogue)), clock)
    with rooms.database.read() as tx:
        row = find_box(tx)
        verdict = trail.verify(tx, rooms.keyring.key(Subkey.AUDIT))
        keys = rooms.rotating_keys.open_all(tx)
    if row is None:
        raise CatalogueMissing("the catalogue is of no box: put this box's own back")
    return _Box(root, rooms, row, verdict, keys, highest_pair_seen(intake_parts(rooms)))


@contextmanager
def _draft(box: _Box, key: SecretKey, files: FileLayer) -> Iterator[Database]:
    """Give a copy of the catalogue under another key, while nobody opens either; what is undecided goes at the end."""
    folders = box.rooms.folders
    with box.rooms.database.alone() as lone:
        _check_space(folders.catalogue)
        try:
            with storage_faults():
                files.make_folder(folders.next_catalogue.parent)
            _copy(lone, folders, key)
            yield Database(folders.next_catalogue, key, box.rooms.clock)
        finally:
            if not folders.next_root.exists():
                with storage_faults():
                    throw_away_draft(folders, files)


def _check_space(catalogue: Path) -> None:
    needed = _COPIES * catalogue.stat().st_size + _SPARE_BYTES
    if shutil.disk_usage(catalogue.parent).free < needed:
        raise OutOfSpace(f"while a catalogue gets another key it takes {needed >> 20} MiB more of the disk: make room")


def _copy(lone: LoneCatalogue, folders: Folders, key: SecretKey) -> None:
    """Copy it with the rights that the old one has: on a box another user owns it than the one that does this."""
    lone.copy(folders.next_catalogue, key)
    with storage_faults():
        kept = folders.catalogue.stat()
        folders.next_catalogue.chmod(kept.st_mode & 0o777)
        with suppress(PermissionError):
            os.chown(folders.next_catalogue, kept.st_uid, kept.st_gid)


def _hand_over(tx: WriteTransaction, box: _Box, following: SecretKey, reason: str) -> int:
    """Make the copy the new root's catalogue; give the new root's number."""
    clock = box.rooms.clock
    ended, head = roots.note_root(tx, root_fingerprint(box.root), box.row.created_at), trail.head(tx)
    signing = SigningKey(derive(box.root, Subkey.SIGNING), box.row.clinic_name, box.row.created_at).public_key
    roots.end_root(tx, ended, roots.Ending(clock.now(), reason, head.sequence, head.chain, signing))
    kits.end_kits(tx, clock.now())
    kits.add_kit(tx, CODE, None, (), clock.now())
    for subkey in _KEPT:
        _keep(tx, box, subkey, derive(following, subkey), ended)
    wrapping = (box.subkey(Subkey.KEY_WRAPPING), derive(following, Subkey.KEY_WRAPPING))
    keys = box.rooms.rotating_keys.hand_over(tx, wrapping[1])
    passkeys.hand_over(tx, box.subkey(Subkey.ACCOUNTS))
    second_factor.hand_over(tx, box.subkey(Subkey.ACCOUNTS), derive(following, Subkey.ACCOUNTS))
    follow_root(tx, wrapping, ended, clock.now())
    number = roots.note_root(tx, root_fingerprint(following), clock.now())
    audit = AuditLog(derive(following, Subkey.AUDIT), clock)
    audit.record(tx, Event(EventCode.ROOT_ROTATED, OPERATOR, number=number))
    audit.record(tx, Event(EventCode.RECOVERY_CODE_MADE, OPERATOR))
    _renew_keys(tx, keys, audit, box.highest_pair)
    return number


def _keep(tx: WriteTransaction, box: _Box, subkey: Subkey, following: SecretKey, root_number: int) -> None:
    until = (root_number, trail.head(tx).sequence, box.rooms.clock.now())
    roots.replace_subkey(tx, subkey, box.subkey(subkey), following, until)


def _renew_keys(tx: WriteTransaction, keys: RotatingKeys, audit: AuditLog, highest_pair: int) -> None:
    """Make the next wrapping key and inbox pair: whoever knew the root and has a catalogue knows those before."""
    wrapping, pair = keys.rotate_wrapping_key(tx), keys.rotate_inbox_key(tx, highest_pair)
    audit.record(tx, Event(EventCode.WRAPPING_KEY_ROTATED, OPERATOR, number=wrapping))
    audit.record(tx, Event(EventCode.INBOX_KEY_ROTATED, OPERATOR, number=pair.number))


def _prove(box: _Box, draft: Database, keyring: Keyring, files: FileLayer) -> None:
    """Open the copy with the keys that it will be opened with, read all of it, and leave it durable in one file.

    Raises:
        Tampered: It is not what it should be.
    """
    if draft.check_integrity():
        raise Tampered("the copy of the catalogue is damaged; nothing was changed")
    with draft.read() as tx:
        _prove_rows(tx, box, keyring)
    with draft.alone():
        pass
    with storage_faults():
        folder = box.rooms.folders.next_catalogue.parent
        files.fsync_folder(folder)
        files.fsync_folder(folder.parent)


def _prove_rows(tx: ReadTransaction, box: _Box, keyring: Keyring) -> None:
    verdict = trail.verify(tx, keyring.key(Subkey.AUDIT))
    keys = RotatingKeys(keyring.key(Subkey.KEY_WRAPPING), box.rooms.clock).open_all(tx)
    if verdict.fault is not box.verdict.fault or verdict.sequence < box.verdict.sequence:
        raise Tampered(f"the audit chain of the copy breaks at event {verdict.sequence}; nothing was changed")
    if find_box(tx) != box.row or keys < box.keys:
        raise Tampered("the copy of the catalogue is not the same box; nothing was changed")


def _decide(folders: Folders, sealed: bytes, files: FileLayer) -> None:
    """Let the new root take over.

    Raises:
        Unavailable: The disk refused; the message says whether the new root is decided.
    """
    try:
        with storage_faults():
            clear_drafts(folders.next_root.parent, folders.next_root.name)  # of a change that was cut off
            replace_durably(files, folders.next_root, sealed, _SECRET_MODE)
        finish(folders, files)
    except Unavailable as fault:
        if folders.next_root.exists() or folders.sealed_root.read_bytes() == sealed:
            text = f"the new root is decided, but not safely in place ({fault}): keep both codes, and unlock the box"
            raise Unavailable(text) from fault
        raise
