"""The OpenAPI document says of every answer what it holds; of JSON, as the handlers' own types have it."""

from collections.abc import Iterator
from typing import Any, Literal, TypedDict

import pytest
from litestar import Response

from appliance.accounts.own_copy import Exported
from appliance.web.staff.app import HANDLERS
from appliance.web.staff.description import document
from appliance.web.staff.schemas import answer, json_of, schema_of

DOCUMENT = document(HANDLERS)


def answers() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Give every answer with its operation and status, what is named elsewhere put in its place."""
    for path, methods in DOCUMENT["paths"].items():
        for method, described in methods.items():
            for status, one in described["responses"].items():
                named = one.get("$ref", "").rpartition("/")[2]
                yield f"{method} {path}", status, DOCUMENT["components"]["responses"][named] if named else one


def test_every_answer_with_a_body_says_its_media_types_and_what_they_hold() -> None:
    bodiless = {"204", "303", "416"}
    silent = [
        (operation, status)
        for operation, status, one in answers()
        if status not in bodiless
        and not (one.get("content") and all(kind["schema"] for kind in one["content"].values()))
    ]
    assert silent == []
    assert not [status for _operation, status, one in answers() if status in bodiless and "content" in one]


def test_no_answer_may_be_of_any_kind() -> None:
    assert "*/*" not in {kind for _operation, _status, one in answers() for kind in one.get("content", {})}


def test_where_a_browser_is_sent_to_is_always_told() -> None:
    told = [one["headers"]["Location"]["required"] for _operation, status, one in answers() if status == "303"]
    assert len(told) > 50
    assert all(told)


def test_what_is_given_in_json_is_what_the_handler_says() -> None:
    given = DOCUMENT["paths"]["/account/export"]["post"]["responses"]["200"]["content"]["application/json"]["schema"]
    assert given == schema_of(Exported)
    assert set(given["properties"]) == set(Exported.__annotations__)
    assert given["properties"]["emergencies"]["items"]["properties"]["words"] == {"type": "string"}


class AThing(TypedDict, total=False):
    """Something with every kind of type."""

    kind: Literal["a", "b"]
    count: int
    names: list[str]
    more: dict[str, object]
    name: str | None


def test_a_type_becomes_its_schema() -> None:
    made = json_of(Response[AThing])
    assert made["required"] == []
    assert made["properties"]["kind"] == {"enum": ["a", "b"]}
    assert made["properties"]["names"] == {"type": "array", "items": {"type": "string"}}
    assert made["properties"]["more"] == {"type": "object"}
    assert made["properties"]["name"] == {"anyOf": [{"type": "string"}, {"type": "null"}]}


def test_what_says_nothing_is_refused_instead_of_described_as_anything() -> None:
    for silent in (Response, str, None):
        with pytest.raises(TypeError, match="does not say"):
            json_of(silent)
    with pytest.raises(TypeError, match="no schema"):
        json_of(Response[bytes])
    with pytest.raises(TypeError, match="nobody says"):
        answer("200", ("application/json",))
