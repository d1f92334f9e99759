"""The one key that the receiver is given: the public half of the current inbox key pair."""

import json
from dataclasses import dataclass
from pathlib import Path

from appliance.errors import Unavailable, Unsuitable
from appliance.identifiers import BoxId

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
        fields = {"box_id": str(self.box_id), "number": self.number, "public_key": self.public_key.hex()}
        return json.dumps(fields).encode() + b"\n"


def read_public_key(path: Path) -> InboxPublicKey:
    """Read the key file; it is small, so it is read for each association that stores.

    Raises:
        Unavailable: There is none yet, or it cannot be read.
    """
    try:
        with path.open("rb") as file:
            fields = json.loads(file.read(_LARGEST_BYTES))
        key = bytes.fromhex(fields["public_key"])
        return InboxPublicKey(BoxId.parse(fields["box_id"]), int(fields["number"]), key)
    except (OSError, ValueError, TypeError, KeyError, RecursionError, Unsuitable) as fault:
        raise Unavailable("the inbox's public key is not there, or cannot be read") from fault
