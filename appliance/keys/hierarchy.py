"""What comes from the root secret, and which process may have which part.

Guards: each purpose has its own key, and a process holds only the keys that
its duty needs. The root itself is never in a keyring.
Leaves out: where the root is kept (`sealing`), and the random keys beneath
the key-wrapping key (`appliance.store.rotating_keys`).
"""

import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from types import MappingProxyType

from appliance.errors import KeysSealed, Tampered, Unsuitable
from appliance.keys.derivation import derive_key
from appliance.keys.secret import KEY_BYTES, SecretKey
from appliance.keys.wrapping import seal_secret, unseal_secret

_SUBKEY_LABEL = b"enamel subkey"
_REPOSITORY_LABEL = b"enamel backup repository"
_EARLIER_LABEL = b"enamel earlier keys"
LAST_EPOCH = 100  # a hundred catalogue keys under one root; trying them all takes under a second
_LINE = re.compile(r"([a-z-]+) ([0-9a-f]{64})")


class Subkey(StrEnum):
    """The keys that come from the root, one for each purpose."""

    CATALOGUE = "catalogue"
    KEY_WRAPPING = "key-wrapping"
    AUDIT = "audit"
    ACCOUNTS = "accounts"
    BACKUP = "backup"
    SIGNING = "signing"
    PSEUDONYM = "pseudonym"


_INTAKE = frozenset({Subkey.CATALOGUE, Subkey.KEY_WRAPPING, Subkey.AUDIT})

SUBKEYS_OF: Mapping[str, frozenset[Subkey]] = MappingProxyType(
    {
        "receiver": frozenset(),
        "intake": _INTAKE,
        "staff": _INTAKE | {Subkey.ACCOUNTS, Subkey.PSEUDONYM},
        "jobs": _INTAKE | {Subkey.BACKUP, Subkey.SIGNING},
    }
)


def derive(root: SecretKey, subkey: Subkey, epoch: int = 1) -> SecretKey:
    """Give one of the root's subkeys; `epoch` counts the catalogue keys under this root, from 1."""
    name = subkey.value if epoch == 1 else f"{subkey.value}\0{epoch}"
    return derive_key(root, _SUBKEY_LABEL, name.encode())


def catalogue_keys(root: SecretKey) -> Iterator[tuple[int, SecretKey]]:
    """Give every key that a catalogue of this root may have, with its epoch: which one it is no file tells."""
    return ((epoch, derive(root, Subkey.CATALOGUE, epoch)) for epoch in range(1, LAST_EPOCH + 1))


def seal_earlier(current: SecretKey, subkey: Subkey, number: int, earlier: SecretKey) -> bytes:
    """Seal a subkey that was in use before, for whoever holds today's."""
    return seal_secret(derive_key(current, _EARLIER_LABEL), f"{subkey} {number}".encode(), earlier.reveal())


def unseal_earlier(current: SecretKey, subkey: Subkey, number: int, sealed: bytes) -> SecretKey:
    """Give back what `seal_earlier` sealed.

    Raises:
        WrongKey: Another key, another number, or altered.
        Tampered: It is no key.
    """
    secret = unseal_secret(derive_key(current, _EARLIER_LABEL), f"{subkey} {number}".encode(), sealed)
    if len(secret) != KEY_BYTES:
        raise Tampered("an earlier key has 32 bytes")
    return SecretKey(secret)


def repository_password(backup_key: SecretKey, target_id: bytes, repository: str) -> SecretKey:
    """Give the password of one repository, as 64 hexadecimal digits of what this reveals.

    Args:
        backup_key: The root's subkey `backup`.
        target_id: The 16 random bytes that name the target, also written on it.
        repository: `files` or `keys`.
    """
    return derive_key(backup_key, _REPOSITORY_LABEL, repository.encode() + b"\x00" + target_id)


class Keyring:
    """The subkeys that one process was given."""

    def __init__(self, keys: Mapping[Subkey, SecretKey]) -> None:
        self._keys = dict(keys)

    @classmethod
    def for_process(cls, process: str, root: SecretKey, epoch: int = 1) -> "Keyring":
        """Give what `SUBKEYS_OF` allows this process, and no more; `epoch` is the catalogue's."""
        epochs = {Subkey.CATALOGUE: epoch}
        return cls({subkey: derive(root, subkey, epochs.get(subkey, 1)) for subkey in SUBKEYS_OF[process]})

    def key(self, subkey: Subkey) -> SecretKey:
        """Give one key.

        Raises:
            KeysSealed: This process was not given it.
        """
        if subkey not in self._keys:
            raise KeysSealed(f"this process has no {subkey} key: the box is locked, or it is not its duty")
        return self._keys[subkey]

    def encode(self) -> bytes:
        """Write the keyring for a pipe or a credential on ramfs: one line a key. It is a secret."""
        return "".join(f"{subkey} {key.reveal().hex()}\n" for subkey, key in sorted(self._keys.items())).encode()

    @classmethod
    def decode(cls, encoded: bytes) -> "Keyring":
        """Read what `encode` wrote.

        Raises:
            Unsuitable: It is anything else. The message holds none of it.
        """
        return cls(dict(_decode_line(line) for line in encoded.decode("ascii", "replace").splitlines()))

    def __repr__(self) -> str:
        return f"Keyring({', '.join(sorted(self._keys))})"


def _decode_line(line: str) -> tuple[Subkey, SecretKey]:
    match = _LINE.fullmatch(line)
    if match is None or match[1] not in set(Subkey):
        raise Unsuitable("a keyring has one line for each key: its name and 64 hexadecimal digits")
    return Subkey(match[1]), SecretKey(bytes.fromhex(match[2]))
