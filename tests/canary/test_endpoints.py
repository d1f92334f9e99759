"""Every operation that the app documents is asked, by everybody; the canary patient is found nowhere it may not be.

The list is the app's own, so a new route is asked with the others. Two askings: as those who may not know who somebody
is, of whom no answer may hold the canary; and as those who may, with the canary in every field that an operation
takes, of whom no header, no line of a log and no row of the record may, also where a request fails by a bug.
"""

import json
import logging
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from httpx import Response
from litestar import Response as Answer
from litestar import get
from litestar.types import ControllerRouterHandler

from appliance.accounts.account import Account
from appliance.accounts.refusals import MINUTE_SECONDS
from appliance.accounts.roles import Permission, Role, permissions_of
from appliance.audit.lines import csv_line, json_line
from appliance.audit.messages import message_of
from appliance.audit.queries_search import Wanted, reading
from appliance.dicom.audit_message import xml_of
from appliance.store.transactions import Row
from appliance.trail.forwarding import source_of
from appliance.web.http.access import Door, access
from appliance.web.http.cookies import SESSION_COOKIE
from appliance.web.staff.app import HANDLERS
from appliance.web.staff.description import document
from tests.canary.search import search_bytes, search_folder, spellings
from tests.logs.test_logs import set_up
from tests.web.a_client import client_of
from tests.web.a_clinic import form_token_of
from tests.web.a_laboratory import ACanarysClinic
from tests.web.a_sweep import Operation, Sweep, application, operations
from tests.web.test_permissions import WHO

ENDLESS = "/events"  # its GET does not end; `test_box` reads it
KNOWING = {Permission.LIST_STUDIES, Permission.READ_STUDY, Permission.VIEW_IMAGES}
UNKNOWING = [(role, right) for role, right in WHO if not KNOWING & permissions_of(role, image_right=right)]
TOLD_IN = ("audit_events", "notices", "runs", "trail_findings", "sessions")  # rows that tell what happened


class Asking:
    """Asks for every operation of one clinic's app."""

    def __init__(self, folder: Path) -> None:
        self.clinic = ACanarysClinic(folder)
        self.clinic.give()
        self.needles = spellings(self.clinic.word) | spellings(self.clinic.number)
        self.use(HANDLERS)

    def use(self, handlers: Sequence[ControllerRouterHandler]) -> None:
        """Ask an app of these routes."""
        self.sweep = Sweep(self.clinic, application(self.clinic, handlers))
        self.table = [one for one in operations(handlers) if one.path != ENDLESS]
        self._described = document(handlers)["paths"]

    def person(self, role: Role, name: str, *, right: bool = False) -> Account:
        return self.clinic.person(role, image_right=right, user_name=name)

    def answers(self, person: Account, given: str = "") -> Iterator[tuple[Operation, Response]]:
        """Ask for everything with a session and a minute of its own each time; what a field takes is what was given."""
        for operation in self.table:
            self.clinic.clock.pass_time(seconds=MINUTE_SECONDS)  # so that each refusal is an event
            yield operation, self._ask(operation, self.sweep.session(person), given)

    def _ask(self, operation: Operation, token: str, given: str) -> Response:
        client = client_of(self.sweep.app, raise_server_exceptions=False)
        client.cookies.set(SESSION_COOKIE, token, domain="enamel.test")
        fields = {name: filled(operation, name, kind, given) for name, kind in self.fields(operation) if given}
        more: dict[str, Any] = {"params": fields}
        if operation.method == "POST":
            more = {"data": {**fields, "form_token": form_token_of(token)}}
        return client.request(
            operation.method, self.sweep.url_of(operation.path), headers={"accept": "text/html, */*"},
            follow_redirects=False, **more,
        )  # fmt: skip

    def fields(self, operation: Operation) -> list[tuple[str, str]]:
        """Give what an operation takes, with its type: fields of its form, or of its address's query."""
        described = self._described[operation.path][operation.method.lower()]
        form = described.get("requestBody", {}).get("content", {}).get("application/x-www-form-urlencoded", {})
        found = form.get("schema", {}).get("properties", {})
        found |= {one["name"]: one["schema"] for one in described["parameters"] if one["in"] == "query"}
        return [(name, schema.get("type", "string")) for name, schema in found.items()]

    def shown(self, answers: Iterator[tuple[Operation, Response]]) -> list[tuple[str, str]]:
        """Give the operations whose answers hold the canary."""
        return [named(one) for one, answer in answers if self.holds(head_of(answer) + answer.content)]

    def shown_in_heads(self, answers: Iterator[tuple[Operation, Response]]) -> list[tuple[str, str]]:
        """Give the operations of which what goes beside the page holds it: status, headers, where to go."""
        return [named(one) for one, answer in answers if self.holds(head_of(answer))]

    def holds(self, data: bytes) -> bool:
        return search_bytes(data, self.needles)

    def recorded(self) -> list[str]:
        """Give what tells what happened and holds the canary: rows, and the record in each form it leaves in."""
        with self.clinic.database.read() as tx:
            found = {table: tx.rows(f"SELECT * FROM {table}") for table in TOLD_IN}  # noqa: S608  names of this file
            source = source_of(tx, self.clinic.context.clinic_name, with_study_uids=True)
            entries = list(reading(tx, Wanted()))
        assert len(found["audit_events"]) > 50, "nothing was recorded, so that it names nobody proves nothing"
        forms: dict[str, Callable[[], list[str]]] = {
            "csv": lambda: [csv_line(one, source.name_of) for one in entries],
            "json": lambda: [json_line(one, source.name_of) for one in entries],
            "dicom": lambda: [xml_of(message_of(one, source)) for one in entries],
        }
        hits = [table for table, rows in found.items() if self.holds(written(rows))]
        return hits + [form for form, lines in forms.items() if self.holds("\n".join(lines()).encode())]


def filled(operation: Operation, name: str, kind: str, given: str) -> str:
    """Give what a field is filled with: what was given, but not where it would name one of the clinic's people."""
    names_somebody = name == "display_name" or (operation.path, name) == ("/people", "user_name")
    return "1" if kind == "integer" else "someone" if names_somebody else given


def written(rows: list[Row]) -> bytes:
    """Write rows as bytes, in which whatever they hold stands."""
    return b"\n".join(
        bytes(value) if isinstance(value, bytes) else str(value).encode() for row in rows for value in row
    )


def head_of(answer: Response) -> bytes:
    return "\n".join(f"{name}: {value}" for name, value in answer.headers.multi_items()).encode()


def named(operation: Operation) -> tuple[str, str]:
    return operation.method, operation.path


@pytest.fixture(scope="module")
def asking(tmp_path_factory: pytest.TempPathFactory) -> Asking:
    return Asking(tmp_path_factory.mktemp("clinic"))


@pytest.mark.parametrize(("role", "right"), UNKNOWING)
def test_who_may_not_know_patients_is_never_answered_with_one(asking: Asking, role: Role, right: bool) -> None:
    person = asking.clinic.lab if role is Role.LAB else asking.person(role, f"unknowing.{role.value}", right=right)
    assert asking.shown(asking.answers(person)) == []


def test_who_may_is_answered_with_the_canary_or_all_this_would_prove_nothing(asking: Asking) -> None:
    shown = set(asking.shown(asking.answers(asking.person(Role.DENTIST, "knowing", right=True))))
    assert {("GET", "/studies"), ("GET", "/studies/{study_key}"), ("GET", "/patients/{patient_key}")} <= shown
    assert any(path.startswith("/dicomweb/") for _, path in shown)


def test_a_name_that_was_typed_is_in_no_header_no_log_and_no_row_of_the_record(
    asking: Asking, capfd: pytest.CaptureFixture[str]
) -> None:
    for role in (Role.DENTIST, Role.ADMINISTRATOR):
        person = asking.person(role, f"typing.{role.value}", right=True)
        with set_up():
            assert asking.shown_in_heads(asking.answers(person, asking.clinic.word)) == []
    assert not asking.holds(capfd.readouterr().err.encode())
    assert asking.recorded() == []
    assert search_folder(asking.clinic.folder, asking.needles) == [], "no file of the box shows it"


def test_a_request_that_fails_by_a_bug_tells_neither_log_nor_asker(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    asking = Asking(tmp_path)
    people = [asking.person(role, f"the.{role}", right=True) for role in (Role.DENTIST, Role.ADMINISTRATOR)]
    spoil(asking)
    with set_up():
        answers = [each for person in people for each in asking.answers(person, asking.clinic.word)]
    failed = [(one, answer) for one, answer in answers if answer.status_code == 500]
    assert len(failed) > 30, f"too few requests failed: {len(failed)}"
    assert asking.shown(iter(failed)) == []
    log = capfd.readouterr().err
    assert "a request failed unexpectedly" in log
    assert "what was refused is not recorded yet: OperationalError" in log
    assert '  File "' in log
    assert not asking.holds(log.encode())


def spoil(asking: Asking) -> None:
    """Put the canary where texts of another kind should be, and take away where events are recorded."""
    with asking.clinic.database.write() as tx:
        for table in ("patients", "studies", "series", "instances"):
            columns = [str(row[1]) for row in tx.rows(f"PRAGMA table_info({table})") if row[2] == "TEXT"]
            for column in columns:
                tx.change(f"UPDATE OR IGNORE {table} SET {column} = :word", word=asking.clinic.word)  # noqa: S608  names of the schema
        tx.change("ALTER TABLE audit_events RENAME TO not_there")


def test_a_leak_of_each_kind_would_be_found(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    asking = Asking(tmp_path)
    word, person = asking.clinic.word, asking.person(Role.ADMINISTRATOR, "leaking")

    @get("/leaking", opt=access(Door.SIGNED_IN), sync_to_thread=False)
    def leaking() -> Answer[str]:
        """Leak on purpose, on the page, beside it and into the log."""
        logging.getLogger("appliance.web").warning("somebody asked for %s", word)
        return Answer(word, headers={"X-Name": word})

    asking.use([*HANDLERS, leaking])
    with set_up():
        assert asking.shown(asking.answers(person)) == [("GET", "/leaking")]
    assert asking.shown_in_heads(asking.answers(person)) == [("GET", "/leaking")]
    assert asking.holds(capfd.readouterr().err.encode())
    assert asking.recorded() == []
    with asking.clinic.database.write() as tx:
        tx.change("UPDATE audit_events SET address = :word WHERE sequence = 3", word=word)
    assert {"audit_events", "csv", "json", "dicom"} <= set(asking.recorded())
    (asking.clinic.folder / "left.json").write_text(json.dumps({"name": word}))
    assert len(search_folder(asking.clinic.folder, asking.needles)) == 1
