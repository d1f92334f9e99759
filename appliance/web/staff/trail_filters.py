"""What of the record is asked for: from the address, into the words of the audit room, and as the form of the page.

An address carries codes, days and row keys alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import date, datetime, time, timedelta, tzinfo
from urllib.parse import urlencode

from appliance.accounts.queries_names import Names
from appliance.audit.events import ActorKind, Outcome
from appliance.audit.families import Family, codes_of
from appliance.audit.queries_search import Wanted
from appliance.clock import microseconds
from appliance.errors import NotFound
from appliance.web.http.access import LARGEST_KEY
from appliance.web.languages import gettext as _
from appliance.web.staff.filters import Choice, Option
from appliance.web.staff.trail_words import actor_words, family_words

_KINDS = {"account": ActorKind.ACCOUNT, "token": ActorKind.TOKEN, "peer": ActorKind.PEER}
_ALONE = {"process": ActorKind.PROCESS, "operator": ActorKind.OPERATOR, "nobody": ActorKind.NOBODY}
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Asked:
    """What an address asks for; '' is everything.

    Attributes:
        since: The first day, as 2026-11-21.
        until: The last day.
        who: A kind of actor and its row key: `account-3`; some kinds stand alone.
        what: A family of events.
        outcome: How it ended.
        patient: A patient's row key.
    """

    since: str = ""
    until: str = ""
    who: str = ""
    what: str = ""
    outcome: str = ""
    patient: str = ""

    def address(self, path: str, **more: str) -> str:
        """Give the address that asks for this."""
        own = {each.name: str(getattr(self, each.name)) for each in fields(self)}
        query = urlencode({name: value for name, value in {**own, **more}.items() if value})
        return f"{path}?{query}" if query else path

    @property
    def of_everybody(self) -> "Asked":
        """Ask the same of all patients."""
        return replace(self, patient="")


def asked_of(query: Mapping[str, str]) -> Asked:
    """Read what an address asks for.

    Raises:
        NotFound: It asks for something that there is not.
    """
    asked = Asked(**{each.name: query.get(each.name, "").strip() for each in fields(Asked)})
    known = asked.what in ("", *Family) and asked.outcome in ("", *Outcome)
    if not known or not (asked.patient == "" or _is_key(asked.patient)):
        raise NotFound("no such part of the record")
    return asked


def wanted_of(asked: Asked, zone: tzinfo) -> Wanted:
    """Put what is asked for into the audit room's words; days are the clinic's.

    Raises:
        NotFound: A day or a person that cannot be.
    """
    kind, key = _actor(asked.who)
    until = _start(asked.until, zone, _DAY)
    return Wanted(
        since=_start(asked.since, zone),
        until=until,
        actor_kind=kind,
        actor_key=key,
        events=tuple(codes_of(Family(asked.what))) if asked.what else None,
        outcome=asked.outcome or None,
        patient_key=int(asked.patient) if asked.patient else None,
    )


def _start(day: str, zone: tzinfo, later_by: timedelta = timedelta()) -> int | None:
    """Give the first instant of a day of the clinic, or of the one so much later."""
    if not day:
        return None
    try:
        return microseconds(datetime.combine(date.fromisoformat(day) + later_by, time(), zone))
    except (ValueError, OverflowError) as fault:
        raise NotFound("no such day") from fault


def _actor(who: str) -> tuple[str | None, int | None]:
    if not who:
        return None, None
    if who in _ALONE:
        return _ALONE[who], None
    kind, _dash, key = who.partition("-")
    if kind not in _KINDS or not _is_key(key):
        raise NotFound("nobody of that kind")
    return _KINDS[kind], int(key)


def _is_key(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 20 and int(text) <= LARGEST_KEY


def choices(names: Names, asked: Asked) -> list[Choice]:
    """Give the fields of the form that have a list to choose from."""
    kinds = [Option(family.value, family_words(family)) for family in Family]
    ends = [Option(Outcome.SUCCESS, _("Done")), Option(Outcome.FAILURE, _("Not done"))]
    return [
        Choice("who", _("Who"), asked.who, (Option("", _("Everybody")), *_people(names))),
        Choice("what", _("What"), asked.what, (Option("", _("Everything")), *kinds)),
        Choice("outcome", _("How it ended"), asked.outcome, (Option("", _("Done or not")), *ends)),
    ]


def _people(names: Names) -> list[Option]:
    known = {ActorKind.ACCOUNT: names.accounts, ActorKind.TOKEN: names.tokens, ActorKind.PEER: names.peers}
    people = [Option(f"{kind.value}-{key}", name) for kind, found in known.items() for key, name in found.items()]
    alone = [Option(kind.value, actor_words(names, kind, None)) for kind in _ALONE.values()]
    return [*people, *alone]
