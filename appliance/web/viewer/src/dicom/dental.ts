/** Which teeth an intra-oral picture shows, and how it lies in the mouth, as far as it is said by codes. */
import { item, text, type Attributes } from "./dataset";
import type { Dental } from "./facts";

/**
 * SNOMED codes of the teeth in FDI order, as SCT and as older SRT codes: a run begins at its FDI number and goes on tooth by tooth.
 *
 * Source: DICOM PS3.16 CID 4018 (permanent dentition), CID 4019 (deciduous dentition).
 */
const RUNS: readonly (readonly [number, string])[] = [
  [11, "422653006 424877001 860767006 57826002 36492000 865995000 863902006 68085002"],
  [21, "424399000 423185002 860780009 61897005 23226009 865988009 863901004 87704003"],
  [31, "425106001 423331005 860782001 2400006 24573005 866006002 863898000 74344005"],
  [41, "424575004 423937004 860785004 80140008 8873007 866005003 863899008 38994002"],
  [51, "88824007 65624003 30618001 17505006 27855007"],
  [61, "51678005 43622005 73937000 45234009 51943008"],
  [71, "89552004 14770005 43281008 38896004 49330006"],
  [81, "67834006 22445006 6062009 58646007 61868007"],
  [11, "T-54282 T-54272 T-54260 T-54250 T-54240 T-54230 T-54220 T-54210"],
  [11, "T-54280 T-54270 80647007 - - 5140004 7121006"],
  [21, "T-54292 T-54302 T-54310 T-54320 T-54330 T-54340 T-54350 T-54360"],
  [21, "T-54290 T-54300 72876007 - - 23427002 66303006"],
  [31, "T-54442 T-54432 T-54420 T-54410 T-54400 T-54390 T-54380 T-54370"],
  [31, "T-54440 T-54430 39844006 - - 89625000 48402004"],
  [41, "T-54452 T-54462 T-54470 T-54480 T-54490 T-54500 T-54510 T-54520"],
  [41, "T-54450 T-54460 47055002 - - 28480000 40005008"],
  [51, "T-54610 T-54620 T-54630 T-54640 T-54650"],
  [61, "T-54660 T-54670 T-54680 T-54690 T-54700"],
  [71, "T-54760 T-54770 T-54780 T-54790 T-54800"],
  [81, "T-54710 T-54720 T-54730 T-54740 T-54750"],
];
const TEETH = new Map(RUNS.flatMap(([first, codes]) => codes.split(" ").map((code, i): [string, number] => [code, first + i])));

/** CID 4016 (PS3.16), SCT and SRT. */
const JAWS: Readonly<Record<string, Dental["jaw"]>> = {
  "70925003": "upper",
  "T-11170": "upper",
  "91609006": "lower",
  "T-11180": "lower",
  "661005": "both",
  "T-D1213": "both",
};

/** Regions of a jaw by the tooth that stands there, counted from the midline (PS3.16 CID 4017). */
const REGIONS: Readonly<Record<string, number>> = {
  "699453001": 1,
  "699511000": 2,
  "699510004": 3,
  "699509009": 4,
  "699508001": 5,
  "699507006": 6,
  "699505003": 7,
  "699503005": 8,
};
const SIDES: Readonly<Record<string, Dental["side"]>> = { R: "right", L: "left", B: "front" };

/** Read what is said of teeth, jaw and side.
 *
 * Source: DICOM PS3.3 C.8.11.9 (Intra-Oral Image), C.7.6.1.1.1 (Patient Orientation).
 */
export function dentalOf(data: Attributes): Dental {
  const region = item(data, "x00082218");
  return {
    teeth: teethOf(data),
    jaw: region === null ? null : (JAWS[codeOf(region)] ?? null),
    regions: region === null ? [] : regionsOf(region),
    side: SIDES[text(data, "x00200062") ?? text(data, "x00200060") ?? ""] ?? null,
    lies: liesOf(data),
  };
}

/** Anatomic Region Modifier Sequence, inside the region that it narrows. */
function regionsOf(region: Attributes): number[] {
  const count = region.dataSet.elements["x00082220"]?.items?.length ?? 0;
  return Array.from({ length: Math.min(count, 8) }, (_, i) => item(region, "x00082220", i)).flatMap((one) => (one === null ? [] : (REGIONS[codeOf(one)] ?? [])));
}

function teethOf(data: Attributes): number[] {
  const count = data.dataSet.elements["x00082228"]?.items?.length ?? 0;
  const found = Array.from({ length: Math.min(count, 52) }, (_, i) => item(data, "x00082228", i)).flatMap((one) => {
    const tooth = one === null ? null : toothOf(one);
    return tooth === null ? [] : [tooth];
  });
  return [...new Set(found)];
}

/** A two-digit FDI number under the scheme of ISO 3950, or a SNOMED code. */
function toothOf(code: Attributes): number | null {
  const value = codeOf(code);
  const isFdi = /^ISO\s?3950/i.test(text(code, "x00080102") ?? "");
  if (isFdi) return /^([1-4][1-8]|[5-8][1-5])$/.test(value) ? Number(value) : null;
  return TEETH.get(value) ?? null;
}

function codeOf(item: Attributes): string {
  return text(item, "x00080100") ?? "";
}

/** Patient Orientation: where the rows and the columns lead; null unless both are made of the standard's letters. */
function liesOf(data: Attributes): readonly [string, string] | null {
  const [across, down] = (text(data, "x00200020") ?? "").split("\\").map((part) => part.trim());
  if (across === undefined || down === undefined) return null;
  return [across, down].every((letters) => /^[RLAPHF]{1,3}$/.test(letters)) ? [across, down] : null;
}
