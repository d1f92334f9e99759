"""Metadata as DICOM JSON, read by a confined child and checked before it is served.

Guards: no dataset is parsed here. A child that a hostile scan took over can
say wrong things of the instances of its own request, and nothing else: what it
gives is read as JSON and written anew, and its links lead only to the bulk
data of that instance. An instance that cannot be read, or whose file is
damaged, keeps no other from being described: it is described by what the
catalogue holds of it. No more is held than one batch of instances, and no child
waits for a client that reads slowly.

Source: DICOM PS3.18 10.4.1.1.2 (metadata), annex F.
"""

import json
import logging
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from threading import BoundedSemaphore

from appliance.archive.located import Located
from appliance.archive.matching import Level
from appliance.archive.scope import Scope
from appliance.archive.source import ScopedSource
from appliance.clock import Clock
from appliance.errors import Tampered, Unsuitable
from appliance.sandbox.birth import Nursery
from appliance.sandbox.parser import Parser
from appliance.web.dicomweb.attributes import results

_RELATIVE_URI = re.compile(r"bulkdata/[0-9]{1,15}-[0-9]{1,15}", re.ASCII)
_LOG = logging.getLogger(__name__)
_LINK = "BulkDataURI"
PIXEL_DATA = "7FE00010"
BATCH_BYTES = 64 * 1024  # of JSON, after which the child ends and what it gave is sent
AT_ONCE = 4  # children, whoever asks


class Metadata:
    """Gives the metadata of stored instances."""

    def __init__(self, source: ScopedSource, clock: Clock) -> None:
        self._source = source
        self._clock = clock
        self._nursery = Nursery("metadata")
        self._turns = BoundedSemaphore(AT_ONCE)

    def of(self, scope: Scope, found: Sequence[Located], base_url: str) -> Iterator[bytes]:
        """Give one JSON array with a dataset for each instance, in parts that are made as they are asked for.

        Args:
            scope: The caller's.
            found: The instances, at least one.
            base_url: Of the DICOMweb service, without a slash at its end.

        Raises:
            Unavailable: The disk refused, or the box was locked.
            Tampered: The only one that is asked for is not what was stored.
        """
        done = 0
        while done < len(found):
            models = self._batch(scope, found, done, base_url)
            yield (b"," if done else b"[") + b",".join(models)
            done += len(models)
        yield b"]"

    def close(self) -> None:
        """End what makes the children."""
        self._nursery.close()

    def _batch(self, scope: Scope, found: Sequence[Located], begin: int, base_url: str) -> list[bytes]:
        """Read some instances by one child, at least one."""
        models: list[bytes] = []
        size = 0
        with self._turns, Parser(self._clock, birth=self._nursery.birth) as parser:
            while begin + len(models) < len(found) and size < BATCH_BYTES:
                models.append(self._model_or_row(parser, scope, found[begin + len(models)], base_url, len(found)))
                size += len(models[-1])
        return models

    def _model_or_row(self, parser: Parser, scope: Scope, located: Located, base_url: str, asked: int) -> bytes:
        try:
            return _encoded(self._model(parser, scope, located, base_url))
        except (Unsuitable, ValueError, RecursionError) as error:
            _LOG.warning("an instance that cannot be read was described by its rows: %s", type(error).__name__)
        except Tampered:
            if asked == 1:
                raise
            _LOG.exception("a damaged instance was described by its rows")
        (row,) = results(Level.INSTANCE, [self._source.description(scope, located)], base_url)
        return _encoded(row)

    def _model(self, parser: Parser, scope: Scope, located: Located, base_url: str) -> dict[str, object]:
        plaintext = StoredPlaintext(self._source, scope, located)
        url = (
            f"{base_url}/studies/{located.study_instance_uid}/series/{located.series_instance_uid}"
            f"/instances/{located.sop_instance_uid}"
        )
        text = parser.metadata(plaintext, located.dataset_offset, located.transfer_syntax_uid)
        model = json.loads(text, object_hook=_linked_to(url))
        if not isinstance(model, dict):
            raise Unsuitable("the metadata of an instance is not what it should be")
        if located.image.pixel_offset is not None:
            model[PIXEL_DATA] = {"vr": "OW", _LINK: f"{url}/bulkdata/{PIXEL_DATA}"}
        model["00083002"] = {"vr": "UI", "Value": [located.transfer_syntax_uid]}
        return model


@dataclass(frozen=True, slots=True)
class StoredPlaintext:
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


def _encoded(model: Mapping[str, object]) -> bytes:
    return json.dumps(model, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "replace")


def _linked_to(instance_url: str) -> Callable[[dict[str, object]], dict[str, object]]:
    """Make the child's links whole, and refuse any that leads elsewhere."""

    def linked(attribute: dict[str, object]) -> dict[str, object]:
        link = attribute.get(_LINK)
        if link is None:
            return attribute
        if not isinstance(link, str) or not _RELATIVE_URI.fullmatch(link):
            raise ValueError("a link that leads elsewhere")
        return {**attribute, _LINK: f"{instance_url}/{link}"}

    return linked
