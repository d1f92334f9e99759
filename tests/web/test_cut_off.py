"""An answer that is being sent ends when its caller's access does: nothing more is handed over, and the cut shows."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing

import httpx
import pytest

from appliance.accounts import emergencies, service
from appliance.accounts.account import Account, NewAccount
from appliance.accounts.emergencies import Borrower, begin_for
from appliance.accounts.roles import Permission, Role
from appliance.accounts.sessions import (
    Session,
    Stage,
    end_session,
    find_session,
    hash_token,
    lock_screen,
    renew,
    start_session,
)
from appliance.accounts.tokens import revoke_token
from appliance.accounts.trail import person
from appliance.audit.events import OPERATOR
from appliance.web.dicomweb.answers import ASK_SECONDS
from appliance.web.http.cookies import SESSION_COOKIE
from tests.web.a_clinic import PASSWORD
from tests.web.a_dicomweb import TESTER, ADicomweb
from tests.web.a_phantom import SYNTAX, slice_bytes
from tests.web.an_emergency import WHY

STUDY, SERIES = "1.2.6", "1.2.6.1"
SLICES, SIDE = 16, 1024  # 2 MiB each
DESCRIBED, DESCRIBED_COUNT = "1.2.7", 300
LONG = {"ImageComments": "a slice of nobody " * 500}
ANSWERS = {
    "stream": "/series/1/stream",
    "multipart": f"/dicomweb/studies/{STUDY}/series/{SERIES}",
    "flow": f"/dicomweb/studies/{DESCRIBED}/metadata",
}
UNDER_WAY_BYTES = 4 * 1024 * 1024  # what the server had handed over before: two batches, and the socket's own memory
FLOW_UNDER_WAY_BYTES = 1024 * 1024


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ADicomweb]:
    dicomweb = ADicomweb(tmp_path_factory.mktemp("box"))
    for number in range(1, SLICES + 1):
        dicomweb.archive.store(slice_bytes(STUDY, SERIES, number, rows=SIDE), SYNTAX)
    for number in range(1, DESCRIBED_COUNT + 1):
        dicomweb.archive.store(slice_bytes(DESCRIBED, f"{DESCRIBED}.1", number, LONG), SYNTAX)
    dicomweb.archive.stored.clear()
    with dicomweb.served():
        yield dicomweb


class APerson:
    """Somebody who is signed in and looks at images, by a right of their own or by one that an emergency lends."""

    def __init__(self, served: ADicomweb, name: str, role: Role = Role.ASSISTANT) -> None:
        self.accounts, own = served.accounts, role is Role.ASSISTANT
        new = NewAccount(name, "Ana Prueba", role, PASSWORD, image_right=own, must_change_password=False)
        self.account: Account = service.create_account(self.accounts, new, OPERATOR)
        with self.accounts.database.write() as tx:
            now = self.accounts.clock.now()
            self.token = start_session(tx, self.account.account_key, Stage.FULL, "192.0.2.10", now)
        self.client = served.client_with("")
        self.client.headers["Cookie"] = f"{SESSION_COOKIE}={self.token}"
        if not own:
            self.break_the_glass()

    def break_the_glass(self) -> None:
        actor = person(self.account, "192.0.2.10")
        with self.accounts.database.write() as tx:
            begin_for(tx, self.accounts, Borrower(self.account, hash_token(self.token), actor), WHY)

    def end_the_emergency(self) -> None:
        assert emergencies.end(self.accounts, self.session(), "192.0.2.10")

    def outlast_the_emergency(self) -> None:
        """Let its time pass."""
        with self.accounts.database.write() as tx:
            tx.change("UPDATE emergencies SET began_at = began_at - 3600000000, ends_at = ends_at - 3600000000")

    def type_a_code(self) -> None:
        """Show anew who it is: another token holds from then."""
        self.client.headers["Cookie"] = f"{SESSION_COOKIE}={renew(self.accounts, self.session())}"

    def session(self) -> Session:
        found = find_session(self.accounts, self.token)
        assert found
        return found

    def log_out(self) -> None:
        end_session(self.accounts, self.session(), "192.0.2.10")

    def lock(self) -> None:
        lock_screen(self.accounts, self.session(), "192.0.2.10")

    def idle(self) -> None:
        """Let five minutes pass in which the person did nothing."""
        with self.accounts.database.write() as tx:
            tx.change("UPDATE sessions SET last_active_at = last_active_at - 301000000")

    def lose_the_image_right(self) -> None:
        with self.accounts.database.write() as tx:
            tx.change("UPDATE accounts SET image_right = 0 WHERE account_key = :key", key=self.account.account_key)


ENDS: dict[str, Callable[[APerson], None]] = {
    "logout": APerson.log_out,
    "lock": APerson.lock,
    "idle": APerson.idle,
    "right": APerson.lose_the_image_right,
}


@pytest.mark.parametrize("kind", ANSWERS)
def test_a_token_that_is_revoked_ends_the_answer_that_is_being_sent(served: ADicomweb, kind: str) -> None:
    with served.client_with(served.issue(Permission.VIEW_IMAGES)) as client:
        check_cut(client, kind, lambda: revoke_newest(served))


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("kind", ANSWERS)
def test_what_ends_a_persons_access_ends_the_answer_that_is_being_sent(served: ADicomweb, kind: str, end: str) -> None:
    someone = APerson(served, f"{kind}.{end}")
    with closing(someone.client):
        check_cut(someone.client, kind, lambda: ENDS[end](someone))


@pytest.mark.parametrize("end", [APerson.end_the_emergency, APerson.outlast_the_emergency])
def test_the_end_of_an_emergency_ends_the_answer_that_is_being_sent(
    served: ADicomweb, end: Callable[[APerson], None]
) -> None:
    someone = APerson(served, end.__name__, Role.RECEPTION)
    with closing(someone.client):
        check_cut(someone.client, "multipart", lambda: end(someone))


@pytest.mark.parametrize("kind", ANSWERS)
def test_another_token_of_the_session_ends_no_answer_that_is_being_sent(served: ADicomweb, kind: str) -> None:
    someone = APerson(served, f"renewed.{kind}")
    with closing(someone.client):
        length = len(someone.client.get(ANSWERS[kind]).content)
        with someone.client.stream("GET", ANSWERS[kind]) as answer:
            parts = answer.iter_raw()
            got = len(next(parts))
            someone.type_a_code()
            time.sleep(2 * ASK_SECONDS)
            assert got + sum(map(len, parts)) == length
        assert someone.client.get(ANSWERS[kind]).status_code == 200


@pytest.mark.parametrize("kind", ANSWERS)
def test_whoever_keeps_access_gets_all_of_it_though_others_lose_theirs(served: ADicomweb, kind: str) -> None:
    length = len(served.client.get(ANSWERS[kind]).content)
    served.issue(Permission.VIEW_IMAGES)
    with served.client.stream("GET", ANSWERS[kind]) as answer:
        parts = answer.iter_raw()
        got = len(next(parts))
        revoke_newest(served)
        assert got + sum(map(len, parts)) == length


def check_cut(client: httpx.Client, kind: str, end: Callable[[], None]) -> None:
    """Read the beginning of an answer, end the access, and see how much still comes."""
    with client.stream("GET", ANSWERS[kind]) as answer:
        assert answer.status_code == 200
        parts = answer.iter_raw()
        next(parts)
        end()
        time.sleep(2 * ASK_SECONDS)
        with pytest.raises(httpx.RemoteProtocolError):
            list(parts)
    assert answer.num_bytes_downloaded < (FLOW_UNDER_WAY_BYTES if kind == "flow" else UNDER_WAY_BYTES)
    assert client.get(ANSWERS[kind]).status_code in (401, 403)


def revoke_newest(served: ADicomweb) -> None:
    with served.accounts.database.read() as tx:
        key = tx.rows("SELECT max(token_key) FROM machine_tokens")[0][0]
    revoke_token(served.accounts, key, TESTER)
