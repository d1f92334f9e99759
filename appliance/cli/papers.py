"""Asking for a recovery kit's papers: two shares, or the code.

Guards: what is typed is checked at once, share by share, so that a person at
the keyboard types a wrong one again and nothing else.
"""

import sys
from collections.abc import Callable

from appliance.assembly.typed_papers import needs_another
from appliance.cli.line import ask_words
from appliance.errors import UnreadableCode
from appliance.keys.recovery import root_from_recovery_code
from appliance.keys.recovery_shares import read_share, root_from_shares

_FIRST = "Type the first share, all 33 words on one line (four letters of each will do), or the recovery code:\n"
_SECOND = "This is share {number} of kit {kit}. Type another share of kit {kit} (Ctrl-C to begin anew):\n"


def ask_papers() -> list[str]:
    """Ask for the code, or for two shares; from standard input a line each.

    Raises:
        UnreadableCode: One was typed wrongly, and nobody is there to be asked again.
    """
    first = _asked(_FIRST, _check_first)
    if not needs_another(first):
        return [first]
    share = read_share(first)
    prompt = _SECOND.format(number=share.number, kit=share.identifier)
    return [first, _asked(prompt, lambda second: _check_second(first, second))]


def _check_first(typed: str) -> None:
    if not needs_another(typed):
        root_from_recovery_code(typed)


def _check_second(first: str, second: str) -> None:
    read_share(second)
    root_from_shares([first, second])


def _asked(prompt: str, check: Callable[[str], object]) -> str:
    while True:
        typed = ask_words(prompt)
        try:
            check(typed)
        except UnreadableCode as fault:
            if not sys.stdin.isatty():
                raise
            print(f"{fault}. Please type it again.", file=sys.stderr)  # noqa: T201  whoever types reads it
        else:
            return typed
