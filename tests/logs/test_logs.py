"""What the log shows and what it does not."""

import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from appliance.errors import Tampered
from appliance.logs import MOST_A_MINUTE, BoundedRate, set_up_logging

NAME = "Zilda"


@contextmanager
def set_up() -> Iterator[logging.Logger]:
    """Set logs up as a process does, and put all back afterwards."""
    root = logging.getLogger()
    before, level, hooks = root.handlers[:], root.level, (sys.excepthook, threading.excepthook)
    set_up_logging("intake")
    try:
        yield logging.getLogger("appliance.intake")
    finally:
        root.handlers[:] = before
        root.setLevel(level)
        sys.excepthook, threading.excepthook = hooks


def test_a_line_names_the_process_and_libraries_stay_quiet(capfd: pytest.CaptureFixture[str]) -> None:
    with set_up() as log:
        log.info("arrived %d", 3)
        logging.getLogger("pynetdicom.acse").info("PatientName")
        logging.getLogger("pydicom").error("PatientName")
        logging.getLogger("uvicorn.access").info("GET /studies?q=PatientName")
    logged = capfd.readouterr().err
    assert "intake INFO arrived 3" in logged
    assert "PatientName" not in logged


def failing(named: str) -> None:
    try:
        int(named)
    except ValueError as fault:
        both = [KeyError(named), Tampered("a stored file is not what was stored")]
        raise ExceptionGroup(f"of {named}", both) from fault


def test_a_bug_is_told_by_its_class_and_place_and_its_words_are_not(capfd: pytest.CaptureFixture[str]) -> None:
    with set_up() as log:
        try:
            failing(NAME)
        except ExceptionGroup:
            log.exception("a request failed")
        try:
            Path(f"/nowhere/{NAME}").read_bytes()
        except OSError:
            log.exception("a file")
    told = capfd.readouterr().err
    assert NAME not in told
    places = ("builtins.ValueError", "builtins.KeyError", "builtins.ExceptionGroup", "in failing", "which led to:")
    assert [place for place in places if place not in told] == []
    assert "appliance.errors.Tampered: a stored file is not what was stored" in told, "our own words name nobody"
    assert "builtins.FileNotFoundError: No such file or directory" in told


def test_what_nothing_caught_is_logged_by_the_same_rules(capfd: pytest.CaptureFixture[str]) -> None:
    with set_up():
        thread = threading.Thread(target=failing, args=(NAME,))
        thread.start()
        thread.join()
        try:
            failing(NAME)
        except ExceptionGroup as fault:
            sys.excepthook(type(fault), fault, fault.__traceback__)
        sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)
    told = capfd.readouterr().err
    assert NAME not in told
    assert told.count("CRITICAL a bug that nothing caught") == 2


def test_a_line_that_cannot_be_written_is_named_by_its_place_alone(capfd: pytest.CaptureFixture[str]) -> None:
    with set_up() as log:
        log.warning("%d files", NAME)
    told = capfd.readouterr().err
    assert NAME not in told
    assert "a line of test_logs" in told


def test_no_character_of_what_is_logged_begins_another_line(capfd: pytest.CaptureFixture[str]) -> None:
    forged = "x\n2026-01-01T00:00:00.000Z staff INFO all is well\r\x1b[2K\x85\u2028\x00é"
    with set_up() as log:
        log.warning("a sender calls itself %s", forged)
        log.error("a file", exc_info=Tampered(forged))
    told = capfd.readouterr().err
    assert [one for one in told.splitlines() if one.endswith("INFO all is well")] == []
    assert sum("staff INFO" in one for one in told.splitlines()) == 2
    assert not set(told) & set("\r\x1b\x85\u2028\x00")
    assert "itself x\\x0a2026-01-01T00:00:00.000Z staff INFO all is well\\x0d\\x1b[2K\\x85\\u2028\\x00é" in told


def line(at: float, number: int = 0, place: int = 1) -> logging.LogRecord:
    record = logging.LogRecord("receiver", logging.WARNING, "door.py", place, "refused %d", (number,), None)
    record.created = at
    return record


def test_one_kind_of_line_is_bounded_and_what_was_left_out_is_counted() -> None:
    bounded = BoundedRate()
    written = [bounded.filter(line(1000.0 + number / 1000, number)) for number in range(5000)]
    assert sum(written) == MOST_A_MINUTE
    assert bounded.filter(line(1001.0, place=2)), "other lines are not held up"
    later = line(1061.0, 7)
    assert bounded.filter(later)
    assert later.getMessage() == f"refused 7 ({5000 - MOST_A_MINUTE} more such lines were left out)"
