"""The tests of Safekeeping alone, timed: copies, proofs, retention, erasure, export, keys through life, the way back.

`python -m tests.keeping [--most-seconds 240]` runs them on two processes, as CI does among all others, and ends with
the seconds; it fails when they take longer than is promised. The way back on a bare machine belongs to `make test-box`.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
# Folders and files below tests/.
PLACES = (
    "backup", "documents", "export", "health", "integrity", "jobs", "notifications", "recovery", "retention",
    "assembly/test_decommissioning.py", "assembly/test_jobs.py", "assembly/test_new_root.py",
    "assembly/test_restoring.py",
    "assembly/test_restoring_again.py", "assembly/test_restoring_servers.py", "audit/test_queries.py",
    "benchmarks/test_backup.py", "benchmarks/test_backup_arrivals.py",
    "cli/test_catalogue.py", "cli/test_decommissioning.py", "cli/test_erasure.py", "cli/test_export.py",
    "cli/test_jobs.py", "cli/test_notices.py", "cli/test_recovery.py", "cli/test_restore.py", "cli/test_retention.py",
    "cli/test_roots.py",
    "dicom/test_directory.py",
    "faults/test_planted.py", "faults/test_restore_kills.py", "faults/test_root_change.py",
    "intake/test_releasing.py",
    "keys/test_recovery_shares.py", "keys/test_signing.py",
    "store/test_another_key.py", "store/test_key_states.py", "store/test_roots.py",
    "stories/test_operations_docs.py", "stories/test_restored.py",
    "web/test_exports.py", "web/test_keeping.py", "web/test_keeping_backups.py", "web/test_keeping_erasures.py",
    "web/test_keeping_front.py", "web/test_keeping_keys.py", "web/test_keeping_proofs.py",
    "web/test_keeping_recovery.py", "web/test_keeping_retention.py",
)  # fmt: skip
PROMISED_SECONDS = 240.0


def main(arguments: Sequence[str]) -> int:
    """Run them; give 1 if one failed or all took too long."""
    parser = argparse.ArgumentParser(description="Run the tests of Safekeeping alone")
    parser.add_argument("--most-seconds", type=float, default=PROMISED_SECONDS)
    asked, more = parser.parse_known_args(arguments)
    return timed(command(more), asked.most_seconds)


def timed(run: Sequence[str], most_seconds: float) -> int:
    """Run a command and tell how long that took; give 1 if it failed or took longer than promised."""
    began = time.monotonic()
    status = subprocess.run(run, check=False, cwd=ROOT).returncode
    seconds = time.monotonic() - began
    sys.stdout.write(f"Safekeeping's tests took {seconds:.0f} s; {most_seconds:.0f} s are promised.\n")
    return 1 if status or seconds > most_seconds else 0


def command(more: Sequence[str] = ()) -> list[str]:
    """Give the command that runs them, with further arguments for pytest."""
    spread = ["-n", "2", "--dist", "loadfile", "--no-loadscope-reorder", "--durations=15"]
    return [sys.executable, "-m", "pytest", "-q", *spread, *more, *(f"tests/{place}" for place in PLACES)]


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
