"""Making a box, and opening one with its root secret.

Guards: the root secret is sealed and durable before anything is encrypted
under it; every later step of making a box may be cut off and is made good the
next time the root is opened. Once a box was made, nothing here makes its catalogue
again: where that is missing or empty, opening is refused, nothing is written, and
the receiver goes on. Whoever opens the root here forgets it on return.
"""

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from appliance.accounts.errors import PasswordTooWeak
from appliance.accounts.password_rules import MINIMUM_ALONE, check_password
from appliance.assembly.certificates import ensure_certificates
from appliance.assembly.folders import Folders
from appliance.assembly.keyrings import keyring_of
from appliance.assembly.restoring_state import Progressing
from appliance.assembly.rooms import Rooms, open_rooms
from appliance.assembly.taking_over import settle
from appliance.audit.events import OPERATOR, Event, EventCode
from appliance.clock import Clock
from appliance.config import Settings, in_folders, settings_text
from appliance.errors import CatalogueMissing, NotFound, Refused, Unavailable, Unsuitable
from appliance.identifiers import BoxId
from appliance.intake.parts import IntakeParts
from appliance.intake.rotation import publish_inbox_key
from appliance.keys.recovery import recovery_code
from appliance.keys.sealing import (
    Host,
    HostKey,
    host_key_of,
    open_root,
    seal_to_file,
    seal_to_host,
    seal_to_passphrase,
)
from appliance.keys.secret import SecretKey
from appliance.store.box import BoxRow, find_box, name_box
from appliance.store.files import RealFiles, create_durably, replace_durably, storage_faults

KEY_HOLDERS = ("intake", "staff", "jobs")
_SECRET_MODE = 0o600
_BEGUN, _FINISHED = "begun", "finished"


@dataclass(frozen=True)
class BoxFile:
    """What `box.json` says; not secret.

    Attributes:
        box_id: Which box.
        clinic_name: Whose.
        created_at: Since when.
        is_finished: Its catalogue was made, and is never made again.
    """

    box_id: BoxId
    clinic_name: str
    created_at: datetime
    is_finished: bool

    def encode(self) -> bytes:
        """Give the file's bytes."""
        table = {
            "box_id": str(self.box_id),
            "clinic_name": self.clinic_name,
            "created_at": self.created_at.isoformat(),
            "creation": _FINISHED if self.is_finished else _BEGUN,
        }
        return json.dumps(table, ensure_ascii=False, indent=1).encode() + b"\n"


def read_box_file(folders: Folders) -> BoxFile:
    """Read `box.json`.

    Raises:
        NotFound: There is no box here.
        Unavailable: It cannot be read.
    """
    try:
        table = json.loads(folders.box.read_bytes())
        created_at = datetime.fromisoformat(table["created_at"])
        is_finished = table.get("creation", _FINISHED) != _BEGUN
        return BoxFile(BoxId.parse(table["box_id"]), table["clinic_name"], created_at, is_finished)
    except FileNotFoundError:
        raise NotFound(f"there is no box in {folders.data}: `enamel keys init` makes one") from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, Refused) as error:
        raise Unavailable("box.json cannot be read") from error


def create_box(settings: Settings, passphrase: str | None, clock: Clock, host_key: HostKey | None = None) -> str:
    """Make a box with a new root secret.

    Args:
        settings: Where and how; written beside the data unless a file is there.
        passphrase: What will open the root; None keeps it in a file, for demonstrations.
        clock: The time.
        host_key: What of this machine seals the root besides; without a passphrase the machine opens it alone.

    Returns:
        The recovery code, which is the root: show it once.

    Raises:
        Refused: There is a box already.
        Unsuitable: The passphrase is one that somebody would guess.
        Unavailable: The disk refused, or this machine has no such key.
    """
    check_passphrase(passphrase, settings.clinic_name)
    folders, root = Folders.of(settings), SecretKey.new()
    _refuse_unfinished(folders)
    folders.create()
    if folders.sealed_root.exists() or _has_catalogue(folders) or folders.inbox_key.exists():
        raise Refused(f"there is a box in {folders.data} already")
    sealed = seal_root(root, passphrase, host_key)
    with storage_faults(), suppress(FileExistsError):
        create_durably(RealFiles(), folders.settings, settings_text(in_folders(settings, ".", "")).encode())
    with storage_faults():
        box = BoxFile(BoxId.new(), settings.clinic_name, clock.now(), is_finished=False)
        replace_durably(RealFiles(), folders.box, box.encode())
        create_durably(RealFiles(), folders.sealed_root, sealed, _SECRET_MODE)
    rooms = complete_box(settings, root, clock)
    with rooms.database.write() as tx:
        rooms.audit.record(tx, Event(EventCode.RECOVERY_CODE_MADE, OPERATOR))
    return recovery_code(root)


def recover_box(
    settings: Settings, root: SecretKey, passphrase: str | None, clock: Clock, host_key: HostKey | None = None
) -> None:
    """Seal again the root that somebody typed, for a box whose passphrase, machine or sealed root is lost.

    Raises:
        Unsuitable: The new passphrase is one that somebody would guess.
        WrongKey: It is another box's: this catalogue does not open with it.
        Refused: What lies here is a restore that is not done.
        CatalogueMissing: There is none that it could be tried on.
    """
    check_passphrase(passphrase, settings.clinic_name)
    folders = Folders.of(settings)
    settle(folders, RealFiles())
    _refuse_unfinished(folders)
    if _has_catalogue(folders) or _find_begun(folders) is None:
        _rooms_of(settings, root, clock).database.check_integrity()
    sealed = seal_root(root, passphrase, host_key)
    with storage_faults():
        replace_durably(RealFiles(), folders.sealed_root, sealed, _SECRET_MODE)
    rooms = complete_box(settings, root, clock)
    with rooms.database.write() as tx:
        rooms.audit.record(tx, Event(EventCode.ROOT_RECOVERED, OPERATOR))


def check_passphrase(passphrase: str | None, clinic_name: str) -> None:
    """Refuse what somebody would guess: whoever carries the box off guesses at leisure, with no second factor.

    Raises:
        Unsuitable: With the rule that it breaks.
    """
    if passphrase is None:
        return
    try:
        check_password(passphrase, second_factor=False, context=(clinic_name,))
    except PasswordTooWeak as fault:
        advice = f"take at least {MINIMUM_ALONE} characters; six random words are best"
        raise Unsuitable(f"the new passphrase is refused ({fault.rule}): {advice}") from fault


def seal_root(root: SecretKey, passphrase: str | None, host_key: HostKey | None) -> bytes:
    """Seal a root as the operator chose: to the machine, to a passphrase, both, or (for demonstrations) to nothing.

    Raises:
        Unavailable: This machine has no such key.
    """
    if host_key is not None:
        return seal_to_host(root, passphrase, Host(), host_key)
    return seal_to_file(root) if passphrase is None else seal_to_passphrase(root, passphrase)


def _refuse_unfinished(folders: Folders) -> None:
    if folders.restoring.exists() and not folders.sealed_root.exists():
        raise Refused(f"a restore into {folders.data} is not done: `enamel restore` goes on with it")


def open_box(
    settings: Settings, passphrase: str | None, clock: Clock, on_progress: Callable[[], None] = lambda: None
) -> dict[str, bytes]:
    """Open the root, make good what an earlier start did not finish, and give each key holder's keyring.

    Args:
        settings: Which box.
        passphrase: What opens its root, None where nothing is asked.
        clock: The time.
        on_progress: Hears, while a catalogue is migrated, that this goes on.

    Raises:
        NotFound: There is no box here.
        WrongPassphrase: It does not open the root, or one is needed.
        Tampered: The sealed root or the catalogue is not what was stored (`CatalogueMissing`: there is none).
    """
    folders = Folders.of(settings)
    settle(folders, RealFiles())
    root = unseal_root(folders, passphrase)
    if folders.restoring.exists():  # the sealed root was its last step: only leftovers are there
        with suppress(Unavailable):  # a box's locker may not write there
            Progressing(folders).end()
    complete_box(settings, root, clock, on_progress)
    return {name: keyring_of(name, root, folders).encode() for name in KEY_HOLDERS}


def unseal_root(folders: Folders, passphrase: str | None) -> SecretKey:
    """Open the root secret; the caller forgets it soon.

    Raises:
        NotFound: There is no box here.
        WrongPassphrase: It does not open the root, or one is needed.
        Tampered: The file is not what was written.
    """
    return open_root(sealed_root(folders), passphrase)


def sealed_root(folders: Folders) -> bytes:
    """Give the sealed root's file.

    Raises:
        NotFound: There is no box here, or its sealed root is lost.
        Refused: A restore into this folder was cut off.
        Unavailable: It cannot be read.
    """
    try:
        return folders.sealed_root.read_bytes()
    except FileNotFoundError:
        _refuse_unfinished(folders)
        if _has_catalogue(folders):
            text = f"{folders.sealed_root} is missing: bring it back, or `enamel keys recover` with the recovery kit"
            raise NotFound(text) from None
        raise NotFound(f"there is no box in {folders.data}: `enamel keys init` makes one") from None
    except OSError as error:
        raise Unavailable("the sealed root secret cannot be read") from error


def _has_catalogue(folders: Folders) -> bool:
    """Say whether a catalogue was written; one that was laid out empty, or whose making was cut off, is none."""
    try:
        return folders.catalogue.stat().st_size > 0
    except FileNotFoundError:
        return False


def complete_box(
    settings: Settings, root: SecretKey, clock: Clock, on_progress: Callable[[], None] = lambda: None
) -> Rooms:
    """Bring catalogue, rotating keys and the receiver's public key up to what a running box has.

    Raises:
        CatalogueMissing: The box was made, and its catalogue is missing or empty.
        Tampered: The catalogue is not what was stored (`WrongKey`: or another root's).
        CatalogueOutdated: The catalogue is newer than this release.
    """
    rooms = _rooms_of(settings, root, clock)
    begun = _find_begun(rooms.folders)
    box_id = _opened(rooms, on_progress) if begun is None else _made(rooms, begun)
    publish_inbox_key(
        IntakeParts(
            rooms.folders.data, box_id, rooms.database, rooms.rotating_keys, rooms.audit, RealFiles(), rooms.clock
        )
    )
    ensure_certificates(rooms)
    with suppress(OSError, Unavailable, NotFound):  # a box's locker may not write it: the receiver's key says the same
        box = read_box_file(rooms.folders)
        if not box.is_finished:
            replace_durably(RealFiles(), rooms.folders.box, replace(box, is_finished=True).encode())
    return rooms


def sealed_again(root: SecretKey, like: bytes, passphrase: str | None) -> bytes:
    """Seal a root as another one is sealed, and prove that it opens.

    Args:
        root: The root.
        like: A sealed root; its method counts, and what of the machine seals it.
        passphrase: What will open it; None where that one asks for none.

    Raises:
        Unavailable: This machine cannot seal or open it.
    """
    sealed = seal_root(root, passphrase, host_key_of(like))
    if open_root(sealed, passphrase) != root:
        raise Unavailable("the sealed root does not open again; nothing was changed")
    return sealed


def _rooms_of(settings: Settings, root: SecretKey, clock: Clock) -> Rooms:
    return open_rooms(settings, keyring_of("staff", root, Folders.of(settings)), clock)


def _find_begun(folders: Folders) -> BoxFile | None:
    """Give the box whose making was cut off before there was a catalogue, or None where there was one.

    The receiver gets its key only after the catalogue was committed. A `box.json` that cannot be read says nothing.
    """
    with suppress(NotFound, Unavailable):
        box = read_box_file(folders)
        return None if box.is_finished or folders.inbox_key.exists() else box
    return None


def _opened(rooms: Rooms, on_progress: Callable[[], None]) -> BoxId:
    rooms.database.migrate(on_progress)
    with rooms.database.read() as tx:
        found = find_box(tx)
    if found is None:
        raise CatalogueMissing("the catalogue is of no box: put this box's own back, then unlock it")
    return found.box_id


def _made(rooms: Rooms, box: BoxFile) -> BoxId:
    file = rooms.folders.catalogue
    with storage_faults():
        file.touch(mode=_SECRET_MODE)
        file.chmod(file.parent.stat().st_mode & 0o660)  # on a box intake and staff share it by its folder's group
    rooms.database.create_or_migrate()
    with rooms.database.write() as tx:
        if find_box(tx) is None:
            name_box(tx, BoxRow(box.box_id, box.clinic_name, box.created_at))
            rooms.rotating_keys.rotate_wrapping_key(tx)
            rooms.rotating_keys.rotate_inbox_key(tx)
            rooms.audit.record(tx, Event(EventCode.BOX_CREATED, OPERATOR))
    return box.box_id
