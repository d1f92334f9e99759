"""Paths that a form may send a person back to, and by which an app is asked."""

from typing import cast

from litestar.types import Scope


def local_path(text: str) -> str:
    """Take a path of this site, and nothing that a browser could take for another one."""
    plain = text.startswith("/") and not text.startswith("//") and "\\" not in text and text.isprintable()
    return text if plain and len(text) <= 256 else "/"


def at_path(scope: Scope, path: str) -> Scope:
    """Give the same request, for another path."""
    return cast("Scope", {**scope, "path": path, "raw_path": path.encode()})
