"""The one key that the receiver is given: the public half of the current inbox key pair.

Guards: a file with a flipped bit is refused, so that nothing is ever sealed to, and acknowledged for, a key that
nobody has.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from appliance.errors import Unavailable, Unsuitable
from appliance.identifiers import BoxId
from appliance.keys.inbox_seal import encode_key_file, key_file_digest

_LARGEST_BYTES = 4096


@dataclass(frozen=True)
class InboxPublicKey:
    """What arrivals are sealed to.

    Attributes:
        box_id: The box they are for.
        number: Which inbox key pair.
        public_key: Its public half, 32 bytes.
    """

    box_id: BoxId
    number: int
    public_key: bytes

    def encode(self) -> bytes:
        """Give the key file's bytes."""
        return encode_key_file(self.box_id, self.number, self.public_key)


def read_public_key(path: Path) -> InboxPublicKey:
    """Read the key file; it is small, so it is read for each association that stores.

    Raises:
        Unavailable: There is none yet, or it cannot be read, or a bit of it is not what was written.
    """
    try:
        with path.open("rb") as file:
            return _decoded(file.read(_LARGEST_BYTES))
    except (OSError, ValueError, TypeError, LookupError, RecursionError, OverflowError, Unsuitable) as fault:
        raise Unavailable("the inbox's public key is not there, or cannot be read") from fault


def _decoded(stored: bytes) -> InboxPublicKey:
    fields = json.loads(stored)
    key = bytes.fromhex(fields["public_key"])
    found = InboxPublicKey(BoxId.parse(fields["box_id"]), int(fields["number"]), key)
    if key_file_digest(found.box_id, found.number, key) != fields["sha256"]:
        raise Unsuitable("the key file is damaged")
    return found
