"""Replays power losses: what a disk may hold after the plug is pulled at any moment.

A run under `recorder.c` or `tracer.c` gives every change to a folder in order. From
it this module builds folders as a journalling file system may leave them:

* What a file held at its last fsync is there. Each later write to it is there,
  missing, or torn at a multiple of 512 bytes; each later truncation is there
  or missing.
* A name made, moved or removed is there once its folder was fsynced. Of the
  later changes a prefix is there, cut at one place for the whole disk or at
  another place for each folder, whichever the seed chooses.
* A move between folders is whole or not there at all.

It is harsher than ext4, XFS or btrfs: fsyncing a file does not keep its name.
"""

import random
import shutil
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

SECTOR_BYTES = 512
ACKNOWLEDGED = "k"
_FOLDER_CHANGES = "cmru"


@dataclass(frozen=True, slots=True)
class Operation:
    """One recorded change, as recorder.c writes it down."""

    kind: str
    inode: int
    offset: int
    path: str
    second_path: str
    data: bytes


def read_log(log: bytes) -> Iterator[Operation]:
    """Yield the operations of a recorder's log in order."""
    at = 0
    while at < len(log):
        (length,) = struct.unpack_from("<I", log, at)
        record = log[at + 4 : at + 4 + length]
        at += 4 + length
        inode, _, offset = struct.unpack_from("<QQq", record, 1)
        (first_bytes,) = struct.unpack_from("<I", record, 25)
        (second_bytes,) = struct.unpack_from("<I", record, 29 + first_bytes)
        second = 33 + first_bytes
        yield Operation(
            chr(record[0]),
            inode,
            offset,
            record[29 : 29 + first_bytes].decode(),
            record[second : second + second_bytes].decode(),
            record[second + second_bytes :],
        )


def acknowledgement(what: str) -> bytes:
    """Encode a record that says `what` was acknowledged to the sender, for appending to the log."""
    path = what.encode()
    rest = struct.pack("<BQQqI", ord(ACKNOWLEDGED), 0, 0, 0, len(path)) + path + struct.pack("<I", 0)
    return struct.pack("<I", len(rest)) + rest


@dataclass(slots=True)
class _Node:
    """A file or folder that existed at some time."""

    is_folder: bool
    content: bytes = b""
    changes: list[tuple[int, Operation]] = field(default_factory=list)
    synced: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _NameChange:
    index: int
    removes: tuple[int, str] | None
    adds: tuple[int, str, int] | None
    folders: tuple[int, ...]


class Recording:
    """A recorded run over a folder whose state before the run is known."""

    def __init__(self, root: Path, baseline: Path, operations: Iterable[Operation]) -> None:
        self.operations = list(operations)
        self._nodes: list[_Node] = [_Node(is_folder=True)]
        self._start: dict[int, dict[str, int]] = {0: {}}
        self._load(0, baseline)
        self._name_changes: list[_NameChange] = []
        self._names = {folder: dict(names) for folder, names in self._start.items()}
        self._root = str(root)
        for index, operation in enumerate(self.operations):
            self._follow(index, operation)

    def acknowledged_before(self, position: int) -> set[str]:
        """Give what the sender had been told is safe before `position`."""
        return {o.path for o in self.operations[:position] if o.kind == ACKNOWLEDGED}

    def materialise(self, position: int, seed: int | None, target: Path) -> None:
        """Write one state that the disk may be in after losing power before operation `position`.

        Args:
            position: Of the first operation that did not come.
            seed: Draws what of the unsynced is there; None for every name and of no file what was not synced.
            target: Where to.
        """
        chance = _NamesAlone() if seed is None else random.Random(seed)  # noqa: S311  replays must be repeatable
        names = {folder: dict(entries) for folder, entries in self._start.items()}
        cut_of = self._cuts(position, chance)
        for change in self._name_changes:
            if change.index < position and (self._kept(change, position) or change.index < cut_of(change)):
                _apply(names, change)
        self._write_out(0, names, target, position, chance)

    def _load(self, folder: int, path: Path) -> None:
        for entry in sorted(path.iterdir()):
            if entry.is_socket() or entry.is_fifo():
                continue
            key = len(self._nodes)
            self._nodes.append(_Node(entry.is_dir(), b"" if entry.is_dir() else entry.read_bytes()))
            self._start[folder][entry.name] = key
            if entry.is_dir():
                self._start[key] = {}
                self._load(key, entry)

    def _follow(self, index: int, operation: Operation) -> None:
        if operation.kind in _FOLDER_CHANGES:
            change = self._name_change(index, operation)
            self._name_changes.append(change)
            _apply(self._names, change)
        elif operation.kind in "wt":
            node = self._find(operation.path)
            if node is not None:
                self._nodes[node].changes.append((index, operation))
        elif operation.kind == "s":
            node = self._find(operation.path)
            if node is not None:
                self._nodes[node].synced.append(index)
        elif operation.kind == "y":  # syncfs(2)
            for one in self._nodes:
                one.synced.append(index)

    def _name_change(self, index: int, operation: Operation) -> _NameChange:
        folder, name = self._place(operation.path)
        if operation.kind == "u":
            return _NameChange(index, (folder, name), None, (folder,))
        if operation.kind == "r":
            target, new_name = self._place(operation.second_path)
            moved = self._names[folder][name]
            return _NameChange(index, (folder, name), (target, new_name, moved), (folder, target))
        key = len(self._nodes)
        self._nodes.append(_Node(is_folder=operation.kind == "m"))
        self._start[key] = {}
        self._names[key] = {}
        return _NameChange(index, None, (folder, name, key), (folder,))

    def _place(self, path: str) -> tuple[int, str]:
        parts = path.removeprefix(self._root).strip("/").split("/")
        folder = 0
        for part in parts[:-1]:
            folder = self._names[folder][part]
        return folder, parts[-1]

    def _find(self, path: str) -> int | None:
        if path == self._root:
            return 0
        folder, name = self._place(path)
        return self._names[folder].get(name)

    def _kept(self, change: _NameChange, position: int) -> bool:
        return any(change.index < at < position for folder in change.folders for at in self._nodes[folder].synced)

    def _cuts(self, position: int, chance: random.Random) -> "_Cuts":
        if chance.random() < 0.5:
            return _Cuts(chance.randint(0, position), {})
        return _Cuts(0, {folder: chance.randint(0, position) for folder in self._start})

    def _write_out(
        self, folder: int, names: dict[int, dict[str, int]], target: Path, position: int, chance: random.Random
    ) -> None:
        target.mkdir(mode=0o700, exist_ok=True)
        for name, key in sorted(names[folder].items()):
            node = self._nodes[key]
            if node.is_folder:
                self._write_out(key, names, target / name, position, chance)
            else:
                (target / name).write_bytes(_content(node, position, chance))
                (target / name).chmod(0o600)


class _NamesAlone(random.Random):
    """Draws that every change of a name is there, up to the last, and no unsynced write."""

    def random(self) -> float:
        return 1.0

    def randint(self, _a: int, b: int) -> int:
        return b


@dataclass(frozen=True, slots=True)
class _Cuts:
    everywhere: int
    by_folder: dict[int, int]

    def __call__(self, change: _NameChange) -> int:
        return min((self.by_folder.get(folder, self.everywhere) for folder in change.folders), default=0)


def _apply(names: dict[int, dict[str, int]], change: _NameChange) -> None:
    if change.removes is not None:
        folder, name = change.removes
        if change.adds is not None and names[folder].get(name) != change.adds[2]:
            return  # what would be moved never reached the disk
        names[folder].pop(name, None)
    if change.adds is not None:
        target, new_name, key = change.adds
        names[target][new_name] = key


def _content(node: _Node, position: int, chance: random.Random) -> bytes:
    last_sync = max((at for at in node.synced if at < position), default=-1)
    content = bytearray(node.content)
    for index, operation in node.changes:
        if index >= position:
            break
        if index < last_sync:
            _change(content, operation, len(operation.data))
        elif chance.random() < 0.6:
            torn = chance.random() < 0.3
            kept = chance.randrange(len(operation.data) // SECTOR_BYTES + 1) * SECTOR_BYTES
            _change(content, operation, kept if torn else len(operation.data))
    return bytes(content)


def _change(content: bytearray, operation: Operation, kept_bytes: int) -> None:
    if operation.kind == "t":
        del content[operation.offset :]
        content.extend(bytes(operation.offset - len(content)))
        return
    end = operation.offset + kept_bytes
    if kept_bytes and end > len(content):
        content.extend(bytes(end - len(content)))
    content[operation.offset : end] = operation.data[:kept_bytes]


def copy_baseline(data: Path, baseline: Path) -> None:
    """Keep what the data folder holds before a recorded run; sockets are left out."""
    shutil.copytree(data, baseline, ignore=lambda folder, names: [n for n in names if (Path(folder) / n).is_socket()])
