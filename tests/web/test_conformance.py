"""The conformance statement's part on DICOMweb says what the code does."""

import re

import pytest

from appliance.archive.matching import DEFAULT_LIMIT, MOST_UIDS, PAGE_LIMIT, Key
from appliance.dicom.json_model import MAX_INLINE_BYTES
from appliance.errors import NotFound
from appliance.intake.storing import LARGEST_PART_BYTES, NotStored
from appliance.web.dicomweb.faults import TABLE
from appliance.web.dicomweb.frames import MOST_FRAMES
from appliance.web.dicomweb.paths import Kind, parse_path
from appliance.web.dicomweb.store import Bounds
from appliance.web.dicomweb.store_answer import REASONS
from tests.dicom_scp.test_conformance import section

STATEMENT = section("DICOMweb")
UIDS = {"{s}": "1.2", "{u}": "1.2.3", "{i}": "1.2.3.4", "{list}": "1", "{place}": "7FE00010"}


def rows() -> list[tuple[str, list[Kind]]]:
    """Give the answers of each row of the table of requests, and what its paths are to the code."""
    found = []
    for row in re.findall(r"^\| .*(?:/|metadata).*$", STATEMENT, re.MULTILINE):
        paths, answers = row.strip("| ").split(" | ", 1)
        named = re.findall(r"`([/\u2026][^`]+)`", paths)
        found.append((answers, [kind_of(path) for path in named if path != "/metadata"]))
    return [row for row in found if row[1]]


def kind_of(path: str) -> Kind:
    path = path.replace("\u2026", "/studies/{s}/series/{u}")
    for variable, value in UIDS.items():
        path = path.replace(variable, value)
    return parse_path(path).kind


def test_every_path_of_the_table_is_what_the_table_says() -> None:
    kinds = [kinds for _, kinds in rows()]
    assert kinds == [[Kind.SEARCH] * 6, [Kind.RETRIEVE] * 2, [Kind.RETRIEVE], [Kind.FRAMES], [Kind.BULK_DATA]]
    for level in ("/studies/{s}", "/studies/{s}/series/{u}", "/studies/{s}/series/{u}/instances/{i}"):
        assert kind_of(f"{level}/metadata") is Kind.METADATA


@pytest.mark.parametrize("path", ["/studies/{s}/rendered", "/studies/{s}/series/{u}/thumbnail"])
def test_what_is_said_not_to_be_offered_is_not(path: str) -> None:
    with pytest.raises(NotFound):
        kind_of(path)


def test_the_keys_and_numbers_are_those_of_the_code() -> None:
    text = " ".join(STATEMENT.split())
    told = text.split("refused (400)")[1].split("Wildcards")[0]
    assert set(re.findall(r"`(\w+)`", told)) == {key.value for key in Key}
    for number in (
        f"`limit` is {DEFAULT_LIMIT} unless given and {PAGE_LIMIT} at the most",
        f"up to {MOST_UIDS} UIDs",
        f"values over {MAX_INLINE_BYTES} bytes",
        f"up to {MOST_FRAMES} at once",
    ):
        assert number in text


def test_the_statuses_are_those_of_the_code() -> None:
    told = {
        int(code)
        for row in re.findall(r"^\| (\d{3}(?:, \d{3})*) \|", STATEMENT, re.MULTILINE)
        for code in row.split(", ")
    }
    assert told == {status for _, status, _ in TABLE} | {200, 202, 206, 409, 416}


def test_the_failure_reasons_and_bounds_of_storing_are_those_of_the_code() -> None:
    told = {int(code, 16) for code in re.findall(r"^\| ([0-9AC][0-9A-F]{3}) \|", STATEMENT, re.MULTILINE)}
    assert told == set(REASONS.values())
    assert set(REASONS) == set(NotStored)
    bounds = Bounds()
    assert f"nothing came for {bounds.idle_seconds:.0f} s" in STATEMENT
    assert f"less than {bounds.least_bytes_per_second >> 10} KiB/s" in STATEMENT
    assert f"not all within {bounds.longest_seconds / 3600:.0f} hours" in STATEMENT
    assert f"above {bounds.request_bytes >> 30} GiB or {bounds.parts:,} parts" in STATEMENT
    assert f"{bounds.at_once} requests to store are under way, {bounds.at_once_each} of the same caller" in STATEMENT
    assert f"an object above {LARGEST_PART_BYTES >> 30} GiB" in STATEMENT
