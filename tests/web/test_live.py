"""The live line on a real server: what it says, and that it ends in time."""

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import uvicorn

from appliance.accounts import emergencies
from appliance.accounts.roles import Role
from appliance.accounts.sessions import Stage, find_session, lock_screen, start_session
from appliance.archive.queries import refresh_study
from appliance.audit.events import OPERATOR
from appliance.deidentify import leaving
from appliance.web.http.cookies import SESSION_COOKIE
from appliance.web.staff.live import Seen, Watcher
from tests.patience import PATIENCE
from tests.web.a_clinic import AClinic
from tests.web.an_emergency import lent
from tests.web.invented import PEOPLE, put

WITHIN_SECONDS = 1.0


class Line:
    """One open live line, read by a thread of its own."""

    def __init__(self, clinic: AClinic, url: str, token: str) -> None:
        self.clinic, self.url, self.token = clinic, url, token
        self.text = ""
        self.opened = threading.Event()
        self.ended = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()
        assert self.opened.wait(40), "the line opens"

    def _read(self) -> None:
        headers = {"cookie": f"{SESSION_COOKIE}={self.token}"}
        with (
            contextlib.suppress(httpx.RemoteProtocolError),  # the server stops at the end of a test
            httpx.stream("GET", f"{self.url}/events", headers=headers, timeout=120) as answer,
        ):
            for part in answer.iter_text():
                self.text += part
                self.opened.set()
            self.ended.set()

    def wait_for(self, text: str) -> bool:
        """Wait a little for `text` to come."""
        end = time.monotonic() + 3 * PATIENCE
        while time.monotonic() < end and text not in self.text:
            time.sleep(0.02)
        return text in self.text


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[AClinic, str]]:
    clinic = AClinic(tmp_path)
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(clinic.app, log_level="error", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield clinic, f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join(10)


def open_line(served: tuple[AClinic, str]) -> tuple[Line, int]:
    clinic, url = served
    account = clinic.person()
    with clinic.database.write() as tx:
        token = start_session(tx, account.account_key, Stage.FULL, "192.0.2.10", clinic.clock.now())
    return Line(clinic, url, token), account.account_key


def test_it_says_that_something_changed_and_nothing_of_what(served: tuple[AClinic, str]) -> None:
    line, _ = open_line(served)
    with line.clinic.database.write() as tx:
        put(tx, PEOPLE[0], line.clinic.clock.now(), 1)
    assert line.wait_for("event: changed")
    assert {part for part in line.text.split() if part.isalnum()} <= {"ready", "changed", "0"}


def test_it_ends_within_a_second_of_locking(served: tuple[AClinic, str]) -> None:
    line, _ = open_line(served)
    session = find_session(line.clinic.accounts, line.token)
    assert session
    lock_screen(line.clinic.accounts, session, "192.0.2.10")
    assert line.ended.wait(WITHIN_SECONDS)
    assert "event: over" in line.text


def test_it_ends_within_a_second_of_the_screen_locking_by_itself(served: tuple[AClinic, str]) -> None:
    line, _ = open_line(served)
    line.clinic.clock.pass_time(minutes=5)
    assert line.ended.wait(WITHIN_SECONDS)


def test_it_ends_within_a_second_of_closing_the_account(served: tuple[AClinic, str]) -> None:
    line, account_key = open_line(served)
    leaving.close_account(line.clinic.accounts, account_key, OPERATOR)
    assert line.ended.wait(WITHIN_SECONDS)


@pytest.mark.parametrize("how", ["by itself", "by its person", "in another session"])
def test_it_ends_within_a_second_of_an_emergency_and_not_of_another_sessions(
    served: tuple[AClinic, str], how: str
) -> None:
    clinic, url = served
    person = clinic.person(Role.RECEPTION)
    line, other = Line(clinic, url, lent(clinic, person, minutes=2)), lent(clinic, person)
    ending = find_session(clinic.accounts, other if how == "in another session" else line.token)
    assert ending
    if how == "by itself":
        clinic.clock.pass_time(minutes=2)
    else:
        emergencies.end(clinic.accounts, ending, "192.0.2.10")
    ended = line.ended.wait(WITHIN_SECONDS)
    assert (ended, "event: ended" in line.text) == (how != "in another session",) * 2


def test_listening_is_not_activity(served: tuple[AClinic, str]) -> None:
    line, _ = open_line(served)
    line.clinic.clock.pass_time(minutes=4, seconds=59)
    time.sleep(0.7)
    assert not line.ended.is_set()
    line.clinic.clock.pass_time(seconds=1)
    assert line.ended.wait(WITHIN_SECONDS)


def test_however_many_pages_are_open_the_catalogue_is_looked_at_once_for_all() -> None:
    looks: list[frozenset[bytes]] = []

    def look(names: frozenset[bytes]) -> Seen:
        looks.append(names)
        return Seen((len(looks),), names)

    async def thirty_pages(watcher: Watcher) -> list[Seen]:
        with contextlib.ExitStack() as lines:
            for number in range(30):
                lines.enter_context(watcher.line(bytes([number])))
            seen = await asyncio.gather(*(watcher.see(bytes([number])) for number in range(30)))
        with watcher.line(b"a later page"):
            seen.append(await watcher.see(b"a later page"))
        return seen

    *together, later = asyncio.run(thirty_pages(Watcher(look)))
    assert {seen.mark for seen in together} == {(1,)}
    assert all(len(seen.still_in) == 30 for seen in together)
    assert looks[1:] == [later.still_in] == [{b"a later page"}]


def test_it_says_so_when_a_series_was_checked(served: tuple[AClinic, str]) -> None:
    line, _ = open_line(served)
    with line.clinic.database.write() as tx:
        put(tx, PEOPLE[0], line.clinic.clock.now(), 1)
    assert line.wait_for("event: changed")
    told = line.text.count("event: changed")
    with line.clinic.database.write() as tx:
        now = tx.rows("SELECT completeness FROM series")[0][0]
        tx.change("UPDATE series SET completeness = :other", other="no gaps" if now == "unchecked" else "unchecked")
        refresh_study(tx, 1, 0)
    end = time.monotonic() + 3 * PATIENCE
    while line.text.count("event: changed") == told and time.monotonic() < end:
        time.sleep(0.02)
    assert line.text.count("event: changed") == told + 1
