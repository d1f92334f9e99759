"""schemathesis asks for every operation of the OpenAPI document as every role: no fault of ours, nothing undocumented.

Each request that it draws is made by one person of each role in turn, so that drawing it costs once; half of them are
about what is there, and half ask for a page, the others for what machines read. Status, media type, headers and what
the document says of the content are compared. `ENAMEL_EXAMPLES` sets how many it draws for each operation; CI's few are
always the same, `make test-all` draws more. What the live line sends is `test_live`'s.
"""

import os
import secrets
from collections.abc import Sequence
from typing import Any

import pytest
import schemathesis
from httpx import Response
from hypothesis import HealthCheck, Phase, given, settings, strategies
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from appliance.accounts.roles import Role
from appliance.web.http.cookies import SESSION_COOKIE
from appliance.web.http.csrf import FIELD
from appliance.web.staff.app import HANDLERS
from appliance.web.staff.description import document
from tests.web.a_clinic import Browser, form_token_of
from tests.web.a_laboratory import ACanarysClinic
from tests.web.a_sweep import Sweep, application
from tests.web.test_permissions import WHO

EXAMPLES = int(os.environ.get("ENAMEL_EXAMPLES", "2"))
CHECKS = [
    not_a_server_error, status_code_conformance, content_type_conformance, response_headers_conformance,
    response_schema_conformance,
]  # fmt: skip
ACCEPTED = ("text/html, */*", "application/json, */*;q=0.5", "multipart/related; type=*/*, application/dicom+json")
FEW = [(Role.ADMINISTRATOR, True), (Role.LAB, False)]
OTHERS = [one for one in WHO if one not in FEW]
SCHEMA = schemathesis.openapi.from_dict(document(HANDLERS))
AnyCase = schemathesis.Case[Any]
AnyOperation = APIOperation[Any, Any, Any, Any]
ENDLESS = {"/events"}  # its GET does not end: its head is asked for


@schemathesis.serializer("multipart/related")
def related(_: schemathesis.SerializationContext, __: object) -> bytes:
    """Hand in nothing: what objects do there is `test_store`'s."""
    return b""


class ACaller:
    """Somebody of one role, with a session for each request: some end it."""

    def __init__(self, sweep: Sweep, role: Role, *, right: bool) -> None:
        self.name = f"{role.value}{' with images' if right else ''}"
        self.sweep = sweep
        user_name = f"{self.name.replace(' ', '.')}.{secrets.token_hex(4)}"
        self.person = sweep.clinic.person(role, image_right=right, user_name=user_name)

    def ask(self, case: AnyCase, *, there: bool, accepted: str) -> Response:
        """Ask as it was drawn; `there` about somebody else's things that are there."""
        token = self.sweep.session(self.person)
        browser = Browser(self.sweep.app)
        browser.client.cookies.set(SESSION_COOKIE, token, domain="enamel.test")
        body = case.body if isinstance(case.body, dict) else {}
        data = {**body, FIELD: form_token_of(token)} if case.method.upper() == "POST" else None
        path = self.sweep.url_of(case.path) if there else case.formatted_path
        method = "HEAD" if case.path in ENDLESS else case.method
        return browser.client.request(
            method, path, params=case.query or {}, data=data, headers={"accept": accepted}, follow_redirects=False
        )


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Sweep:
    clinic = ACanarysClinic(tmp_path_factory.mktemp("clinic"))
    clinic.give()
    return Sweep(clinic, application(clinic))


@pytest.mark.parametrize(
    "who", [pytest.param(FEW, id="few"), pytest.param(OTHERS, marks=pytest.mark.slow, id="others")]
)
def test_whatever_is_asked_is_answered_as_documented(sweep: Sweep, who: list[tuple[Role, bool]]) -> None:
    callers = [ACaller(sweep, role, right=right) for role, right in who]
    operations = [found.ok() for found in SCHEMA.get_all_operations() if isinstance(found, Ok)]
    wrong = {f"{one.method} {one.path}": told for one in operations if (told := faults(callers, one))}
    assert wrong == {}
    assert len(operations) > 100


def faults(callers: Sequence[ACaller], operation: AnyOperation) -> str:
    """Ask for one operation some times, each time as everybody; give what was wrong, as it was drawn."""

    @given(
        case=operation.as_strategy(),
        there=strategies.sampled_from((True, False)),
        accepted=strategies.sampled_from(ACCEPTED),
    )
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    def once(case: AnyCase, there: bool, accepted: str) -> None:
        for caller in callers:
            validate(caller, case, there=there, accepted=accepted)

    try:
        once()
    except AssertionError as failed:
        return str(failed)
    return ""


def validate(caller: ACaller, case: AnyCase, *, there: bool, accepted: str) -> None:
    """Fail with who asked and what was wrong with the answer."""
    try:
        case.validate_response(caller.ask(case, there=there, accepted=accepted), checks=CHECKS)
    except FailureGroup as failed:
        raise AssertionError(f"as {caller.name}: {str(failed)[:400]}") from failed


def test_an_answer_that_is_not_documented_would_be_told(sweep: Sweep) -> None:
    silent = document(HANDLERS)
    del silent["paths"]["/people"]["get"]["responses"]["403"]
    found = schemathesis.openapi.from_dict(silent)["/people"]["GET"]
    told = faults([ACaller(sweep, Role.RECEPTION, right=False)], found)
    assert told.startswith("as reception: ")
    assert faults([ACaller(sweep, Role.ADMINISTRATOR, right=False)], found) == ""


@pytest.mark.parametrize(
    ("path", "part", "instead"),
    [
        ("/healthz", ("content", "application/json", "schema"), {"type": "object", "required": ["weather"]}),
        ("/healthz", ("headers",), {"X-Weather": {"required": True, "schema": {"type": "string"}}}),
        ("/dicomweb/studies", ("content", "application/json", "schema"), {"type": "array", "maxItems": 0}),
        ("/events", ("content",), {"application/json": {}}),
    ],
)
def test_an_answer_that_is_not_as_described_would_be_told(
    sweep: Sweep, path: str, part: tuple[str, ...], instead: dict[str, Any]
) -> None:
    wrong = document(HANDLERS)
    described = wrong["paths"][path]["get"]["responses"]["200"]
    for name in part[:-1]:
        described = described[name]
    described[part[-1]] = instead
    if path == "/dicomweb/studies":
        wrong["paths"][path]["get"]["responses"]["200"]["content"]["application/dicom+json"] = {"schema": instead}
    caller = ACaller(sweep, Role.DENTIST, right=True)
    assert faults([caller], schemathesis.openapi.from_dict(wrong)[path]["GET"]).startswith("as dentist")
