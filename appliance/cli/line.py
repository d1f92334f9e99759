"""What every command is made of: its name, its arguments, and what it is given when it runs."""

import getpass
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from appliance.assembly.box import sealed_root, unseal_root
from appliance.assembly.folders import Folders
from appliance.assembly.keyrings import keyring_of
from appliance.assembly.owner import go_on_as_owner
from appliance.assembly.rooms import Rooms, open_rooms
from appliance.assembly.taking_over import settle
from appliance.cli.answers import Answer
from appliance.clock import SystemClock
from appliance.config import Settings, find_settings, read_settings
from appliance.errors import Unavailable, Unsuitable
from appliance.keys.hierarchy import Keyring
from appliance.keys.sealing import asks_passphrase
from appliance.keys.secret import SecretKey
from appliance.store.files import RealFiles

_LONGEST_SECRET = 4096


@dataclass(frozen=True)
class Command:
    """One command.

    Attributes:
        name: One word, or a group and a verb: `keys init`.
        run: Does it.
        arguments: Adds its own arguments.
    """

    name: str
    run: Callable[["Invocation"], Answer]
    arguments: Callable[[ArgumentParser], object] = lambda _: None


@dataclass(frozen=True)
class Invocation:
    """One call of a command."""

    given: Namespace
    clock: SystemClock

    def settings(self) -> Settings:
        """Read the settings of the box that `--data` or `--settings` names."""
        return read_settings(find_settings(self.given.data, self.given.settings))

    def root(self) -> SecretKey:
        """Open the box's root secret, asking for its passphrase where there is one; the caller forgets it soon.

        Raises:
            NotFound: There is no box.
            WrongPassphrase: It does not open the root.
        """
        folders = Folders.of(self.settings())
        settle(folders, RealFiles())
        return unseal_root(folders, ask_secret("Passphrase: ") if asks_passphrase(sealed_root(folders)) else None)

    @contextmanager
    def rooms(
        self, process: str = "staff", snapshot: Path | None = None, root: SecretKey | None = None
    ) -> Iterator[Rooms]:
        """Open the box's rooms as its operator, by its keyring file or its root secret.

        Args:
            process: Whose keys to take from the root secret.
            snapshot: A catalogue out of a backup, whose key counts where the box's own is lost.
            root: The box's root secret, where it was opened before.

        Raises:
            NotFound: There is no box.
            WrongPassphrase: It does not open the root.
        """
        settings = self.settings()
        if root is None and self.given.keyring is not None:
            keyring = self._given_keyring()
        else:
            keyring = keyring_of(process, root or self.root(), Folders.of(settings), snapshot)
        rooms = open_rooms(settings, keyring, self.clock)
        try:
            yield rooms
        finally:
            rooms.database.close()

    @contextmanager
    def rooms_of_jobs(self) -> Iterator[Rooms]:
        """Open the box's rooms with the keys of jobs, and go on with that process's rights: it uses what is made.

        Raises:
            NotFound: There is no box.
            WrongPassphrase: It does not open the root.
        """
        with self.rooms("jobs") as rooms:
            go_on_as_owner(rooms.folders.backup)
            yield rooms

    def _given_keyring(self) -> Keyring:
        try:
            return Keyring.decode(Path(self.given.keyring).read_bytes())
        except OSError as error:
            raise Unavailable(f"the keyring cannot be read: {error.strerror}") from error


def ask_secret(prompt: str) -> str:
    """Ask a person without showing what is typed, or take a line of standard input.

    Raises:
        Unsuitable: Nothing was given.
    """
    secret = getpass.getpass(prompt) if sys.stdin.isatty() else sys.stdin.readline(_LONGEST_SECRET).rstrip("\r\n")
    if not secret:
        asked = prompt.strip().removesuffix(":").lower()
        raise Unsuitable(f"nothing was given for the {asked}: type it, or give it on standard input")
    return secret


def ask_words(prompt: str) -> str:
    """Ask a person for a line of text, or take it from standard input; never from the arguments, which others can see.

    Raises:
        Unsuitable: Nothing was given.
    """
    if sys.stdin.isatty():
        sys.stderr.write(prompt)
        sys.stderr.flush()
    words = sys.stdin.readline(_LONGEST_SECRET).strip()
    if not words:
        raise Unsuitable("nothing was given: type it, or give it on standard input")
    return words


def ask_new_secret(prompt: str) -> str:
    """Ask a person twice, or take a line of standard input once.

    Raises:
        Unsuitable: Nothing was given, or the two differ.
    """
    secret = ask_secret(prompt)
    if sys.stdin.isatty() and ask_secret("Once more: ") != secret:
        raise Unsuitable("the two are not the same")
    return secret


def common_arguments(parser: ArgumentParser) -> None:
    """Add what every command takes."""
    parser.add_argument("--data", type=Path, metavar="DIR", help="the data folder (default: ./data, else the box's)")
    parser.add_argument("--settings", type=Path, metavar="FILE", help="the settings file, where it is not in the data")
    parser.add_argument("--keyring", type=Path, metavar="FILE", help="a keyring of a running box, instead of its root")
    parser.add_argument("--json", action="store_true", help="answer with one line of JSON")
