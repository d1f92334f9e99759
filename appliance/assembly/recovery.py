"""The recovery kit of a box: its papers made from the root, and read back without its passphrase.

Guards: the root and its shares are in memory only, and forgotten on return.
What was typed counts as read back only when it opens this box's catalogue.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from appliance.assembly.box import read_box_file, sealed_root
from appliance.assembly.folders import Folders
from appliance.assembly.keyrings import keyring_of
from appliance.assembly.restoring_targets import line_of
from appliance.assembly.rooms import open_rooms
from appliance.assembly.typed_papers import typed_root
from appliance.audit.events import OPERATOR
from appliance.backup.queries import used_targets
from appliance.clock import Clock
from appliance.config import Settings
from appliance.errors import Refused
from appliance.keys.recovery_shares import make_kit
from appliance.keys.sealing import root_fingerprint, sealed_fingerprint
from appliance.keys.secret import SecretKey, same_bytes
from appliance.recovery.kits import SHARES, current_kits, record_made, record_read_back
from appliance.recovery.paper import Share
from appliance.recovery.queries import KitRow


@dataclass(frozen=True)
class Papers:
    """A new kit, to be shown once.

    Attributes:
        shares: The three papers.
        had_earlier: Another kit was made before, whose papers open the box as well.
    """

    shares: tuple[Share, ...]
    had_earlier: bool


def make_papers(
    settings: Settings, root: SecretKey, holders: Sequence[str], clock: Clock, language: str = "en"
) -> Papers:
    """Split the root into a new kit and enter it.

    Args:
        settings: Of the box.
        root: Its root secret.
        holders: Who keeps the shares, three or nobody.
        clock: The time.
        language: Of the papers: en, es or pt.

    Raises:
        Unsuitable: The keepers are neither none nor three.
        WrongKey: The catalogue is another root's.
    """
    box, now = read_box_file(Folders.of(settings)), clock.now()
    rooms = open_rooms(settings, keyring_of("staff", root, Folders.of(settings)), clock)
    kit = make_kit(root)
    with rooms.database.write() as tx:
        had_earlier = any(earlier.form == SHARES for earlier in current_kits(tx))
        record_made(tx, rooms.audit, kit.identifier, holders, now, OPERATOR)
        targets = [line_of(target) for target in used_targets(tx)]
    rooms.database.close()
    named = [*holders, "", "", ""]
    shares = tuple(
        Share(
            number, words, kit.identifier, named[number - 1], box.clinic_name, str(box.box_id), now, targets, language
        )
        for number, words in enumerate(kit.shares, 1)
    )  # fmt: skip
    return Papers(shares, had_earlier)


def check_typed(settings: Settings, typed: Sequence[str], clock: Clock) -> KitRow:
    """Read papers back: they have to open this box's catalogue; then that is entered.

    Raises:
        UnreadableCode: They were typed wrongly.
        Refused: They are whole, and open another box.
    """
    found = typed_root(typed)
    if not same_bytes(root_fingerprint(found.root), sealed_fingerprint(sealed_root(Folders.of(settings)))):
        raise Refused("these papers are whole, but not of this box, or of a root secret that it no longer has")
    rooms = open_rooms(settings, keyring_of("staff", found.root, Folders.of(settings)), clock)
    with rooms.database.write() as tx:
        kit = record_read_back(tx, rooms.audit, found.kit, clock.now(), OPERATOR)
    rooms.database.close()
    return kit
