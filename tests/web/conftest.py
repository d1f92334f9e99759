"""What tests of decisions begin with: a clinic of their own, and its administrator before a browser."""

from pathlib import Path

import pytest

from appliance.accounts.account import Account
from appliance.accounts.roles import Role
from tests.web.a_clinic import AClinic, Browser
from tests.web.a_proof import SECRET
from tests.web.invented import PEOPLE, put_all


@pytest.fixture
def clinic(tmp_path: Path) -> AClinic:
    return AClinic(tmp_path)


@pytest.fixture
def administrator(clinic: AClinic) -> Account:
    """Give somebody who manages the clinic and has an app for codes."""
    return clinic.person(Role.ADMINISTRATOR, totp_secret=SECRET)


@pytest.fixture(scope="module")
def looker(tmp_path_factory: pytest.TempPathFactory) -> Browser:
    """Give a browser in which somebody is in who may look at everything, for tests that change nothing."""
    clinic = AClinic(tmp_path_factory.mktemp("clinic"))
    with clinic.database.write() as tx:
        put_all(tx, clinic.clock.now(), PEOPLE[:1])
    return clinic.signed_in(clinic.person(Role.ADMINISTRATOR, image_right=True))


@pytest.fixture
def browser(clinic: AClinic, administrator: Account) -> Browser:
    """Give a browser in which the administrator is in."""
    return clinic.signed_in(administrator)
