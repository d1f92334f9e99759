"""Lets a command that root gives go on as the user whose work it does, so that what it makes is that user's.

On a box each process has a user of its own, and an operator is root: a guard, a cache or a repository that root made
could not be written by the process `jobs` ever after. Leaves out: the embedded box, where one user does everything.

Source: initgroups(3), setresuid(2).
"""

import os
import pwd
from contextlib import suppress
from pathlib import Path

from appliance.store.files import storage_faults

_UMASK = 0o007  # systemd/enamel-.service.d


def go_on_as_owner(folder: Path) -> None:
    """Go on as the user that a folder belongs to, with that user's groups, for good; another user than root stays.

    Raises:
        Unavailable: There is no such folder.
    """
    with storage_faults():
        owner = folder.stat()
    if os.geteuid() != 0 or owner.st_uid == 0:
        return
    os.setgroups([owner.st_gid])
    with suppress(KeyError):  # a number that has no name has no other group
        os.initgroups(pwd.getpwuid(owner.st_uid).pw_name, owner.st_gid)
    os.setresgid(owner.st_gid, owner.st_gid, owner.st_gid)
    os.setresuid(owner.st_uid, owner.st_uid, owner.st_uid)
    os.umask(_UMASK)
