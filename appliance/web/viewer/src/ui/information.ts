/** The image information: what the dataset says of patient, study, series, scanner and exposure, and what was found of the geometry. */
import type { About, AboutGroup } from "../dicom/about";
import type { ImageFacts } from "../dicom/facts";
import type { Geometry } from "../volume/geometry";
import { length } from "../volume/vectors";
import { element } from "./elements";
import { dialogOf } from "./room";
import { decimal, oddityWords, WORDS } from "./words";

export interface Known {
  readonly about: About | null;
  readonly facts: ImageFacts | null;
  readonly geometry: Geometry | null;
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
  const groups = [...(known.geometry === null ? [] : [section(WORDS.aboutGroups.geometry, geometryLines(known.geometry))]), ...GROUPS.flatMap((group) => aboutSection(group, known))];
  const dialog = dialogOf("information", WORDS.information, element("div", { class: "groups" }, ...groups));
  dialog.addEventListener("close", () => dialog.remove());
  mount.append(dialog);
  dialog.showModal();
}

function aboutSection(group: AboutGroup, { about, facts }: Known): HTMLElement[] {
  const lines = (about?.[group] ?? []).map(([keyword, value]): Line => {
    const label = WORDS.about[keyword as keyof typeof WORDS.about];
    const unit = UNITS[keyword];
    return [label, unit === undefined ? value : `${value} ${unit}`];
  });
  const all = group === "image" && facts !== null ? [...imageLines(facts), ...lines] : lines;
  return all.length === 0 ? [] : [section(WORDS.aboutGroups[group], all)];
}

function imageLines({ columns, rows, bitsStored, transferSyntax, photometric }: ImageFacts): Line[] {
  const { size, depth, coding } = WORDS.aboutPicture;
  return [
    [size, `${String(columns)} × ${String(rows)}`],
    [depth, `${String(bitsStored)} bit, ${photometric}`],
    [coding, transferSyntax],
  ];
}

function geometryLines({ affine, columns, rows, slices, measuresAcross, measuresThrough, oddities }: Geometry): Line[] {
  const { voxel, grid, extent, measuring, odd } = WORDS.aboutGeometry;
  const [x, y, z] = [length(affine.i), length(affine.j), length(affine.k)];
  const mm = (values: readonly number[], digits: number): string => `${values.map((value) => decimal(value, digits)).join(" × ")} mm`;
  return [
    [grid, `${String(columns)} × ${String(rows)} × ${String(slices.length)}`],
    [voxel, mm([x, y, z], 3)],
    [extent, mm([x * columns, y * rows, z * slices.length], 1)],
    [measuring, measuresThrough ? WORDS.measuringTrue : measuresAcross ? WORDS.measuringAcross : WORDS.measuringNone],
    [odd, oddities.length === 0 ? WORDS.nothingOdd : oddities.map(oddityWords).join(" ")],
  ];
}

function section(title: string, lines: readonly Line[]): HTMLElement {
  const list = element("dl", {}, ...lines.flatMap(([label, value]) => [element("dt", {}, label), element("dd", {}, element("bdi", {}, value))]));
  return element("section", {}, element("h3", {}, title), list);
}
