"""Steps of a job, told from what a run of it changed: why one of each is every step.

A job makes a thousand changes of the disk, most of them like one another: page after page of a log, file after file
of the vault, 256 folders of a repository. Two changes are the same step when the same program does the same (a new
file, a write, a sync...) with the same kind of file, its name without what is drawn or counted in it, at the same
point of the work:

* Of the box's own changes that is: after the same other kind of change. What it does by itself is in one order, so
  between two changes of one step lies nothing but more of the same: what the next run finds differs in how many pages
  or files were done, and no code of the job asks for that.
* Of its changes of the catalogue also: in the same transaction since then. A log's pages are all of a kind, but each
  commit is a state of its own, from which another next run begins.
* Of another program's changes: in a call of the same kind (`restic backup`, `forget`, `prune`...). It works on several
  files at once, in another order each time, so what came before says nothing.

So a step is a point from which the next run goes on differently, and one try of each, with each kind of fault that can
tell it from its neighbours, is a try of every such point. What is left (how many pages, which file, which of several
packs) is drawn for each step and kind. Two kinds of faults treat syncs in their own way:

* A kill does not come before one. What a sync does is seen only when the power goes: a kill before it leaves what a
  kill before the next change leaves.
* When the power goes before one, the worst is left: each name that was made is there, and nothing of what was not
  synced is in the files. Before any other change what is left of the unsynced is drawn.

What was tried counts by the change that the fault did come before, not by the one that was aimed at.
"""

import random
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.faults.traced import Change

SYNCS = "sy"
# What a name has of a shelf, of chance, of counting.
_DRAWN = re.compile(r"(?<=/)[0-9a-f]{2}(?=/|\s|$)|[0-9a-f]{8,}|\d+")
_CATALOGUE = "/data/catalogue"
_COMMIT = f"s {_CATALOGUE}/catalogue.db-wal"
_CALLED = re.compile(r"\s(init|cat|snapshots|ls|dump|restore|check|backup|forget|prune|unlock|prove)(?=\s|$)")


def steps_of(changes: Sequence[Change], root: Path) -> list[str]:
    """Give the step of each change of a run, in order.

    Args:
        changes: As `traced` gives them: in upper case where another program made them.
        root: The folder that the paths lie in.
    """
    return [*_steps([(_kind_of(one, root), _call_of(one)) for one in changes])]


def likeness(change: Change, root: Path) -> tuple[str, str]:
    """Give what changes like one have in common, as `Fault` tells them: letter and path, and the program's call."""
    path, called = change.path.removeprefix(str(root)), _CALLED.search(change.program)
    return f"{change.letter} {_DRAWN.sub('*', path)}", f" {called[1]} " if called else ""


def _kind_of(change: Change, root: Path) -> str:
    paths = (path.removeprefix(str(root)) for path in (change.path, change.second_path))
    return f"{change.letter} {_DRAWN.sub('*', ' '.join(paths).strip())}"


def _call_of(change: Change) -> str:
    called = _CALLED.search(change.program)
    return called[1] if called else "another program"


def _steps(kinds: Sequence[tuple[str, str]]) -> Iterator[str]:
    latest, before, commits = "the beginning", "the beginning", 0
    for kind, call in kinds:
        if kind[0].isupper():
            yield f"{kind}, by {call}"
        elif kind[2:].startswith(_CATALOGUE):
            yield f"{kind}, transaction {commits + 1} after {latest}"
            commits += kind == _COMMIT
        else:
            if kind != latest:
                latest, before = kind, latest
            commits = 0
            yield f"{kind}, after {before}"


def shuffled(places: Sequence[int], name: str) -> list[int]:
    """Give the places in the order in which they are tried, the same each time.

    Args:
        places: Numbers of changes, from 1.
        name: Whose order it is: others have other ones.
    """
    order = [*places]
    random.Random(name).shuffle(order)  # noqa: S311  an order, no secret
    return order
