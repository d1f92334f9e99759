"""DICOMweb served by uvicorn on a unix socket, over an archive of real files, as the staff process serves it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from litestar import Litestar, get

from appliance.accounts.context import Accounts
from appliance.accounts.roles import IMAGE_RIGHT, Permission
from appliance.accounts.tokens import issue_token
from appliance.archive.source import ScopedSource
from appliance.audit.events import Actor, ActorKind
from appliance.keys.hierarchy import Subkey, derive
from appliance.web.dicomweb.callers import Callers
from appliance.web.dicomweb.metadata import Metadata
from appliance.web.dicomweb.routes import Dicomweb, in_front_of
from tests.web import a_server
from tests.web.an_archive import AnArchive

TESTER = Actor(ActorKind.OPERATOR)


@get("/elsewhere", sync_to_thread=False)
def elsewhere() -> str:
    """Stand for the staff app's pages."""
    return "a page"


class ADicomweb:
    """An archive, its accounts, and a client that carries a token for everything."""

    def __init__(self, folder: Path) -> None:
        self.archive = AnArchive(folder)
        box = self.archive.box
        key = derive(box.root, Subkey.ACCOUNTS)
        self.accounts = Accounts(box.database, box.audit, key, box.clock, "Clinic")
        self.socket = folder / "web.sock"
        self.token = self.issue(*IMAGE_RIGHT)
        self.client = self.client_with(self.token)

    def issue(self, *permissions: Permission) -> str:
        return issue_token(self.accounts, "test", permissions, TESTER)

    def client_with(self, token: str) -> httpx.Client:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        transport = httpx.HTTPTransport(uds=str(self.socket))
        return httpx.Client(transport=transport, base_url="http://box.test", headers=headers, timeout=120)

    @contextmanager
    def served(self) -> Iterator["ADicomweb"]:
        with serving(self.socket, self.archive.source, self.accounts):
            try:
                yield self
            finally:
                self.client.close()


@contextmanager
def serving(socket: Path, source: ScopedSource, accounts: Accounts) -> Iterator[None]:
    """Serve a source on a unix socket, in front of an app with one page; what it keeps open is closed at the end."""
    dicomweb = Dicomweb(source, Callers(accounts), Metadata(source, accounts.clock))
    app = in_front_of(Litestar([elsewhere], openapi_config=None), dicomweb)
    with a_server.serving(app, uds=str(socket)):
        yield
