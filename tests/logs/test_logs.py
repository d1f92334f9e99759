"""What the log shows and what it does not."""

import logging

import pytest

from appliance.logs import MOST_A_MINUTE, BoundedRate, set_up_logging


def test_a_line_names_the_process_and_libraries_stay_quiet(capfd: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    try:
        set_up_logging("intake")
        logging.getLogger("appliance.intake").info("arrived %d", 3)
        logging.getLogger("pynetdicom.acse").info("PatientName")
        logging.getLogger("pydicom").error("PatientName")
        logging.getLogger("uvicorn.access").info("GET /studies?q=PatientName")
    finally:
        root.handlers[:] = before
        root.setLevel(level)
    logged = capfd.readouterr().err
    assert "intake INFO arrived 3" in logged
    assert "PatientName" not in logged


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
