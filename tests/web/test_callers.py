"""Who may come in: tokens and sessions, at once refused when revoked, and never told what they may not know."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import httpx
import pytest

from appliance.accounts.roles import Permission
from appliance.accounts.sessions import Stage, start_session
from appliance.accounts.tokens import SCOPES, all_tokens, issue_token, revoke_token
from appliance.audit.events import OPERATOR
from appliance.web.dicomweb.callers import TOUCH_SECONDS, Callers, Credential, credential_of
from appliance.web.dicomweb.paths import ALL_RESOURCES, parse_path
from tests.web.a_clinic import AClinic
from tests.web.a_dicomweb import TESTER, ADicomweb
from tests.web.a_phantom import SYNTAX, slice_bytes

INSTANCE = "/dicomweb/studies/1.2.1/series/1.2.1.1/instances/1.2.1.1.1"
STREAM = "/series/1/stream"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ADicomweb]:
    dicomweb = ADicomweb(tmp_path_factory.mktemp("box"))
    dicomweb.archive.store(slice_bytes("1.2.1", "1.2.1.1", 1), SYNTAX)
    with dicomweb.served():
        yield dicomweb


def statuses(client: httpx.Client) -> dict[str, int]:
    paths = ["/dicomweb/studies", "/dicomweb/series", INSTANCE, f"{INSTANCE}/frames/1", f"{INSTANCE}/metadata", STREAM]
    return {path: client.get(path).status_code for path in paths}


IN_STUDY, IN_SERIES = "/dicomweb/studies/1.2.1", "/dicomweb/studies/1.2.1/series/1.2.1.1"
# Every resource there is, and the one scope that opens it.
OPENS = {
    "/dicomweb/studies": Permission.LIST_STUDIES,
    "/dicomweb/series": Permission.READ_STUDY,
    "/dicomweb/instances": Permission.READ_STUDY,
    f"{IN_STUDY}/series": Permission.READ_STUDY,
    f"{IN_STUDY}/instances": Permission.READ_STUDY,
    f"{IN_SERIES}/instances": Permission.READ_STUDY,
    IN_STUDY: Permission.VIEW_IMAGES,
    IN_SERIES: Permission.VIEW_IMAGES,
    INSTANCE: Permission.VIEW_IMAGES,
    f"{IN_STUDY}/metadata": Permission.VIEW_IMAGES,
    f"{IN_SERIES}/metadata": Permission.VIEW_IMAGES,
    f"{INSTANCE}/metadata": Permission.VIEW_IMAGES,
    f"{INSTANCE}/frames/1": Permission.VIEW_IMAGES,
    f"{INSTANCE}/bulkdata/pixels": Permission.VIEW_IMAGES,
    STREAM: Permission.VIEW_IMAGES,
}


@pytest.mark.parametrize("scope", SCOPES.values())
def test_a_scope_opens_its_own_routes_of_all_there_are_and_no_other(served: ADicomweb, scope: Permission) -> None:
    resources = [parse_path(path.removeprefix("/dicomweb")) for path in OPENS if path != STREAM]
    assert {(one.kind, one.level, bool(one.study), bool(one.series)) for one in resources} == ALL_RESOURCES
    with served.client_with(served.issue(scope)) as client:
        opened = {path for path in OPENS if client.get(path).status_code != 403}
    assert opened == {path for path, wanted in OPENS.items() if wanted is scope}


@pytest.mark.parametrize("token", ["", "enamel_wrong", "x" * 5000])
def test_without_a_good_token_nothing_is_told(served: ADicomweb, token: str) -> None:
    with served.client_with(token) as client:
        assert set(statuses(client).values()) == {401}
        assert client.get("/dicomweb/nothing").status_code == 401
        assert client.get("/dicomweb/studies").headers["www-authenticate"].startswith("Bearer")


def test_each_scope_opens_its_own_routes(served: ADicomweb) -> None:
    with served.client_with(served.issue(Permission.LIST_STUDIES)) as client:
        assert list(statuses(client).values()) == [200, 403, 403, 403, 403, 403]
    with served.client_with(served.issue(Permission.READ_STUDY)) as client:
        assert list(statuses(client).values()) == [403, 200, 403, 403, 403, 403]
    with served.client_with(served.issue(Permission.VIEW_IMAGES)) as client:
        assert list(statuses(client).values()) == [403, 403, 200, 200, 200, 200]


def test_a_revoked_token_is_refused_at_once(served: ADicomweb) -> None:
    token = served.issue(Permission.VIEW_IMAGES)
    with served.client_with(token) as client:
        assert client.get(f"{INSTANCE}/frames/1").status_code == 200
        with served.archive.box.database.read() as tx:
            key = tx.rows("SELECT max(token_key) FROM machine_tokens")[0][0]
        revoke_token(served.accounts, key, TESTER)
        assert client.get(f"{INSTANCE}/frames/1").status_code == 401


def test_only_a_hash_of_a_token_is_kept(served: ADicomweb) -> None:
    token = served.issue(Permission.VIEW_IMAGES)
    with served.archive.box.database.read() as tx:
        rows = tx.rows("SELECT * FROM machine_tokens")
    assert not any(token in str(value) for row in rows for value in row)


def test_every_answer_carries_the_safe_headers(served: ADicomweb) -> None:
    for path in ("/dicomweb/studies", INSTANCE, STREAM, "/dicomweb/nothing"):
        headers = served.client.get(path).headers
        assert headers["cache-control"] == "no-store"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["content-security-policy"].startswith("default-src 'none'")
        assert headers["content-security-policy"].endswith("; sandbox")


def test_looks_are_recorded_once_for_many_frames(served: ADicomweb) -> None:
    with served.client_with(served.issue(Permission.VIEW_IMAGES)) as client:
        for _ in range(5):
            assert client.get(f"{INSTANCE}/frames/1").status_code == 200
    with served.archive.box.database.read() as tx:
        rows = tx.rows(
            "SELECT count(*) FROM audit_events WHERE event = 'instances retrieved' "
            "AND actor_key = (SELECT max(token_key) FROM machine_tokens)"
        )
    assert rows[0][0] == 1


def test_asking_again_while_an_answer_is_sent_is_no_activity_of_its_person(tmp_path: Path) -> None:
    clinic = AClinic(tmp_path)
    account = clinic.person(image_right=True)
    with clinic.database.write() as tx:
        token = start_session(tx, account.account_key, Stage.FULL, "192.0.2.10", clinic.clock.now())
    callers, credential = Callers(clinic.accounts), Credential(cookie=token)
    scope, due = callers.scope(credential, "192.0.2.10")
    assert due is not None
    for _ in range(3):
        clinic.clock.pass_time(seconds=TOUCH_SECONDS + 1)
        callers.check(scope, credential, "192.0.2.10")
    assert callers.scope(credential, "192.0.2.10")[1] is not None


def test_the_use_of_a_token_is_noted_once_a_day_and_off_the_event_loop(tmp_path: Path) -> None:
    clinic = AClinic(tmp_path)
    token = issue_token(clinic.accounts, "planning PC", [Permission.LIST_STUDIES], OPERATOR)
    callers, credential = Callers(clinic.accounts), Credential(bearer=token)

    def used() -> datetime | None:
        return all_tokens(clinic.accounts)[0].last_used_at

    scope, due = callers.scope(credential, "192.0.2.10")
    assert due is not None
    assert used() is None
    due()
    first = clinic.clock.now()
    assert used() == first
    clinic.clock.pass_time(hours=23)
    assert callers.scope(credential, "192.0.2.10") == (scope, None)
    assert used() == first
    clinic.clock.pass_time(hours=1)
    callers.check(scope, credential, "192.0.2.10")
    later = callers.scope(credential, "192.0.2.10")[1]
    assert later is not None
    assert callers.scope(credential, "192.0.2.11")[1] is None, "it is being noted"
    later()
    assert used() == clinic.clock.now()


def test_a_token_that_reads_is_seen_to_be_used(served: ADicomweb) -> None:
    token = served.issue(Permission.LIST_STUDIES)
    assert all_tokens(served.accounts)[-1].last_used_at is None
    with served.client_with(token) as client:
        assert client.get("/dicomweb/studies").status_code == 200
    assert all_tokens(served.accounts)[-1].last_used_at is not None


def test_a_credential_is_read_from_either_header() -> None:
    assert credential_of([(b"authorization", b"bearer  abc ")]).bearer == "abc"
    cookies = b"other=1; __Host-enamel-session=s3cret; more=2"
    assert credential_of([(b"cookie", cookies), (b"x-enamel-background", b"1")]).cookie == "s3cret"
    assert credential_of([(b"authorization", b"Basic abc")]).bearer == ""
