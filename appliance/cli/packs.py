"""`enamel packs`: the series that are prepared for quick opening."""

from appliance.archive import queries_packs
from appliance.cli.answers import Answer, listed
from appliance.cli.line import Command, Invocation
from appliance.clock import instant


def _list(call: Invocation) -> Answer:
    with call.rooms() as rooms, rooms.database.read() as tx:
        found, waiting = queries_packs.all_packs(tx), queries_packs.waiting_count(tx)
    rows = [
        {
            "series_key": one.series_key,
            "study_key": one.study_key,
            "bytes": one.plaintext_bytes,
            "made_at": instant(one.made_at).isoformat(),
            "last_used_at": instant(one.last_used_at).isoformat(),
        }
        for one in found
    ]
    total = sum(one.plaintext_bytes for one in found)
    table = listed(rows, ("series_key", "study_key", "bytes", "last_used_at"), "No series is prepared.").text
    data = {"packs": rows, "bytes": total, "waiting": waiting}
    return Answer(data, f"{table}\n{len(found)} packs, {total} bytes; {waiting} series wait to be looked at.")


def _drop(call: Invocation) -> Answer:
    with call.rooms() as rooms, rooms.database.write() as tx:
        dropped = queries_packs.drop_all(tx)
    return Answer({"dropped": dropped}, f"{dropped} packs were dropped. Each is made again when its series is opened.")


COMMANDS = (Command("packs list", _list), Command("packs drop", _drop))
