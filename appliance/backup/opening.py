"""Lets a repository open at once, where the files of its target can be reached.

Guards: the new key file is whole before it has its name, and the old one goes last, so whenever this is cut off the
repository opens.
Leaves out: what a key file is (`keys.repository_keys`); servers of the other kinds, whose key files stay as restic
wrote them.
"""

from appliance.backup.connecting import DRAFTS, put_file, read_the_one, remove_matching
from appliance.backup.target import Location
from appliance.keys.repository_keys import is_stretched, key_file_name, unstretched
from appliance.keys.secret import SecretKey


def open_at_once(location: Location, credentials: bytes | None, repository: str, password: SecretKey) -> None:
    """Let restic open a repository without stretching its password, of 256 random bits; twice changes nothing.

    The draft of a call that was cut off goes first. Two key files, the old one beside the new, stay: both open it.

    Args:
        location: Where the target is.
        credentials: As for `connection`.
        repository: `files` or `keys`; nobody else uses it yet.
        password: Its own.

    Raises:
        BackupFailed: Nobody answers, or it cannot be written.
        Unavailable: The disk refused.
        Tampered: Its key file is not what restic writes.
    """
    remove_matching(location, credentials, repository, DRAFTS)
    old = read_the_one(location, credentials, repository, "keys/*")
    if old is not None and is_stretched(old):
        new = unstretched(old, password.reveal().hex().encode())
        put_file(location, credentials, repository, f"keys/{key_file_name(new)}", new)
        remove_matching(location, credentials, repository, [f"keys/{key_file_name(old)}"])
