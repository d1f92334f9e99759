"""What notices say of a place for copies: by the name that the clinic gave it."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from appliance.config import settings_from
from appliance.notifications.codes import NoticeCode, Severity
from appliance.notifications.mail import written
from appliance.notifications.queries import Notice
from appliance.notifications.telling import Telling
from appliance.notifications.words import LANGUAGES, notice_words
from tests.notifications.a_told_box import Told

NOW = datetime(2031, 5, 20, 12, 0, tzinfo=UTC)
NAMES = {("target", 3): "Dr. Ruiz. Blue disk", ("target", 4): "Cellar"}
OF_PLACES = {
    NoticeCode.BACKUP_LATE,
    NoticeCode.BACKUP_FAILS,
    NoticeCode.RESTORE_TEST_FAILED,
    NoticeCode.ERASURE_UNDECIDED,
}
MAIL = {"host": "127.0.0.1", "sender": "box@clinic.example", "recipients": ["owner@clinic.example"]}


def about(code: NoticeCode, target_key: int) -> Notice:
    return Notice(1, code, ("target", target_key), 2, Severity.ALARM, NOW, NOW)


def test_what_a_place_is_called_is_told_where_it_is_meant_and_nowhere_else() -> None:
    for code in NoticeCode:
        for language in LANGUAGES:
            said = notice_words(about(code, 3), language, NAMES)
            assert ("“Dr. Ruiz. Blue disk”" in said) == (code in OF_PLACES)
            assert not any(name in notice_words(about(code, 9), language, NAMES) for name in NAMES.values())
            assert "Cellar" not in said


def test_a_mail_names_the_place_in_its_subject_and_in_its_text() -> None:
    late = about(NoticeCode.BACKUP_LATE, 3)
    mail = written(Telling(NOW, (late,), (late,), NAMES), settings_from({"mail": MAIL}).mail, "Clinic")
    assert str(mail["Subject"]).endswith("Alarm: “Dr. Ruiz. Blue disk” has had no complete copy for 2 days")
    assert mail.get_content().count("“Dr. Ruiz. Blue disk”") == 2


def test_whoever_is_told_hears_what_the_clinic_calls_each_place(tmp_path: Path) -> None:
    works = Told(tmp_path)
    works.parts = replace(works.parts, names=lambda _: NAMES)
    works.raised(NoticeCode.BACKUP_LATE, subject=("target", 3))
    assert works.told() == ["backup late"]
    assert works.mail.heard[0].names == NAMES
