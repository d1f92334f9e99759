"""What restic says on standard error, told apart.

Guards: nothing of the text itself goes on: it names paths and hosts. Where nothing fits it is `FAILED`.

Source: restic 0.14, read in its source and met in tests/backup.
"""

import re
from collections import Counter
from collections.abc import Sequence

from appliance.backup.engine import Finding, Source
from appliance.backup.faults import Fault


def _status(codes: str) -> str:
    """Match a status of HTTP where one is told, and not in a random pause, a length or an offset.

    Source: restic 0.14, internal/backend/rest ("(403)"); net/http, Response.Status ("403 Forbidden").
    """
    return rf"\((?:{codes})\)|\b(?:status|code|response)(?: code)?:? (?:{codes})\b|\b(?:{codes}) (?-i:[A-Z][a-z])"


# The first that fits decides.
_WORDS: tuple[tuple[Fault, re.Pattern[str]], ...] = tuple(
    (fault, re.compile(words, re.IGNORECASE))
    for fault, words in (
        (Fault.NOT_OURS, r"wrong password or no key found"),
        (Fault.INCOMPLETE, r"all target directories/files do not exist"),
        (Fault.BUSY, r"repository is already locked"),
        (Fault.FULL, r"no space left on device|disk quota exceeded|insufficient storage|QuotaExceeded"
                     r"|sftp: \"Failure\" \(SSH_FX_FAILURE\)|" + _status("507")),
        (Fault.DENIED, r"access ?denied|permission denied|access key id you provided"
                       r"|signature we calculated|host key verification failed|" + _status("40[13]")),
        (Fault.UNREACHABLE, r"connection refused|no such host|i/o timeout|network is unreachable|no route to host"
                            r"|connection reset|connection timed out|name resolution|broken pipe|connection lost"
                            r"|unexpected EOF|subprocess ssh exited|unable to start the sftp session"
                            r"|TLS handshake|certificate|" + _status("50[234]")),
        (Fault.DAMAGED, r"ciphertext verification failed|does not match|invalid data returned|contains errors"
                        r"|not found in index|StreamPack|Load\(<"),
        (Fault.FAILED, r""),
    )
)  # fmt: skip
_MISSING = re.compile(r"Is there a repository at the following location\?", re.IGNORECASE)
_ABSENT = re.compile(
    r"no such file or directory|does not exist|not found|NoSuchBucket|NoSuchKey|" + _status("404"), re.IGNORECASE
)
_FINDINGS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (what, re.compile(words, re.MULTILINE | re.IGNORECASE))
    for what, words in (
        ("pack", r"^pack ([0-9a-f]{64}): does not exist"),
        ("pack", r"^pack ([0-9a-f]{64}) contains"),
        ("pack", r"Pack ID does not match, want ([0-9a-f]{64})"),
        ("pack", r"^pack ([0-9a-f]{64}):? .*(?:size|length|unexpected|not referenced|is missing)"),
        ("pack", r"load\(<data/([0-9a-f]{10,64})"),
        ("index", r"(?:load\w*|read\w*|error)[^\n]*<?index/([0-9a-f]{8,64})"),
        ("snapshot", r"(?:load\w*|read\w*|error)[^\n]*<?snapshot/([0-9a-f]{8,64})"),
        ("tree", r"^error for tree ([0-9a-f]{8,64})"),
        ("blob", r"blob ([0-9a-f]{8,64})[^\n]*(?:not found|missing|error)"),
    )
)
_SKIPPED = re.compile(r"^(.+) does not exist, skipping$", re.MULTILINE)
_YIELDING = re.compile(r"^(?:chrt|nice|ionice|setpriv): .*$", re.MULTILINE)
_TRIES_AGAIN = re.compile(r"^.* returned error, retrying after .*$", re.MULTILINE)
_LOOKS_AGAIN = re.compile(
    r"^Load\(<(\w+/[0-9a-f]+)>.* returned error, retrying after .*"
    r"(?:no such file or directory|does not exist|not found)\W*$",
    re.MULTILINE | re.IGNORECASE,
)
_PACKS = re.compile(rb"(\d+) / (\d+) packs")
_MOST_TRIES, _READERS = 10, 5  # of restic: how often it looks for what is gone, and how many things it reads at once
_ITEM = re.compile(r'"item":"((?:[^"\\]|\\.)*)"')
_GONE = re.compile(r'"Err":2\b')  # ENOENT


def fault_of(said: str) -> Fault:
    """Say what failed. What was only meant to make it yield may be refused on a box, whose unit does that."""
    said = _YIELDING.sub("", said)
    return next(fault for fault, words in _WORDS if words.search(said))


def is_another_host(said: str) -> bool:
    """Say whether ssh met another host's key than the one it was told."""
    return "host key verification failed" in said.lower()


def is_refused(said: str) -> bool:
    """Say whether a server refused something twice: restic would go on asking for a minute."""
    return sum(fault_of(line) is Fault.DENIED for line in _TRIES_AGAIN.findall(said)) > 1


def is_gone(said: str) -> bool:
    """Say whether something was twice not there to be read: restic would go on looking for it for two minutes."""
    return len(_LOOKS_AGAIN.findall(said)) > 1


class DataReading:
    """How far a check has read a repository: whether it only waits for what is gone."""

    def __init__(self) -> None:
        self._left: int | None = None

    def told(self, line: bytes) -> None:
        """Take a line of its progress."""
        if found := _PACKS.search(line):
            self._left = int(found[2]) - int(found[1])

    def only_waits(self, said: str) -> bool:
        """Say whether nothing else is read for minutes: all that is left is gone, or what leads to the rest is."""
        tries = Counter(_LOOKS_AGAIN.findall(said))
        if self._left is None:  # it looks for what a snapshot consists of, tree by tree
            return any(count > 1 for count in tries.values())
        looked_for = sum(count < _MOST_TRIES for count in tries.values())
        return looked_for >= min(_READERS, max(1, self._left))


def is_missing(said: str) -> bool:
    """Say whether there is no repository at all, as opposed to one that cannot be reached or read."""
    return _MISSING.search(said) is not None and _ABSENT.search(said) is not None and not _is_unknown(said)


def findings_in(said: str) -> list[Finding]:
    """Give what a check found, each thing once."""
    found = [Finding(what, name) for what, words in _FINDINGS for name in words.findall(said)]
    if not found and re.search(r"repository contains errors", said):
        found = [Finding("repository", "")]
    names = {one.name for one in found}
    short = {name for name in names if any(other != name and other.startswith(name) for other in names)}
    return [*dict.fromkeys(one for one in found if one.name not in short)]


def left_out(said: str, source: Source) -> Sequence[str]:
    """Give what a copy left out, but for what may vanish meanwhile and did."""
    left = [(name, True) for name in _SKIPPED.findall(said)]
    for line in said.splitlines():
        if '"message_type":"error"' in line:
            item = _ITEM.search(line)
            left.append((item[1] if item else line, _GONE.search(line) is not None))
    may = [folder.split("/")[-1] for folder in source.may_vanish]
    return [name for name, is_gone in left if not (is_gone and any(folder in name.split("/") for folder in may))]


def _is_unknown(said: str) -> bool:
    return fault_of(said) in {Fault.UNREACHABLE, Fault.DENIED, Fault.NOT_OURS}
