"""Guesses at the box's passphrase are counted by address and in all."""

from appliance.web.staff.guesses import FREE_FOR_ADDRESS, FREE_IN_ALL, Guesses
from tests.web.a_clinic import SetClock


def test_the_wait_grows_and_ends_with_the_hour() -> None:
    clock = SetClock()
    guesses = Guesses(clock)
    assert [guesses.begin("192.0.2.1") for _ in range(FREE_FOR_ADDRESS)] == [0] * FREE_FOR_ADDRESS
    waits = []
    for _ in range(10):
        waits.append(guesses.begin("192.0.2.1"))
        clock.pass_time(seconds=waits[-1])
        assert guesses.begin("192.0.2.1") == 0
    assert waits == [2, 4, 8, 16, 32, 64, 128, 256, 300, 300]
    clock.pass_time(hours=1, seconds=1)
    assert guesses.begin("192.0.2.1") == 0


def test_a_guess_that_was_right_does_not_count() -> None:
    guesses = Guesses(SetClock())
    for _ in range(FREE_FOR_ADDRESS * 3):
        assert guesses.begin("192.0.2.1") == 0
        guesses.take_back("192.0.2.1")


def test_many_addresses_have_one_free_guess_each_and_a_new_one_is_always_heard() -> None:
    guesses = Guesses(SetClock())
    tried = 0
    for number in range(200):
        for _ in range(FREE_FOR_ADDRESS):
            tried += guesses.begin(f"192.0.2.{number}") == 0
    assert FREE_IN_ALL < tried <= FREE_IN_ALL + 200
    assert guesses.begin("198.51.100.1") == 0
    assert guesses.begin("198.51.100.1") > 0


def test_one_machine_with_many_ipv6_addresses_counts_as_one() -> None:
    guesses = Guesses(SetClock())
    waits = [guesses.begin(f"2001:db8::{number:x}") for number in range(FREE_FOR_ADDRESS + 1)]
    assert waits[-1] > 0
    assert guesses.begin("2001:db8:0:1::1") == 0


def test_what_is_remembered_is_bounded() -> None:
    guesses = Guesses(SetClock(), maximum_remembered=64)
    for number in range(64 + 50):
        guesses.begin(f"host-{number}")
    assert len(guesses._by_address) <= 64 + 1
