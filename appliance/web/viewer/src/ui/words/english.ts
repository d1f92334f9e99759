/** Every word that the viewer shows, in English. What is added here is added in every language beside it: the types ask for it. */
import type { ProblemCode } from "../../messages";
import type { Oddity } from "../../volume/geometry";

const WORDS = {
  decimal: ".",
  back: "Back to the study",
  tools: { cross: "Crosshair", window: "Brightness", pan: "Move", zoom: "Zoom", scroll: "Scroll", length: "Length", angle: "Angle" },
  toolHints: {
    cross: "Click or drag to move the crosshair; drag a line's end to turn the planes (C)",
    length: "Drag from one point to another to measure (L)",
    angle: "Click three points; the second is the tip (A)",
    window: "Drag across for contrast, up and down for brightness (W)",
    pan: "Drag to move the picture (P)",
    zoom: "Drag up to enlarge, down to reduce (Z)",
    scroll: "Drag through the images (S)",
  },
  cells: { axial: "Axial", coronal: "Coronal", sagittal: "Sagittal", solid: "3D" },
  layouts: { all: "Planes and 3D", main: "One large, three small", row: "Planes side by side", axial: "Axial", coronal: "Coronal", sagittal: "Sagittal", solid: "3D", images: "Images as sent" },
  layout: "Layout",
  slab: "Slab thickness",
  slabs: { mean: "Average", most: "Maximum", least: "Minimum" },
  slabKind: "What a slab shows",
  slabPreset: "Slab preset",
  slabPresets: {
    "": "Own slab",
    "mean 0": "Thin",
    "mean 1": "Average 1 mm",
    "mean 3": "Average 3 mm",
    "most 5": "Maximum 5 mm",
    "most 10": "Maximum 10 mm",
    "most 20": "Maximum 20 mm",
    "least 3": "Minimum 3 mm",
  },
  thin: "thin",
  looks: { bone: "Bone", teeth: "Teeth", skin: "Skin", brightest: "Maximum intensity" },
  look: "What 3D shows",
  oblique: "turned",
  clear: "Remove measurements (Delete)",
  noSize: "This picture does not say how large its pixels are: lengths cannot be measured here, angles can.",
  measuredAt: { detector: "at the detector", scanned: "on the film" },
  spacings: {
    patient: "",
    fiducial: "Calibrated by an object of known size",
    geometry: "Calibrated for the magnification of the exposure",
    calibrated: "Calibrated; the image does not say how",
    detector: "Not calibrated: lengths are at the detector, in the patient they are shorter",
    scanned: "Not calibrated: lengths are on the scanned film",
    unsaid: "Pixel size as the image gives it, not how it was found",
    none: "Pixel size not known: lengths are not measured",
  },
  noLength: "Nothing can be measured here",
  planeMoved: "The plane had moved: begin the measurement again here",
  noScale: "no scale",
  falseSides: "Left and right not known: what the image says of them cannot be",
  series: "Series of this study",
  seriesHint: "Series of this study (T)",
  informationHint: "Image information (D)",
  list: "Measurements",
  listHint: "Measurements (M)",
  noMarks: "Nothing is measured yet. Choose length or angle.",
  marksStay: "Measurements stay in this tab until it is closed or you sign out. The box does not keep them.",
  kinds: { length: "Length", angle: "Angle" },
  removeMark: "Remove",
  markName: "Name",
  side: "3D seen from",
  sides: { front: "Front", right: "Right", left: "Left", back: "Back", above: "Above", below: "Below" },
  resetBody: "Reset 3D",
  presets: "Brightness preset",
  matters: { bone: "Bone", teeth: "Teeth", endo: "Root canals", soft: "Soft tissue" },
  ownWindow: "Adjusted by hand",
  invert: "Invert black and white (I)",
  reset: "Reset the picture (R)",
  fullScreen: "Full screen (F)",
  help: "Keys and gestures (?)",
  slider: "Image",
  notForDiagnosis: "Not for diagnosis",
  loading: "Loading the series",
  padding: "no value here",
  coarse: (factor: number) => `Shown at 1/${String(factor)} resolution: this device's graphics memory is too small. Readings are exact.`,
  notFetched: "This could not be fetched from the box. Please try again in a moment.",
  lost: "The graphics card was interrupted. The picture comes back by itself.",
  noGraphics: "This browser cannot draw the images: WebGL2 is missing or switched off. Another browser, or graphics acceleration in its settings, will help.",
  crashed: "The viewer stopped. Please load the page again.",
  broken: "The connection to the box was interrupted. What had arrived is shown; load the page again for the rest.",
  brokenIndex: "This series is not in a form that this viewer understands. Please load the page again.",
  empty: "This series holds no images.",
  nearest: (wanted: number) => `image ${String(wanted)} is loading`,
  coming: {
    coarse: (come: number, count: number) => `Coarse: ${String(come)} of ${String(count)} slices`,
    images: (come: number, count: number) => `${String(come)} of ${String(count)} images`,
    about: (seconds: number) => (seconds < 60 ? `about ${String(seconds)} s` : `about ${String(seconds / 60)} min`),
    cut: "The connection was interrupted and is taken up again",
    cutFor: (seconds: number) => `The connection was interrupted. It is taken up again in ${String(seconds)} s`,
    changed: "New images of this series have arrived. Load the page again to see them.",
    noValue: "coarse, no value yet",
  },
  missing: (count: number) => (count === 1 ? "1 image cannot be shown" : `${String(count)} images cannot be shown`),
  cannotShow: (image: number) => `Image ${String(image)} cannot be shown`,
  imageOf: (image: number, count: number) => `Image ${String(image)} of ${String(count)}`,
  zoomed: (percent: number) => `Zoom ${String(percent)} %`,
  centreWidth: (centre: string, width: string) => `Centre ${centre}  Width ${width}`,
  columnRow: (column: number, row: number) => `column ${String(column)}, row ${String(row)}`,
  colour: (values: string) => `Red, green, blue ${values}`,
  grey: (value: string) => `Grey value ${value}`,
  previous: "Image before",
  next: "Image after",
  scannersOwn: "Scanner's own",
  windows: { Automatic: "Automatic", Everything: "Everything" },
};

const PROBLEMS: Readonly<Record<ProblemCode, string>> = {
  "no-picture": "It holds no picture: a report, a document or a measurement. It is kept unchanged.",
  syntax: "It is coded in a way that this viewer cannot open. It is kept unchanged.",
  damaged: "It is damaged.",
  kind: "This viewer does not know this kind of picture. It is kept unchanged.",
  size: "It says it is larger than any picture this viewer can show.",
  frames: "It says it holds more images than its file has room for. The file is kept unchanged.",
  unreadable: "The box could not read it just now. Open the series again; if it stays so, tell whoever looks after the box.",
};

function refusal(status: number): string {
  if (status === 401) return "You are not signed in any more. Sign in, then open the series again.";
  if (status === 403) return "You may not see this series. Ask an administrator of your clinic.";
  if (status === 404 || status === 410) return "This series is not on the box any more.";
  if (status === 423 || status === 503) return "The box is locked. It still receives scans; unlock it to look at them.";
  if (status === 429) return "The box is busy. Please try again in a moment.";
  return `The box could not hand out this series (status ${String(status)}).`;
}

export type OddityWords = { readonly [Code in Oddity["code"]]: (oddity: Extract<Oddity, { code: Code }>) => string };

const ODDITIES: OddityWords = {
  "left-out": ({ count }) => (count === 1 ? "1 image is not part of the volume." : `${String(count)} images are not part of the volume.`),
  duplicates: ({ count }) => (count === 1 ? "1 slice lies where another one does; the first is shown." : `${String(count)} slices lie where another one does; the first is shown.`),
  missing: ({ count }) => (count === 1 ? "1 slice is missing; its place is left black." : `${String(count)} slices are missing; their place is left black.`),
  irregular: ({ least, most }) => `The slices are ${millimetres(least)} to ${millimetres(most)} apart: nothing is measured across slices.`,
  sideways: ({ mm }) => `Slices stand up to ${millimetres(mm)} beside the line of the others: nothing is measured across slices.`,
  tilted: ({ degrees }) => `The scanner was tilted by ${degrees.toFixed(1)}°; the slices are put straight.`,
  "no-positions": ({ mm, said }) =>
    said
      ? `The images do not say where they lie; they are ${millimetres(mm)} apart, as the scanner says. Which end is which is not known.`
      : "The images do not say where they lie nor how far apart: nothing is measured across slices, which end is which is not known.",
  "no-orientation": () => "The images do not say how they lie: left and right are not known.",
  "false-orientation": () => "What the images say of how they lie cannot be: left and right are not known.",
  "not-of-patient": ({ at }) => `Sizes are known only ${at === "detector" ? "at the detector" : "on the scanned film"}, not in the patient: nothing is measured.`,
  "no-spacing": () => "The images do not say how large a pixel is: nothing is measured.",
  anisotropic: ({ least, most }) => `Voxels are ${millimetres(least)} by ${millimetres(most)}: less is seen in one direction.`,
};

function millimetres(value: number): string {
  return `${value.toFixed(2)} mm`;
}

/** A language: its words, and what it says of problems, refusals and oddities. */
export const ENGLISH = { words: WORDS, problems: PROBLEMS, refusal, oddities: ODDITIES };

export type Language = typeof ENGLISH;
