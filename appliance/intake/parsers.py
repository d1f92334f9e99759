"""Which confined child reads whose scans: one child a sender, for as long as that sender sends.

Guards: a child never reads the scans of two senders, so what a hostile scan did
to it can falsify nothing that another sender's device sent. Nothing is refused
by the word of a child that read something before (`Parser`). A sender one of
whose scans killed a child, or was refused for what it did to one, gets a child
for each association from then on, until it has been silent for a step.
"""

from appliance.clock import Clock
from appliance.inbox.reader import OpenAssociation
from appliance.sandbox.birth import Birth
from appliance.sandbox.parser import Parser

Sender = tuple[str, ...]


class Parsers:
    """Gives each association the parser of its sender; for one thread."""

    def __init__(self, clock: Clock, birth: Birth) -> None:
        self._clock = clock
        self._birth = birth
        self._parsers: dict[Sender, Parser] = {}
        self._apart: dict[Sender, str] = {}  # senders whose associations share no child, with the last association
        self._used: set[Sender] = set()

    def of(self, association: OpenAssociation) -> Parser:
        """Give the parser to have an association's next file read by."""
        facts = association.record.facts
        sender = (facts.address, facts.calling_ae_title.value, facts.transport.value, facts.certificate_sha256 or "")
        self._used.add(sender)
        parser = self._parsers.get(sender)
        if parser is None:
            parser = self._parsers[sender] = Parser(self._clock, birth=self._birth)
        elif self._is_a_stranger(sender, parser, str(association.association_id)):
            parser.close()
        return parser

    def rest(self) -> None:
        """End the children of senders that were not heard of since this was called last."""
        for sender in self._parsers.keys() - self._used:
            self._parsers.pop(sender).close()
            self._apart.pop(sender, None)
        self._used.clear()

    def close(self) -> None:
        """End every child."""
        self._used.clear()
        self.rest()

    def _is_a_stranger(self, sender: Sender, parser: Parser, association: str) -> bool:
        if sender not in self._apart and not parser.has_died:
            return False
        before = self._apart.get(sender)
        self._apart[sender] = association
        return before != association
