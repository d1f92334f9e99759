"""Somebody's session ends, by their own button or an administrator's, and a thief holds a copy of its cookie."""

import re
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import httpx
import pyotp

from appliance.accounts.totp import STEP_SECONDS
from tests.stories.clinic import RunningClinic, form_of

PASSWORD = "seven slow green turtles"  # noqa: S105  # of people who were invented
LOOK_EVERY_SECONDS = 0.02
_PATIENCE_SECONDS = 120.0


@dataclass(frozen=True)
class Shut:
    """How many seconds after the answer to the button a copied cookie still opened pages, and its live line stood."""

    pages: float
    line: float


class Administrator:
    """Decides with a code each time: the one before, the one of now and the one after this half minute."""

    def __init__(self, clinic: RunningClinic) -> None:
        person, self.browser = clinic.facts["web"], clinic.browser()
        self._app = pyotp.TOTP(person["totp_secret"])
        time.sleep(max(0.0, time.time() % STEP_SECONDS - (STEP_SECONDS - 10)))  # all three within one half minute
        self._step = int(time.time()) // STEP_SECONDS - 1
        names = {"user_name": person["user"], "password": person["password"]}
        asked = self.browser.post("/login", data={**form_of(self.browser.get("/login")), **names})
        assert self.browser.post("/login/code", data={**form_of(asked), "code": self.code()}).url.path != "/login/code"

    def code(self) -> str:
        self._step += 1
        return self._app.generate_otp(self._step - 1)

    def decide(self, user: str, what: str, **fields: str) -> httpx.Response:
        """Press a button on somebody's page."""
        people = self.browser.get("/people").text
        key = re.findall(rf'mono">{user}<.*?/people/(\d+)"', people, re.DOTALL)[0]
        page = self.browser.get(f"/people/{key}")
        return self.browser.post(f"/people/{key}/{what}", data={**form_of(page), "code": self.code(), **fields})


def come_in(clinic: RunningClinic, user: str) -> httpx.Client:
    """Let somebody in for the first time by an invitation from the box's own keyboard; give their browser."""
    invited = clinic.enamel("accounts", "invite", user, "--name", f"Pau {user}", "--role", "reception")
    browser = clinic.browser()
    fields = {"code": invited["code"], "new": PASSWORD, "again": PASSWORD}
    page = browser.post("/join", data={**form_of(browser.get("/join")), **fields})
    secret = re.findall(r'class="secret">([A-Z2-7 ]+)<', page.text)[0].replace(" ", "")
    shown = browser.post("/login/enrol", data={**form_of(page), "code": pyotp.TOTP(secret).now()})
    assert "codes" in shown.text
    assert browser.get("/studies").url.path == "/studies"
    return browser


class Thief:
    """Another browser with the same cookies: it opens pages, DICOMweb and the live line."""

    def __init__(self, clinic: RunningClinic, victim: httpx.Client) -> None:
        self.browser = clinic.browser()
        self.browser.cookies = httpx.Cookies(victim.cookies)
        assert [self.can_read(), self.dicomweb()] == [True, 200]
        self.opened, self.over = threading.Event(), threading.Event()
        self.over_at = 0.0
        self.text = ""
        threading.Thread(target=self._listen, args=(clinic,), daemon=True).start()
        assert self.opened.wait(80), "the live line opens"

    def can_read(self) -> bool:
        answer = self.browser.get("/studies")
        return (answer.status_code, answer.url.path) == (200, "/studies")

    def dicomweb(self) -> int:
        return self.browser.get("/dicomweb/studies").status_code

    def _listen(self, clinic: RunningClinic) -> None:
        url = clinic.facts["web"]["url"] + "/events"
        with (
            suppress(httpx.TransportError),
            httpx.stream("GET", url, cookies=self.browser.cookies, verify=clinic.trust, timeout=120) as answer,
        ):
            for part in answer.iter_text():
                self.text += part
                self.opened.set()
        self.over_at = time.monotonic()
        self.over.set()

    def timed(self, end: Callable[[], object]) -> Shut:
        """End the session, wait until nothing of it is open, and give how long that took."""
        end()
        began = time.monotonic()
        while self.can_read():
            assert time.monotonic() - began < _PATIENCE_SECONDS, "a copied cookie still opens pages"
            time.sleep(LOOK_EVERY_SECONDS)
        pages = time.monotonic() - began
        assert self.over.wait(_PATIENCE_SECONDS), "the live line of a copied cookie still stands"
        return Shut(pages, max(0.0, self.over_at - began))


def ended(clinic: RunningClinic) -> tuple[dict[str, Shut], dict[str, Thief]]:
    """End three people's sessions in the three ways; give how long each copy was good for, and the thieves."""
    people = {user: come_in(clinic, user) for user in ("signs.out", "changes", "leaves")}
    thieves = {user: Thief(clinic, browser) for user, browser in people.items()}
    administrator = Administrator(clinic)
    out = people["signs.out"]
    ends: dict[str, Callable[[], object]] = {
        "signs.out": lambda: out.post("/logout", data=form_of(out.get("/account"))),
        "changes": lambda: administrator.decide("changes", "role", role="assistant"),
        "leaves": lambda: administrator.decide("leaves", "close"),
    }
    return {user: thieves[user].timed(end) for user, end in ends.items()}, thieves
