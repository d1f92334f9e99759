"""What restic keeps on this machine of a repository, so as not to read it there again: ciphertext that is never synced.

Guards: after a power cut a file of it may hold anything, and restic takes what it finds there for what the repository
has. So what looks like damage of a repository counts only once nothing of it is cached.

Source: restic 0.14, doc/cache.rst; internal/cache/file.go (no fsync).
"""

from pathlib import Path

from appliance.store.files import storage_faults

_OWN = {"version", "CACHEDIR.TAG"}


def drop_cached(cache: Path, repository_id: str) -> None:
    """Remove what is cached of one repository; the folders stay, for others may be writing there.

    Raises:
        Unavailable: The disk refused.
    """
    with storage_faults():
        for path in (cache / repository_id).rglob("*"):
            if path.name not in _OWN and path.is_file():
                path.unlink(missing_ok=True)
