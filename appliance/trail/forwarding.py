"""Sends the trail on, as DICOM audit messages, to a server that collects them: from where it left off, in order.

Guards: the place is moved only after the server has taken a batch, so an outage leaves no gap; what was on its way when
a connection broke is sent again, under the same number. No message names a patient.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import islice

from appliance.accounts.queries_names import names
from appliance.audit.chain import Entry
from appliance.audit.events import ActorKind, Outcome
from appliance.audit.messages import Source, message_of
from appliance.audit.queries_search import EVERYTHING, reading
from appliance.clock import Clock, instant, microseconds
from appliance.dicom.audit_message import xml_of
from appliance.store.box import find_box
from appliance.store.database import Database
from appliance.store.transactions import ReadTransaction
from appliance.trail import queries
from appliance.trail.syslog import Line, Server, send

BATCH = 500


@dataclass(frozen=True)
class ForwardingParts:
    """What sending on takes.

    Attributes:
        server: Where to; None sends nothing.
        clinic_name: Named as the site.
        with_study_uids: Whether a study is told by its Study Instance UID, else by a number of this box.
    """

    database: Database
    clock: Clock
    server: Server | None
    clinic_name: str
    with_study_uids: bool


def forward(parts: ForwardingParts, go_on: Callable[[int], None]) -> int:
    """Send what the server has not taken yet; give how many messages that were.

    Args:
        go_on: Hears how many were sent after each batch; raises to leave off.

    Raises:
        NotTaken: The server did not take a batch; those before it count.
    """
    if parts.server is None:
        return 0
    destination, sent = f"{parts.server.host}:{parts.server.port}", 0
    while True:
        with parts.database.read() as tx:
            source = source_of(tx, parts.clinic_name, with_study_uids=parts.with_study_uids)
            new = reading(tx, EVERYTHING, after=queries.sent_up_to(tx, destination))
            lines = [line_of(entry, source) for entry in islice(new, BATCH)]
        if not lines:
            return sent
        send(parts.server, f"enamel-{source.box_id}", lines)
        with parts.database.write() as tx:
            queries.note_sent(tx, destination, lines[-1].sequence, microseconds(parts.clock.now()))
        sent += len(lines)
        go_on(sent)


def source_of(tx: ReadTransaction, clinic_name: str, *, with_study_uids: bool) -> Source:
    """Say who tells, with the names and studies that there are now; good while the transaction is open."""
    box, known = find_box(tx), names(tx)
    by_kind = {ActorKind.ACCOUNT: known.accounts, ActorKind.TOKEN: known.tokens, ActorKind.PEER: known.peers}
    by_text = {kind.value: found for kind, found in by_kind.items()}
    return Source(
        box_id="unknown" if box is None else str(box.box_id),
        clinic_name=clinic_name,
        name_of=lambda kind, key: by_text.get(kind, {}).get(key, ""),
        study_uid_of=partial(queries.study_uid, tx) if with_study_uids else lambda _key: None,
    )


def line_of(entry: Entry, source: Source) -> Line:
    """Put one event into a message."""
    text = xml_of(message_of(entry, source))
    return Line(entry.sequence, instant(entry.at), text, entry.outcome == Outcome.FAILURE)
