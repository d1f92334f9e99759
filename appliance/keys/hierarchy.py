"""What comes from the root secret, and which process may have which part.

Guards: each purpose has its own key, and a process holds only the keys that
its duty needs. The root itself is never in a keyring.
Leaves out: where the root is kept (`sealing`), and the random keys beneath
the key-wrapping key (`appliance.store.rotating_keys`).
"""

import re
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from appliance.errors import KeysSealed, Unsuitable
from appliance.keys.derivation import derive_key
from appliance.keys.secret import SecretKey

_SUBKEY_LABEL = b"enamel subkey"
_LINE = re.compile(r"([a-z-]+) ([0-9a-f]{64})")


class Subkey(StrEnum):
    """The keys that come from the root, one for each purpose."""

    CATALOGUE = "catalogue"
    KEY_WRAPPING = "key-wrapping"
    AUDIT = "audit"
    ACCOUNTS = "accounts"


_INTAKE = frozenset({Subkey.CATALOGUE, Subkey.KEY_WRAPPING, Subkey.AUDIT})

SUBKEYS_OF: Mapping[str, frozenset[Subkey]] = MappingProxyType(
    {
        "receiver": frozenset(),
        "intake": _INTAKE,
        "staff": _INTAKE | {Subkey.ACCOUNTS},
    }
)


def derive(root: SecretKey, subkey: Subkey) -> SecretKey:
    """Give one of the root's subkeys."""
    return derive_key(root, _SUBKEY_LABEL, subkey.value.encode())


class Keyring:
    """The subkeys that one process was given."""

    def __init__(self, keys: Mapping[Subkey, SecretKey]) -> None:
        self._keys = dict(keys)

    @classmethod
    def for_process(cls, process: str, root: SecretKey) -> "Keyring":
        """Give what `SUBKEYS_OF` allows this process, and no more."""
        return cls({subkey: derive(root, subkey) for subkey in SUBKEYS_OF[process]})

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
