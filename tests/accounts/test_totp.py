"""One-time codes: the standard's vectors, each code once, one step of drift."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.accounts import totp

SECRET = b"12345678901234567890"  # RFC 6238 appendix B


@pytest.mark.parametrize(
    ("seconds", "code"), [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")]
)
def test_the_vectors_of_the_standard_are_accepted(seconds: int, code: str) -> None:
    now = datetime.fromtimestamp(seconds, UTC)
    assert totp.accepted_step(SECRET, code, now, -1) == seconds // 30


def test_a_step_is_never_accepted_twice() -> None:
    now = datetime.fromtimestamp(1111111109, UTC)
    step = totp.accepted_step(SECRET, "081804", now, -1)
    assert step is not None
    assert totp.accepted_step(SECRET, "081804", now, step) is None


@pytest.mark.parametrize(("steps", "is_set_back"), [(-1, False), (0, False), (2, False), (4, False), (5, True)])
def test_only_a_step_far_ahead_shows_a_clock_that_was_set_back(steps: int, is_set_back: bool) -> None:
    now = datetime.fromtimestamp(1111111109, UTC)
    assert (totp.ahead(1111111109 // 30 + steps, now) is not None) == is_set_back


@given(st.integers(min_value=-100, max_value=100))
def test_a_phone_may_be_one_step_off_and_no_more(drift_seconds: int) -> None:
    code_at = 1111111110  # the first second of a step
    now = datetime.fromtimestamp(code_at + drift_seconds, UTC)
    accepted = totp.accepted_step(SECRET, "050471", now, -1) is not None
    assert accepted == (abs((code_at + drift_seconds) // 30 - code_at // 30) <= 1)


@given(st.text(max_size=12))
def test_nonsense_is_never_a_code_and_never_an_error(text: str) -> None:
    now = datetime.fromtimestamp(59, UTC)
    assert totp.accepted_step(SECRET, text, now, -1) is None or text.replace(" ", "") in {"287082", "755224", "359152"}


@given(st.binary(min_size=1, max_size=40))
def test_a_secret_survives_being_typed(secret: bytes) -> None:
    assert totp.secret_from_text(totp.secret_text(secret).lower()) == secret
