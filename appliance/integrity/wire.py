"""What the restore test and the process that proves say to each other: a line of JSON each way, of ciphertext's names.

Guards: no key and nothing of a patient passes here; keys come by a pipe of
their own, and findings are told by identifiers.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import IO, Any

from appliance.audit.chain import Head
from appliance.errors import Unavailable
from appliance.identifiers import FileId
from appliance.integrity.findings import FaultCode, Finding, Place

_LONGEST_LINE = 256 << 20  # a request may name every file that was ever erased


def send(stream: IO[bytes], message: Mapping[str, object]) -> None:
    """Write one message.

    Raises:
        Unavailable: Nobody listens any more.
    """
    try:
        stream.write(json.dumps(message, default=str).encode() + b"\n")
        stream.flush()
    except OSError as error:
        raise Unavailable("the process that proves has ended") from error


def receive(stream: IO[bytes]) -> dict[str, Any] | None:
    """Read one message, None where the other side has ended.

    Raises:
        Unavailable: It is none.
    """
    line = stream.readline(_LONGEST_LINE)
    if not line.endswith(b"\n"):
        return None
    try:
        message = json.loads(line)
    except ValueError as error:
        raise Unavailable("the process that proves said something that is no message") from error
    if not isinstance(message, dict):
        raise Unavailable("the process that proves said something that is no message")
    return message


def finding_members(finding: Finding) -> dict[str, object]:
    """Give a finding as members of a message."""
    return asdict(finding) | {"file_id": None if finding.file_id is None else str(finding.file_id)}


def finding_of(members: Mapping[str, Any], target_key: int) -> Finding:
    """Read a finding, as one of a target's."""
    file_id = members["file_id"]
    return Finding(
        Place(members["place"]), FaultCode(members["code"]), str(members["words"]),
        None if file_id is None else FileId.parse(file_id), members["sequence"], target_key, members["thing"],
    )  # fmt: skip


def head_members(head: Head) -> list[object]:
    """Give a head as a member."""
    return [head.sequence, head.chain.hex()]


def head_of(member: list[Any]) -> Head:
    """Read a head."""
    return Head(int(member[0]), bytes.fromhex(member[1]))
