"""The moment in which another root secret, or another catalogue key, takes the place of the one before.

Guards: `keys/root.next` decides, and appears by one rename. Before it, everything
new lies beside the old, under `catalogue/next`, and is thrown away if it was cut
off; from it on every step is a rename that needs no key and may be repeated, and
whoever opens the box next does what is left. So the sealed root and the catalogue
change together, whenever the power goes. A catalogue that changes its key alone is
one rename, and needs no such file. Leaves out: making what takes over, and
proving it first (`assembly/new_root.py`).
"""

from contextlib import suppress
from pathlib import Path

from appliance.assembly.folders import Folders
from appliance.store.files import FileLayer, storage_faults
from appliance.store.holding import held_alone

_SIDE_FILES = ("-wal", "-shm", "-journal")


def settle(folders: Folders, files: FileLayer) -> bool:
    """Do what is left of a change that was cut off; say whether anything was.

    Raises:
        Unavailable: A change goes on at this moment, somebody has the catalogue open, or the disk refused.
    """
    try:
        if not (folders.next_root.exists() or folders.next_catalogue.parent.exists()):
            return False
    except PermissionError:  # whoever may not look in there may not settle anything either
        return False
    with held_alone(folders.catalogue.parent):
        finish(folders, files)
    return True


def finish(folders: Folders, files: FileLayer) -> None:
    """The same, for whoever holds the catalogue alone already.

    Raises:
        Unavailable: The disk refused; what is left is done next time.
    """
    with storage_faults():
        if folders.next_root.exists():
            put_catalogue_in_place(folders, files)
            files.rename(folders.next_root, folders.sealed_root)
            files.fsync_folder(folders.sealed_root.parent)
        throw_away_draft(folders, files)


def put_catalogue_in_place(folders: Folders, files: FileLayer) -> None:
    """Let the new catalogue take the old one's name, if that was not done yet.

    The old one is whole in its one file; what SQLite might have left beside it belongs to no other.

    Raises:
        OSError: The disk refused.
    """
    if not folders.next_catalogue.exists():
        return
    for name in _SIDE_FILES:
        with suppress(FileNotFoundError):
            files.unlink(_beside(folders.catalogue, name))
    files.rename(folders.next_catalogue, folders.catalogue)
    files.fsync_folder(folders.catalogue.parent)


def throw_away_draft(folders: Folders, files: FileLayer) -> None:
    """Remove what a change left under `catalogue/next`.

    Raises:
        OSError: The disk refused.
    """
    folder = folders.next_catalogue.parent
    if folder.exists():
        for name in files.listdir(folder):
            files.unlink(folder / name)
        files.remove_folder(folder)
        files.fsync_folder(folder.parent)


def _beside(file: Path, ending: str) -> Path:
    return file.with_name(file.name + ending)
