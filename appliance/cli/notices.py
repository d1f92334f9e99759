"""`enamel notices`: what the box tells the clinic, and trying that it reaches somebody."""

from argparse import ArgumentParser

from appliance.audit.events import OPERATOR, Event, EventCode
from appliance.backup.telling import names_of_targets
from appliance.cli.answers import Answer, listed
from appliance.cli.line import Command, Invocation, ask_secret
from appliance.errors import NotFound
from appliance.health.telling import SERVICES, keep_service_secret
from appliance.jobs.asking import ask_run
from appliance.keys.hierarchy import Subkey
from appliance.notifications import notices, queries
from appliance.notifications.words import notice_words


def _list(call: Invocation) -> Answer:
    with call.rooms() as rooms, rooms.database.read() as tx:
        found, names = queries.open_notices(tx), names_of_targets(tx)
    rows = [
        {
            "notice_key": one.notice_key,
            "severity": one.severity.value,
            "code": one.code.value,
            "words": notice_words(one, "en", names),
            "since": one.first_at.isoformat(),
            "told_at": None if one.told_at is None else one.told_at.isoformat(),
            "acknowledged_at": None if one.acknowledged_at is None else one.acknowledged_at.isoformat(),
        }
        for one in found
    ]
    return listed(rows, ("notice_key", "severity", "since", "acknowledged_at", "words"), "There is nothing to tell.")


def _key_argument(parser: ArgumentParser) -> None:
    parser.add_argument("notice", type=int, metavar="KEY", help="its key, as `notices list` shows it")


def _acknowledge(call: Invocation) -> Answer:
    key = call.given.notice
    with call.rooms() as rooms, rooms.database.write() as tx:
        if not notices.acknowledge(tx, key, call.clock.now(), None):
            raise NotFound(f"no open notice {key} waits for somebody to know of it")
        rooms.audit.record(tx, Event(EventCode.NOTICE_ACKNOWLEDGED, OPERATOR, number=key))
    return Answer({"acknowledged": key}, "It is told no more unless it gets worse; the page shows it until it is over.")


def _service_argument(parser: ArgumentParser) -> None:
    parser.add_argument("service", choices=SERVICES, help="the mail server's password, or what signs a webhook's calls")
    parser.add_argument("--forget", action="store_true", help="keep none any more")


def _password(call: Invocation) -> Answer:
    service = call.given.service
    secret = "" if call.given.forget else ask_secret("Password: ")
    with call.rooms() as rooms, rooms.database.write() as tx:
        keep_service_secret(tx, rooms.keyring.key(Subkey.KEY_WRAPPING), service, secret, call.clock.now())
        rooms.audit.record(tx, Event(EventCode.NOTIFICATIONS_CHANGED, OPERATOR))
    told = "It is kept, sealed." if secret else "It is forgotten."
    return Answer({"service": service, "kept": bool(secret)}, told)


def _test(call: Invocation) -> Answer:
    with call.rooms() as rooms, rooms.database.write() as tx:
        key = notices.raise_test(tx, call.clock.now())
        ask_run(tx, "tell", call.clock.now())
    told = "A test is on its way. `enamel jobs runs tell` says how that went."
    return Answer({"notice_key": key}, told)


COMMANDS = (
    Command("notices list", _list),
    Command("notices acknowledge", _acknowledge, _key_argument),
    Command("notices password", _password, _service_argument),
    Command("notices test", _test),
)
