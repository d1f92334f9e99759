"""The trail's document names every event, and no other."""

import re
from pathlib import Path

from appliance.audit.chain import Fault
from appliance.audit.events import ActorKind, EventCode

DOCUMENT = Path(__file__).parents[2] / "docs" / "audit-trail.md"


def first_column(heading: str) -> list[str]:
    section = DOCUMENT.read_text(encoding="utf-8").split(f"## {heading}\n")[1].split("\n## ")[0]
    return re.findall(r"^\| ([a-z ]+) \|", section, re.MULTILINE)[1:]


def test_every_event_is_documented_in_the_codes_own_order() -> None:
    assert first_column("Events") == [code.value for code in EventCode]


def test_every_fault_and_every_kind_of_actor_is_documented() -> None:
    assert first_column("What the chain proves") == [fault.value for fault in Fault]
    assert f"({', '.join(kind.value for kind in ActorKind)})" in DOCUMENT.read_text(encoding="utf-8").replace("\n", " ")
