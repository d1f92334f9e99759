"""`enamel audit`: who did what, and whether the record of it holds.

Events have row keys and no free text, so nothing of a patient is shown.
Reading and verifying are themselves recorded.
"""

from argparse import ArgumentParser
from dataclasses import asdict

from appliance.audit.events import OPERATOR, Event, EventCode, Outcome
from appliance.audit.queries import latest, verify
from appliance.cli.answers import FOUND_WRONG, Answer, listed
from appliance.cli.line import Command, Invocation
from appliance.clock import instant
from appliance.keys.hierarchy import Subkey

_COLUMNS = ("sequence", "at", "event", "outcome", "actor_kind", "actor_key", "address", "study_key", "number")


def _list_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--limit", type=int, default=100, help="how many events, the newest first")
    parser.add_argument("--before", type=int, default=None, help="only events before this sequence")


def _list(call: Invocation) -> Answer:
    with call.rooms() as rooms, rooms.database.write() as tx:
        found = latest(tx, max(1, call.given.limit), call.given.before)
        rooms.audit.record(tx, Event(EventCode.AUDIT_READ, OPERATOR, number=len(found)))
    rows = [asdict(entry) | {"at": instant(entry.at).isoformat()} for entry in found]
    return listed(rows, _COLUMNS, "Nothing was recorded.")


def _verify(call: Invocation) -> Answer:
    with call.rooms() as rooms:
        with rooms.database.read() as tx:
            verdict = verify(tx, rooms.keyring.key(Subkey.AUDIT))
        outcome = Outcome.SUCCESS if verdict.fault is None else Outcome.FAILURE
        with rooms.database.write() as tx:
            event = Event(EventCode.AUDIT_VERIFIED, OPERATOR, outcome, number=verdict.sequence)
            rooms.audit.record(tx, event)
    head = {"sequence": verdict.head.sequence, "chain": verdict.head.chain.hex()}
    data = {"holds": verdict.fault is None, "fault": verdict.fault, "sequence": verdict.sequence, "head": head}
    if verdict.fault is None:
        return Answer(data, f"The record holds, from event 1 to {verdict.sequence}.")
    return Answer(data, f"WRONG: event {verdict.sequence} is {verdict.fault}.", FOUND_WRONG)


COMMANDS = (Command("audit list", _list, _list_arguments), Command("audit verify", _verify))
