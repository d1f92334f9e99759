"""The role turns a bare Debian 12 into a box, and a second time changes nothing."""

import json

import pytest

from tests.box.clinic import enamel
from tests.box.conftest import apply_role
from tests.box.machine import Machine

pytestmark = [pytest.mark.slow, pytest.mark.peer("mmdebstrap", "systemd-nspawn", "nsenter", "ip")]


def test_a_second_application_of_the_role_changes_nothing(installed: Machine) -> None:
    recap = apply_role(installed)
    assert recap["changed"] == 0
    assert recap["failed"] == 0


def test_by_default_the_root_is_under_the_passphrase_and_sealed_to_this_machine(installed: Machine) -> None:
    facts = enamel(installed, "keys", "status")
    assert (facts["method"], facts["asks_passphrase"]) == ("systemd-credential", True)
    sealed = json.loads(installed.run("cat", "/var/lib/enamel/keys/root.sealed").stdout)
    assert sealed["host_key"] == "host", "there is no TPM in the container"
