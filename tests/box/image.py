"""What a box is made of, built once and kept: a bare Debian 12, and the wheels of this repository.

Both are made from nothing by ordinary package clients in half a minute, and
kept under ~/.cache/enamel by a digest of what went in.
"""

import hashlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
LOCKS = ("requirements.lock", "requirements-build.lock")
CACHE = Path.home() / ".cache" / "enamel"
# Debian's own minimum with systemd, and what the role would fetch: the test's machine has no network.
PACKAGES = (
    "systemd", "systemd-sysv", "dbus", "ansible-core",
    "ca-certificates", "fonts-dejavu-core", "fonts-noto-core", "nftables", "openssh-client", "python3", "python3-venv",
    "restic",
    "python3-apt", "iproute2", "openssl", "procps",
)  # fmt: skip


def debian(folder: Path) -> None:
    """Lay out a bare Debian 12 in an empty folder."""
    archive = CACHE / f"bookworm-{_digest(' '.join(PACKAGES).encode())}.tar"
    if not archive.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        fresh = archive.with_suffix(f".{folder.name}.tar")
        command = ["mmdebstrap", "--quiet", "--variant=minbase", f"--include={','.join(PACKAGES)}", "bookworm"]
        subprocess.run([*command, str(fresh)], check=True, capture_output=True)
        fresh.rename(archive)
    subprocess.run(["tar", "-C", str(folder), "-xf", str(archive), "--exclude=./dev/*"], check=True)


def wheels(folder: Path) -> None:
    """Fill a folder with the wheels that this repository needs to be built and to run, held to its locks' hashes."""
    locks = [ROOT / name for name in LOCKS]
    kept = CACHE / f"wheels-{_digest(b''.join(lock.read_bytes() for lock in locks))}"
    if not kept.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(dir=CACHE))
        fresh.chmod(0o755)
        for lock in locks:
            _pip("download", "--only-binary=:all:", "--require-hashes", "--dest", str(fresh), "-r", str(lock))
        fresh.rename(kept)
    shutil.copytree(kept, folder, dirs_exist_ok=True)


def copy_committed(folder: Path, beginnings: tuple[str, ...]) -> None:
    """Copy what git knows below some places, so that nothing half-made travels and building leaves no trace."""
    listed = subprocess.run(["git", "-C", str(ROOT), "ls-files", "-z"], check=True, capture_output=True, text=True)
    for name in listed.stdout.split("\0"):
        if name.startswith(beginnings) and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)


def _pip(*arguments: str) -> None:
    command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def _digest(what: bytes) -> str:
    return hashlib.sha256(what).hexdigest()[:16]
