"""Copies of stored instances without their patient, made on the fly and kept nowhere.

Guards: the dataset is written anew by a confined child that holds no key; here the laboratory's UIDs are put in, and
what the catalogue knows of the patient is looked for in the result. Pixels are read as they leave, and what lies among
their bytes and is no picture, as the child found, leaves as zeros. A copy that is not sure is none: it is left out, and
why is told.
"""

import re
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from threading import BoundedSemaphore

from appliance.archive.located import Located
from appliance.archive.scope import Scope
from appliance.archive.source import ScopedSource
from appliance.clock import Clock
from appliance.deidentify import queries
from appliance.deidentify.pseudonyms import Pseudonyms
from appliance.deidentify.remains import pattern_of
from appliance.dicom.deidentifying.copies import NONCE_DIGITS, NUMBER_DIGITS, UID_ROOT, Blanks, Copy, Wish, blanked
from appliance.dicom.deidentifying.judging import Refusal, may_be_given
from appliance.dicom.faults import Unparsable
from appliance.dicom.part10 import plain_head
from appliance.errors import Tampered
from appliance.sandbox.birth import Nursery
from appliance.sandbox.parser import Parser
from appliance.store.database import Database

PIECE_BYTES = 1024 * 1024
AT_ONCE = 4  # children, whoever asks


@dataclass(frozen=True, slots=True)
class Whose:
    """For whom copies are made, and of whose study: the laboratory's scope and names, and what it must not learn."""

    scope: Scope
    names: Pseudonyms
    remains: re.Pattern[bytes] | None


@dataclass(frozen=True, slots=True)
class Copied:
    """One copy: its head and dataset up to the pixels, where those lie in the original, and what of them is zeros."""

    located: Located
    head: bytes
    dataset: bytes
    pixel_offset: int
    pixel_bytes: int
    blanks: Blanks

    @property
    def total_bytes(self) -> int:
        return len(self.head) + len(self.dataset) + self.pixel_bytes


@dataclass(frozen=True, slots=True)
class LeftOut:
    """One instance that is not given, and why."""

    located: Located
    why: Refusal


class Copying:
    """Makes copies. Threads may share it."""

    def __init__(self, database: Database, source: ScopedSource, clock: Clock) -> None:
        self.source = source
        self._database = database
        self._clock = clock
        self._nursery = Nursery("deidentify")
        self._turns = BoundedSemaphore(AT_ONCE)

    def whose(self, scope: Scope, names: Pseudonyms, study_key: int) -> Whose:
        """Look up what must not be in copies of a study."""
        with self._database.read() as tx:
            known = queries.known_of(tx, study_key)
        return Whose(scope, names, pattern_of(str(value) for value in known))

    def copies(self, whose: Whose, found: Sequence[Located]) -> Iterator[Copied | LeftOut]:
        """Give a copy of each instance, in their order, or say why there is none.

        Raises:
            Unavailable: The disk refused, or the box was locked.
        """
        with self._parser() as parser:
            for located in found:
                yield self._copy(parser, whose, located)

    def pieces(self, whose: Whose, copied: Copied) -> Iterator[bytes]:
        """Give a copy's bytes piece by piece.

        Raises:
            Tampered, Unavailable: From the source.
        """
        yield copied.head + copied.dataset
        end = copied.pixel_offset + copied.pixel_bytes
        for offset in range(copied.pixel_offset, end, PIECE_BYTES):
            read = self.source.read(whose.scope, copied.located, offset, min(PIECE_BYTES, end - offset))
            yield blanked(read, offset, copied.blanks) if copied.blanks else read

    def close(self) -> None:
        """End what makes the children."""
        self._nursery.close()

    @contextmanager
    def _parser(self) -> Iterator[Parser]:
        with self._turns, Parser(self._clock, birth=self._nursery.birth) as parser:
            yield parser

    def _copy(self, parser: Parser, whose: Whose, located: Located) -> Copied | LeftOut:
        if not may_be_given(located.sop_class_uid):
            return LeftOut(located, Refusal.KIND)
        names = whose.names
        nonce = str(secrets.randbelow(9 * 10 ** (NONCE_DIGITS - 1)) + 10 ** (NONCE_DIGITS - 1))
        wish = Wish(names.patient(located.patient_key), names.shift_days(located.patient_key), nonce)
        plaintext = _Plaintext(self.source, whose.scope, located)
        try:
            made = parser.deidentify(plaintext, located.dataset_offset, located.transfer_syntax_uid, wish)
        except (Unparsable, Tampered):
            return LeftOut(located, Refusal.UNREADABLE)
        if isinstance(made, Refusal):
            return LeftOut(located, made)
        return _finished(whose, located, made, nonce)


def _finished(whose: Whose, located: Located, made: Copy, nonce: str) -> Copied | LeftOut:
    """Put the laboratory's UIDs in, once nothing is left that says whose it is."""
    mark = re.compile(re.escape(f"{UID_ROOT}{nonce}".encode()) + rb"([0-9]{%d})" % NUMBER_DIGITS)
    if whose.remains is not None and whose.remains.search(mark.sub(b"", made.dataset)):
        return LeftOut(located, Refusal.REMAINS)
    named = [whose.names.uid(uid).encode("ascii", "replace") for uid in made.uids]
    dataset = mark.sub(lambda found: named[int(found[1])] if int(found[1]) < len(named) else found[0], made.dataset)
    uid = whose.names.uid(located.sop_instance_uid)
    head = plain_head(located.sop_class_uid, uid, located.transfer_syntax_uid)
    return Copied(located, head, dataset, made.pixel_offset, made.pixel_bytes, made.blanks)


@dataclass(frozen=True, slots=True)
class _Plaintext:
    """A stored instance as the parser reads it."""

    source: ScopedSource
    scope: Scope
    located: Located

    @property
    def total_bytes(self) -> int:
        return self.located.file.plaintext_bytes

    def read(self, offset: int, length: int) -> bytes:
        """Give bytes by offset, fewer only at the end."""
        length = max(0, min(length, self.total_bytes - offset))
        return self.source.read(self.scope, self.located, offset, length)
