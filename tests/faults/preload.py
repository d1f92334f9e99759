"""Builds the recorder that is preloaded into processes under test."""

import subprocess
import tempfile
from functools import cache
from pathlib import Path

SOURCE = Path(__file__).with_name("recorder.c")


@cache
def recorder() -> Path:
    """Compile recorder.c once a run and give the shared object."""
    built = Path(tempfile.mkdtemp(prefix="recorder-")) / "recorder.so"
    command = ["cc", "-shared", "-fPIC", "-O2", "-o", str(built), str(SOURCE), "-ldl"]
    subprocess.run(command, check=True)
    return built
