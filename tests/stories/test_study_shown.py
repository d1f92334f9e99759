"""Story: what the study page shows, `enamel studies show --json` gives, from the same reading code."""

from contextlib import closing
from pathlib import Path

from tests.faults.raw_scu import RawScu, instance
from tests.stories.running_box import RunningBox


def test_a_study_is_told_by_the_command_as_on_its_page(tmp_path: Path, free_port_block: int) -> None:
    with RunningBox(tmp_path / "data", free_port_block) as box:
        with RawScu(box.dicom) as association:
            for number in (1, 2, 4):  # numbers 7, 14 and 28, so there are gaps
                association.store(instance(7 * number, 5_000))
            association.store(instance(7, 9_000))  # other bytes under a known UID
            association.release()
        box.wait_until_taken_in()
        shown = box.enamel("studies", "show", "1")
        (series,) = shown["series"]
        (listed,) = box.enamel("studies", "list")
        assert {name: shown[name] for name in listed} == listed
        assert (series["instance_count"], series["further_versions"], shown["further_versions"]) == (3, 1, 1)
        assert series["completeness"] == "gaps"
        assert series["findings"]
        assert (shown["conflicts"], shown["damaged_instances"]) == ([], [])
        with closing(box.sign_in("dentist")) as browser:
            page = browser.get("/studies/1").text
            assert "1 image came again with other content" in page
        assert box.run("studies", "show", "2").returncode == 12
        opened = [event for event in box.enamel("audit", "list") if event["event"] == "study opened"]
        assert [event["actor_kind"] for event in opened] == ["account", "operator"]
