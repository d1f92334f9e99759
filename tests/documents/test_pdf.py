"""Documents are whole PDF files whose text a real reader finds, in every script that there is a font for."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from appliance.documents.fonts import Fonts
from appliance.documents.pdf import Column, Document, Words

NAMES = ("Núñez Ibáñez María José", "Кузнецова Анна Сергеевна", "Παπαδοπούλου Ελένη", "สมชาย ใจดี")
AT = datetime(2026, 2, 28, 12, tzinfo=UTC)
pytestmark = pytest.mark.peer("pdftotext", "pdfdetach")


def text_of(pdf: bytes) -> str:
    asked = subprocess.run(["pdftotext", "-layout", "-", "-"], input=pdf, capture_output=True, check=True)
    assert asked.stderr == b""
    return asked.stdout.decode()


def test_names_in_several_scripts_are_found_again() -> None:
    document = Document("Index", AT)
    document.facts([("Patient", name) for name in NAMES])
    read = text_of(document.finish())
    assert [name for name in NAMES if name not in read] == []
    assert document.undrawn == frozenset()


def test_hebrew_and_arabic_are_drawn_in_the_order_of_the_eye() -> None:
    document = Document("Index", AT)
    document.facts([("Patient", "שלום"), ("Patient", "حداد"), ("Patient", "א (ב)")])
    read = text_of(document.finish())  # pdftotext puts letters back into the order of reading
    assert "שלום" in read
    assert "ﺣﺪﺍﺩ" in read  # joined: initial, final, isolated, isolated
    assert "(\u202bא )ב\u202c" in read  # drawn "(ב) א": brackets have changed sides, and pdftotext turns the rest


def test_a_letter_without_a_font_is_a_box_and_told_of() -> None:
    document = Document("Index", AT, words=Words(undrawn="{box}: no font"))
    document.paragraph("tooth \U0001f9b7")
    read = text_of(document.finish())
    assert "tooth □" in read
    assert "□: no font" in read
    assert document.undrawn == {"\U0001f9b7"}


def test_without_any_font_latin_names_are_still_drawn(tmp_path: Path) -> None:
    document = Document("Index", AT, fonts=Fonts([tmp_path]))
    document.paragraph("Núñez Кузнецова")
    document.table([Column("Série")], [["ação"]])
    read = text_of(document.finish())
    assert "Núñez ?????????" in read
    assert "ação" in read
    assert document.undrawn == set("Кузнецова")


def test_a_long_table_says_its_head_on_each_page_and_pages_are_counted() -> None:
    document = Document("Index", AT, words=Words(footer="Clinic {nb}", page="{page} of {pages}"))
    document.table([Column("Series", 3), Column("Images", numbers=True)], [[f"row {n}", str(n)] for n in range(120)])
    pages = text_of(document.finish()).split("\f")[:-1]
    assert len(pages) > 2
    assert all("Series" in page and f"{place} of {len(pages)}" in page for place, page in enumerate(pages, 1))
    assert all("Clinic { nb}" in page for page in pages)
    assert "row 119" in pages[-1]


def test_a_file_is_attached(tmp_path: Path) -> None:
    document = Document("Index", AT)
    document.attach("proof.json", b'{"a": 1}', "what is proved")
    (tmp_path / "made.pdf").write_bytes(document.finish())
    subprocess.run(["pdfdetach", "-saveall", "made.pdf"], cwd=tmp_path, check=True)
    assert (tmp_path / "proof.json").read_bytes() == b'{"a": 1}'


def test_the_same_words_give_the_same_bytes() -> None:
    made = []
    for _again in range(2):
        document = Document("Index", AT)
        document.paragraph("one and the same")
        made.append(document.finish())
    assert made[0] == made[1]


@pytest.mark.parametrize("process", ["staff", "jobs"])
def test_a_process_that_writes_no_document_does_not_load_what_does(process: str) -> None:
    told = f"import sys, appliance.assembly.{process}; print('fpdf' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
