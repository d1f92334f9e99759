"""A clinic's staff app on a catalogue of invented people, for tests of pages."""

import re
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from httpx import Response
from litestar.types import ASGIApp

from appliance.accounts import service
from appliance.accounts.account import Account, NewAccount
from appliance.accounts.context import Accounts
from appliance.accounts.peers.publishing import Publication
from appliance.accounts.roles import Role
from appliance.accounts.sessions import Session, Stage, find_session, hash_token, start_session
from appliance.archive.source import ScopedSource
from appliance.audit.events import OPERATOR, AuditLog
from appliance.deidentify.copying import Copying
from appliance.deidentify.laboratory import Laboratory
from appliance.export.entries import Shelf
from appliance.export.package import Exporter
from appliance.intake.quarantine import Quarantine
from appliance.keys.hierarchy import Keyring, Subkey
from appliance.keys.passphrases import PassphraseCost, hash_password
from appliance.keys.secret import SecretKey
from appliance.store.database import Database
from appliance.store.files import FileLayer, RealFiles
from appliance.store.rotating_keys import RotatingKeys
from appliance.store.vault import Vault
from appliance.web.http.actor import form_token
from appliance.web.http.cookies import SESSION_COOKIE
from appliance.web.staff.app import create_app
from appliance.web.staff.context import StaffContext
from tests.store.quick_catalogues import make_quickly
from tests.web.a_client import client_of

PASSWORD = "quiet amber tram 42"  # noqa: S105  # of people who were invented
CLINIC = "Clínica Las Lilas"
QUICK = PassphraseCost(memory_kib=16, passes=1, lanes=1)  # hundreds of people sign in; tests/keys tries the usual one


@cache
def hashed(password: str) -> str:
    """Give a true hash of a password at the least cost, which it names itself; it is made anew at sign-in."""
    return hash_password(password, PassphraseCost(memory_kib=8, passes=1, lanes=1))


def somebody(role: Role, *, image_right: bool, **more: object) -> NewAccount:
    """Give a new account with the role's name, unless another is given."""
    names = {"user_name": f"{role.value}.one", "display_name": "Ana Prueba", "must_change_password": False}
    return NewAccount(role=role, password=PASSWORD, image_right=image_right, **(names | more))  # type: ignore[arg-type]  # names of its own fields


class SetClock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 21, 14, 30, tzinfo=UTC)
        self._stepped = timedelta()

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return (self.at - self._stepped).timestamp()

    def pass_time(self, **span: float) -> None:
        self.at += timedelta(**span)

    def step(self, **span: float) -> None:
        """Be set, as by NTP: no time passes."""
        self.at += timedelta(**span)
        self._stepped += timedelta(**span)


class AClinic:
    """Its catalogue, accounts and app."""

    def __init__(self, folder: Path, files: FileLayer | None = None, root: SecretKey | None = None) -> None:
        """Make a clinic, or open the one whose root is given as its staff process does."""
        keyring = Keyring.for_process("staff", root or SecretKey.new())
        self.clock = SetClock()
        self.folder = folder
        self.files = files or RealFiles()
        self.database = Database(folder / "catalogue.db", keyring.key(Subkey.CATALOGUE), self.clock)
        make_quickly(self.database)
        audit = AuditLog(keyring.key(Subkey.AUDIT), self.clock)
        keys = RotatingKeys(keyring.key(Subkey.KEY_WRAPPING), self.clock)
        vault = Vault(folder, self.files)
        self.quarantine = Quarantine(self.database, keys, vault, audit, self.clock)
        self.exporter = Exporter(Shelf(self.database, keys, vault), audit, self.clock, CLINIC)
        source = ScopedSource(self.database, vault, keys, audit, self.clock)
        copying = Copying(self.database, source, self.clock)
        self.laboratory = Laboratory(self.database, audit, self.clock, keyring.key(Subkey.PSEUDONYM), copying)
        accounts_key = keyring.key(Subkey.ACCOUNTS)
        self.use(Accounts(self.database, audit, accounts_key, self.clock, CLINIC, password_cost=QUICK, code_cost=QUICK))

    def use(self, accounts: Accounts) -> None:
        """Build the app for these accounts."""
        self.accounts = accounts
        self.context = StaffContext(
            self.accounts,
            Publication(self.folder / "admission.json", self.files),
            self.quarantine,
            SecretKey.new(),
            self.exporter,
            self.laboratory,
            security_contact="mailto:security@lilas.test",
        )
        self.app = create_app(self.context)

    def person(self, role: Role = Role.DENTIST, *, image_right: bool = False, **more: object) -> Account:
        """Add somebody whose password is set and whose name is the role's, the password hashed cheaply."""
        new = somebody(role, image_right=image_right, **more)
        with self.database.write() as tx:
            return service._insert(tx, self.accounts, new, hashed(new.password), OPERATOR)

    def new_person(self, role: Role = Role.DENTIST, *, image_right: bool = False, **more: object) -> Account:
        """Add somebody by all the rules for a new account."""
        return service.create_account(self.accounts, somebody(role, image_right=image_right, **more), OPERATOR)

    def browser(self) -> "Browser":
        """Give a browser that nobody has signed in with."""
        return Browser(self.app)

    def signed_in(self, account: Account, app: ASGIApp | None = None) -> "Browser":
        """Give a browser with a full session of this person; another app than this clinic's may stand behind it."""
        with self.database.write() as tx:
            token = start_session(tx, account.account_key, Stage.FULL, "192.0.2.10", self.clock.now())
        browser = self.browser() if app is None else Browser(app)
        browser.client.cookies.set(SESSION_COOKIE, token, domain="enamel.test")
        return browser

    def events(self) -> list[tuple[str, str]]:
        """Give code and outcome of every audit event, in order."""
        with self.database.read() as tx:
            return [(str(c), str(o)) for c, o in tx.rows("SELECT event, outcome FROM audit_events ORDER BY sequence")]


class Browser:
    """Asks for pages, follows nothing by itself, and fills in forms as a person would."""

    def __init__(self, app: ASGIApp) -> None:
        self.client = client_of(app)

    def get(self, path: str, **headers: str) -> Response:
        return self.client.get(path, headers={"accept": "text/html", **headers}, follow_redirects=False)

    def session(self, accounts: Accounts) -> Session:
        """Give the session that this browser shows now."""
        found = find_session(accounts, self.client.cookies[SESSION_COOKIE])
        assert found is not None
        return found

    def post(self, path: str, *, page: str, **fields: str) -> Response:
        """Send the form of `page` to `path` with these fields."""
        token = form_token_in(self.get(page).text)
        return self.post_bare(path, form_token=token, **fields)

    def post_bare(self, path: str, **fields: str) -> Response:
        return self.client.post(path, data=fields, headers={"accept": "text/html"}, follow_redirects=False)


def form_token_of(token: str) -> str:
    """Give what the forms of a session carry that began with this token."""
    return form_token(hash_token(token).hex())


def form_token_in(text: str) -> str:
    """Find the form token of a page."""
    found = re.search(r'name="form_token" value="([\w-]+)"', text) or re.search(r'data-form-token="([\w-]+)"', text)
    assert found, "the page has no form"
    return found[1]
