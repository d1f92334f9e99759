"""The page of a locked box: it knows how much waits, and nothing else."""

import threading

from appliance.errors import Refused, Unavailable
from appliance.web.http.actor import form_token
from appliance.web.http.cookies import FORM_COOKIE
from appliance.web.staff.app import static_address
from appliance.web.staff.guesses import FREE_FOR_ADDRESS
from appliance.web.staff.locked import LockedStatus, create_locked_app
from tests.web.a_client import client_of, from_address
from tests.web.a_clinic import Browser, SetClock, form_token_in

PASSPHRASE = "winter harbour seventeen"  # noqa: S105  # of an invented box
WRONG = "guess at it"


class Locker:
    """The locker as its socket answers."""

    def __init__(self) -> None:
        self.open = False
        self.out_of_order = False
        self.hold: threading.Event | None = None
        self.entered = threading.Event()

    def status(self) -> LockedStatus:
        return LockedStatus(waiting_scans=512, free_bytes=750_000_000_000, total_bytes=2_000_000_000_000)

    def unlock(self, passphrase: str) -> None:
        self.entered.set()
        if self.hold:
            self.hold.wait(80)
        if self.out_of_order:
            raise Unavailable("the locker does not answer")
        if passphrase != PASSPHRASE:
            raise Refused("wrong passphrase")
        self.open = True


class OpensByItself(Locker):
    """The locker of a box whose root asks for no passphrase."""

    def status(self) -> LockedStatus:
        return LockedStatus(0, 1, 2, asks_passphrase=False)


def browser_of(locker: Locker) -> Browser:
    return Browser(create_locked_app("Clínica Las Lilas", locker.status, locker.unlock, SetClock()))


def test_it_shows_the_disk_and_what_waits() -> None:
    text = browser_of(Locker()).get("/").text
    assert "512 files" in text
    assert "750 GB of 2.0 TB" in text


def test_the_right_passphrase_unlocks_and_a_wrong_one_says_so() -> None:
    locker = Locker()
    browser = browser_of(locker)
    wrong = browser.post("/unlock", page="/unlock", passphrase=WRONG)
    assert (wrong.status_code, locker.open) == (403, False)
    assert WRONG not in wrong.text
    right = browser.post("/unlock", page="/unlock", passphrase=PASSPHRASE)
    assert (right.status_code, locker.open) == (200, True)


def test_a_locker_that_does_not_answer_is_told_apart_from_a_wrong_passphrase() -> None:
    locker = Locker()
    locker.out_of_order = True
    assert browser_of(locker).post("/unlock", page="/unlock", passphrase=PASSPHRASE).status_code == 503


def test_a_form_of_another_site_does_not_reach_the_locker() -> None:
    locker = Locker()
    assert browser_of(locker).post_bare("/unlock", passphrase=PASSPHRASE).status_code == 403
    assert not locker.open


def test_passphrases_are_tried_one_at_a_time() -> None:
    locker = Locker()
    app = create_locked_app("Clínica Las Lilas", locker.status, locker.unlock, SetClock(), patience_seconds=0.2)
    first, second = Browser(app), Browser(app)
    tokens = [form_token_in(each.get("/unlock").text) for each in (first, second)]
    locker.hold = threading.Event()
    answers: list[int] = []
    thread = threading.Thread(
        target=lambda: answers.append(
            first.post_bare("/unlock", passphrase=PASSPHRASE, form_token=tokens[0]).status_code
        )
    )
    thread.start()
    assert locker.entered.wait(80)
    assert second.post_bare("/unlock", passphrase=WRONG, form_token=tokens[1]).status_code == 429
    locker.hold.set()
    thread.join(10)
    assert answers == [200]


def test_every_other_address_has_nothing() -> None:
    browser = browser_of(Locker())
    for path in ("/studies/1", "/senders"):
        answer = browser.get(path)
        assert (answer.status_code, answer.headers["location"]) == (303, "/unlock"), "a bookmark leads to the one page"
        assert browser.client.get(path, headers={"accept": "application/json"}).status_code == 404
    client = client_of(create_locked_app("x", Locker().status, Locker().unlock, SetClock()))
    assert client.get("/healthz").json() == {"status": "ok", "keys": "sealed"}


def test_a_box_without_a_passphrase_is_not_unlocked_from_a_browser() -> None:
    locker = OpensByItself()
    browser = browser_of(locker)
    shown = browser.get("/unlock").text
    assert 'type="password"' not in shown
    assert "enamel unlock" in shown
    token = form_token(browser.client.cookies[FORM_COOKIE])
    answer = browser.post_bare("/unlock", passphrase=PASSPHRASE, form_token=token)
    assert answer.status_code == 403
    assert "enamel unlock" in answer.text
    assert not locker.entered.is_set()


def test_an_unlocked_box_whose_pages_still_start_says_so() -> None:
    locker = Locker()
    app = create_locked_app("x", lambda: LockedStatus(0, 1, 2, locked=False), locker.unlock, SetClock())
    text = Browser(app).get("/login").text
    assert f'<script src="{static_address()}/unlocking.js" type="module"></script>' in text
    assert "by itself" in text


def test_guesses_from_one_address_are_slowed_before_the_locker_hears_them() -> None:
    locker, clock = Locker(), SetClock()
    browser = Browser(create_locked_app("x", locker.status, locker.unlock, clock))
    for _ in range(FREE_FOR_ADDRESS):
        assert browser.post("/unlock", page="/unlock", passphrase=WRONG).status_code == 403
    locker.entered.clear()
    answer = browser.post("/unlock", page="/unlock", passphrase=PASSPHRASE)
    assert (answer.status_code, locker.entered.is_set()) == (429, False)
    assert "2 seconds" in answer.text
    clock.pass_time(seconds=3)
    assert browser.post("/unlock", page="/unlock", passphrase=PASSPHRASE).status_code == 200


def test_the_owner_at_another_address_gets_through_while_a_neighbour_guesses() -> None:
    locker = Locker()
    app = create_locked_app("x", locker.status, locker.unlock, SetClock())
    neighbour = Browser(app)
    for _ in range(FREE_FOR_ADDRESS + 3):
        neighbour.post("/unlock", page="/unlock", passphrase=WRONG)
    owner = Browser(from_address(app, "192.0.2.77"))
    assert owner.post("/unlock", page="/unlock", passphrase=PASSPHRASE).status_code == 200
