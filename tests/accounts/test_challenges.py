"""A challenge serves whom and what it was drawn for, for five minutes, once."""

import pytest

from appliance.accounts.challenges import VALID_SECONDS, Challenges, Purpose


def test_a_challenge_is_taken_once() -> None:
    challenges = Challenges()
    drawn = challenges.draw(Purpose.SIGN_IN, b"browser", 5.0)
    assert challenges.take(drawn, Purpose.SIGN_IN, b"browser", 6.0)
    assert not challenges.take(drawn, Purpose.SIGN_IN, b"browser", 6.0)


@pytest.mark.parametrize(
    ("purpose", "bound_to", "later"),
    [
        (Purpose.ADD, b"browser", 1.0),
        (Purpose.SIGN_IN, b"another", 1.0),
        (Purpose.SIGN_IN, b"", 1.0),
        (Purpose.SIGN_IN, b"browser", VALID_SECONDS),
    ],
)
def test_a_challenge_for_something_else_or_too_old_is_not_taken(
    purpose: Purpose, bound_to: bytes, later: float
) -> None:
    challenges = Challenges()
    drawn = challenges.draw(Purpose.SIGN_IN, b"browser", -40.0)
    assert not challenges.take(drawn, purpose, bound_to, later - 40.0)
    assert challenges.take(drawn, Purpose.SIGN_IN, b"browser", -39.0), "a wrong try costs the right one nothing"


def test_a_changed_or_foreign_challenge_is_not_taken() -> None:
    challenges = Challenges()
    drawn = challenges.draw(Purpose.SIGN_IN, b"browser", 5.0)
    for place in range(len(drawn)):
        changed = drawn[:place] + bytes([drawn[place] ^ 1]) + drawn[place + 1 :]
        assert not challenges.take(changed, Purpose.SIGN_IN, b"browser", 6.0)
    assert not challenges.take(Challenges().draw(Purpose.SIGN_IN, b"browser", 5.0), Purpose.SIGN_IN, b"browser", 6.0)
    assert not challenges.take(b"", Purpose.SIGN_IN, b"browser", 6.0)


def test_any_number_of_challenges_that_nobody_answers_fills_nothing() -> None:
    challenges = Challenges()
    for _ in range(1000):
        challenges.draw(Purpose.SIGN_IN, b"browser", 5.0)
    assert challenges._taken == {}
    for second in range(400):
        challenges.take(challenges.draw(Purpose.SIGN_IN, b"x", second), Purpose.SIGN_IN, b"x", second)
    assert len(challenges._taken) <= VALID_SECONDS
