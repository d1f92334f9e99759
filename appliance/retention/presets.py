"""What the law of a place says about keeping dental images, as suggestions that a clinic edits.

Each names its source, when that was read, and how sure we are. None of it is
legal advice: a professional of the place checks it before a clinic goes by it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from appliance.errors import NotFound
from appliance.retention.rules import Beginning, Rule

_READ = "2026-11"


class Confidence(StrEnum):
    """How sure a number is."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    OWN = "own"  # the clinic's


class Caution(StrEnum):
    """What somebody who chooses a preset should know of it."""

    REGIONS = "regions"  # parts of the country ask for more
    MINORS = "minors"  # what holds for minors has to be checked
    PRACTICE = "practice"  # no statute names it: what is usual
    VICTIMS = "victims"  # some patients' records are kept longer


@dataclass(frozen=True, slots=True)
class Preset:
    """The rules of one place.

    Attributes:
        code: ISO 3166, with the part of the country where that matters.
        name: The place, in English.
        rules: Its rules; the latest of them counts, as always.
        source: Statute or code of conduct.
        confidence: How sure the numbers are.
        checked_on: The month in which the source itself was read, empty when only others told of it.
        read_at: Where it was read.
        cautions: What else to know.
    """

    code: str
    name: str
    rules: tuple[Rule, ...]
    source: str
    confidence: Confidence
    checked_on: str = ""
    read_at: str = ""
    cautions: tuple[Caution, ...] = ()


def get_preset(code: str) -> Preset:
    """Give a preset by its code.

    Raises:
        NotFound: There is none.
    """
    if code not in PRESETS:
        raise NotFound("no such jurisdiction")
    return PRESETS[code]


def _years(years: int, until_age: int | None = None, after: int | None = None, majority: int = 18) -> tuple[Rule, ...]:
    """Give the one rule of most places: so many years from the patient's last study, minors perhaps longer."""
    return (
        Rule(
            "Dental images", years,
            minor_until_age=until_age, minor_years_after_majority=after, age_of_majority=majority,
        ),
    )  # fmt: skip


_HIGH, _MEDIUM, _LOW = Confidence.HIGH, Confidence.MEDIUM, Confidence.LOW
_GERMANY = (
    Rule("X-ray images (§ 85 StrlSchG)", 10, Beginning.STUDY, minor_until_age=28),
    Rule("Treatment file (§ 630f BGB)", 10),
)
_BRITAIN = (
    Rule("Dental records", 15, minor_until_age=25),
    Rule("Dental records, seventeen at the end", 15, minor_until_age=26, from_age=17, below_age=18),
)
_ALL = (
    Preset("ar", "Argentina", _years(10), "Ley 26.529 art. 18; Ley 27.706", _HIGH),
    Preset(
        "au", "Australia", _years(7, until_age=25),
        "Health Records Act 2001 (Vic) HPP 4.2; HRIP Act 2002 (NSW) s 25; ACT 1997; elsewhere the code of conduct",
        _HIGH,
    ),
    Preset(
        "br", "Brazil", _years(20), "Lei 13.787/2018 art. 6", _HIGH, _READ,
        "crogo.org.br, informativo 32",
    ),
    Preset("ca-bc", "Canada, British Columbia", _years(16, after=16, majority=19), "BCCOHP; Limitation Act", _MEDIUM),
    Preset(
        "ca-on", "Canada, Ontario",
        _years(10, after=10), "RCDSO guideline; R.R.O. 1990 Reg. 547", _HIGH, _READ, "rcdso.org",
    ),
    Preset(
        "ca-qc", "Canada, Quebec", _years(10),
        "Règlement de l'Ordre des dentistes (5 y for the file, 7 y for accounts)", _LOW, cautions=(Caution.PRACTICE,),
    ),
    Preset(
        "cl", "Chile", _years(15), "Ley 20.584 art. 13; DS 41/2012 MINSAL", _HIGH, _READ,
        "bcn.cl, idNorma=1046753; iura.cl",
    ),
    Preset(
        "co", "Colombia", _years(15), "Resolución 839/2017 (5 y active, 10 y central)", _HIGH,
        cautions=(Caution.VICTIMS,),
    ),
    Preset(
        "fr", "France", _years(20, until_age=28), "CSP R.1112-7 by analogy; CSP L.1142-28", _MEDIUM,
        cautions=(Caution.PRACTICE,),
    ),
    Preset("de", "Germany", _GERMANY, "§ 85(2) StrlSchG; § 630f(3) BGB", _HIGH, _READ, "kzv-berlin.de"),
    Preset(
        "it", "Italy", _years(10, after=10), "DM 14-02-1997 art. 4; art. 2946 c.c.", _MEDIUM,
        cautions=(Caution.MINORS, Caution.PRACTICE),
    ),
    Preset("mx", "Mexico", _years(5), "NOM-004-SSA3-2012 5.4; NOM-013-SSA2-2015", _HIGH),
    Preset(
        "nz", "New Zealand", _years(10), "Health (Retention of Health Information) Regulations 1996",
        _HIGH, _READ, "legislation.govt.nz",
    ),
    Preset("pe", "Peru", _years(20), "NTS 139-MINSA/2018, RM 214-2018 (5 y active, 15 y passive)", _MEDIUM),
    Preset("pt", "Portugal", _years(20), "OMD Código Deontológico art. 30.º(1)", _HIGH, _READ, "omd.pt"),
    Preset("es", "Spain", _years(5), "Ley 41/2002 art. 17.1", _HIGH, cautions=(Caution.REGIONS,)),
    Preset("es-ct", "Spain, Catalonia", _years(15), "Llei 21/2000, core documents", _MEDIUM),
    Preset(
        "gb", "United Kingdom", _BRITAIN, "NHS Records Management Code of Practice 2021 (contract: 2 y; NI: 6 y)",
        _MEDIUM, cautions=(Caution.PRACTICE,),
    ),
    Preset(
        "us", "United States, where the state says nothing", _years(6),
        "45 CFR 164.316(b)(2)(i): documentation only, no period for records", _HIGH,
        cautions=(Caution.REGIONS, Caution.MINORS, Caution.PRACTICE),
    ),
    Preset(
        "us-ca", "United States, California", _years(7, until_age=25), "H&S Code 123145; insurers' advice", _MEDIUM,
        _READ, "oshareview.com", (Caution.PRACTICE,),
    ),
    Preset("us-fl", "United States, Florida", _years(4), "FAC 64B5-17.002", _MEDIUM, cautions=(Caution.MINORS,)),
    Preset("us-il", "United States, Illinois", _years(10), "225 ILCS 25/50", _MEDIUM, cautions=(Caution.MINORS,)),
    Preset("us-ma", "United States, Massachusetts", _years(7), "234 CMR", _LOW, cautions=(Caution.MINORS,)),
    Preset(
        "us-nh", "United States, New Hampshire", _years(7, after=7), "RSA 317-A:27-a",
        _HIGH, _READ, "lawserver.com",
    ),
    Preset("us-nj", "United States, New Jersey", _years(7), "NJAC 13:30-8.7", _LOW, cautions=(Caution.MINORS,)),
    Preset("us-ny", "United States, New York", _years(6, until_age=22), "8 NYCRR 29.2", _HIGH),
    Preset("us-pa", "United States, Pennsylvania", _years(5), "49 Pa. Code 33.209", _LOW, cautions=(Caution.MINORS,)),
    Preset("us-tx", "United States, Texas", _years(5), "22 TAC 108.8", _MEDIUM, cautions=(Caution.MINORS,)),
    Preset("us-va", "United States, Virginia", _years(6), "18VAC60-21-90", _LOW, cautions=(Caution.MINORS,)),
    Preset("us-wa", "United States, Washington", _years(6), "WAC 246-817-310", _LOW, cautions=(Caution.MINORS,)),
)  # fmt: skip
PRESETS: Mapping[str, Preset] = {preset.code: preset for preset in _ALL}
