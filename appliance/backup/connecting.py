"""How each kind of target is reached, and what restic is told for it.

Guards: a secret is in what goes into memory for restic and ssh, and in nothing
else. A host's key is compared, never taken on trust. Whether somebody answers
is asked first, for restic would try for a quarter of an hour.
"""

import json
import os
import socket
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

from appliance.backup.faults import BackupFailed, Fault, OtherServer
from appliance.backup.marker import MARKER, MOST_BYTES, Marker, read_marker
from appliance.backup.program import Call, in_memory, run
from appliance.backup.restic import Connection
from appliance.backup.restic_words import fault_of, is_another_host
from appliance.backup.target import Location, TargetKind
from appliance.errors import Unsuitable
from appliance.store.files import RealFiles, replace_durably, storage_faults, sync_disk

FILES, KEYS = "files", "keys"
_DRAFT = "draft"
DRAFTS = (_DRAFT, "keys/.?*.*")  # of a small file that was cut off while it was written
_ANSWER_SECONDS = 10.0
_PORTS = {"http": 80, "https": 443}
_SSH = (
    "-F", "/dev/null", "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes", "-o", "StrictHostKeyChecking=yes",
    "-o", "GlobalKnownHostsFile=/dev/null", "-o", "ConnectTimeout=10", "-o", "ServerAliveInterval=15",
    "-o", "ServerAliveCountMax=3", "-o", "IdentityFile={0}", "-o", "UserKnownHostsFile={1}",
)  # fmt: skip


def connection(location: Location, repository: str, target_id: bytes, credentials: bytes | None) -> Connection:
    """Say how restic reaches one of a target's two repositories.

    Args:
        location: Where the target is.
        repository: `files` or `keys`.
        target_id: Names the target's own folder on a server that others may use as well.
        credentials: What `pack_credentials` gave, or an SSH key; None where none are needed.
    """
    facts, own = location.facts, f"enamel-{target_id.hex()}/{repository}"
    if location.kind is TargetKind.FOLDER:
        return Connection(f"{facts['path'].rstrip('/')}/{repository}")
    if location.kind is TargetKind.SFTP:
        command = " ".join(
            ["ssh", *_SSH, "-p", facts.get("port", "22"), f"{facts['user']}@{facts['host']}", "-s", "sftp"]
        )
        return Connection(
            f"sftp:{facts['user']}@{facts['host']}:{facts['path'].rstrip('/')}/{repository}",
            ("-o", f"sftp.command={command}"), (credentials or b"", _known_hosts(location)),
        )  # fmt: skip
    given = read_credentials(credentials)
    if location.kind is TargetKind.REST:
        base = facts.get("keys_url", facts["url"]) if repository == KEYS else facts["url"]
        certificate = facts.get("certificate")
        options = ("--cacert", "{0}") if certificate else ()
        files = (certificate.encode(),) if certificate else ()
        return Connection(f"rest:{_with_user(base, given).rstrip('/')}/{own}/", options, files)
    parts = [facts["endpoint"].rstrip("/"), facts["bucket"], *([facts["prefix"]] if "prefix" in facts else []), own]
    region = ("-o", f"s3.region={facts['region']}") if "region" in facts else ()
    aws = f"[default]\naws_access_key_id={given.get('user', '')}\naws_secret_access_key={given.get('password', '')}\n"
    return Connection(f"s3:{'/'.join(parts)}", region, (), aws.encode())


def pack_credentials(user: str, password: str) -> bytes:
    """Give a user name and password, or an access key and its secret, as they are sealed.

    Raises:
        Unsuitable: One has a control character.
    """
    if not (user + password).isprintable():
        raise Unsuitable("a user name or password has no control characters")
    return json.dumps({"user": user, "password": password}).encode()


def read_credentials(credentials: bytes | None) -> Mapping[str, str]:
    """Read what `pack_credentials` gave; None is nobody."""
    return {} if credentials is None else dict(json.loads(credentials))


def reach(location: Location) -> None:
    """Ask whether a target's machine answers, or its folder is there.

    Raises:
        BackupFailed: `UNPLUGGED` or `UNREACHABLE`.
    """
    facts = location.facts
    if location.kind is TargetKind.FOLDER:
        with suppress(OSError):
            if Path(facts["path"]).is_dir():
                return
        raise BackupFailed(Fault.UNPLUGGED)
    for host, port in _addresses(location):
        try:
            socket.create_connection((host, port), _ANSWER_SECONDS).close()
        except OSError:
            raise BackupFailed(Fault.UNREACHABLE) from None


def find_marker(location: Location, credentials: bytes | None) -> Marker | None:
    """Read whose a disk or an SFTP folder is; servers of the other kinds keep none.

    Raises:
        BackupFailed: It cannot be read now.
        Unsuitable: What is there is no marker.
    """
    if location.kind is TargetKind.FOLDER:
        with storage_faults():
            try:
                with (Path(location.facts["path"]) / MARKER).open("rb") as file:
                    return read_marker(file.read(MOST_BYTES))
            except FileNotFoundError:
                return None
    if location.kind is TargetKind.SFTP:
        with in_memory(b"") as held:
            place = f"/proc/{os.getpid()}/fd/{held[0]}"
            if not _sftp(location, credentials, [f'get "{_sftp_path(location, MARKER)}" {place}']):
                return None
            return read_marker(os.pread(held[0], MOST_BYTES, 0))
    return None


def holds_something(location: Location, credentials: bytes | None) -> bool:
    """Say whether a disk or an SFTP folder without a marker has folders of the names that ours would have."""
    if location.kind is TargetKind.FOLDER:
        return any((Path(location.facts["path"]) / name).exists() for name in (FILES, KEYS))
    if location.kind is TargetKind.SFTP:
        return any(_sftp(location, credentials, [f'ls "{_sftp_path(location, name)}"']) for name in (FILES, KEYS))
    return False


def write_marker(location: Location, credentials: bytes | None, marker: Marker) -> None:
    """Write whose a disk or an SFTP folder is from now on.

    Raises:
        BackupFailed: It cannot be written now.
    """
    if location.kind is TargetKind.FOLDER:
        top = Path(location.facts["path"])
        with storage_faults():
            for draft in top.glob(f".{MARKER}.*"):  # of a run that was cut off
                draft.unlink(missing_ok=True)
            replace_durably(RealFiles(), top / MARKER, marker.encode(), 0o644)
    elif location.kind is TargetKind.SFTP:
        with in_memory(marker.encode()) as held:
            place = f"/proc/{os.getpid()}/fd/{held[0]}"
            folder = location.facts["path"]
            if not _sftp(
                location, credentials, [f'-mkdir "{folder}"', f'put {place} "{_sftp_path(location, MARKER)}"']
            ):
                raise BackupFailed(Fault.DENIED)


def make_durable(location: Location) -> None:
    """Make durable on a disk what was changed there; of other machines nobody here can.

    Raises:
        Unavailable: The disk refused.
    """
    if location.kind is TargetKind.FOLDER:
        with storage_faults():
            sync_disk(Path(location.facts["path"]))


def remove_matching(location: Location, credentials: bytes | None, repository: str, patterns: Sequence[str]) -> None:
    """Remove files from one of the two repositories' folders on a disk or over SFTP; other kinds show none.

    Args:
        location: Where the target is.
        credentials: As for `connection`.
        repository: `files` or `keys`.
        patterns: Names below its folder, with `*` for anything but `/`.

    Raises:
        BackupFailed: Nobody answers.
        Unavailable: The disk refused.
    """
    if location.kind is TargetKind.FOLDER:
        with storage_faults():
            for pattern in patterns:
                for path in (Path(location.facts["path"]) / repository).glob(pattern):
                    path.unlink(missing_ok=True)
    elif location.kind is TargetKind.SFTP:  # what stands in quotes is no pattern to it
        _sftp(location, credentials, [f'-rm "{_sftp_path(location, repository)}"/{pattern}' for pattern in patterns])


def has_matching(location: Location, credentials: bytes | None, repository: str, pattern: str) -> bool:
    """Say whether a disk or a place over SFTP has such files; arguments and faults as of `remove_matching`."""
    if location.kind is TargetKind.FOLDER:
        with storage_faults():
            return any((Path(location.facts["path"]) / repository).glob(pattern))
    if location.kind is TargetKind.SFTP:
        return _sftp(location, credentials, [f'ls "{_sftp_path(location, repository)}"/{pattern}'])
    return False


def read_the_one(location: Location, credentials: bytes | None, repository: str, pattern: str) -> bytes | None:
    """Read the one small file of a pattern in a repository's folder; arguments and faults as of `remove_matching`.

    Returns:
        None where there is none, or more than one, or files cannot be reached.
    """
    if location.kind is TargetKind.FOLDER:
        with storage_faults():
            found = list((Path(location.facts["path"]) / repository).glob(pattern))
            return found[0].read_bytes() if len(found) == 1 else None
    if location.kind is TargetKind.SFTP:
        with in_memory(b"") as held:
            place = f"/proc/{os.getpid()}/fd/{held[0]}"
            if _sftp(location, credentials, [f'get "{_sftp_path(location, repository)}"/{pattern} {place}']):
                return os.pread(held[0], MOST_BYTES, 0)
    return None


def put_file(location: Location, credentials: bytes | None, repository: str, name: str, content: bytes) -> None:
    """Write a small file into a repository's folder on a disk or over SFTP; it is whole before it has its name.

    Raises:
        BackupFailed: Nobody answers, or it is refused.
        Unavailable: The disk refused.
    """
    if location.kind is TargetKind.FOLDER:
        with storage_faults():
            replace_durably(RealFiles(), Path(location.facts["path"]) / repository / name, content, 0o400)
    elif location.kind is TargetKind.SFTP:
        folder = _sftp_path(location, repository)
        with in_memory(content) as held:
            place = f"/proc/{os.getpid()}/fd/{held[0]}"
            commands = [f'put {place} "{folder}/{_DRAFT}"', f'rename "{folder}/{_DRAFT}" "{folder}/{name}"']
            if not _sftp(location, credentials, commands):
                raise BackupFailed(Fault.DENIED)


def _sftp(location: Location, credentials: bytes | None, commands: list[str]) -> bool:
    """Run sftp commands; give whether all but those with a leading - were done.

    Raises:
        BackupFailed: Nobody answers, or the key or the host's key is not the one expected.
    """
    facts = location.facts
    batch = ("\n".join(commands) + "\n").encode()
    with in_memory(batch, credentials or b"", _known_hosts(location)) as held:
        own = [f"/proc/{os.getpid()}/fd/{number}" for number in held]
        options = [word.format(*own[1:]) for word in _SSH]
        ended = run(Call(("sftp", *options, "-P", facts.get("port", "22"), "-b", own[0],
                          f"{facts['user']}@{facts['host']}"), secrets=held))  # fmt: skip
    if ended.status == 255:
        if is_another_host(ended.said):
            raise OtherServer
        fault = fault_of(ended.said)
        raise BackupFailed(fault if fault is Fault.DENIED else Fault.UNREACHABLE)
    return ended.status == 0


def _sftp_path(location: Location, name: str) -> str:
    return f"{location.facts['path'].rstrip('/')}/{name}"


def _known_hosts(location: Location) -> bytes:
    facts = location.facts
    port = facts.get("port", "22")
    host = facts["host"] if port == "22" else f"[{facts['host']}]:{port}"
    return f"{host} {facts['host_key']}\n".encode()


def _with_user(url: str, given: Mapping[str, str]) -> str:
    parts = urlsplit(url)
    if not given.get("user"):
        return url
    user = f"{quote(given['user'], safe='')}:{quote(given.get('password', ''), safe='')}@"
    return urlunsplit(parts._replace(netloc=user + parts.netloc))


def _addresses(location: Location) -> list[tuple[str, int]]:
    facts = location.facts
    if location.kind is TargetKind.SFTP:
        return [(facts["host"], int(facts.get("port", "22")))]
    urls = [facts[name] for name in ("url", "keys_url", "endpoint") if name in facts]
    parts = [urlsplit(url) for url in urls]
    return [(one.hostname or "", one.port or _PORTS[one.scheme]) for one in parts]
