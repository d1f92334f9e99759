"""What makes a password good enough, and nothing that only annoys.

Length counts, composition does not, and a password never expires by itself
unless the clinic's settings say so. What many people use is in a list of the release, `common_passwords.txt`: of
leaked passwords the most common ones of each length that a policy may ask for, and what is common in clinics
(`tools/common_passwords.py` makes it). It is read when somebody chooses a password, and nothing of it is kept.
Leaves out: the hundreds of millions of other breached passwords, which would need the internet.

Source: NIST SP 800-63B-4 3.1.1.2; OWASP ASVS 5.0 6.2.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from appliance.accounts.errors import PasswordTooWeak

MINIMUM_WITH_SECOND_FACTOR = 8
MINIMUM_ALONE = 15
MAXIMUM = 256
_LEETS = str.maketrans("013457@$!", "oieastasi")


@dataclass(frozen=True, slots=True)
class PasswordPolicy:
    """What the clinic asks for: how many characters at least, and after how many days a new one; 0 for never.

    `second_factor_of_all` tells whether everybody needs a second factor, or administrators alone.
    """

    characters: int = MINIMUM_WITH_SECOND_FACTOR
    days: int = 0
    second_factor_of_all: bool = True

    @classmethod
    def asked(cls, characters: int, days: int, *, second_factor_of_all: bool) -> "PasswordPolicy":
        """Give what a clinic asks for; where a password may be all there is, it is long."""
        least = MINIMUM_WITH_SECOND_FACTOR if second_factor_of_all else MINIMUM_ALONE
        return cls(max(characters, least), days, second_factor_of_all)


class Rule(StrEnum):
    """The rules, one code each."""

    TOO_SHORT = "too short"
    TOO_LONG = "too long"
    COMMON = "common"
    CONTEXT = "names you or the clinic"
    REPETITIVE = "repetitive"
    UNCHANGED = "unchanged"


def check_password(
    password: str, *, second_factor: bool, context: Iterable[str] = (), policy: PasswordPolicy | None = None
) -> None:
    """Refuse a password that somebody would guess.

    Args:
        password: As typed; every character counts, spaces too.
        second_factor: Whether the account also asks for a code.
        context: Words that belong to the person or the clinic.
        policy: What the clinic asks for besides; it never takes anything away.

    Raises:
        PasswordTooWeak: With the first rule that it breaks.
    """
    minimum = MINIMUM_WITH_SECOND_FACTOR if second_factor else MINIMUM_ALONE
    if len(password) < max(minimum, policy.characters if policy else 0):
        raise PasswordTooWeak(Rule.TOO_SHORT)
    if len(password) > MAXIMUM:
        raise PasswordTooWeak(Rule.TOO_LONG)
    plain = folded(password)
    if len(set(plain)) < 4:
        raise PasswordTooWeak(Rule.REPETITIVE)
    if any(_rests_on(plain, word) for word in _words(context)):
        raise PasswordTooWeak(Rule.CONTEXT)
    if _is_common(plain, folded(re.sub(r"[\W\d_]+$", "", password))):
        raise PasswordTooWeak(Rule.COMMON)


def folded(text: str) -> str:
    """Fold case, accents and the usual number-for-letter swaps, so that variants meet."""
    letters = unicodedata.normalize("NFKD", text).casefold()
    return "".join(c for c in letters if not unicodedata.combining(c)).translate(_LEETS)


def _words(context: Iterable[str]) -> set[str]:
    """Give each phrase and each word of it that is long enough to matter."""
    phrases = {folded(phrase) for phrase in context}
    words = {word for phrase in phrases for word in re.split(r"\W+", phrase)}
    return {word for word in words | {re.sub(r"\W+", "", phrase) for phrase in phrases} if len(word) >= 4}


def _rests_on(plain: str, word: str) -> bool:
    """Say whether little is left of the password once the word is taken out."""
    return word in plain and len(plain.replace(word, "")) < MINIMUM_WITH_SECOND_FACTOR


def _is_common(*words: str) -> bool:
    """Say whether one of these folded words is a line of the list."""
    lines = b"\n" + (Path(__file__).parent / "common_passwords.txt").read_bytes()
    return any(f"\n{word}\n".encode("utf-8", "surrogatepass") in lines for word in words)
