"""`enamel emergencies`: which access in an emergency waits for its review. Reviewing is done on the pages, signed."""

from argparse import ArgumentParser

from appliance.accounts.emergencies import is_late
from appliance.accounts.emergency_codes import envelope
from appliance.accounts.emergency_endings import settle
from appliance.accounts.queries_emergencies import Emergency, emergencies, unreviewed
from appliance.cli.answers import Answer, listed
from appliance.cli.line import Command, Invocation

_MOST = 1000
_NO_CODE = "No emergency code lies in a sealed envelope: an administrator draws one under Record, Emergencies."


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--all", action="store_true", help=f"also those that were reviewed, the newest {_MOST}")


def _list(call: Invocation) -> Answer:
    now = call.clock.now()
    with call.rooms() as rooms, rooms.database.write() as tx:
        settle(tx, rooms.audit, now)
        found = emergencies(tx, _MOST) if call.given.all else unreviewed(tx)
        is_sealed = envelope(tx).is_sealed
    rows = [{**_shown(one), "late": is_late(one, now)} for one in found]
    columns = ("emergency_key", "name", "by_envelope", "reason", "began_at", "ended_at", "reviews", "late")
    answer = listed(rows, columns, "No emergency waits for a review.")
    return answer if is_sealed else Answer(answer.data, f"{answer.text}\n{_NO_CODE}")


def _shown(one: Emergency) -> dict[str, object]:
    return {
        "emergency_key": one.emergency_key,
        "account_key": one.account_key,
        "name": one.name,
        "by_envelope": one.drawn_by is not None,
        "reason": one.reason,
        "began_at": one.began_at.isoformat(),
        "ended_at": one.ended_at and one.ended_at.isoformat(),
        "reviews": one.reviews,
    }


COMMANDS = (Command("emergencies", _list, _arguments),)
