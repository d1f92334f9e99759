"""The side of the process that proves: judges what the restore test lays into its scratch folder, request by request.

Guards: it has three keys and the folder that a request names, and no
repository's password; a request that cannot be done is answered in words, and
the next is served. It ends when nobody asks any more.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any

from appliance.clock import Clock
from appliance.errors import ApplianceError, Unavailable
from appliance.identifiers import BoxId, FileId
from appliance.integrity import queries_snapshot
from appliance.integrity.decoding import decode_series, series_files
from appliance.integrity.parts import IntegrityParts
from appliance.integrity.snapshots import CatalogueProof, Claims, judge_catalogue, judge_files, open_snapshot
from appliance.integrity.wire import finding_members, head_of, receive, send
from appliance.keys.hierarchy import Keyring

MOST_SERIES = 3
MOST_SERIES_BYTES = 512 << 20
_Answer = dict[str, object]


class Prover:
    """Serves one restore test."""

    def __init__(self, keyring: Keyring, clock: Clock) -> None:
        self._keyring = keyring
        self._clock = clock
        self._snapshot: IntegrityParts | None = None

    def serve(self, hears: IO[bytes], says: IO[bytes]) -> None:
        """Answer each request until there are no more."""
        doing: Mapping[str, Callable[[Mapping[str, Any]], _Answer]] = {
            "catalogue": self._catalogue,
            "shelves": self._shelves,
            "series": self._series,
        }
        while (request := receive(hears)) is not None:
            try:
                answer = doing[request["do"]](request)
            except ApplianceError as fault:
                answer = {"refused": str(fault)}
            send(says, answer)

    def _catalogue(self, request: Mapping[str, Any]) -> _Answer:
        parts = open_snapshot(Path(request["folder"]), self._keyring, self._clock)
        proof = judge_catalogue(parts, _claims(request))
        self._snapshot = parts
        return {
            "audit_events": proof.audit_events,
            "files": proof.file_count,
            "bytes": proof.bytes,
            "findings": [finding_members(finding) for finding in proof.findings],
            "series": self._chosen(parts, int(request["turn"])) if _opens(proof) else [],
        }

    def _chosen(self, parts: IntegrityParts, turn: int) -> list[object]:
        with parts.database.read() as tx:
            keys = queries_snapshot.some_series(tx, turn, MOST_SERIES, MOST_SERIES_BYTES)
        return [[key, [str(one.file.file_id) for one in series_files(parts, key)]] for key in keys]

    def _shelves(self, request: Mapping[str, Any]) -> _Answer:
        proved, findings, bytes_read = [], [], 0
        for expected, read in judge_files(self._opened(), request["shelves"]):
            bytes_read += read.bytes_read or 0
            if read.fault is not None:
                findings.append(finding_members(read.fault))
            elif read.bytes_read is not None:
                proved.append(str(expected.file_id))
        return {"proved": proved, "bytes": bytes_read, "findings": findings}

    def _series(self, request: Mapping[str, Any]) -> _Answer:
        found = decode_series(self._opened(), int(request["series"]))
        return {"findings": [finding_members(finding) for finding in found]}

    def _opened(self) -> IntegrityParts:
        if self._snapshot is None:
            raise Unavailable("no catalogue was judged yet")
        return self._snapshot


def _opens(proof: CatalogueProof) -> bool:
    return proof.audit_events > 0 or proof.file_count > 0


def _claims(request: Mapping[str, Any]) -> Claims:
    return Claims(
        box_id=BoxId.parse(request["box_id"]),
        head=head_of(request["head"]),
        anchors=[head_of(member) for member in request["anchors"]],
        sizes=_sizes(Path(request["names"])),
        erased=frozenset(FileId.parse(name) for name in request["erased"]),
    )


def _sizes(listing: Path) -> dict[FileId, int]:
    """Read the names of a snapshot's stored files: a line each, its id and its length."""
    try:
        lines = listing.read_text("ascii").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise Unavailable("the list of the backup's files cannot be read") from error
    return {FileId.parse(name): int(size) for name, size in (line.split() for line in lines)}
