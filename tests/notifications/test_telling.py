"""What is told, how often, and what is told no more."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from appliance.notifications.codes import NoticeCode
from appliance.notifications.notices import acknowledge, raise_test
from appliance.notifications.queries import Notice
from appliance.notifications.telling import TellingParts, tell_due
from appliance.notifications.words import LANGUAGES, notice_words
from tests.notifications.a_told_box import ADVICE, ALARM, DAY, HOUR, WARNING, Listener, Told

ONE, OTHER = ("target", 1), ("target", 2)


@pytest.fixture
def works(tmp_path: Path) -> Told:
    return Told(tmp_path)


def test_an_alarm_is_told_at_once_and_daily_a_warning_weekly_advice_never(works: Told) -> None:
    works.raised(NoticeCode.DISK_FILLS, ADVICE, number=90)
    works.raised(NoticeCode.BACKUP_LATE, WARNING, number=2)
    works.raised(NoticeCode.RESTORE_TEST_FAILED)
    assert works.told() == ["restore test failed", "backup late"], "the gravest first"
    assert works.told(23 * HOUR) == []
    assert works.told(HOUR) == ["restore test failed"]
    assert works.told(6 * DAY) == ["restore test failed", "backup late"]


def test_what_is_said_again_is_one_notice_and_each_thing_has_its_own(works: Told) -> None:
    works.raised(NoticeCode.BACKUP_LATE, WARNING, subject=ONE, number=2)
    works.raised(NoticeCode.BACKUP_LATE, WARNING, subject=ONE, number=3)
    works.raised(NoticeCode.BACKUP_LATE, WARNING, subject=OTHER, number=1)
    assert sorted((one.subject, one.number) for one in works.open()) == [(ONE, 3), (OTHER, 1)]
    assert works.ended(NoticeCode.BACKUP_LATE, subject=ONE)
    assert not works.ended(NoticeCode.BACKUP_LATE, subject=ONE)
    assert [one.subject for one in works.open()] == [OTHER]


def test_whoever_knows_is_told_no_more_until_it_gets_worse(works: Told) -> None:
    key = works.raised(NoticeCode.BACKUP_LATE, WARNING)
    works.told()
    with works.box.database.write() as tx:
        assert acknowledge(tx, key, works.clock.now(), 7)
        assert not acknowledge(tx, key, works.clock.now(), 8)
    assert works.told(30 * DAY) == []
    assert [one.notice_key for one in works.open()] == [key], "the page still shows it"
    works.raised(NoticeCode.BACKUP_LATE, ALARM)
    assert works.told() == ["backup late"]
    works.raised(NoticeCode.BACKUP_LATE, WARNING)
    assert works.told() == [], "what got better is not told anew"


def test_what_is_over_is_told_once_it_has_stayed_so(works: Told) -> None:
    works.raised(NoticeCode.BACKUP_LATE)
    works.told()
    works.ended(NoticeCode.BACKUP_LATE)
    works.told(timedelta(minutes=10))
    assert works.over() == []
    works.told(HOUR)
    works.told(HOUR)
    assert works.over() == ["backup late"]


def test_what_comes_and_goes_sends_no_mail_each_time(works: Told) -> None:
    for _ in range(20):
        works.raised(NoticeCode.BACKUP_LATE)
        works.told(timedelta(minutes=10))
        works.ended(NoticeCode.BACKUP_LATE)
        works.told(timedelta(minutes=10))
    assert len(works.mail.heard) == 1
    assert len(works.mail.heard[0].notices) == 1


def test_what_was_over_before_anybody_was_told_is_not_told(works: Told) -> None:
    works.raised(NoticeCode.BACKUP_LATE)
    works.ended(NoticeCode.BACKUP_LATE)
    works.told(2 * HOUR)
    assert works.mail.heard == []


def test_a_clock_that_was_set_back_keeps_no_alarm_from_being_told(works: Told) -> None:
    works.raised(NoticeCode.RESTORE_TEST_FAILED)
    works.told()
    works.clock.set_by(-30 * DAY)
    assert works.told(HOUR) == ["restore test failed"]
    assert works.told(HOUR) == []


def test_what_could_not_be_told_is_told_later_and_the_page_says_that_mail_fails(works: Told) -> None:
    works.raised(NoticeCode.RESTORE_TEST_FAILED)
    works.mail.fault = "mail server unreachable"
    assert tell_due(works.parts) == (0, ["mail server unreachable"])
    assert {one.code for one in works.open()} == {NoticeCode.RESTORE_TEST_FAILED, NoticeCode.MAIL_FAILS}
    works.mail.fault = ""
    assert works.told() == ["restore test failed"], "and not that it failed: whoever reads it knows that it works"
    assert [one.code for one in works.open()] == [NoticeCode.RESTORE_TEST_FAILED]


def test_one_way_that_works_is_enough_and_the_other_is_named(works: Told) -> None:
    deaf = Listener(fault="webhook refused")
    parts = TellingParts(works.box.database, works.clock, lambda _: {"mail": works.mail, "webhook": deaf})
    works.raised(NoticeCode.RESTORE_TEST_FAILED)
    assert tell_due(parts) == (1, ["webhook refused"])
    assert NoticeCode.WEBHOOK_FAILS in {one.code for one in works.open()}
    works.clock.let_pass(timedelta(minutes=10))
    assert tell_due(parts) == (1, []), "the way that works tells that the other does not"
    assert [one.code for one in works.mail.heard[-1].notices] == [NoticeCode.WEBHOOK_FAILS]
    assert deaf.heard == []
    deaf.fault = ""
    works.clock.let_pass(DAY)
    assert tell_due(parts) == (1, [])
    assert NoticeCode.WEBHOOK_FAILS not in {one.code for one in works.open()}


def test_that_a_way_fails_is_over_once_it_is_not_set_up_any_more(works: Told) -> None:
    deaf = Listener(fault="webhook refused")
    parts = TellingParts(works.box.database, works.clock, lambda _: {"mail": works.mail, "webhook": deaf})
    works.raised(NoticeCode.RESTORE_TEST_FAILED)
    tell_due(parts)
    works.told(DAY)
    assert [one.code for one in works.open()] == [NoticeCode.RESTORE_TEST_FAILED]


@pytest.mark.parametrize(("code", "told"), [(NoticeCode.INTEGRITY_FAULTS, True), (NoticeCode.BACKUP_LATE, False)])
def test_whoever_knew_of_one_fault_is_told_of_fifty_the_next_day(works: Told, code: NoticeCode, told: bool) -> None:
    key = works.raised(code, number=1)
    works.told()
    with works.box.database.write() as tx:
        acknowledge(tx, key, works.clock.now(), 7)
    works.raised(code, number=1)
    assert works.told(2 * DAY) == []
    works.raised(code, number=50)
    assert works.told() == [code.value] * told, "the days that a copy is late are no more places"
    works.raised(code, number=51)
    assert works.told(HOUR) == [], "and not with every one that is found"


def test_without_any_way_set_up_what_there_is_to_tell_waits(works: Told) -> None:
    works.raised(NoticeCode.RESTORE_TEST_FAILED)
    assert tell_due(TellingParts(works.box.database, works.clock, lambda _: {})) == (0, [])
    assert works.told() == ["restore test failed"]


def test_a_test_is_told_however_lately_one_was_and_is_over_then(works: Told) -> None:
    for _ in range(2):
        with works.box.database.write() as tx:
            raise_test(tx, works.clock.now())
        assert works.told() == ["test"]
        assert works.open() == []
    works.told(2 * HOUR)
    assert works.over() == []


def test_every_notice_has_words_in_every_language_that_hold_a_number_at_most(works: Told) -> None:
    for code in NoticeCode:
        notice = Notice(1, code, None, 7, ALARM, works.clock.now(), works.clock.now())
        said = {language: notice_words(notice, language, {}) for language in LANGUAGES}
        assert len(set(said.values())) == 3, code
        assert len({"7" in words for words in said.values()}) == 1, code
        assert not any(re.search(r"[{}]", words) for words in said.values())
    unknown = Notice(1, NoticeCode.TEST, None, None, ALARM, works.clock.now(), works.clock.now())
    assert notice_words(unknown, "xx", {}) == notice_words(unknown, "en", {})
