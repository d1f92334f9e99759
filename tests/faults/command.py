"""What the fault runs share as commands: their common arguments, and an outcome printed and kept as JSON."""

import argparse
import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar, Protocol


class Outcome(Protocol):
    """What a run showed: a dataclass that says whether it holds."""

    __dataclass_fields__: ClassVar[dict[str, Any]]  # those of any dataclass

    def holds(self) -> bool: ...


def arguments(description: str | None, port: int, **numbers: int) -> argparse.ArgumentParser:
    """Give a parser with these numbers and their defaults, a first port, and where the outcome is kept."""
    parser = argparse.ArgumentParser(description=description)
    for name, default in {**numbers, "port": port}.items():
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--write", type=Path, help="also write the outcome here")
    return parser


def finish(given: argparse.Namespace, run: Callable[[Path], Outcome]) -> int:
    """Run in a folder of its own, print and keep the outcome, and give the exit status."""
    with TemporaryDirectory(prefix="faults-") as folder:
        outcome = run(Path(folder))
    text = json.dumps(asdict(outcome) | {"holds": outcome.holds()}, indent=2)
    print(text)  # noqa: T201  what a command prints is its answer
    if given.write:
        given.write.parent.mkdir(parents=True, exist_ok=True)
        given.write.write_text(text + "\n")
    return 0 if outcome.holds() else 1
