"""The confined child: reads requests from its standard input, answers on its standard output.

Run as `python -m appliance.sandbox.child facts|metadata|preview|deidentify`. It holds no key, and
everything it needs is imported before it gives up its rights.
"""

import json
import sys
from collections.abc import Mapping
from typing import Any

from appliance.dicom.faults import Fault, Unparsable
from appliance.dicom.instance import parse
from appliance.dicom.part10 import LARGEST_META_BYTES, FileMeta, read_file_meta
from appliance.dicom.source import Source
from appliance.errors import Unsuitable
from appliance.sandbox import wire
from appliance.sandbox.answers import encode_facts, encode_file_meta
from appliance.sandbox.confine import confine
from appliance.sandbox.copies import encode_copy, wish_of
from appliance.sandbox.previews import encode_preview, plan_of
from appliance.sandbox.wire import Kind, Message

_READING, _WRITING = 0, 1


class PipedSource:
    """A plaintext file whose first bytes are at hand and whose others the parent gives on demand.

    Guards: an answer is short only at the file's end, for the walker takes a
    short one for that end.
    """

    def __init__(self, total_bytes: int, prefix: bytes) -> None:
        self._total_bytes = total_bytes
        self._prefix = prefix

    @property
    def total_bytes(self) -> int:
        return self._total_bytes

    def read(self, offset: int, length: int) -> bytes:
        """Give bytes of the prefix where it holds all of them, or ask the parent."""
        if length <= 0 or offset >= self._total_bytes:
            return b""
        length = min(length, self._total_bytes - offset)
        if offset + length <= len(self._prefix):
            return self._prefix[offset : offset + length]
        wire.send(_WRITING, Message(Kind.WANT, wire.RANGE.pack(offset, length)))
        answer = wire.receive(_READING)
        if answer is None or answer.kind is not Kind.DATA or len(answer.body) != length:
            raise SystemExit(1)
        return answer.body


def main() -> None:
    """Confine the process, then serve until the parent closes the pipe."""
    confine()
    while (request := wire.receive(_READING)) is not None:
        wire.send(_WRITING, answer(request))


def answer(request: Message) -> Message:
    """Do what one request asks."""
    head, prefix = wire.parts_of(request.body)
    asked = json.loads(head)
    source = PipedSource(asked["total_bytes"], prefix)
    try:
        return Message(Kind.RESULT, _result(request.kind, source, asked))
    except Unparsable as error:
        return Message(Kind.FAULT, error.fault.value.encode())
    except (MemoryError, RecursionError):
        return Message(Kind.FAULT, Fault.TOO_LARGE.value.encode())


def _result(kind: Kind, source: Source, asked: Mapping[str, Any]) -> bytes:
    if kind is Kind.PREVIEW:
        from appliance.dicom.preview import make_small  # noqa: PLC0415  facts need no numpy: 0.1 s of start-up

        return encode_preview(make_small(source, plan_of(asked)))
    dataset_offset, transfer_syntax_uid = asked["dataset_offset"], asked["transfer_syntax_uid"]
    if kind is Kind.FACTS:
        return encode_facts(parse(source, dataset_offset, transfer_syntax_uid))
    if kind is Kind.FILE_META:
        return encode_file_meta(_file_meta(source))
    if kind is Kind.DEIDENTIFY:
        from appliance.dicom.deidentifying.dataset import deidentify  # noqa: PLC0415  as above: it needs pydicom

        return encode_copy(deidentify(source, dataset_offset, transfer_syntax_uid, wish_of(asked)))
    from appliance.dicom.json_model import json_model  # noqa: PLC0415  facts need no pydicom: 0.3 s of start-up

    return json_model(source, dataset_offset, transfer_syntax_uid)


def _file_meta(source: Source) -> FileMeta:
    try:
        return read_file_meta(source.read(0, LARGEST_META_BYTES))
    except Unsuitable as error:
        raise Unparsable(Fault.BAD_ELEMENT) from error


def preload(mode: str) -> None:
    """Import now what this mode needs, for a confined process cannot read a module."""
    if mode == "metadata":
        import appliance.dicom.json_model  # noqa: PLC0415  imported for its effect on sys.modules: see above
    if mode == "deidentify":
        import appliance.dicom.deidentifying.dataset  # noqa: PLC0415  imported for its effect on sys.modules: see above
    if mode == "preview":
        import appliance.dicom.preview  # noqa: PLC0415, F401  imported for its effect on sys.modules: see above


if __name__ == "__main__":
    preload(sys.argv[1])
    main()
