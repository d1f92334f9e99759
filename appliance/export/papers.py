"""What people read of a package: README.TXT, INDEX.HTM, INDEX.PDF.

Guards: a name or a description is text and never markup; INDEX.HTM may ask nothing of any network, by its own policy.

Source: IHE RAD TF-1 15 and TF-2 4.47.4.1.2.3.3 (portable data for imaging: README.TXT, INDEX.HTM, IHE_PDI).
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from html import escape

from appliance.dicom.transfer_syntax_names import TRANSFER_SYNTAXES
from appliance.documents.pdf import Column, Document, Words
from appliance.export.contents import Contents, ExportedSeries, ExportedStudy, Person
from appliance.export.words import PackageWords

VIEWER_FOLDER = "IHE_PDI"
_MEDIA_SYNTAXES = frozenset(  # PS3.11 annexes D, H, J and later: what the general purpose profiles list
    {"1.2.840.10008.1.2.1"}
    | {
        f"1.2.840.10008.1.2.4.{last}"
        for last in ("50", "51", "70", "90", "91", "100", "101", "102", "103", "104", "105", "106")
    }
)
_POLICY = (
    "default-src 'none'; script-src 'self' file: blob: 'wasm-unsafe-eval'; worker-src blob:; "
    "style-src 'self' file:; img-src blob: data:; connect-src data:; form-action 'none'; base-uri 'none'"
)


def shown_name(person_name: str) -> str:
    """Give a DICOM name as people read it: family name last within its group, groups parted by a line.

    Source: DICOM PS3.5 6.2.1.
    """
    groups = []
    for group in person_name.split("=")[:3]:
        family, given, middle, prefix, suffix = ([*group.split("^"), "", "", "", "", ""])[:5]
        ideographic = any(ord(character) >= 0x2E80 for character in group)
        order = (family, given) if ideographic else (prefix, given, middle, family, suffix)
        groups.append(" ".join(part.strip() for part in order if part.strip()))
    return " · ".join(dict.fromkeys(group for group in groups if group))


def shown_date(date: str) -> str:
    """Give a DICOM date with its parts told apart; anything else as it is."""
    return f"{date[:4]}-{date[4:6]}-{date[6:]}" if len(date) == 8 and date.isdigit() else date


def excluded_codings(contents: Contents) -> list[str]:
    """Name the codings of a package that the profiles for media do not list."""
    used = {one.transfer_syntax_uid for one in contents.instances()} - _MEDIA_SYNTAXES
    return sorted(TRANSFER_SYNTAXES.get(uid, uid) for uid in used)


class Papers:
    """Writes the three of one package."""

    def __init__(self, contents: Contents, clinic_name: str, made_at: datetime, words: PackageWords) -> None:
        self._contents = contents
        self._clinic_name = clinic_name
        self._made_at = made_at
        self._words = words

    def readme(self) -> bytes:
        """Give README.TXT: UTF-8, lines as Windows ends them. No patient is named in it."""
        words = self._words
        lines = [
            words.title, "", f"{words.clinic}: {self._clinic_name}", f"{words.made}: {self._made_at:%Y-%m-%d}",
            self._amount(), "", words.open_title, words.open_steps, words.open_tablet, words.others, "",
            words.check, "", *self._remarks(), words.diagnosis, words.privacy, "",
            "DICOM/      DICOM PS3.10", "DICOMDIR    DICOM PS3.3 F, PS3.10 8.6", "INDEX.HTM", "INDEX.PDF",
            f"{VIEWER_FOLDER}/    INDEX.HTM", "SHA256SUMS  SHA-256", "Enamel",
        ]  # fmt: skip
        return ("\r\n".join(lines) + "\r\n").encode("utf-8-sig")

    def pdf(self) -> bytes:
        """Give INDEX.PDF: whose, which studies and series, where they lie."""
        words = self._words
        foot = Words(footer=self._clinic_name, page=words.page, undrawn=words.undrawn)
        document = Document(words.title, self._made_at, words.language, foot)
        document.facts([*self._of_person(), *self._of_package()])
        for remark in self._remarks():
            document.paragraph(remark)
        for study in self._contents.studies:
            document.heading(self._study_title(study))
            document.table(self._columns(), self._rows(study.series))
        document.heading(words.open_title)
        for text in (words.open_steps, words.open_tablet, words.others, words.check, words.diagnosis, words.privacy):
            document.paragraph(text)
        return document.finish()

    def page(self) -> bytes:
        """Give INDEX.HTM: the same list, and the viewer below it."""
        words = self._words
        body = [f"<h1>{escape(words.title)}</h1>", _facts([*self._of_person(), *self._of_package()])]
        body += [f"<p>{escape(remark)}</p>" for remark in self._remarks()]
        body += [self._chooser()]
        for study in self._contents.studies:
            body += [f"<h2>{escape(self._study_title(study))}</h2>", _table(self._columns(), self._rows(study.series))]
        body += [f"<p>{escape(text)}</p>" for text in (words.open_tablet, words.others, words.check, words.privacy)]
        body += ['<p><a href="INDEX.PDF">INDEX.PDF</a> · <a href="README.TXT">README.TXT</a></p>']
        content = "\n".join(body)
        return (
            f'<!doctype html>\n<html lang="{escape(words.language)}"><head><meta charset="utf-8">\n'
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f'<meta name="referrer" content="no-referrer"><title>{escape(words.title)}</title>\n'
            f'<link rel="stylesheet" href="{VIEWER_FOLDER}/PAGE.CSS">'
            f'<link rel="stylesheet" href="{VIEWER_FOLDER}/VIEWER.CSS">\n'
            f'<script defer src="{VIEWER_FOLDER}/VIEWER.JS"></script></head>\n'
            f'<body class="package"><main>\n{content}\n</main></body></html>\n'
        ).encode()

    def _chooser(self) -> str:
        words = self._words
        folder, files, told = escape(words.choose), escape(words.choose_files), escape(words.chosen)
        return (
            f'<div id="files"><section class="panel drop" aria-label="{escape(words.open_title)}">'
            f'<h2>{escape(words.open_title)}</h2><p class="soft">{told}</p><div class="choose">'
            f'<button type="button" class="button primary folder">{folder}</button>'
            f'<button type="button" class="button files">{files}</button></div>'
            f'<input type="file" class="folder" webkitdirectory hidden aria-label="{folder}">'
            f'<input type="file" class="files" multiple hidden aria-label="{files}">'
            f'<noscript><p class="soft">{escape(words.needs_script)}</p></noscript>'
            '</section><div class="result" aria-live="polite"></div></div>'
            f'<p class="soft">{escape(words.diagnosis)}</p>'
        )

    def _of_person(self) -> Iterator[tuple[str, str]]:
        person: Person = self._contents.person
        words = self._words
        yield words.patient, shown_name(person.patient_name)
        yield words.patient_id, person.patient_id
        yield words.born, shown_date(person.patient_birth_date)
        if person.patient_sex:
            yield words.sex, person.patient_sex

    def _of_package(self) -> Iterator[tuple[str, str]]:
        yield self._words.clinic, self._clinic_name
        yield self._words.made, f"{self._made_at:%Y-%m-%d}"
        yield "", self._amount()

    def _amount(self) -> str:
        sizes = [one.plaintext_bytes for one in self._contents.instances()]
        megabytes = f"{sum(sizes) / 1e6:.1f}"
        return self._words.files.replace("{count}", str(len(sizes))).replace("{megabytes}", megabytes)

    def _remarks(self) -> Iterator[str]:
        contents, words = self._contents, self._words
        if contents.damaged:
            yield words.damaged.replace("{count}", str(contents.damaged))
        if contents.further_versions:
            yield words.versions.replace("{count}", str(contents.further_versions))
        if codings := excluded_codings(contents):
            yield words.excluded.replace("{names}", ", ".join(codings))

    def _study_title(self, study: ExportedStudy) -> str:
        description = study.study_description or self._words.no_description
        return " · ".join(part for part in (shown_date(study.study_date), description) if part)

    def _columns(self) -> tuple[Column, ...]:
        words = self._words
        return (
            Column(words.modality, 0.8), Column(words.described, 3), Column(words.images, 0.9, numbers=True),
            Column(words.coding, 2.4), Column(words.folder, 2.4),
        )  # fmt: skip

    def _rows(self, series: Sequence[ExportedSeries]) -> Iterator[tuple[str, ...]]:
        for one in series:
            codings = dict.fromkeys(instance.transfer_syntax_uid for instance in one.instances)
            images = sum(instance.number_of_frames or 1 for instance in one.instances)
            yield (
                one.modality,
                one.series_description or self._words.no_description,
                str(images),
                ", ".join(TRANSFER_SYNTAXES.get(uid, uid) for uid in codings),
                "/".join(one.instances[0].parts[:-1]),
            )


def _facts(facts: Sequence[tuple[str, str]]) -> str:
    rows = "".join(f"<div><dt>{escape(name)}</dt><dd><bdi>{escape(value)}</bdi></dd></div>" for name, value in facts)
    return f'<dl class="about">{rows}</dl>'


def _table(columns: Sequence[Column], rows: Iterator[tuple[str, ...]]) -> str:
    head = "".join(f'<th scope="col">{escape(column.title)}</th>' for column in columns)
    body = "".join(f"<tr>{''.join(f'<td><bdi>{escape(cell)}</bdi></td>' for cell in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
