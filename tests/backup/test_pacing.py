"""Copies of what arrives are spaced by what they take, and what waits is copied within ten minutes where it can be."""

from hypothesis import given
from hypothesis import strategies as st

from appliance.backup.pacing import PROMISED_SECONDS, Pacing

LOOK = 240.0


class Line:
    """A target to which each copy takes the same time, looked at as the job does; what arrives is told in seconds."""

    def __init__(self, takes: float, arrivals: list[float]) -> None:
        self.now, self.takes = 0.0, takes
        self.waiting = sorted(arrivals)
        self.waited: list[float] = []
        self.runs = 0
        self.pacing = Pacing(lambda: self.now, LOOK)

    def work(self) -> None:
        while self.waiting:
            looked_at = self.now
            here = [at for at in self.waiting if at <= self.now]
            if here and self.pacing.may_begin(1, self.now - here[0]):
                self.now += self.takes
                self.pacing.ended(1, looked_at, [])
                self.runs += 1
                self.waited += [self.now - at for at in here]
                self.waiting = self.waiting[len(here) :]
            self.now = max(self.now, looked_at + LOOK)


@given(st.floats(0, 300), st.lists(st.floats(0, 8 * 3600), min_size=1, max_size=60))
def test_whatever_arrives_is_copied_within_ten_minutes_where_the_line_allows(
    takes: float, arrivals: list[float]
) -> None:
    line = Line(takes, arrivals)
    line.work()
    assert max(line.waited) <= PROMISED_SECONDS


@given(st.floats(301, 3600))
def test_a_line_that_is_too_slow_is_left_free_half_of_the_time(takes: float) -> None:
    line = Line(takes, [float(at) for at in range(0, 24 * 3600, 300)])
    line.work()
    assert line.runs * takes <= line.now / 2 + takes


def test_a_large_catalogue_is_copied_half_as_often_and_a_small_one_at_each_look() -> None:
    a_day = [float(at) for at in range(0, 8 * 3600, 60)]
    runs = []
    for takes in (3.0, 60.0):
        line = Line(takes, a_day)
        line.work()
        runs.append(line.runs)
    assert runs[0] >= 8 * 15
    assert runs[1] <= runs[0] / 2 + 1


def test_what_the_last_copy_had_is_known_unless_it_was_very_much() -> None:
    pacing = Pacing(lambda: 0.0, LOOK)
    assert (pacing.copied(1), pacing.may_begin(1, 0.0)) == (frozenset(), True)
    pacing.ended(1, 0.0, [b"a", b"b"])
    assert pacing.copied(1) == {b"a", b"b"}
    pacing.ended(1, 0.0, [number.to_bytes(4) for number in range(30_000)])
    assert pacing.copied(1) == frozenset()
