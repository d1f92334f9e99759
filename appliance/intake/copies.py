"""Puts the second copy of a duplicate away, or in the place of a held copy that is rotten.

Guards: a second copy is removed only after the held one was opened whole. The
change of the rows and its audit event are one transaction, before any move.
"""

from appliance.archive.second_copies import find_held, opens_whole, take_its_place
from appliance.errors import Unavailable
from appliance.intake import trail
from appliance.intake.examining import Examined
from appliance.intake.parts import IntakeParts


def put_second_copy_away(parts: IntakeParts, examined: Examined) -> bool:
    """Remove a duplicate's file, or give it the rows of the rotten file that it equals; say whether it was kept.

    One that is kept still lies in the inbox and has to be moved.

    Raises:
        Unavailable: The disk refused, or what is needed to keep it is not at hand.
    """
    arrival = examined.arrival
    with parts.database.read() as tx:
        held = find_held(tx, parts.keys, arrival)
    if held is None or opens_whole(held, parts.vault, arrival.dataset_sha256, parts.on_progress):
        parts.vault.remove_arrived(arrival.association_id, arrival.file.file_id)
        return False
    if held.version_key is not None and examined.facts is None:
        raise Unavailable("a second copy could not be parsed again")
    with parts.database.write() as tx:
        key = take_its_place(tx, parts.keys.current_wrapping_key(tx), held, arrival, examined.facts)
        trail.tell_rotten(parts.audit, tx, key)
    return True
