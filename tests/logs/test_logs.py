"""What the log shows and what it does not."""

import logging

import pytest

from appliance.logs import set_up_logging


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
