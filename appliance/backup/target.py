"""Where copies go: the four kinds of target and what tells each from another.

Guards: a location holds no secret, so it may be shown and kept in clear; a
target's own id, random, is on the target and in its passwords, so that one
box's disk is never taken for another's. Leaves out: rows (`targets`) and how
each kind is reached (`connecting`).
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from enum import StrEnum
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from appliance.backup.faults import Fault
from appliance.errors import Unsuitable

TARGET_ID_BYTES = 16
WARN_AFTER = timedelta(days=1)
ALARM_AFTER = timedelta(days=7)
_HOST = re.compile(r"[0-9A-Za-z]([0-9A-Za-z.:-]{0,251}[0-9A-Za-z])?")
_WORD = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,62}")
_PATH = re.compile(r"[^\x00-\x1f\x7f]{1,1000}")
_HOST_KEY = re.compile(r"(ssh-ed25519|ecdsa-sha2-nistp256|ecdsa-sha2-nistp384|ssh-rsa) [A-Za-z0-9+/=]+")


class TargetKind(StrEnum):
    """How a target is reached."""

    FOLDER = "folder"
    SFTP = "sftp"
    REST = "rest"
    S3 = "s3"


_MEMBERS: Mapping[TargetKind, tuple[frozenset[str], frozenset[str]]] = {  # needed, and those that may be left out
    TargetKind.FOLDER: (frozenset({"path"}), frozenset({"same_disk"})),
    TargetKind.SFTP: (frozenset({"host", "user", "path", "host_key"}), frozenset({"port"})),
    TargetKind.REST: (frozenset({"url"}), frozenset({"keys_url", "certificate"})),
    TargetKind.S3: (frozenset({"endpoint", "bucket"}), frozenset({"prefix", "region"})),
}


@dataclass(frozen=True)
class Location:
    """Where a target is.

    Attributes:
        kind: How it is reached.
        facts: folder: `path`, `same_disk` = `yes` where it may lie on the box's own disk.
            sftp: `host`, `port`, `user`, `path`, `host_key`. s3: `endpoint`, `bucket`, `prefix`, `region`.
            rest: `url` of a folder on the server, `keys_url` where the keys repository lies under another (an
            append-only server must not hold it), `certificate` of its authority in PEM.
    """

    kind: TargetKind
    facts: Mapping[str, str]

    def encode(self) -> str:
        """Write the facts as the row keeps them."""
        return json.dumps(dict(self.facts), sort_keys=True)

    @property
    def shown(self) -> str:
        """Where it is, for a person, in a line."""
        facts = self.facts
        if self.kind is TargetKind.SFTP:
            return f"{facts['user']}@{facts['host']}:{facts['path']}"
        if self.kind is TargetKind.S3:
            return f"{facts['endpoint']}/{facts['bucket']}"
        return facts["path"] if self.kind is TargetKind.FOLDER else facts["url"]


@dataclass(frozen=True)
class Target:
    """One row of `backup_targets`.

    Attributes:
        at: When its night's run begins, in the clinic's time zone.
        seen_at: When it was last reached.
        covered_at: Everything that arrived before is on it.
        copied_through: Every file that the catalogue had then is on it.
        fault: Why the last try did not succeed.
        removed_at: It is used no more; its copies may still be there.
        night_at: Its last night's run ended, well or not.
        whole_night_at: Its last night's run that was whole began.
        pruned_at: What was over then is gone from it.
        night_missed_at: Its last night's run could not read everything of the box, and none was whole since.
    """

    target_key: int
    target_id: bytes
    name: str
    location: Location
    sealed_credentials: bytes | None = field(repr=False)
    append_only: bool
    at: time
    warn_after: timedelta
    alarm_after: timedelta
    created_at: datetime
    seen_at: datetime | None = None
    covered_at: datetime | None = None
    copied_through: datetime | None = None
    fault: Fault | None = None
    removed_at: datetime | None = None
    destroyed_at: datetime | None = None
    night_at: datetime | None = None
    whole_night_at: datetime | None = None
    pruned_at: datetime | None = None
    night_missed_at: datetime | None = None


def location_of(kind: str, facts: Mapping[str, str]) -> Location:
    """Make a location of what a person or a row tells.

    Raises:
        Unsuitable: There is no such kind, or a fact is missing, unknown or cannot be one.
    """
    if kind not in set(TargetKind):
        raise Unsuitable(f"a backup target is one of: {', '.join(TargetKind)}")
    known = TargetKind(kind)
    needed, optional = _MEMBERS[known]
    given = {name: value for name, value in facts.items() if value}
    if not needed <= given.keys():
        raise Unsuitable(f"a {kind} target needs: {', '.join(sorted(needed - given.keys()))}")
    if not given.keys() <= needed | optional:
        raise Unsuitable(f"a {kind} target has no: {', '.join(sorted(given.keys() - needed - optional))}")
    for name, value in given.items():
        _check(name, value)
    return Location(known, given)


def read_location(kind: str, encoded: str) -> Location:
    """Read what `Location.encode` wrote.

    Raises:
        Unsuitable: It is anything else.
    """
    return location_of(kind, json.loads(encoded))


def _check(name: str, value: str) -> None:
    rules: Mapping[str, Callable[[str], bool]] = {
        "path": _is_path,
        "host": lambda text: _HOST.fullmatch(text) is not None,
        "user": lambda text: _WORD.fullmatch(text) is not None,
        "bucket": lambda text: _WORD.fullmatch(text) is not None,
        "region": lambda text: _WORD.fullmatch(text) is not None,
        "prefix": lambda text: all(_WORD.fullmatch(part) for part in text.split("/")),
        "host_key": lambda text: _HOST_KEY.fullmatch(text) is not None,
        "port": lambda text: text.isdecimal() and 0 < int(text) < 65536,
        "same_disk": lambda text: text == "yes",
        "certificate": lambda text: text.startswith("-----BEGIN CERTIFICATE-----"),
    }
    if not rules.get(name, _is_url)(value):
        raise Unsuitable(_HINTS.get(name, f"this cannot be the {name} of a backup target"))


def _is_path(text: str) -> bool:
    return _PATH.fullmatch(text) is not None and text.startswith("/") and ".." not in PurePosixPath(text).parts


def _is_url(text: str) -> bool:
    """Say whether it is a web address without a user name or password in it."""
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return False
    is_plain = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.username is None
    return is_plain and not parts.query and not parts.fragment and _PATH.fullmatch(text) is not None


_HINTS = {
    "path": "the path of a backup target begins with / and has no ..",
    "host_key": "a host key is a line as ssh-keyscan gives it, without the host's name: ssh-ed25519 AAAA...",
    "url": "the address of a backup target is http:// or https://, without user name and password in it",
    "keys_url": "the address of the keys is http:// or https://, without user name and password in it",
    "endpoint": "the address of an S3 service is http:// or https://, without user name and password in it",
    "certificate": "a certificate is in PEM",
}
