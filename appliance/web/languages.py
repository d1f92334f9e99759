"""The languages that pages are written in, and the one that is spoken while a request is answered.

A request's language is set in front of the app (`http/speaking.py`) and once
more when its caller is known and has chosen one (`http/actor.py`); it
holds for all that runs for this request, in threads too; so every word can be
asked for where it is needed. It is the only thing here that is not passed:
handing a catalogue through every function that names a month would name it
everywhere and decide nothing. Nothing but words, dates and numbers may depend on it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from gettext import NullTranslations, translation
from pathlib import Path

FOLDER = Path(__file__).parent / "locale"
DOMAIN = "staff"


@dataclass(frozen=True, slots=True)
class Language:
    """A language and its words.

    Attributes:
        code: What `<html lang>` says (BCP 47), and what a browser asks for.
        name: Its name in itself.
        catalogue: Its words.
    """

    code: str
    name: str
    catalogue: NullTranslations


@cache
def languages() -> tuple[Language, ...]:
    """Give every language that people may choose; the first is spoken where no other is wished for."""
    english = Language("en", "English", NullTranslations())
    return (english, _with_catalogue("es", "Español"), _with_catalogue("pt", "Português"))


def _with_catalogue(code: str, name: str) -> Language:
    return Language(code, name, translation(DOMAIN, FOLDER, [code]))


_spoken: ContextVar[Language | None] = ContextVar("spoken", default=None)


@contextmanager
def speaking(language: Language) -> Iterator[None]:
    """Speak this language for a while."""
    token = _spoken.set(language)
    try:
        yield
    finally:
        _spoken.reset(token)


def speak(code: str) -> None:
    """Speak this language from here on, for the rest of the request; nothing changes where no page is written in it."""
    wished = next((each for each in languages() if each.code == code), None)
    if wished is not None:
        _spoken.set(wished)


def spoken() -> Language:
    """Give the language that is spoken now."""
    return _spoken.get() or languages()[0]


def gettext(message: str) -> str:
    """Say `message` in the language that is spoken now."""
    return spoken().catalogue.gettext(message) if message else ""


def ngettext(singular: str, plural: str, number: int) -> str:
    """Say how many, by the rules of the language that is spoken now."""
    return spoken().catalogue.ngettext(singular, plural, number)


def pgettext(context: str, message: str) -> str:
    """Say `message` where its English has more than one meaning; `context` tells which."""
    return spoken().catalogue.pgettext(context, message)


def later(message: str) -> str:
    """Mark what is said later, by `gettext`, in a language that is not known yet."""
    return message


def decimal(number: float, places: int) -> str:
    """Write a number with the decimal sign of the language that is spoken now."""
    return f"{number:.{places}f}".replace(".", pgettext("decimal sign", "."))
