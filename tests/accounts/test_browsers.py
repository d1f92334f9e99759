"""Browsers say what they are; people read a family, a version and a system of a list, and nothing else is kept."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.accounts import own, queries
from appliance.accounts.account import Account
from appliance.accounts.browsers import BEHIND, UNKNOWN, Browser, browser_of, is_old
from appliance.accounts.sessions import TOUCH_EVERY, use_session
from tests.web.a_clinic import AClinic
from tests.web.an_emergency import ADDRESS, session_of, token_of

BEGIN = "Mozilla/5.0 (%s) AppleWebKit/537.36 (KHTML, like Gecko) "
CHROME = BEGIN % "Windows NT 10.0; Win64; x64" + "Chrome/%d.0.0.0 Safari/537.36"
SAFARI = "Mozilla/5.0 (%s) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/%s Safari/605.1.15"
TOLD = {
    CHROME % 131: Browser("Chrome", 131, "Windows"),
    CHROME % 131 + " Edg/131.0.0.0": Browser("Edge", 131, "Windows"),
    CHROME % 130 + " OPR/115.0.0.0": Browser("Opera", 115, "Windows"),
    BEGIN % "Linux; Android 10; K" + "Chrome/131.0.0.0 Mobile Safari/537.36": Browser("Chrome", 131, "Android"),
    BEGIN % "Linux; Android 10; K" + "SamsungBrowser/27.0 Chrome/125.0.0.0 Mobile Safari/537.36": Browser(
        "Samsung Internet", 27, "Android"
    ),
    BEGIN % "X11; CrOS x86_64 14541.0.0" + "Chrome/131.0.0.0 Safari/537.36": Browser("Chrome", 131, "ChromeOS"),
    "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0": Browser("Firefox", 132, "Linux"),
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:132.0) Gecko/20100101 Firefox/132.0": Browser(
        "Firefox", 132, "Mac"
    ),
    SAFARI % ("Macintosh; Intel Mac OS X 10_15_7", "18.1"): Browser("Safari", 18, "Mac or iPad"),
    SAFARI % ("iPhone; CPU iPhone OS 18_1 like Mac OS X", "18.1 Mobile/15E148"): Browser("Safari", 18, "iPhone"),
    "Mozilla/5.0 (iPad; CPU OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/131.0.6778.73 "
    "Mobile/15E148 Safari/604.1": Browser("Chrome", 131, "iPad"),
    "python-httpx/0.27.2": UNKNOWN,
    "": UNKNOWN,
    "Chrome/13100000000": UNKNOWN,
}


@pytest.fixture
def clinic(tmp_path: Path) -> AClinic:
    return AClinic(tmp_path)


@pytest.fixture
def person(clinic: AClinic) -> Account:
    return clinic.person()


@pytest.mark.parametrize("told", TOLD, ids=lambda told: f"{TOLD[told].family or 'unknown'} {TOLD[told].system}")
def test_a_browser_is_named_as_people_call_it(told: str) -> None:
    assert browser_of(told) == TOLD[told]


@given(st.text(max_size=2000))
def test_whatever_is_said_only_names_of_the_list_come_of_it(told: str) -> None:
    found = browser_of(told)
    assert found.family in {"", *BEHIND}
    assert 0 <= found.version <= 9999
    assert found.system in {one.system for one in TOLD.values()} | {"Mac", "iPad"}


@pytest.mark.parametrize(("version", "old"), [(131, False), (126, False), (125, True), (40, True), (140, False)])
def test_a_browser_is_old_when_it_is_far_behind_the_newest_that_came_here(version: int, old: bool) -> None:
    assert is_old(Browser("Chrome", version, "Windows"), {"Chrome": 131, "Firefox": 200}) is old


def test_of_a_family_that_nobody_else_has_nothing_is_old() -> None:
    assert not is_old(Browser("Safari", 12, "Mac or iPad"), {})
    assert not is_old(UNKNOWN, {"Chrome": 131})


def test_a_session_knows_the_browser_that_it_is_used_with_and_says_which_is_old(
    clinic: AClinic, person: Account
) -> None:
    here, there = token_of(clinic, person), token_of(clinic, person)
    use_session(clinic.accounts, here, ADDRESS, browser_of(CHROME % 131))
    use_session(clinic.accounts, there, ADDRESS, browser_of(CHROME % 124))
    use_session(clinic.accounts, there, ADDRESS)  # one that says nothing changes nothing
    shown = own.sessions_of(clinic.accounts, session_of(clinic, here))
    assert {(one.here, one.browser.version, one.newer) for one in shown} == {(True, 131, 0), (False, 124, 131)}
    clinic.clock.pass_time(seconds=TOUCH_EVERY.seconds)
    use_session(clinic.accounts, there, ADDRESS, browser_of(CHROME % 130))
    shown = own.sessions_of(clinic.accounts, session_of(clinic, here))
    assert {(one.browser.version, one.newer) for one in shown} == {(131, 0), (130, 0)}
    with clinic.database.read() as tx:
        assert queries.newest_browsers(tx, person.account_key) == {"Chrome": 131}


def noted(clinic: AClinic) -> tuple[object, ...]:
    """Give browser's version and time of activity of the one session."""
    with clinic.database.read() as tx:
        [row] = tx.rows("SELECT browser_version, last_active_at FROM sessions")
    return row


def test_two_browsers_with_one_token_cause_no_write_at_each_request(clinic: AClinic, person: Account) -> None:
    token = token_of(clinic, person)
    use_session(clinic.accounts, token, ADDRESS, browser_of(CHROME % 131))
    first = noted(clinic)
    assert first[0] == 131, "the first is noted at once"
    for version in (124, 131, 124, 131, 124):
        clinic.clock.pass_time(seconds=1)
        use_session(clinic.accounts, token, ADDRESS, browser_of(CHROME % version))
        assert noted(clinic) == first
    clinic.clock.pass_time(seconds=TOUCH_EVERY.seconds - 5)
    use_session(clinic.accounts, token, ADDRESS, browser_of(CHROME % 124))
    assert noted(clinic)[0] == 124
    assert noted(clinic)[1] != first[1]


def newest_told(clinic: AClinic, account: Account) -> int:
    """Give the version that a person's first session is told to be behind of, 0 for none."""
    return own.sessions_of(clinic.accounts, session_of(clinic, token_of(clinic, account)))[-1].newer


def test_what_one_person_alone_says_of_a_browser_tells_no_colleague_that_theirs_is_old(
    clinic: AClinic, person: Account
) -> None:
    forger, third = (clinic.person(user_name=name) for name in ("forger", "third"))
    for account, version in ((person, 120), (forger, 9999), (forger, 9998), (forger, 119)):
        use_session(clinic.accounts, token_of(clinic, account), ADDRESS, browser_of(CHROME % version))
        clinic.clock.pass_time(seconds=1)
    assert newest_told(clinic, person) == 0
    own_ones = own.sessions_of(clinic.accounts, session_of(clinic, token_of(clinic, forger)))
    assert {(one.browser.version, one.newer) for one in own_ones if one.browser.version} == {
        (9999, 0), (9998, 0), (119, 9999),
    }  # fmt: skip
    use_session(clinic.accounts, token_of(clinic, third), ADDRESS, browser_of(CHROME % 131))
    assert newest_told(clinic, person) == 131, "two came with that or a newer one"
    with clinic.database.read() as tx:
        assert queries.newest_browsers(tx, third.account_key) == {"Chrome": 131}
