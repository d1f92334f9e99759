"""Keys for an SFTP target: the box's own, made for it alone, and the server's, which a person compares.

Guards: a private key is written to memory only; from there it is sealed into the catalogue.
"""

import os
from pathlib import Path
from tempfile import TemporaryDirectory

from appliance.backup.faults import BackupFailed, Fault
from appliance.backup.program import Call, run
from appliance.errors import Refused, Unavailable, Unsuitable
from appliance.store.files import is_in_memory, storage_faults


def new_key(out: Path) -> str:
    """Make an Ed25519 key pair: the private half in a new file in memory, the public half as a line to give away.

    Raises:
        Unsuitable: The place is not in memory.
        Refused: Something is there already.
        Unavailable: ssh-keygen is not installed, or refused.
    """
    with storage_faults():
        if out.exists():
            raise Refused(f"{out} is there already: name a new file")
        if not is_in_memory(out.absolute().parent):
            raise Unsuitable("a private key is written to memory only: name a file below /dev/shm or /run")
        with TemporaryDirectory(dir=out.absolute().parent) as folder:
            made = Path(folder) / "key"
            ended = run(Call(("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "enamel", "-f", str(made))))
            if ended.status != 0:
                raise Unavailable("ssh-keygen made no key")
            public = made.with_suffix(".pub").read_text().strip()
            os.link(made, out)
    return public


def found_host_key(host: str, port: str) -> str:
    """Ask a server for its Ed25519 key, for a person to compare.

    Raises:
        BackupFailed: Nobody answers.
    """
    lines: list[bytes] = []
    run(Call(("ssh-keyscan", "-T", "10", "-t", "ed25519", "-p", port, "--", host)), lines.append)
    found = [line.decode().split(" ", 1)[1].strip() for line in lines if b" ssh-ed25519 " in line]
    if not found:
        raise BackupFailed(Fault.UNREACHABLE)
    return found[0]
