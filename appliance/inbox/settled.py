"""Destroys the sealed keys of associations: those that brought what was erased, and those that a backup made needless.

Guards: a file's data key derives from its association's key, so an erased file opens as long as that key is kept
anywhere. A record is removed only where every file of the association has its row: settled, or put aside; while the
association lies in the inbox its other files still need it. Done twice it changes nothing.
Leaves out: copies of the record in backups, which end with their snapshots; and files in such a folder, which stay.
"""

import os
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path

from appliance.identifiers import AssociationId
from appliance.inbox.association import ASSOCIATION_NAME, END_NAME
from appliance.store.files import FileLayer, storage_faults


def destroy_association_keys(
    data_folder: Path, files: FileLayer, associations: Collection[AssociationId]
) -> frozenset[AssociationId]:
    """Remove the records of associations, durably, with every replay of them.

    Returns:
        Those that still lie in the inbox and keep their key until they are settled.

    Raises:
        Unavailable: The disk refused; do it again later.
    """
    if not associations:
        return frozenset()
    inbox, settled = data_folder / "inbox", data_folder / "settled"
    with storage_faults():
        waiting = _in_inbox(inbox, associations)
        names = {str(one) for one in associations if one not in waiting}
        for folder in (settled, settled / "aside"):
            for name in sorted(_named(folder, names)):
                remove_record(files, folder / name)
            if folder.exists():
                files.fsync_folder(folder)
        return waiting | _in_inbox(inbox, associations)  # one that was put aside may have come back meanwhile


def _in_inbox(inbox: Path, associations: Collection[AssociationId]) -> frozenset[AssociationId]:
    return frozenset(one for one in associations if (inbox / str(one)).exists())


def _named(folder: Path, names: Collection[str]) -> Iterator[str]:
    """Give the folders of these associations, and those beside them that a replay or a name taken twice made."""
    with suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.partition(".")[0] in names:
                yield entry.name


def remove_record(files: FileLayer, folder: Path) -> None:
    """Remove one association's records and its folder; durable once the folder above is synced.

    Raises:
        OSError: The disk refused, or there is no such folder.
    """
    for name in files.listdir(folder):
        if name.removeprefix(".").partition(".")[0] in {ASSOCIATION_NAME, END_NAME}:
            files.unlink(folder / name)
    files.fsync_folder(folder)
    with suppress(OSError):  # something else lies there: it stays, and no key opens it
        files.remove_folder(folder)
