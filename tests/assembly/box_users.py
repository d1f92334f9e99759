"""The users of a box, as numbers, and its rooms as systemd-tmpfiles makes them: for tests that root runs.

Leaves out: what systemd shows a unit as read-only, which only `tests/box` has.
"""

import os
import tempfile
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

UNITS = Path(__file__).parents[2] / "systemd"
_DATA = "/var/lib/enamel"
_FIRST = 64_200  # far from any that a machine gives
_UMASK = 0o007  # systemd/enamel-.service.d


def _lines(name: str) -> Iterator[list[str]]:
    for line in (UNITS / name).read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            yield line.split()


NUMBERS = {"root": 0} | {
    name: _FIRST + place
    for place, name in enumerate(sorted({line[1] for line in _lines("enamel.sysusers.conf") if line[0] in "gu"}))
}


def lay_out(data: Path) -> None:
    """Make the rooms of a data folder that are missing, with their owners, groups and modes; root may enter alone."""
    for kind, path, mode, owner, group, *_ in _lines("enamel.tmpfiles.conf"):
        if kind == "d" and (path == _DATA or path.startswith(f"{_DATA}/")):
            room = data / Path(path).relative_to(_DATA)
            room.mkdir(exist_ok=True)
            os.chown(room, NUMBERS[owner], NUMBERS[group])
            room.chmod(int(mode, 8))


def give(folder: Path, user: str) -> None:
    """Give all below a folder to a user, as what is that user's own."""
    for path in (folder, *folder.rglob("*")):
        os.chown(path, NUMBERS[user], NUMBERS[user], follow_symlinks=False)


@contextmanager
def open_folder() -> Iterator[Path]:
    """Give an empty folder that every user may enter."""
    with tempfile.TemporaryDirectory(prefix="enamel-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def as_user(user: str, work: Callable[[], object]) -> str:
    """Do something in a process of its own with a user's rights and no other; give what came of it, or was raised."""
    groups = [NUMBERS[line[2]] for line in _lines("enamel.sysusers.conf") if line[0] == "m" and line[1] == user]
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups(groups)
            os.setresgid(*[NUMBERS[user]] * 3)
            os.setresuid(*[NUMBERS[user]] * 3)
            os.umask(_UMASK)
            told = repr(work())
        except BaseException as fault:  # noqa: BLE001  whatever it is, it is what is told
            traceback.print_exc()
            told = f"{type(fault).__name__}: {fault}"
        os.write(writing, told.encode()[:4000])
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as answer:
        told = answer.read()
    os.waitpid(child, 0)
    return told
