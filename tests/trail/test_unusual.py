"""What is unusual in a day: each rule by an example just inside and just outside it."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from appliance.audit.chain import Entry
from appliance.audit.events import EventCode
from appliance.clock import microseconds
from appliance.trail.unusual import MANY_PATIENTS, MANY_WRONG, Finding, Kind, unusual

ZONE = ZoneInfo("America/Santiago")  # three hours behind UTC in November
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=ZONE)


def entry(sequence: int, code: EventCode, at: datetime = NOON, **more: Any) -> Entry:  # noqa: ANN401  fields of an entry
    usual: dict[str, object] = {
        "outcome": "success", "actor_kind": "account", "actor_key": 3, "address": "192.0.2.9", "subject_kind": None,
        "subject_key": None, "patient_key": None, "study_key": None, "number": None,
    }  # fmt: skip
    return Entry(sequence=sequence, at=microseconds(at.astimezone(UTC)), event=code.value, **(usual | more))  # type: ignore[arg-type]  # names of its own fields


def found(*entries: Entry, known: Collection[str] = ("192.0.2.9",)) -> list[tuple[Kind, int]]:
    return [(one.kind, one.count) for one in unusual(entries, ZONE, lambda _key: known)]


def test_an_ordinary_day_has_nothing_unusual() -> None:
    ordinary = (EventCode.LOGGED_IN, EventCode.STUDIES_SEARCHED, EventCode.STUDY_OPENED, EventCode.LOGGED_OUT)
    assert found(*[entry(number, code) for number, code in enumerate(ordinary, 1)]) == []


@pytest.mark.parametrize(
    ("clock", "told"), [("20:59", False), ("21:00", True), ("00:30", True), ("05:59", True), ("06:00", False)]
)
def test_signing_in_at_night_goes_by_the_clinics_wall(clock: str, told: bool) -> None:
    hour, minute = map(int, clock.split(":"))
    at = NOON.replace(hour=hour, minute=minute)
    assert found(entry(1, EventCode.LOGGED_IN, at)) == ([(Kind.NIGHT, 1)] if told else [])


def looks(patients: int, step: timedelta = timedelta(), **more: Any) -> list[Entry]:  # noqa: ANN401  fields of an entry
    return [
        entry(n + 1, EventCode.STUDY_OPENED, NOON + n * step, patient_key=n, **more) for n in range(patients)
    ]  # fmt: skip


def test_many_patients_are_different_ones_of_one_person_within_an_hour_of_the_clock() -> None:
    assert found(*looks(MANY_PATIENTS)) == [(Kind.MANY_PATIENTS, MANY_PATIENTS)]
    assert found(*looks(MANY_PATIENTS - 1), *looks(MANY_PATIENTS - 1)) == []
    assert found(*looks(MANY_PATIENTS - 1), *looks(MANY_PATIENTS - 1, actor_key=4)) == []
    assert found(*looks(MANY_PATIENTS, timedelta(minutes=4))) == []
    token: dict[str, Any] = {"actor_kind": "token", "actor_key": 9}
    assert found(*looks(MANY_PATIENTS, **token)) == [(Kind.MANY_PATIENTS, MANY_PATIENTS)]


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (EventCode.STUDIES_EXPORTED, Kind.EXPORTED), (EventCode.ARCHIVE_EXPORTED, Kind.EXPORTED),
        (EventCode.AUDIT_EXPORTED, Kind.EXPORTED), (EventCode.QUARANTINE_EXPORTED, Kind.EXPORTED),
        (EventCode.NOT_PERMITTED, Kind.NOT_PERMITTED), (EventCode.SPOOL_GAP, Kind.TRAIL_INCOMPLETE),
        (EventCode.SPOOL_BEGAN_AGAIN, Kind.TRAIL_INCOMPLETE), (EventCode.FILE_FORGED, Kind.FORGED),
        (EventCode.REQUESTS_THROTTLED, Kind.TOO_MANY), (EventCode.TOKEN_REFUSED, Kind.MACHINE_REFUSED),
        (EventCode.SETTINGS_CHANGED, Kind.SETTINGS),
        (EventCode.RECOVERY_CODE_USED, Kind.RECOVERY_CODE), (EventCode.LABORATORY_COPY_TAKEN, Kind.EXPORTED),
    ],
)  # fmt: skip
def test_some_events_are_always_told_once_for_each_person(code: EventCode, kind: Kind) -> None:
    told = unusual([entry(4, code), entry(5, code), entry(6, code, actor_key=8)], ZONE, lambda _key: ())
    assert [(one.kind, one.actor_key, one.count, one.first_sequence, one.last_sequence) for one in told] == [
        (kind, 3, 2, 4, 5), (kind, 8, 1, 6, 6),
    ]  # fmt: skip


def test_wrong_tries_count_by_place_and_throttled_ones_by_their_number() -> None:
    nobody: dict[str, Any] = {"actor_kind": "nobody", "actor_key": None, "outcome": "failure"}
    tries = [entry(n, EventCode.LOGIN_FAILED, **nobody) for n in range(1, MANY_WRONG)]
    assert found(*tries) == []
    assert found(*tries, entry(9, EventCode.LOGIN_FAILED, **nobody)) == [(Kind.WRONG_TRIES, MANY_WRONG)]
    assert found(*tries, entry(9, EventCode.LOGIN_FAILED, **(nobody | {"address": "192.0.2.10"}))) == []
    throttled = entry(9, EventCode.LOGIN_THROTTLED, **(nobody | {"number": 40}))
    assert found(*tries, throttled) == [(Kind.WRONG_TRIES, MANY_WRONG - 1 + 40)]


def test_what_was_refused_counts_by_its_number_and_machines_by_place() -> None:
    assert found(*[entry(n, EventCode.NOT_PERMITTED, number=9) for n in (1, 2)]) == [(Kind.NOT_PERMITTED, 18)]
    nobody: dict[str, Any] = {"actor_kind": "nobody", "actor_key": None, "outcome": "failure", "number": 70}
    there = [entry(n, EventCode.TOKEN_REFUSED, **nobody) for n in (1, 2)]
    elsewhere = entry(3, EventCode.TOKEN_REFUSED, **(nobody | {"address": "192.0.2.10", "number": 1}))
    assert found(*there, elsewhere) == [(Kind.MACHINE_REFUSED, 140), (Kind.MACHINE_REFUSED, 1)]


def test_requests_too_many_count_by_place_and_number() -> None:
    nobody: dict[str, Any] = {"actor_kind": "nobody", "actor_key": None, "outcome": "failure", "number": 70}
    there = [entry(n, EventCode.REQUESTS_THROTTLED, **nobody) for n in (1, 2)]
    elsewhere = entry(3, EventCode.REQUESTS_THROTTLED, **(nobody | {"address": "192.0.2.10", "number": 1}))
    assert found(*there, elsewhere) == [(Kind.TOO_MANY, 140), (Kind.TOO_MANY, 1)]


def test_a_new_place_is_told_once_and_not_of_the_first_sign_in_of_all() -> None:
    there = [entry(n, EventCode.LOGGED_IN, address="192.0.2.77") for n in (1, 2)]
    assert unusual(there, ZONE, lambda _key: ("192.0.2.9",)) == (
        Finding(Kind.NEW_ADDRESS, "account", 3, "192.0.2.77", 1, 1, 1, there[0].at),
    )
    assert found(*there, known=()) == []
    assert found(*there, entry(3, EventCode.LOGGED_IN, address=None), known=()) == []
    assert found(entry(1, EventCode.LOGGED_IN), entry(2, EventCode.LOGGED_IN, address="192.0.2.78"), known=()) == [
        (Kind.NEW_ADDRESS, 1)
    ]


@pytest.mark.parametrize(
    ("number", "told"),
    [
        (1011, True), (2021, True), (2010, True), (4011, True), (3121, False), (1110, False), (1020, False),
        (2030, False), (1111, False), (None, False), (9911, False),
    ],
)  # fmt: skip
def test_a_right_that_was_given_is_told_and_one_that_was_taken_is_not(number: int | None, told: bool) -> None:
    assert found(entry(1, EventCode.ROLE_CHANGED, number=number)) == ([(Kind.RIGHT_GIVEN, 1)] if told else [])


@pytest.mark.parametrize(("number", "told"), [(10, True), (21, True), (20, False), (50, False), (None, False)])
def test_a_new_account_that_may_view_images_or_run_the_box_is_told(number: int | None, told: bool) -> None:
    assert found(entry(1, EventCode.ACCOUNT_CREATED, number=number)) == ([(Kind.RIGHT_GIVEN, 1)] if told else [])


def test_who_takes_the_image_right_and_gives_it_back_is_told_once() -> None:
    there_and_back = [entry(n, EventCode.ROLE_CHANGED, number=number) for n, number in enumerate((1011, 1110), 1)]
    assert found(*there_and_back) == [(Kind.RIGHT_GIVEN, 1)]
    assert found(entry(1, EventCode.ACCOUNT_CHANGED, number=1)) == []


def test_the_gravest_is_told_first() -> None:
    told = found(
        entry(1, EventCode.RECOVERY_CODE_USED), entry(2, EventCode.STUDIES_EXPORTED), entry(3, EventCode.SPOOL_GAP)
    )
    assert [kind for kind, _count in told] == [Kind.TRAIL_INCOMPLETE, Kind.EXPORTED, Kind.RECOVERY_CODE]
