"""What somebody typed from papers of the recovery kit, as a root; it needs nothing of a box, so it is there at once."""

from collections.abc import Sequence
from dataclasses import dataclass

from appliance.errors import UnreadableCode
from appliance.keys.recovery import root_from_recovery_code
from appliance.keys.recovery_shares import looks_like_share, read_share, root_from_shares
from appliance.keys.secret import SecretKey


@dataclass(frozen=True)
class Typed:
    """A root that somebody typed, and the kit it came from; None for the code."""

    root: SecretKey
    kit: int | None


def needs_another(typed: str) -> bool:
    """Say whether what was typed is a share, to which another belongs; the code stands alone.

    Raises:
        UnreadableCode: It is a share that was typed wrongly.
    """
    if not looks_like_share(typed):
        return False
    read_share(typed)
    return True


def typed_root(typed: Sequence[str]) -> Typed:
    """Give the root of a code, or of two shares.

    Raises:
        UnreadableCode: It was typed wrongly; the message says where.
    """
    if not typed:
        raise UnreadableCode("nothing was typed")
    if looks_like_share(typed[0]):
        return Typed(root_from_shares(typed), read_share(typed[0]).identifier)
    return Typed(root_from_recovery_code(typed[0]), None)
