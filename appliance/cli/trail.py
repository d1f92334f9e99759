"""`enamel audit`: who did what, and whether the record of it holds.

Events have row keys and no free text, so nothing of a patient is shown.
Reading and verifying are themselves recorded.
"""

from argparse import ArgumentParser
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from appliance.assembly.backup_parts import backup_parts
from appliance.assembly.rooms import Rooms
from appliance.audit.chain import Head
from appliance.audit.events import OPERATOR, Event, EventCode, Outcome
from appliance.audit.numbers import meaning
from appliance.audit.queries import head, latest
from appliance.backup.anchors import anchors_on
from appliance.backup.queries import used_targets
from appliance.cli.answers import FOUND_WRONG, Answer, listed
from appliance.cli.line import Command, Invocation
from appliance.clock import instant
from appliance.errors import Refused, Unavailable
from appliance.trail.anchors import anchor_text, parse_whole_anchor
from appliance.trail.queries import all_anchors, days

_COLUMNS = (
    "sequence",
    "at",
    "event",
    "outcome",
    "actor_kind",
    "actor_key",
    "address",
    "study_key",
    "number",
    "meaning",
)


def _list_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--limit", type=int, default=100, help="how many events, the newest first")
    parser.add_argument("--before", type=int, default=None, help="only events before this sequence")


def _list(call: Invocation) -> Answer:
    with call.rooms() as rooms, rooms.database.write() as tx:
        found = latest(tx, max(1, call.given.limit), call.given.before)
        rooms.audit.record(tx, Event(EventCode.AUDIT_READ, OPERATOR, number=len(found)))
    rows = [asdict(entry) | {"at": instant(entry.at).isoformat(), "meaning": meaning(entry)} for entry in found]
    return listed(rows, _COLUMNS, "Nothing was recorded.")


def _verify_arguments(parser: ArgumentParser) -> None:
    told = "an anchor from paper, as `audit anchors` writes it; may be given more than once"
    parser.add_argument("--anchor", action="append", default=[], metavar="NUMBER:CODE", help=told)
    parser.add_argument("--targets", action="store_true", help="read the anchors on every place for copies as well")


def _verify(call: Invocation) -> Answer:
    typed = [parse_whole_anchor(text) for text in call.given.anchor]
    with call.rooms_of_jobs() if call.given.targets else call.rooms() as rooms:
        places, found = _on_targets(rooms, wanted=call.given.targets)
        with rooms.database.read() as tx:
            verdict = rooms.audit.verify(tx, [*all_anchors(tx), *found, *typed])
        outcome = Outcome.SUCCESS if verdict.fault is None else Outcome.FAILURE
        with rooms.database.write() as tx:
            event = Event(EventCode.AUDIT_VERIFIED, OPERATOR, outcome, number=verdict.sequence)
            rooms.audit.record(tx, event)
    head = {"sequence": verdict.head.sequence, "chain": verdict.head.chain.hex()}
    data: dict[str, object] = {
        "holds": verdict.fault is None, "fault": verdict.fault, "sequence": verdict.sequence, "head": head
    }  # fmt: skip
    if call.given.targets:
        data["targets"] = places
    lines = [line for one in places for line in _place_lines(one)]
    if verdict.fault is None:
        told = f"The record holds, from event 1 to {verdict.sequence}."
        return Answer(data, "\n".join([*lines, told]), FOUND_WRONG if any(one["why"] for one in places) else 0)
    return Answer(data, "\n".join([*lines, f"WRONG: event {verdict.sequence} is {verdict.fault}."]), FOUND_WRONG)


def _on_targets(rooms: Rooms, *, wanted: bool) -> tuple[list[dict[str, object]], list[Head]]:
    """Read what lies on each place for copies, if it is wanted; say of one that is not there why it was not read."""
    places: list[dict[str, object]] = []
    found: list[Head] = []
    if not wanted:
        return places, found
    parts = backup_parts(rooms)
    with rooms.database.read() as tx:
        used = used_targets(tx)
    for target in used:
        row: dict[str, object] = {"target_key": target.target_key, "name": target.name, "anchors": 0, "why": ""}
        try:
            there = anchors_on(parts, target)
        except (Unavailable, Refused) as failed:
            row["why"] = str(failed)
        else:
            row["anchors"] = len(there.binding)
            row["freed"] = [{"event": event, "anchors": count} for event, count in there.freed.items()]
            found += there.binding
        places.append(row)
    return places, found


def _place_lines(place: Mapping[str, Any]) -> Iterator[str]:
    """Say what was read at a place, and what of it an event of this record frees it of."""
    yield f"{place['name']}: {place['why'] or str(place['anchors']) + ' anchors were read there'}"
    for one in place.get("freed", ()):
        yield (
            f"{place['name']}: {one['anchors']} more prove nothing, for event {one['event']} says that the box was "
            "restored or rebuilt from an earlier copy. If nobody did that, the record was written anew from there on."
        )


def _anchors(call: Invocation) -> Answer:
    with call.rooms() as rooms:
        with rooms.database.read() as tx:
            end, found = head(tx), days(tx, max(1, call.given.limit))
        with rooms.database.write() as tx:
            rooms.audit.record(tx, Event(EventCode.AUDIT_READ, OPERATOR))
    now = [{"at": call.clock.now().isoformat(timespec="seconds"), "sequence": end.sequence, "code": anchor_text(end)}]
    earlier = [
        {"at": instant(one.made_at).isoformat(), "sequence": one.last_sequence, "code": anchor_text(one.head)}
        for one in found
    ]
    return listed(now + earlier, ("at", "sequence", "code"), "")


def _anchors_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--limit", type=int, default=31, help="how many days' anchors, the newest first")


COMMANDS = (
    Command("audit list", _list, _list_arguments),
    Command("audit verify", _verify, _verify_arguments),
    Command("audit anchors", _anchors, _anchors_arguments),
)
