"""What costs much runs in few threads, of which nobody alone takes all, and whoever does too much is named."""

import threading
import time
from collections import Counter
from dataclasses import replace
from functools import partial
from pathlib import Path

import anyio

from appliance.web.http.actor import form_token
from appliance.web.http.cookies import FORM_COOKIE
from appliance.web.http.pace import FewThreads, Gate, TooManyRequests
from appliance.web.http.turned_away import record_all
from appliance.web.staff.app import create_app
from tests.web.a_client import client_of, from_address
from tests.web.a_clinic import PASSWORD, AClinic, Browser
from tests.web.test_pace import turned_away


def test_few_run_at_once_a_bounded_number_waits_and_the_rest_is_told_so() -> None:
    few, running, most, told = FewThreads(at_once=2, waiting=3), Counter[str](), [], []
    lock = threading.Lock()

    def work() -> None:
        with lock:
            running["now"] += 1
            most.append(running["now"])
        time.sleep(0.05)
        with lock:
            running["now"] -= 1

    async def one() -> None:
        try:
            await few.run(work, "somebody")
            told.append("done")
        except TooManyRequests:
            told.append("refused")

    async def all_at_once() -> None:
        async with anyio.create_task_group() as group:
            for _ in range(8):
                group.start_soon(one)

    anyio.run(all_at_once)
    assert (max(most), Counter(told)) == (2, {"done": 5, "refused": 3})
    assert anyio.run(partial(few.run, lambda: "again", "somebody")) == "again"


def test_one_caller_holds_a_few_of_the_places_and_is_named_for_more_while_others_come_in() -> None:
    few, go, told = FewThreads(at_once=2, waiting=10, each=4), threading.Event(), list[tuple[str, bool | None]]()

    async def one(who: str) -> None:
        try:
            await few.run(go.wait, who)
            told.append((who, None))
        except TooManyRequests as refused:
            told.append((who, refused.shared))

    async def all_at_once() -> None:
        async with anyio.create_task_group() as group:
            for who in [*["flood"] * 40, "somebody", *["second"] * 40, *["third"] * 40, "late"]:
                group.start_soon(one, who)
            await anyio.wait_all_tasks_blocked()
            go.set()

    anyio.run(all_at_once)
    assert Counter(told) == {
        ("flood", False): 36, ("flood", None): 4, ("somebody", None): 1, ("second", False): 36, ("second", None): 4,
        ("third", False): 37, ("third", None): 3, ("late", True): 1,
    }, "its own bound names who meets it, and so does a full house whoever holds half of what one may"  # fmt: skip


def test_who_floods_the_sign_in_at_once_is_named_and_a_colleague_gets_in(tmp_path: Path) -> None:
    clinic, go, few = AClinic(tmp_path), threading.Event(), FewThreads(each=8)
    person = clinic.person()
    context = replace(clinic.context, gate=Gate(), few=few)
    app, secret = create_app(context), "a form"

    def signs_in(address: str, password: str) -> int:
        browser = Browser(from_address(app, address))
        browser.client.cookies.set(FORM_COOKIE, secret)
        fields = {"user_name": person.user_name, "password": password, "form_token": form_token(secret)}
        return browser.post_bare("/login", **fields).status_code

    portal = client_of(app).blocking_portal
    held = [portal.start_task_soon(few.run, go.wait, "192.0.2.66") for _ in range(8)]
    while few._inside["192.0.2.66"] < 8:
        time.sleep(0.01)
    assert signs_in("192.0.2.66", "wrong") == 429
    go.set()
    assert signs_in("192.0.2.67", PASSWORD) == 303
    assert all(each.result() for each in held)
    record_all(clinic.accounts, clinic.clock.monotonic())
    assert turned_away(clinic) == [("nobody", None, "192.0.2.66", 1, "failure")]
