"""How much memory one piece of work may take: by the machine, and by what systemd lets this process's unit have.

Leaves out: what other units take meanwhile; a quarter of the machine is left to one piece of work for that.

Source: cgroups(7), /proc/PID/cgroup; Linux, Control Group v2 (memory.max, memory.current, memory.stat).
"""

import os
from contextlib import suppress
from pathlib import Path

_MACHINES_SHARE, _UNITS_SHARE = 4, 2  # in the unit only this process and what it started take memory
_UNIFIED = "0::/"


def memory_for_one(cgroups: Path = Path("/sys/fs/cgroup"), told_by: Path = Path("/proc/self/cgroup")) -> int:
    """Say how many bytes one piece of work may take now.

    Args:
        cgroups: Where control groups are mounted.
        told_by: Says which is this process's.
    """
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // _MACHINES_SHARE
    return min([machine, *(max(0, spare) // _UNITS_SHARE for spare in _spare(cgroups, told_by))])


def _spare(cgroups: Path, told_by: Path) -> list[int]:
    """Give what is left of each limit that holds for this process: its own group's, and those above it."""
    names = []
    with suppress(OSError):
        names = [line.removeprefix(_UNIFIED) for line in told_by.read_text().splitlines() if line.startswith(_UNIFIED)]
    found = []
    for name in names:
        own = cgroups / name
        for group in (own, *own.parents[: len(own.relative_to(cgroups).parts)]):
            with suppress(OSError, ValueError):  # no limit is the word "max", and the topmost group has no such file
                found.append(int((group / "memory.max").read_text()) - _used(group))
    return found


def _used(group: Path) -> int:
    """Say what is taken and cannot simply be dropped, as pages of files on a disk can."""
    stat = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
    return int((group / "memory.current").read_text()) - int(stat["file"]) + int(stat["shmem"])
