"""Where a restore comes from, as a person types it or reads it off a paper, and what each target knows of erasures.

A target is written on one line, without its password:

    folder:/mnt/usb
    sftp:user@host:/path;host_key=ssh-ed25519 AAAA...;identity=/run/key;port=22
    rest:https://host/path;keys_url=https://host/other;certificate=/etc/ca.pem;id=<target id>
    s3:https://host/bucket/prefix;region=eu-1;id=<target id>

Guards: a password is asked for and never part of the line. A disk says itself
which target it is; for servers the line says it, for their folders are named by it.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from appliance.assembly.restoring import Source
from appliance.backup.connecting import FILES, KEYS, find_marker, pack_credentials, reach
from appliance.backup.engine import Snapshot
from appliance.backup.faults import BackupFailed, NotOurs
from appliance.backup.marker import Marker
from appliance.backup.restic import Places
from appliance.backup.target import TARGET_ID_BYTES, Location, Target, TargetKind, location_of
from appliance.backup.targets import repository_at
from appliance.backup.tombstones import gather_tombstones
from appliance.errors import NotFound, Refused, Unavailable, Unsuitable
from appliance.identifiers import FileId
from appliance.keys.hierarchy import Subkey, derive
from appliance.keys.secret import SecretKey
from appliance.store.files import storage_faults

_FORMS = "folder:/path, sftp:user@host:/path;host_key=..., rest:https://host/path or s3:https://host/bucket"


@dataclass(frozen=True)
class Where:
    """One target as it was typed.

    Attributes:
        text: As it was typed.
        location: Where it is.
        target_id: Which it is; None where it says so itself.
        identity: A file with the SSH key for it.
    """

    text: str
    location: Location
    target_id: bytes | None = None
    identity: Path | None = None

    @property
    def place(self) -> str:
        """Give what tells it from others, on a line of its own: what was typed before the first semicolon."""
        return self.text.partition(";")[0]

    @property
    def asks_password(self) -> bool:
        """Whether a user name and a password, or an access key and its secret, belong to it."""
        return self.location.kind in {TargetKind.REST, TargetKind.S3}


@dataclass(frozen=True)
class Login:
    """A user name and password; both empty for none."""

    user: str
    password: str = field(repr=False)


def parse_where(text: str) -> Where:
    """Read a target's line.

    Raises:
        Unsuitable: It is none; the message says what such a line looks like.
    """
    place, *rest = text.split(";")
    kind, colon, where = place.partition(":")
    if not colon or not all("=" in one for one in rest):
        raise Unsuitable(f"a backup target is written {_FORMS}")
    given = {name.strip(): value.strip() for name, _, value in (one.partition("=") for one in rest)}
    identity, identifier = given.pop("identity", None), given.pop("id", None)
    if "certificate" in given:
        given["certificate"] = _read_text(Path(given["certificate"]))
    location = location_of(kind, given | _facts(kind, where))
    return Where(text, location, _target_id(identifier), None if identity is None else Path(identity))


def line_of(target: Target) -> str:
    """Write a target as `parse_where` reads it, for a paper; its own certificate and SSH key are left out."""
    facts = dict(target.location.facts)
    facts.pop("certificate", None)
    facts.pop("same_disk", None)
    if target.location.kind is TargetKind.FOLDER:
        return f"folder:{facts['path']}"
    if target.location.kind is TargetKind.SFTP:
        place = f"sftp:{facts.pop('user')}@{facts.pop('host')}:{facts.pop('path')}"
    elif target.location.kind is TargetKind.REST:
        place = f"rest:{facts.pop('url')}"
    else:
        prefix = f"/{facts.pop('prefix')}" if "prefix" in facts else ""
        place = f"s3:{facts.pop('endpoint').rstrip('/')}/{facts.pop('bucket')}{prefix}"
    facts["id"] = target.target_id.hex()
    return ";".join([place, *(f"{name}={value}" for name, value in sorted(facts.items()))])


def open_source(where: Where, login: Login | None, root: SecretKey) -> Source:
    """Say how a target's two repositories are reached with the root that was typed; they are not opened yet.

    Raises:
        NotFound: There is no backup of a box there.
        Refused: Which target it is has to be told.
        BackupFailed: It cannot be reached.
    """
    location, credentials = where.location, _credentials(where, login)
    marker = _marker_at(where, credentials)
    if marker is None and where.target_id is None:
        raise Refused("the target's id is needed: it stands on each paper of the kit; add ;id=... to the line")
    target_id = marker.target_id if marker is not None else where.target_id or b""
    if where.target_id not in (None, target_id):
        raise Refused("another backup target lies there than the id says")
    backup_key = derive(root, Subkey.BACKUP)
    files, keys = (
        repository_at(location, name, target_id, credentials, backup_key, Places()) for name in (FILES, KEYS)
    )
    return Source(target_id, files, keys)


def look_at(where: Where) -> Marker | None:
    """Look, before anybody types a paper, whether a backup lies there, and whose; None where a login is asked for.

    Raises:
        NotFound: There is no backup of a box there.
        Unavailable: It cannot be reached.
        Unsuitable: Its key file is not there, or its marker is none.
    """
    if where.asks_password:
        return None
    try:
        return _marker_at(where, _credentials(where, None))
    except BackupFailed as fault:
        raise Unavailable(f"{where.place}: {fault}") from fault


def snapshots_at(where: Where, source: Source, marker: Marker | None) -> Sequence[Snapshot]:
    """Give a target's snapshots of the catalogue.

    Raises:
        NotOurs: It does not open with the papers that were typed; the message says which box's it is.
        BackupFailed: It cannot be read now.
    """
    try:
        return source.keys.snapshots()
    except NotOurs as fault:
        whose = "" if marker is None else f"; it is of the box {marker.box_id}, whose number stands on its papers"
        raise NotOurs(f"{where.place} does not open with these papers{whose}: nothing was changed") from fault


def gather_erased(sources: Sequence[Source], root: SecretKey) -> frozenset[FileId]:
    """Read from all targets what was erased.

    Raises:
        Tampered: A list is not what the box wrote.
        BackupFailed: A target does not answer.
    """
    return frozenset(gather_tombstones((source.files for source in sources), derive(root, Subkey.AUDIT)))


def ask_logins(places: Iterable[Where], ask: Callable[[Where], Login]) -> list[Login | None]:
    """Ask for the login of each target that has one, in order."""
    return [ask(where) if where.asks_password else None for where in places]


def _marker_at(where: Where, credentials: bytes | None) -> Marker | None:
    reach(where.location)
    marker = find_marker(where.location, credentials)
    if marker is None and where.location.kind in {TargetKind.FOLDER, TargetKind.SFTP} and where.target_id is None:
        raise NotFound(
            f"{where.place}: there is no backup of a box there; the folder to name is the one with enamel-target.json"
        )
    return marker


def _facts(kind: str, where: str) -> dict[str, str]:
    if kind == TargetKind.SFTP:
        login, _, path = where.partition(":")
        user, _, host = login.rpartition("@")
        return {"user": user, "host": host, "path": path}
    if kind == TargetKind.S3:
        parts = urlsplit(where)
        bucket, _, prefix = parts.path.strip("/").partition("/")
        return {"endpoint": f"{parts.scheme}://{parts.netloc}", "bucket": bucket, "prefix": prefix}
    return {"url": where} if kind == TargetKind.REST else {"path": where.rstrip("/") or "/"}


def _target_id(text: str | None) -> bytes | None:
    if text is None:
        return None
    try:
        found = bytes.fromhex(text)
    except ValueError:
        found = b""
    if len(found) != TARGET_ID_BYTES:
        raise Unsuitable(f"a target's id is {2 * TARGET_ID_BYTES} hexadecimal digits, as the kit's papers show it")
    return found


def _credentials(where: Where, login: Login | None) -> bytes | None:
    if where.identity is not None:
        return _read_text(where.identity).encode()
    return None if login is None or not login.user else pack_credentials(login.user, login.password)


def _read_text(file: Path) -> str:
    with storage_faults():
        try:
            return file.read_text(encoding="ascii")
        except (FileNotFoundError, UnicodeDecodeError):
            raise Unsuitable("a file that the target's line names is not there, or not what it should be") from None
