"""Writes each benchmark's section of results.md, and prints it."""

import os
import platform
import re
from collections.abc import Sequence
from datetime import date
from pathlib import Path

RESULTS = Path(__file__).parent / "results.md"
HEAD = "# Results\n\nWritten by `make bench`; each section tells when and on what it was measured.\n"


def write_section(title: str, lines: Sequence[str]) -> None:
    """Replace the section of this title, or add it at the end."""
    body = "\n".join([f"## {title}", "", _where(), *lines])
    print(body)
    text = RESULTS.read_text() if RESULTS.exists() else HEAD
    pattern = re.compile(rf"^## {re.escape(title)}\n.*?(?=^## |\Z)", re.MULTILINE | re.DOTALL)
    section = body + "\n\n"
    text = pattern.sub(lambda _: section, text) if pattern.search(text) else f"{text.rstrip()}\n\n{section}"
    RESULTS.write_text(text.rstrip() + "\n")


def _where() -> str:
    load = os.getloadavg()[0]
    return f"{date.today()}, {os.cpu_count()} cores, Linux {platform.release()}, load {load:.1f} after the run.\n"  # noqa: DTZ011  # a day is enough for a report
