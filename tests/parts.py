"""The tests of one part of the product alone, timed: Safekeeping, or who may do what and who did.

`python -m tests.parts keeping [--most-seconds 240]` (or `accounts`) runs them on as many processes as CI does among
all others, but written to memory (`TMPDIR=/tmp` before it: to a disk, as in CI), and ends with the seconds; it fails
when they take longer than is promised. What only a booted machine shows belongs to `make test-box`. A file may belong
to both parts.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

TESTS = Path(__file__).parent
PROMISED_SECONDS = 240.0


@dataclass(frozen=True, slots=True)
class Part:
    """One part: what it is called, folders and files below tests/, and the words by which its files are known."""

    title: str
    places: tuple[str, ...]
    about: tuple[str, ...]

    def left_out(self) -> list[str]:
        """Give the tests that are about this part by their name, and stand in none of its places."""
        named = {TESTS / place for place in self.places}
        about = [path for path in TESTS.rglob("test_*.py") if any(word in path.name for word in self.about)]
        outside = [path for path in about if not {path, *path.parents} & named]
        return sorted(path.relative_to(TESTS).as_posix() for path in outside if path.parent.name != "box")


KEEPING = Part(
    "Safekeeping",
    (
        # The longest first: what begins last is waited for.
        "stories/test_operations_docs.py", "stories/test_restored.py", "assembly/test_decommissioning.py",
        "assembly/test_erasures_found.py", "assembly/test_jobs.py", "assembly/test_new_root.py",
        "assembly/test_restored_box.py", "assembly/test_restoring.py", "assembly/test_restoring_again.py",
        "assembly/test_restoring_damaged.py", "assembly/test_restoring_servers.py",
        "assembly/test_restoring_shelves.py", "faults/test_jobs.py", "faults/test_planted.py",
        "faults/test_restore_kills.py", "faults/test_root_change.py", "faults/test_steps.py", "faults/test_traced.py",
        "benchmarks/test_backup.py", "benchmarks/test_backup_arrivals.py", "backup", "jobs", "integrity", "retention",
        "documents", "export", "health", "notifications", "recovery", "audit/test_queries.py", "cli/test_backup.py",
        "cli/test_catalogue.py", "cli/test_decommissioning.py", "cli/test_erasure.py", "cli/test_export.py",
        "cli/test_jobs.py", "cli/test_notices.py", "cli/test_recovery.py", "cli/test_restore.py",
        "cli/test_retention.py", "cli/test_roots.py", "dicom/test_directory.py", "intake/test_rebuilding.py",
        "intake/test_releasing.py", "keys/test_recovery.py", "keys/test_recovery_shares.py", "keys/test_signing.py",
        "store/test_another_key.py", "store/test_key_states.py", "store/test_roots.py", "web/test_exports.py",
        "web/test_keeping.py", "web/test_keeping_backups.py", "web/test_keeping_erasures.py",
        "web/test_keeping_front.py", "web/test_keeping_keys.py", "web/test_keeping_proofs.py",
        "web/test_keeping_recovery.py", "web/test_keeping_retention.py", "web/test_restored.py",
    ),
    (
        "keeping", "restor", "recovery", "retention", "erasure", "decommission", "export", "root", "planted",
        "backup", "test_jobs", "steps", "traced", "rebuilding",
    ),
)  # fmt: skip
ACCOUNTS = Part(
    "Who may do what, and who did",
    (
        # The longest first: what begins last is waited for.
        "stories/test_accessible.py", "web/test_schemathesis.py", "stories/test_copied_cookie.py",
        "stories/test_deciding.py", "stories/test_emergency.py", "stories/test_leaver.py",
        "stories/test_nothing_kept.py", "stories/test_passkey_alone.py", "stories/test_passkeys.py",
        "stories/test_scriptless.py", "stories/test_signed_in_again.py", "stories/test_walk.py", "viewer/test_locks.py",
        "web/test_sweep.py", "canary", "accounts", "audit", "deidentify", "trail", "assembly/test_caddy.py",
        "assembly/test_lock_trail.py", "cli/test_access.py", "cli/test_device_certificates.py",
        "cli/test_emergencies.py", "cli/test_trail.py", "dicom/test_deidentifying.py", "dicom_scp/test_revoked.py",
        "faults/test_trail_forgeries.py", "integrity/test_anchors.py", "intake/test_spool_gap.py",
        "keys/test_passphrases.py", "web/test_asvs.py", "web/test_callers.py", "web/test_clear_site_data.py",
        "web/test_confirming.py", "web/test_cut_off.py", "web/test_description.py", "web/test_emergencies.py",
        "web/test_faults.py", "web/test_forms.py", "web/test_guesses.py", "web/test_headers.py",
        "web/test_laboratory.py", "web/test_languages.py", "web/test_leaver.py", "web/test_lent.py", "web/test_live.py",
        "web/test_locked.py", "web/test_locked_page.py", "web/test_own_account.py", "web/test_pace.py",
        "web/test_passkey_alone.py", "web/test_people.py", "web/test_permissions.py", "web/test_printed.py",
        "web/test_refused.py", "web/test_related.py", "web/test_renewed.py", "web/test_screen.py",
        "web/test_scripts.py", "web/test_signing_in.py", "web/test_switching.py", "web/test_trail.py",
        "web/test_trail_days.py", "web/test_untranslated.py", "web/test_way_back.py",
        "web/test_without_second_factor.py",
    ),
    (
        "access", "account", "anchor", "audit", "asvs", "callers", "canary", "certificates", "clear_site_data",
        "confirming", "copied_cookie", "description", "nothing_kept", "printed", "revoked", "scriptless", "deidentif",
        "emergenc", "guesses", "headers", "laborator", "leaver", "lent", "pace", "passkey", "people", "permission",
        "pseudonym", "renewed", "schemathesis", "second_factor", "signed_in", "signing_in", "spool_gap", "sweep",
        "switching", "test_locks", "test_refused", "trail", "way_back",
    ),
)  # fmt: skip
PARTS = {"keeping": KEEPING, "accounts": ACCOUNTS}


def main(arguments: Sequence[str]) -> int:
    """Run a part's tests; give 1 if one failed or all took too long."""
    parser = argparse.ArgumentParser(description="Run the tests of one part alone")
    parser.add_argument("part", choices=PARTS)
    parser.add_argument("--most-seconds", type=float, default=PROMISED_SECONDS)
    asked, more = parser.parse_known_args(arguments)
    part = PARTS[asked.part]
    return timed(part.title, command(part, more), asked.most_seconds)


def timed(title: str, run: Sequence[str], most_seconds: float) -> int:
    """Run a command and tell how long that took; give 1 if it failed or took longer than promised."""
    began = time.monotonic()
    in_memory = {**os.environ, "ENAMEL_TESTS_IN_MEMORY": "1"}
    status = subprocess.run(run, check=False, cwd=TESTS.parent, env=in_memory).returncode
    seconds = time.monotonic() - began
    sys.stdout.write(f"{title}: the tests took {seconds:.0f} s; {most_seconds:.0f} s are promised.\n")
    return 1 if status or seconds > most_seconds else 0


def command(part: Part, more: Sequence[str] = ()) -> list[str]:
    """Give the command that runs a part's tests, with further arguments for pytest."""
    cores = len(os.sched_getaffinity(0))  # as nproc counts
    spread = ["-n", str(2 * cores), "--dist", "loadfile", "--no-loadscope-reorder", "--durations=15"]
    spread += ["-o", "tmp_path_retention_policy=failed"]  # they write to memory
    return [sys.executable, "-m", "pytest", "-q", *spread, *more, *(f"tests/{place}" for place in part.places)]


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
