/** The image information: what the dataset says of patient, study, series, scanner and exposure, and what was found of the geometry. */
import type { About, AboutGroup } from "../../dicom/about";
import type { ImageFacts } from "../../dicom/facts";
import type { Geometry } from "../../volume/geometry";
import { length } from "../../volume/vectors";
import { element } from "../elements";
import { day } from "../words/day";
import { SHEET_WORDS } from "../words/sheets";
import { dialogOf } from "./dialog";

export interface Known {
  readonly about: About | null;
  readonly facts: ImageFacts | null;
  readonly geometry: Geometry | null;
  /** What is odd about the geometry, in words. */
  readonly odd: readonly string[];
  /** Writes a number with so many digits. */
  readonly decimal: (value: number, digits: number) => string;
}

type Line = readonly [label: string, value: string];

const GROUPS: readonly AboutGroup[] = ["patient", "study", "series", "scanner", "exposure", "image"];

/** The units in which DICOM gives them; the same in every language. */
const UNITS: Readonly<Record<string, string>> = {
  KVP: "kV",
  XRayTubeCurrent: "mA",
  ExposureTime: "ms",
  Exposure: "mAs",
  ImageAndFluoroscopyAreaDoseProduct: "dGy·cm²",
  CTDIvol: "mGy",
  PixelSpacing: "mm",
  ImagerPixelSpacing: "mm",
  SliceThickness: "mm",
  LossyImageCompressionRatio: ": 1",
};

/** Show it over the page; it is made anew each time, and taken away when it closes. */
export function showInformation(mount: HTMLElement, known: Known): void {
  if (mount.querySelector("dialog.information") !== null) return;
  const groups = [...(known.geometry === null ? [] : [section(SHEET_WORDS.aboutGroups.geometry, geometryLines(known.geometry, known))]), ...GROUPS.flatMap((group) => aboutSection(group, known))];
  const dialog = dialogOf("information", SHEET_WORDS.information, element("div", { class: "groups" }, ...groups));
  dialog.addEventListener("close", () => dialog.remove());
  mount.append(dialog);
  dialog.showModal();
}

function aboutSection(group: AboutGroup, { about, facts }: Known): HTMLElement[] {
  const lines = (about?.[group] ?? []).map(([keyword, value]): Line => {
    const label = SHEET_WORDS.about[keyword as keyof typeof SHEET_WORDS.about];
    const unit = UNITS[keyword];
    const written = keyword.endsWith("Date") ? day(value) : value;
    return [label, unit === undefined ? written : `${written} ${unit}`];
  });
  const all = group === "image" && facts !== null ? [...imageLines(facts), ...lines] : lines;
  return all.length === 0 ? [] : [section(SHEET_WORDS.aboutGroups[group], all)];
}

function imageLines({ columns, rows, bitsStored, transferSyntax, photometric }: ImageFacts): Line[] {
  const { size, depth, coding } = SHEET_WORDS.aboutPicture;
  return [
    [size, `${String(columns)} × ${String(rows)}`],
    [depth, `${String(bitsStored)} bit, ${photometric}`],
    [coding, transferSyntax],
  ];
}

function geometryLines({ affine, columns, rows, slices, measuresAcross, measuresThrough }: Geometry, { odd: oddities, decimal }: Known): Line[] {
  const { voxel, grid, extent, measuring, odd } = SHEET_WORDS.aboutGeometry;
  const [x, y, z] = [length(affine.i), length(affine.j), length(affine.k)];
  const mm = (values: readonly number[], digits: number): string => `${values.map((value) => decimal(value, digits)).join(" × ")} mm`;
  return [
    [grid, `${String(columns)} × ${String(rows)} × ${String(slices.length)}`],
    [voxel, mm([x, y, z], 3)],
    [extent, mm([x * columns, y * rows, z * slices.length], 1)],
    [measuring, measuresThrough ? SHEET_WORDS.measuringTrue : measuresAcross ? SHEET_WORDS.measuringAcross : SHEET_WORDS.measuringNone],
    [odd, oddities.length === 0 ? SHEET_WORDS.nothingOdd : oddities.join(" ")],
  ];
}

function section(title: string, lines: readonly Line[]): HTMLElement {
  const list = element("dl", {}, ...lines.flatMap(([label, value]) => [element("dt", {}, label), element("dd", {}, element("bdi", {}, value))]));
  return element("section", {}, element("h3", {}, title), list);
}
