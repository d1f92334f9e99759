"""Lays out a target as the box does, with restic repositories whose password is cheap to try.

`restic init` makes a password cost half a second, once, and a test makes dozens of repositories. Key and configuration
are written here as it and the box write them; restic itself does the rest.

Source: restic 0.14, doc/design.rst, "Keys, Encryption and MAC" and "Repository Format".
"""

import json
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from secrets import token_bytes

from appliance.backup import queries
from appliance.backup.connecting import FILES, KEYS
from appliance.backup.marker import MARKER, Marker
from appliance.backup.parts import BackupParts
from appliance.backup.target import TARGET_ID_BYTES, Target
from appliance.backup.targets import NewTarget, make_ready
from appliance.backup.targets import seal as seal_credentials
from appliance.identifiers import BoxId
from appliance.keys.hierarchy import repository_password
from appliance.keys.repository_keys import key_file_name, key_file_of, seal
from appliance.keys.secret import SecretKey

_KEY_BYTES, _ENCRYPTING_BYTES, _MAC_HALF_BYTES = 64, 32, 16
_POLYNOMIAL = "3da3358b4dc173"  # irreducible, of degree 53: how restic cuts files into chunks


def lay_out(place: Path, box_id: BoxId, backup_key: SecretKey, target_id: bytes | None = None) -> None:
    """Make a folder one that this box may add as a target, or the one that it has: a marker, two empty repositories."""
    target_id = target_id or token_bytes(TARGET_ID_BYTES)
    for name in (FILES, KEYS):
        password = repository_password(backup_key, target_id, name)
        lay_out_repository(place / name, password)
    (place / MARKER).write_bytes(Marker(target_id, box_id).encode())


def add_laid_out(parts: BackupParts, new: NewTarget, served: Mapping[str, Path]) -> Target:
    """Add a target on a REST server as `add_target` does; `served` are the folders behind its two addresses."""
    target_id = token_bytes(TARGET_ID_BYTES)
    sealed = seal_credentials(parts.key_wrapping, target_id, new.credentials)
    target = Target(0, target_id, new.name, new.location, sealed, new.append_only, new.at, new.warn_after,
                    new.alarm_after, parts.clock.now())  # fmt: skip
    for name, folder in served.items():
        password = repository_password(parts.backup_key, target_id, name)
        lay_out_repository(folder / f"enamel-{target_id.hex()}" / name, password)
    laid_out = {path: path.read_bytes() for folder in served.values() for path in folder.rglob("config")}
    make_ready(parts, target)
    assert len(laid_out) == len(served)
    assert all(path.read_bytes() == content for path, content in laid_out.items()), "the box made its own"
    with parts.database.write() as tx:
        return replace(target, target_key=queries.add_target(tx, target))


def lay_out_repository(place: Path, password: SecretKey) -> None:
    """Make an empty repository."""
    for folder in ("index", "keys", "locks", "snapshots", *(f"data/{number:02x}" for number in range(256))):
        (place / folder).mkdir(mode=0o700, parents=True)
    master = token_bytes(_KEY_BYTES)
    repository_key = json.dumps(_parts_of(master)).encode()
    key = key_file_of(repository_key, password.reveal().hex().encode(), "2026-01-01T00:00:00Z")
    (place / "keys" / key_file_name(key)).write_bytes(key)
    facts = {"version": 2, "id": token_bytes(32).hex(), "chunker_polynomial": _POLYNOMIAL}
    (place / "config").write_bytes(seal(master, json.dumps(facts).encode()))


def _parts_of(key: bytes) -> dict[str, object]:
    mac = key[_ENCRYPTING_BYTES:]
    halves = {"k": _text(mac[:_MAC_HALF_BYTES]), "r": _text(mac[_MAC_HALF_BYTES:])}
    return {"mac": halves, "encrypt": _text(key[:_ENCRYPTING_BYTES])}


def _text(value: bytes) -> str:
    return b64encode(value).decode()
