"""Runs every benchmark, one after the other: `make bench`. Each is also a module of its own."""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
ORDER = ("ingest", "read", "index", "pages", "packing", "viewer")


def main() -> int:
    """Run those that are here, and give the first that failed its exit status."""
    for name in ORDER:
        if not (HERE / f"{name}.py").exists():
            continue
        print(f"== {name}", flush=True)
        status = subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], check=False).returncode
        if status:
            return status
    return 0


if __name__ == "__main__":
    sys.exit(main())
