"""The role turns a bare Debian 12 into a box, and a second time changes nothing."""

import pytest

from tests.box.conftest import apply_role
from tests.box.machine import Machine

pytestmark = [pytest.mark.slow, pytest.mark.peer("mmdebstrap", "systemd-nspawn", "nsenter", "ip")]


def test_a_second_application_of_the_role_changes_nothing(installed: Machine) -> None:
    recap = apply_role(installed)
    assert recap["changed"] == 0
    assert recap["failed"] == 0
