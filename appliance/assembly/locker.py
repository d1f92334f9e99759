"""The lock of the box: a unix socket that tells its state, locks it and unlocks it.

One connection is one question: a line of JSON, answered by a line of JSON.
Guards: the mode of the socket's file says who is heard; a passphrase is in no
log and no reply. Without a passphrase only root and the locker's own user may
unlock: the pages' user may pass on what somebody typed, and no more. Leaves
out: how often one may guess; Argon2id makes each guess slow and the unlock
page counts them (web/staff/guesses.py).
"""

import json
import logging
import os
import socket
import struct
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

from appliance.errors import ApplianceError, Refused, Tampered, Unavailable

log = logging.getLogger(__name__)

_LARGEST_MESSAGE_BYTES = 16 * 1024
_PATIENCE_SECONDS = 2.0
_ANSWER_SECONDS = 60.0
_FAMILIES: dict[type[ApplianceError], str] = {Refused: "refused", Tampered: "tampered", Unavailable: "unavailable"}
_CREDENTIALS = struct.Struct("3i")  # struct ucred: process, user, group


@dataclass(frozen=True)
class LockStatus:
    """What may be known of a box without its keys.

    Attributes:
        locked: No process holds a key to stored scans.
        method: How the root secret is sealed: 'file', 'passphrase' or 'systemd-credential'.
        asks_passphrase: Whether unlocking takes a passphrase; otherwise only the operator at the machine unlocks.
        waiting_count: Received scans that intake has yet to list.
        free_bytes: Free space where scans are kept.
        processes: Process ids by name.
    """

    locked: bool
    method: str
    asks_passphrase: bool
    waiting_count: int
    free_bytes: int
    processes: Mapping[str, int]


class Lock(Protocol):
    """Whoever can lock and unlock: the supervisor, or the box's units."""

    def status(self) -> LockStatus:
        """Tell the state."""
        ...

    def lock(self) -> None:
        """Stop every key holder and forget the keys."""
        ...

    def unlock(self, passphrase: str | None) -> None:
        """Start the key holders with their keys; raises Refused for a wrong passphrase."""
        ...


def unlock_alone(lock: Lock) -> None:
    """Unlock where nothing is asked; what cannot be opened stays locked, and the receiver goes on."""
    try:
        lock.unlock(None)
    except (Tampered, Unavailable) as fault:
        log.error("the box stays locked: %s", fault)  # noqa: TRY400  its words say what to do; a traceback does not


def listen(path: Path) -> socket.socket:
    """Open the locker's socket, for this user alone; one left by an earlier process is replaced."""
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    listener.bind(str(path))
    path.chmod(0o600)
    listener.listen(8)
    return listener


def answer_next(listener: socket.socket, lock: Lock) -> None:
    """Answer the connection that waits; whatever it says, the listener lives on."""
    with suppress(OSError):
        connection, _ = listener.accept()
        with connection:
            connection.settimeout(_PATIENCE_SECONDS)
            connection.sendall(json.dumps(_answer(_line(connection), lock, _user_of(connection))).encode() + b"\n")


def ask(path: Path, question: str, passphrase: str | None = None) -> dict[str, object]:
    """Ask the locker `status`, `lock` or `unlock`.

    Raises:
        Unavailable: No locker listens there.
        Refused: It refused, and says why.
        Tampered: What it would open is not what was stored.
    """
    message = {"ask": question} | ({} if passphrase is None else {"passphrase": passphrase})
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(_ANSWER_SECONDS)
            connection.connect(str(path))
            connection.sendall(json.dumps(message).encode() + b"\n")
            answer = json.loads(_line(connection))
    except (OSError, ValueError) as error:
        raise Unavailable("the box does not answer: is it running?") from error
    for family, words in _FAMILIES.items():
        if words in answer:
            raise family(str(answer[words]))
    return dict(answer)


def _answer(line: bytes, lock: Lock, user: int) -> dict[str, object]:
    try:
        message = json.loads(line)
        question, passphrase = str(message["ask"]), message.get("passphrase")
        if question == "unlock":
            _unlock(lock, passphrase, user)
        elif question == "lock":
            lock.lock()
        elif question != "status":
            return {"refused": "the locker knows status, lock and unlock"}
        return asdict(lock.status())
    except ApplianceError as fault:
        words = next((words for family, words in _FAMILIES.items() if isinstance(fault, family)), "unavailable")
        return {words: str(fault)}
    except (ValueError, TypeError, KeyError, AttributeError):
        return {"refused": "a question is one line of JSON with `ask`"}


def _unlock(lock: Lock, passphrase: object, user: int) -> None:
    if passphrase is None and user not in (0, os.getuid()):
        raise Refused("without a passphrase only root, or the box's owner, unlocks")
    lock.unlock(None if passphrase is None else str(passphrase))


def _user_of(connection: socket.socket) -> int:
    """Give the user id of whoever asks, as the kernel knows it.

    Source: unix(7), SO_PEERCRED.
    """
    told = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    return int(_CREDENTIALS.unpack(told)[1])


def _line(connection: socket.socket) -> bytes:
    gathered = b""
    while not gathered.endswith(b"\n") and len(gathered) < _LARGEST_MESSAGE_BYTES:
        part = connection.recv(4096)
        if not part:
            break
        gathered += part
    return gathered
