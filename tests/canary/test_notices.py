"""Every notice there is, about a patient whose name nobody else writes, leaves by mail and webhook without the name."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

from appliance.backup.telling import names_of_targets
from appliance.config import settings_from
from appliance.notifications.codes import NoticeCode, Severity
from appliance.notifications.mail import written
from appliance.notifications.notices import raise_notice
from appliance.notifications.queries import Subject
from appliance.notifications.telling import Telling, TellingParts, tell_due
from appliance.notifications.webhook import encoded
from appliance.notifications.words import LANGUAGES
from appliance.store.transactions import ReadTransaction
from tests.canary.search import search_bytes, spellings
from tests.notifications.a_told_box import Listener
from tests.web.a_laboratory import ACanarysClinic

Naming = Callable[[ReadTransaction], Mapping[Subject, str]]


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> ACanarysClinic:
    return ACanarysClinic(tmp_path_factory.mktemp("clinic"))


def told(clinic: ACanarysClinic, naming: Naming) -> Telling:
    """Raise every notice about the canary's rows, and give what a way of telling hears."""
    with clinic.database.write() as tx:
        for code in NoticeCode:
            for kind in ("patient", "study", "series", "instance"):
                raise_notice(tx, code, Severity.ALARM, clinic.clock.now(), (kind, clinic.study_key), 3)
    heard = Listener()
    tell_due(TellingParts(clinic.database, clinic.clock, lambda _: {"mail": heard}, naming))
    clinic.clock.pass_time(days=2)
    return heard.heard[0]


def sent(telling: Telling) -> dict[str, bytes]:
    """Give what leaves the box: the mail in each language, and the request."""
    mails = {}
    for language in LANGUAGES:
        mail = {"host": "mail.home.arpa", "sender": "box@lilas.test", "recipients": ["a@lilas.test"]}
        settings = settings_from({"clinic_name": "Clínica Las Lilas", "mail": mail | {"language": language}})
        text = written(replace(telling, over=telling.notices), settings.mail, settings.clinic_name)
        mails[language] = str(text).encode() + text.get_content().encode()
    return mails | {"webhook": encoded(telling, "a box")}


def test_no_notice_names_the_canary(clinic: ACanarysClinic) -> None:
    needles = spellings(clinic.word) | spellings(clinic.number)
    telling = told(clinic, names_of_targets)
    assert {one.code for one in telling.notices} >= set(NoticeCode) - {NoticeCode.MAIL_FAILS}
    assert [way for way, content in sent(telling).items() if search_bytes(content, needles)] == []


def test_a_notice_that_named_somebody_would_be_found(clinic: ACanarysClinic) -> None:
    named = told(clinic, lambda _: {("study", clinic.study_key): clinic.word})
    ways = [way for way, content in sent(named).items() if search_bytes(content, spellings(clinic.word))]
    assert ways == list(LANGUAGES)
