"""An administrator invites people, gives them other roles, and shows leavers the door; each asks for a code."""

import re

from appliance.accounts.account import Account
from appliance.accounts.devices import hash_device
from appliance.accounts.queries_devices import note_device
from appliance.accounts.roles import Permission, Role
from appliance.accounts.service import all_accounts, get_account
from appliance.accounts.tokens import find_token, issue_token
from appliance.accounts.trail import person as actor_of
from tests.web.a_clinic import PASSWORD, AClinic, Browser
from tests.web.a_proof import SECRET, code_now

INES = {"display_name": "Inés Mora", "user_name": "ines", "role": "dentist"}


def test_a_person_is_invited_joins_and_nobody_else_saw_the_password(clinic: AClinic, browser: Browser) -> None:
    page = browser.post("/people", page="/people", **INES, code=code_now(clinic))
    assert page.status_code == 200
    code = re.findall(r"\b[A-Z2-9]{4}(?:-[A-Z2-9]{4}){3}\b", page.text)[0]
    assert f'href="https://enamel.test/join#{code}"' in page.text
    assert "<svg" in page.text
    assert code not in browser.get("/people").text
    hers = clinic.browser()
    assert code not in str(hers.get("/join").request.url)
    refused = hers.post("/join", page="/join", code=code, new=PASSWORD, again=PASSWORD + "x")
    assert (refused.status_code, code in refused.text) == (422, True)
    weak = hers.post("/join", page="/join", code=code, new="inesmora1", again="inesmora1")
    assert weak.status_code == 422
    joined = hers.post("/join", page="/join", code=code, new=PASSWORD, again=PASSWORD)
    assert (joined.status_code, joined.headers["location"]) == (303, "/login/code")
    assert hers.get("/login/code").headers["location"] == "/login/enrol"
    again = clinic.browser().post("/join", page="/join", code=code, new=PASSWORD, again=PASSWORD)
    assert again.status_code == 403


def test_who_cannot_be_added_is_told_and_costs_no_code(clinic: AClinic, browser: Browser) -> None:
    assert browser.post("/people", page="/people", **INES, code=code_now(clinic)).status_code == 200
    left = code_now(clinic)
    assert browser.post("/people", page="/people", **INES, code=left).status_code == 422
    for more in ({"role": "king"}, {"user_name": "a b"}, {"role": "lab", "image_right": "yes"}):
        fields = INES | {"user_name": "x2"} | more
        assert browser.post("/people", page="/people", **fields, code=left).status_code == 422, more
    other = INES | {"user_name": "x2"}
    assert browser.post("/people", page="/people", **other, code=left).status_code == 200


def test_whoever_finds_an_administrators_open_screen_lets_nobody_in(clinic: AClinic, browser: Browser) -> None:
    king = INES | {"role": "administrator", "image_right": "yes"}
    before = len(all_accounts(clinic.accounts))
    spent = code_now(clinic)
    assert browser.post("/people", page="/people", **INES, code=spent).status_code == 200
    for code in ("000000", "", spent):
        refused = browser.post("/people", page="/people", **(king | {"user_name": "mine"}), code=code)
        assert refused.status_code == 403
        assert 'value="Inés Mora"' in refused.text, "what was typed stays"
        assert '<option value="administrator" selected>' in refused.text
    assert len(all_accounts(clinic.accounts)) == before + 1


def test_an_administrator_asks_another_for_the_image_right(
    clinic: AClinic, browser: Browser, administrator: Account
) -> None:
    path, wanted = f"/people/{administrator.account_key}", {"role": "administrator", "image_right": "yes"}
    assert "You are the only administrator" in browser.get(path).text
    other = clinic.person(Role.ADMINISTRATOR, user_name="other.admin", totp_secret=SECRET)
    page = browser.get(path).text
    assert "Another administrator changes your role" in page
    assert f"{path}/role" not in page
    refused = browser.post(f"{path}/role", page=path, **wanted, code=code_now(clinic))
    assert (refused.status_code, "Another administrator changes your role" in refused.text) == (403, True)
    assert not get_account(clinic.accounts, administrator.account_key).image_right
    assert clinic.events()[-1] == ("not permitted", "failure")
    given = clinic.signed_in(other).post(f"{path}/role", page=path, **wanted, code=code_now(clinic))
    assert given.headers["location"].startswith(f"{path}?told=changed.")
    assert get_account(clinic.accounts, administrator.account_key).image_right


def test_the_only_administrator_takes_the_image_right_with_a_code(
    clinic: AClinic, browser: Browser, administrator: Account
) -> None:
    path, wanted = f"/people/{administrator.account_key}", {"role": "administrator", "image_right": "yes"}
    assert browser.post(f"{path}/role", page=path, **wanted, code="000000").status_code == 403
    assert browser.post(f"{path}/role", page=path, **wanted, code=code_now(clinic)).status_code == 303
    assert get_account(clinic.accounts, administrator.account_key).image_right


def test_a_leaver_is_out_everywhere_within_the_request(
    clinic: AClinic, browser: Browser, administrator: Account
) -> None:
    leaver = clinic.person(Role.ADMINISTRATOR, user_name="leaver", totp_secret=SECRET)
    theirs, here = clinic.signed_in(leaver), actor_of(leaver, "192.0.2.10")
    token = issue_token(clinic.accounts, "their script", [Permission.LIST_STUDIES], here)
    kept = issue_token(
        clinic.accounts, "the worklist", [Permission.LIST_STUDIES], actor_of(administrator, "192.0.2.10")
    )
    with clinic.database.write() as tx:
        note_device(tx, hash_device("theirs"), leaver.account_key, clinic.clock.now())
    path = f"/people/{leaver.account_key}"
    assert theirs.get("/people").status_code == 200
    assert browser.post(f"{path}/close", page=path, code="000000").status_code == 403
    assert theirs.get("/people").status_code == 200
    closed = browser.post(f"{path}/close", page=path, code=code_now(clinic))
    assert closed.headers["location"] == f"{path}?told=closed"
    assert theirs.get("/people").headers["location"] == "/login"
    assert find_token(clinic.accounts, token) is None
    assert find_token(clinic.accounts, kept) is not None
    with clinic.database.read() as tx:
        assert tx.rows("SELECT count(*) FROM known_devices WHERE account_key = :key", key=leaver.account_key) == [(0,)]
    assert [code for code, _ in clinic.events()][-2:] == ["token revoked", "account disabled"]
    assert "closed" in browser.get(path).text


def test_somebody_is_signed_out_everywhere_and_comes_in_whole_again(clinic: AClinic, browser: Browser) -> None:
    person = clinic.person(Role.DENTIST, totp_secret=SECRET)
    one, other = clinic.signed_in(person), clinic.signed_in(person)
    with clinic.database.write() as tx:
        note_device(tx, hash_device("theirs"), person.account_key, clinic.clock.now())
    path = f"/people/{person.account_key}"
    assert "Sign out everywhere" in browser.get(path).text
    answer = browser.post(f"{path}/sessions/end", page=path)
    assert answer.headers["location"] == "/people?told=out"
    assert clinic.events()[-1] == ("session ended", "success")
    assert [each.get("/studies").headers["location"] for each in (one, other)] == ["/login", "/login"]
    assert browser.get("/people").status_code == 200, "nobody else is"
    with clinic.database.read() as tx:
        assert tx.rows("SELECT 1 FROM known_devices WHERE account_key = :key", key=person.account_key) == []
    assert get_account(clinic.accounts, person.account_key).disabled_at is None
    assert clinic.signed_in(person).get("/studies").status_code == 200
    assert browser.post("/people/999/sessions/end", page=path).status_code == 404


def test_another_role_ends_the_sessions_of_before(clinic: AClinic, browser: Browser) -> None:
    person = clinic.person(Role.DENTIST, image_right=True)
    theirs, path = clinic.signed_in(person), f"/people/{person.account_key}"
    assert theirs.get("/studies").status_code == 200
    wrong = browser.post(f"{path}/role", page=path, role="lab", code="000000")
    assert wrong.status_code == 403
    for fields in ({"role": "king"}, {"role": "lab", "image_right": "yes"}):
        assert browser.post(f"{path}/role", page=path, code=code_now(clinic), **fields).status_code == 422
    assert theirs.get("/studies").status_code == 200
    changed = browser.post(f"{path}/role", page=path, role="reception", code=code_now(clinic))
    assert changed.headers["location"].startswith(f"{path}?told=changed.")
    assert theirs.get("/studies").headers["location"] == "/login"
    after = get_account(clinic.accounts, person.account_key)
    assert (after.role, after.image_right) == (Role.RECEPTION, False)
    assert clinic.events()[-1] == ("role changed", "success")


def test_a_role_that_stays_ends_no_session(clinic: AClinic, browser: Browser) -> None:
    person = clinic.person(Role.DENTIST)
    theirs, path = clinic.signed_in(person), f"/people/{person.account_key}"
    assert browser.post(f"{path}/role", page=path, role="dentist", code=code_now(clinic)).status_code == 303
    assert theirs.get("/studies").status_code == 200


def test_the_last_administrator_stays_one(clinic: AClinic, browser: Browser, administrator: Account) -> None:
    path = f"/people/{administrator.account_key}"
    assert browser.post(f"{path}/role", page=path, role="dentist", code=code_now(clinic)).status_code == 422
    assert browser.post(f"{path}/close", page=path, code=code_now(clinic)).status_code == 403
    assert browser.post("/account/close", page="/account", code=code_now(clinic)).status_code == 422
    other = clinic.person(Role.ADMINISTRATOR, user_name="second.admin")
    there = f"/people/{other.account_key}"
    assert browser.post(f"{there}/role", page=there, role="dentist", code=code_now(clinic)).status_code == 303
    assert [each.role for each in all_accounts(clinic.accounts)].count(Role.ADMINISTRATOR) == 1


def test_a_new_invitation_asks_for_a_code_and_is_shown_once(clinic: AClinic, browser: Browser) -> None:
    person = clinic.person(Role.DENTIST)
    path = f"/people/{person.account_key}"
    assert browser.post(f"{path}/invite", page=path, code="000000").status_code == 403
    page = browser.post(f"{path}/invite", page=path, code=code_now(clinic))
    assert re.search(r"\b[A-Z2-9]{4}(?:-[A-Z2-9]{4}){3}\b", page.text)


def test_accounts_that_nobody_used_for_thirty_days_are_told(clinic: AClinic, browser: Browser) -> None:
    clinic.person(Role.DENTIST, user_name="unused", display_name="Nadie Nunca")
    clinic.clock.pass_time(days=29)
    browser = clinic.signed_in(clinic.person(Role.ADMINISTRATOR, user_name="second.admin"))
    assert "not been used" not in browser.get("/people").text
    clinic.clock.pass_time(days=1)
    browser = clinic.signed_in(clinic.person(Role.ADMINISTRATOR, user_name="third.admin"))
    told = browser.get("/people").text.partition("notice warn")[2].partition("</div></div>")[0]
    assert "2 accounts have not been used" in told
    assert "Nadie Nunca" in told
