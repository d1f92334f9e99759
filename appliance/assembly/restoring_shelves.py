"""Tells which files have come into a folder that another process fills, shelf by shelf.

A look costs what came, not what is awaited: a shelf is listed only when its
folder changed since the look before. What comes in the very moment of a look
may be told late, or not at all: whoever looks goes through the rest at the end.
Source: POSIX.1-2017, 4.9 File Times Update: a new entry marks its folder's time.
"""

import os
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from appliance.identifiers import FileId


class ArrivingShelves:
    """The files that are awaited below a folder, each in the shelf that its id names.

    Args:
        folder: Holds the shelves, as soon as the first file has come.
        lengths: Of each awaited file, in bytes, when all of it is there.
    """

    def __init__(self, folder: Path, lengths: Mapping[FileId, int]) -> None:
        self._folder = folder
        self._lengths = lengths
        self._awaited = defaultdict[str, dict[str, FileId]](dict)
        for file_id in sorted(lengths):
            self._awaited[str(file_id)[:2]][str(file_id)] = file_id
        self._changed_at: dict[str, int] = {}
        self._begun: set[FileId] = set()

    def is_waiting(self) -> bool:
        """Say whether a file is still awaited."""
        return bool(self._awaited)

    def come(self) -> Iterator[FileId]:
        """Give the awaited files that have their length; each at every look until it is taken."""
        for shelf in self._changed_shelves():
            with suppress(OSError):  # removed meanwhile: looked at again when it is there
                with os.scandir(self._folder / shelf) as entries:
                    here = self._awaited[shelf].keys() & {entry.name for entry in entries}
                self._begun |= {self._awaited[shelf][name] for name in here}
        for file_id in sorted(self._begun):
            if self._is_long(file_id):
                yield file_id

    def take(self, file_id: FileId) -> None:
        """Await a file no longer."""
        name = str(file_id)
        self._begun.discard(file_id)
        del self._awaited[name[:2]][name]
        if not self._awaited[name[:2]]:
            del self._awaited[name[:2]]

    def _changed_shelves(self) -> list[str]:
        changed = []
        for shelf in self._awaited:
            with suppress(OSError):  # nothing of it has come
                at = (self._folder / shelf).stat().st_mtime_ns
                if self._changed_at.get(shelf) != at:
                    self._changed_at[shelf] = at
                    changed.append(shelf)
        return changed

    def _is_long(self, file_id: FileId) -> bool:
        """Say whether a file has come to its length; then most of it is there."""
        name = str(file_id)
        with suppress(OSError):
            return (self._folder / name[:2] / name).stat().st_size >= self._lengths[file_id]
        return False
