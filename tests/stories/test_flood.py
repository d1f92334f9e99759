"""Who floods the box from the clinic's network is turned away and named in the record, and the box goes on."""

from itertools import count
from pathlib import Path

import pytest

from appliance.web.http.turned_away import PAUSE_SECONDS
from tests.stories.clinic import RunningClinic, until

pytestmark = [pytest.mark.slow]


def test_who_floods_the_box_is_in_the_record_within_seconds_and_a_machine_is_answered_all_the_while(
    tmp_path: Path, module_port_block: int
) -> None:
    with RunningClinic(tmp_path / "data", module_port_block, ("--no-samples",)) as clinic, clinic.browser() as stranger:
        answered = next(number for number in count() if stranger.get("/healthz").status_code == 429)
        assert answered >= 600
        assert clinic.dicomweb("/studies").status_code == 200
        until(lambda: bool(throttled(clinic)), 2 * PAUSE_SECONDS)
        [event] = throttled(clinic)
        assert (event["actor_kind"], event["address"], event["number"]) == ("nobody", "127.0.0.1", 1)
        assert clinic.enamel("audit", "verify")["fault"] is None


def throttled(clinic: RunningClinic) -> list[dict[str, object]]:
    return [each for each in clinic.enamel("audit", "list", "--limit", "5000") if each["event"] == "requests throttled"]
