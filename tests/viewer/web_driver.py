"""Browsers of three makers, driven as WebDriver says it: real mouse, finger and key events, scripts, screenshots.

Chromium and WebKitGTK listen through the HTTP of their drivers, Firefox through the socket that its driver would
speak to.
Leaves out: everything that the viewer's tests do not ask for.

Source: W3C WebDriver (commands and their answers); Firefox's Marionette, protocol level 3 (the same commands by name).
"""

import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Protocol

Answer = Any  # whatever JSON a browser answers with
Ports = Callable[[int], list[int]]
PATIENCE_SECONDS = 300
SOFTWARE = {"LIBGL_ALWAYS_SOFTWARE": "1", "GALLIUM_DRIVER": "llvmpipe"}
CHROMIUM_FLAGS = [
    "--headless=new", "--no-sandbox", "--disable-gpu", "--use-gl=angle", "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--hide-scrollbars",
]  # fmt: skip
FIREFOX_PREFERENCES: Mapping[str, bool | int | str] = {
    "app.update.auto": False,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "dom.w3c_touch_events.enabled": 1,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "webgl.force-enabled": True,
}


class BrowserError(Exception):
    """A browser would not do what it was asked."""


class Wire(Protocol):
    """How commands reach a browser.

    Attributes:
        has_fingers: It turns touch actions into touch events; else it moves the mouse.
    """

    has_fingers: bool

    def ask(self, command: str, given: Mapping[str, Any]) -> Answer:
        """Give the command's answer.

        Raises:
            BrowserError: The browser says why it did not do it.
        """


class Http:
    """Guards one session of a driver that listens to HTTP."""

    PATHS: Mapping[str, tuple[str, str]] = {
        "DeleteSession": ("DELETE", ""),
        "ElementSendKeys": ("POST", "/element/{id}/value"),
        "ExecuteScript": ("POST", "/execute/sync"),
        "GetWindowRect": ("GET", "/window/rect"),
        "Navigate": ("POST", "/url"),
        "PerformActions": ("POST", "/actions"),
        "ReleaseActions": ("DELETE", "/actions"),
        "SetWindowRect": ("POST", "/window/rect"),
        "TakeScreenshot": ("GET", "/screenshot"),
    }

    def __init__(self, port: int, wished: Mapping[str, Any], *, has_fingers: bool = True) -> None:
        self.has_fingers = has_fingers
        self._url = f"http://127.0.0.1:{port}/session"
        until_open(port)
        session = self._send("POST", "", {"capabilities": {"alwaysMatch": wished}})
        self._url = f"{self._url}/{session['sessionId']}"

    def ask(self, command: str, given: Mapping[str, Any]) -> Answer:
        method, path = self.PATHS[command]
        return self._send(method, path.format(**given), given if method == "POST" else None)

    def _send(self, method: str, path: str, given: Mapping[str, Any] | None) -> Answer:
        body = None if given is None else json.dumps(given).encode()
        kind = {"Content-Type": "application/json; charset=utf-8"}
        request = urllib.request.Request(self._url + path, body, kind, method=method)  # noqa: S310 - only ever asks a driver on loopback
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:  # noqa: S310 - only ever asks a driver on loopback
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise BrowserError(error.read().decode()[:600]) from None


class Marionette:
    """Guards one session of Firefox: messages are JSON, each behind its length and a colon."""

    has_fingers = True

    def __init__(self, port: int) -> None:
        until_open(port)
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS)
        self._file = self._socket.makefile("rb")
        self._number = 0
        self._receive()  # it says what it is
        self.ask("NewSession", {})

    def ask(self, command: str, given: Mapping[str, Any]) -> Answer:
        self._number += 1
        more = {"sandbox": None, "newSandbox": True} if command == "ExecuteScript" else {}
        message = json.dumps([0, self._number, f"WebDriver:{command}", {**given, **more}]).encode()
        self._socket.sendall(b"%d:%b" % (len(message), message))
        _, _, error, value = self._receive()
        if error is not None:
            raise BrowserError(str(error)[:600])
        return value["value"] if isinstance(value, dict) and set(value) == {"value"} else value

    def _receive(self) -> Answer:
        length = b""
        while (byte := self._file.read(1)) not in {b":", b""}:
            length += byte
        return json.loads(self._file.read(int(length)))

    def close(self) -> None:
        self._file.close()
        self._socket.close()


@contextmanager
def chromium(ports: Ports) -> Iterator[Wire]:
    """Run Chromium through the driver that Debian builds with it."""
    (port,) = ports(1)
    with ExitStack() as ending:
        started(ending, ["chromedriver", f"--port={port}"])
        options = {"args": CHROMIUM_FLAGS, "binary": shutil.which("chromium")}
        wire = Http(port, {"browserName": "chrome", "goog:chromeOptions": options})
        ending.callback(wire.ask, "DeleteSession", {})
        yield wire


@contextmanager
def firefox(ports: Ports) -> Iterator[Wire]:
    """Run Firefox with a profile of its own; it draws in software through a screen that nobody sees."""
    (port,) = ports(1)
    with ExitStack() as ending:
        home = ending.enter_context(tempfile.TemporaryDirectory(prefix="enamel-firefox-", ignore_cleanup_errors=True))
        wished = {**FIREFOX_PREFERENCES, "marionette.port": port}
        lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in wished.items()]
        Path(home, "user.js").write_text("".join(lines))
        command = ["firefox-esr", "--headless", "--no-remote", "--marionette", "--profile", home]
        started(ending, command, HOME=home, DISPLAY=hidden_screen(ending))
        wire = Marionette(port)
        ending.callback(wire.close)
        yield wire


@contextmanager
def webkit(ports: Ports) -> Iterator[Wire]:
    """Run WebKitGTK's small browser on a screen that nobody sees."""
    (port,) = ports(1)
    with ExitStack() as ending:
        home = ending.enter_context(tempfile.TemporaryDirectory(prefix="enamel-webkit-", ignore_cleanup_errors=True))
        display = hidden_screen(ending)
        started(ending, ["WebKitWebDriver", f"--port={port}", "--host=127.0.0.1"], HOME=home, DISPLAY=display)
        options = {"binary": str(mini_browser()), "args": ["--automation"]}
        wire = Http(port, {"webkitgtk:browserOptions": options}, has_fingers=False)
        ending.callback(wire.ask, "DeleteSession", {})
        yield wire


BROWSERS: Mapping[str, Callable[[Ports], Any]] = {"chromium": chromium, "firefox": firefox, "webkit": webkit}
PEERS = {
    "chromium": ("chromium", "chromedriver"),
    "firefox": ("firefox-esr", "Xvfb"),
    "webkit": ("WebKitWebDriver", "Xvfb"),
}


def mini_browser() -> Path:
    """Find the browser that comes with WebKitGTK, beside its libraries."""
    found = sorted(Path("/usr/lib").glob("*/webkit2gtk-4.*/MiniBrowser"))
    if not found:
        raise BrowserError("WebKitGTK's MiniBrowser is not there")
    return found[-1]


def hidden_screen(ending: ExitStack) -> str:
    """Start an X server without a screen; give its name."""
    read, write = os.pipe()
    command = ["Xvfb", "-displayfd", str(write), "-screen", "0", "2000x1400x24", "-nolisten", "tcp", "-noreset"]
    process = subprocess.Popen(command, pass_fds=[write], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    ending.callback(ended, process)
    os.close(write)
    with os.fdopen(read) as told:
        return f":{told.readline().strip()}"


def started(ending: ExitStack, command: list[str], **environment: str) -> None:
    """Start a program that is ended with its children when the stack is left."""
    process = subprocess.Popen(
        command, env={**os.environ, **SOFTWARE, **environment}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    ending.callback(ended, process)


def ended(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(80)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def until_open(port: int) -> None:
    """Wait until somebody listens."""
    end = time.monotonic() + PATIENCE_SECONDS  # a browser's start, by the machine's clock
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)
        else:
            return
