"""The trail as CSV and JSON: what a spreadsheet reads is what was recorded, and nothing in it is a formula."""

import csv
import io
import json
from dataclasses import replace
from typing import Literal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from appliance.audit.chain import Entry
from appliance.audit.lines import COLUMNS, HEADER, csv_line, json_line

ENTRY = Entry(7, 1_795_000_000_000_000, "logged in", "success", "account", 3, "192.0.2.9", None, None, None, None, -5)


def read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


def test_a_line_reads_back_as_what_was_recorded() -> None:
    (row,) = read(HEADER + csv_line(ENTRY, lambda _kind, _key: 'Ana "Nené" Prueba, Dra.'))
    assert tuple(row) == COLUMNS
    assert row == {
        "sequence": "7", "at": "2026-11-18T11:06:40+00:00", "event": "logged in", "outcome": "success",
        "actor_kind": "account", "actor_key": "3", "actor_name": 'Ana "Nené" Prueba, Dra.', "address": "192.0.2.9",
        "subject_kind": "", "subject_key": "", "patient_key": "", "study_key": "", "number": "-5", "meaning": "",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ('=HYPERLINK("x")', '\'=HYPERLINK("x")'),
        ("+1", "'+1"),
        ("-1+1", "'-1+1"),
        ("@SUM(1)", "'@SUM(1)"),
        ("\t=1", "'\t'=1"),
        ("\r=1", "'\r'=1"),
        (" =1", " '=1"),
        ("＝1", "'＝1"),
        ("x;=cmd|'/C calc'!A0;y", "x;'=cmd|'/C calc'!A0;y"),
        ('x;"=1"', 'x;"\'=1"'),
        ("Ana Nené-Prueba, Dra. (a@b)", "Ana Nené-Prueba, Dra. (a@b)"),
    ],
)
def test_a_formula_anywhere_in_a_name_is_text(name: str, told: str) -> None:
    (row,) = read(HEADER + csv_line(ENTRY, lambda _kind, _key: name))
    assert row["actor_name"] == told


@given(st.text())
def test_no_name_changes_what_other_cells_say(name: str) -> None:
    told = read(HEADER + csv_line(ENTRY, lambda _kind, _key: name) + csv_line(ENTRY, lambda _kind, _key: "x"))
    assert [row["number"] for row in told] == ["-5", "-5"]
    assert told[0]["actor_name"].replace("'", "") == name.replace("'", "")


def cells(text: str, delimiter: str, *, quoted: bool) -> list[str]:
    """Cut lines into cells as a spreadsheet does that knows this delimiter, whether or not it honours quotes."""
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE
    lines = io.StringIO(text.removeprefix("\ufeff"), newline="")
    return [cell for row in csv.reader(lines, delimiter=delimiter, quoting=quoting) for cell in row]


@pytest.mark.parametrize("quoted", [True, False])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", " "])
@given(name=st.text() | st.text(alphabet=";,\t\r\n|=+-@＝\"' xé"))
@example(name="x;=cmd|'/C calc'!A0;y")
@example(name='x;"=cmd"')
def test_no_cell_is_a_formula_wherever_a_line_is_cut(delimiter: str, quoted: bool, name: str) -> None:
    text = HEADER + csv_line(ENTRY, lambda _kind, _key: name)
    begun = [cell.strip('" ')[:1] for cell in cells(text, delimiter, quoted=quoted) if cell.strip('"') != "-5"]
    assert not set(begun) & set("=+-@\t\r\n＝＋－＠")


def test_a_number_that_counts_nothing_is_said_in_words() -> None:
    changed = replace(ENTRY, event="role changed", number=2120)
    (row,) = read(HEADER + csv_line(changed, lambda _kind, _key: "x"))
    assert row["meaning"] == "dentist with the image right to dentist"
    assert json.loads(json_line(changed, lambda _kind, _key: "x"))["meaning"] == row["meaning"]


def test_a_line_of_json_has_the_same_facts() -> None:
    told = json.loads(json_line(ENTRY, lambda kind, key: f"{kind} {key}"))
    assert (told["sequence"], told["actor_name"], told["number"], told["patient_key"]) == (7, "account 3", -5, None)
    assert tuple(told) != ()
    assert set(told) == set(COLUMNS)
    nobody = Entry(8, 0, "login failed", "failure", "nobody", None, None, None, None, None, None, None)
    assert json.loads(json_line(nobody, lambda kind, key: f"{kind} {key}"))["actor_name"] == ""
