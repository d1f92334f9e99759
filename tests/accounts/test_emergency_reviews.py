"""Reviewing emergencies: by somebody else, of all that was seen, signed once and never changed."""

from pathlib import Path

import pytest

from appliance.accounts import emergencies
from appliance.accounts import emergency_reviews as reviews
from appliance.accounts.account import Account
from appliance.accounts.emergency_codes import Opening, open_envelope
from appliance.accounts.jobs import AccountParts, look_after
from appliance.accounts.roles import Role
from appliance.audit.events import OPERATOR, Actor, ActorKind, Event, EventCode
from appliance.deidentify import leaving
from appliance.errors import NotFound, NotPermitted, Unsuitable
from appliance.notifications.queries import open_notices
from tests.web.a_clinic import AClinic
from tests.web.an_emergency import ADDRESS, WHY, broken, confirmed, drawn, session_of, with_app

VERDICT, WORDS = "right", "He was bleeding, and I would have done the same"


@pytest.fixture
def clinic(tmp_path: Path) -> AClinic:
    return AClinic(tmp_path)


@pytest.fixture
def auditor(clinic: AClinic) -> Account:
    return with_app(clinic, Role.AUDITOR)


def ended(clinic: AClinic, account: Account) -> int:
    """Break the glass, look at two patients, and end it; give the key."""
    look(clinic, account, 1)
    token, key = broken(clinic, account)
    look(clinic, account, 2)
    clinic.clock.pass_time(minutes=5)
    look(clinic, account, 3)
    emergencies.end(clinic.accounts, session_of(clinic, token), ADDRESS)
    return key


def look(clinic: AClinic, account: Account, patient_key: int, event: EventCode = EventCode.SERIES_VIEWED) -> None:
    with clinic.database.write() as tx:
        actor = Actor(ActorKind.ACCOUNT, account.account_key)
        clinic.accounts.audit.record(tx, Event(event, actor, patient_key=patient_key))


def signed(clinic: AClinic, key: int) -> list[tuple[str, str, bool]]:
    with clinic.database.read() as tx:
        found = reviews.signed_reviews(tx, reviews.get_emergency(tx, key))
    return [(one.review.verdict, one.review.words, one.is_genuine) for one in found]


def test_a_review_is_signed_by_somebody_else_and_ends_the_notice(clinic: AClinic, auditor: Account) -> None:
    key = ended(clinic, with_app(clinic))
    reviews.review(clinic.accounts, key, confirmed(clinic, auditor), VERDICT, WORDS)
    assert signed(clinic, key) == [(VERDICT, WORDS, True)]
    with clinic.database.read() as tx:
        assert open_notices(tx) == []
        [row] = tx.rows("SELECT actor_key, subject_kind, subject_key FROM audit_events WHERE event = :event",
                        event="emergency reviewed")  # fmt: skip
    assert row == (auditor.account_key, "emergency", key)


def test_nobody_reviews_their_own_and_not_everybody_may(clinic: AClinic) -> None:
    administrator = with_app(clinic, Role.ADMINISTRATOR)
    key = ended(clinic, administrator)
    for one in (administrator, with_app(clinic, Role.DENTIST)):
        with pytest.raises(NotPermitted):
            reviews.review(clinic.accounts, key, confirmed(clinic, one), VERDICT, WORDS)
    assert signed(clinic, key) == []
    with clinic.database.read() as tx:
        assert not reviews.can_be_reviewed(tx, reviews.get_emergency(tx, key))
    with_app(clinic, Role.AUDITOR)
    with clinic.database.read() as tx:
        assert reviews.can_be_reviewed(tx, reviews.get_emergency(tx, key))


def test_who_drew_the_code_reviews_nothing_that_it_opened_while_anybody_else_can(clinic: AClinic) -> None:
    drawer = with_app(clinic, Role.ADMINISTRATOR)
    token = open_envelope(clinic.accounts, Opening(drawn(clinic, drawer), "Nora Nocturna", WHY), ADDRESS)
    lent = session_of(clinic, token).emergency
    assert lent is not None
    emergencies.end(clinic.accounts, session_of(clinic, token), ADDRESS)
    with clinic.database.read() as tx:
        found = reviews.get_emergency(tx, lent.emergency_key)
        assert reviews.is_for(tx, found, drawer.account_key), "better by its drawer than by nobody"
        assert not reviews.can_be_reviewed(tx, found)
    auditor = with_app(clinic, Role.AUDITOR)
    with pytest.raises(NotPermitted):
        reviews.review(clinic.accounts, lent.emergency_key, confirmed(clinic, drawer), VERDICT, WORDS)
    reviews.review(clinic.accounts, lent.emergency_key, confirmed(clinic, auditor), VERDICT, WORDS)
    leaving.close_account(clinic.accounts, auditor.account_key, OPERATOR)
    reviews.review(clinic.accounts, lent.emergency_key, confirmed(clinic, drawer), VERDICT, "She has left")
    assert [words for _, words, _ in signed(clinic, lent.emergency_key)] == [WORDS, "She has left"]


def test_what_goes_on_what_is_not_there_and_what_says_nothing_is_not_reviewed(
    clinic: AClinic, auditor: Account
) -> None:
    _, key = broken(clinic, with_app(clinic))
    by = confirmed(clinic, auditor)
    with pytest.raises(Unsuitable, match="goes on"):
        reviews.review(clinic.accounts, key, by, VERDICT, WORDS)
    with pytest.raises(NotFound):
        reviews.review(clinic.accounts, key + 1, by, VERDICT, WORDS)
    clinic.clock.pass_time(hours=1)
    for verdict, words in (("fine", WORDS), ("", WORDS), (VERDICT, " ")):
        with pytest.raises(Unsuitable, match="verdict"):
            reviews.review(clinic.accounts, key, by, verdict, words)
    reviews.review(clinic.accounts, key, by, VERDICT, WORDS)


def test_what_is_signed_is_added_to_and_never_changed_or_removed(clinic: AClinic, auditor: Account) -> None:
    key = ended(clinic, with_app(clinic))
    reviews.review(clinic.accounts, key, confirmed(clinic, auditor), "to be followed up", "I shall ask her")
    reviews.review(clinic.accounts, key, confirmed(clinic, auditor), VERDICT, WORDS)
    for sql in ("UPDATE emergency_reviews SET words = 'x'", "DELETE FROM emergency_reviews"):
        with pytest.raises(Exception, match="a signed review is not"), clinic.database.write() as tx:
            tx.change(sql)
    assert signed(clinic, key) == [("to be followed up", "I shall ask her", True), (VERDICT, WORDS, True)]


@pytest.mark.parametrize(
    "forged",
    [
        "UPDATE emergency_reviews SET words = 'It was wrong'",
        "UPDATE emergency_reviews SET verdict = 'not right'",
        "UPDATE emergency_reviews SET signed_at = signed_at + 1",
        "UPDATE emergency_reviews SET account_key = 2",
        "UPDATE emergency_reviews SET sequence = sequence - 1",
        "UPDATE emergencies SET words = 'Curious'",
        "UPDATE emergencies SET began_at = began_at - 1",
        "UPDATE emergencies SET account_key = 1",
    ],
)
def test_what_was_changed_past_the_box_shows(clinic: AClinic, auditor: Account, forged: str) -> None:
    key = ended(clinic, with_app(clinic))
    reviews.review(clinic.accounts, key, confirmed(clinic, auditor), VERDICT, WORDS)
    with clinic.database.write() as tx:
        tx.change("DROP TRIGGER emergency_reviews_stay")
        tx.change(forged)
    assert [genuine for _, _, genuine in signed(clinic, key)] == [False]


def test_the_review_shows_what_was_seen_in_the_box_of_time_and_nothing_of_before_and_after(clinic: AClinic) -> None:
    somebody, other = with_app(clinic), with_app(clinic, Role.DENTIST)
    key = ended(clinic, somebody)
    with clinic.database.read() as tx:
        ended_at = reviews.get_emergency(tx, key).ended_at
    late = Event(
        EventCode.INSTANCES_RETRIEVED, Actor(ActorKind.ACCOUNT, somebody.account_key), patient_key=4, at=ended_at
    )
    clinic.clock.pass_time(minutes=1)
    with clinic.database.write() as tx:
        clinic.accounts.audit.record(tx, late)
    look(clinic, somebody, 5)
    look(clinic, other, 6)
    with clinic.database.read() as tx:
        looks = reviews.seen_in(tx, reviews.get_emergency(tx, key))
    assert [one.patient_key for one in looks] == [2, 3, 4]


def test_while_it_goes_on_all_that_was_seen_until_now_shows(clinic: AClinic) -> None:
    somebody = with_app(clinic)
    _, key = broken(clinic, somebody)
    look(clinic, somebody, 2)
    clinic.clock.pass_time(seconds=1)
    with clinic.database.read() as tx:
        assert [one.patient_key for one in reviews.seen_in(tx, reviews.get_emergency(tx, key))] == [2]


def test_the_last_late_review_ends_what_is_told_of_late_ones(clinic: AClinic, auditor: Account) -> None:
    key = ended(clinic, with_app(clinic))
    parts = AccountParts(clinic.database, clinic.accounts.audit, clinic.clock)
    clinic.clock.pass_time(days=6, hours=23)
    look_after(parts)
    with clinic.database.read() as tx:
        assert "emergency unreviewed" not in {one.code.value for one in open_notices(tx)}
    clinic.clock.pass_time(hours=2)
    look_after(parts)
    with clinic.database.read() as tx:
        assert "emergency unreviewed" in {one.code.value for one in open_notices(tx)}
    reviews.review(clinic.accounts, key, confirmed(clinic, auditor), VERDICT, WORDS)
    look_after(parts)
    with clinic.database.read() as tx:
        assert open_notices(tx) == []
