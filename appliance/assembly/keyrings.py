"""Gives a process its keyring for the catalogue as it is.

A catalogue may have got another key under the same root (`enamel catalogue rekey`). Which one it has no file tells:
the few that it can have are tried, so that a copy of the catalogue needs nothing beside its root.
"""

from pathlib import Path

from appliance.assembly.folders import Folders
from appliance.keys.hierarchy import Keyring, catalogue_keys
from appliance.keys.secret import SecretKey
from appliance.store.database import has_key


def keyring_of(process: str, root: SecretKey, folders: Folders, snapshot: Path | None = None) -> Keyring:
    """Derive what `SUBKEYS_OF` allows this process.

    Args:
        process: Which.
        root: The root secret.
        folders: Of the box.
        snapshot: A catalogue whose key counts where the box's own is lost.

    Raises:
        Unavailable: The disk refused, or the catalogue gets another key at this moment.
    """
    return Keyring.for_process(process, root, find_epoch(root, folders.catalogue, *([snapshot] if snapshot else [])))


def find_epoch(root: SecretKey, *catalogues: Path) -> int:
    """Say which of its root's keys the first of these catalogues has that opens at all, from 1; 1 where none does.

    Raises:
        Unavailable: The disk refused, or it gets another key at this moment.
    """
    keys = list(catalogue_keys(root))
    return next((epoch for file in catalogues for epoch, key in keys if has_key(file, key)), 1)
