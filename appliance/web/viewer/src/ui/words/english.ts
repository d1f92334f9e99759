/** Every word that the viewer shows, in English. What is added here is added in every language beside it: the types ask for it. */
import type { ProblemCode } from "../../messages";
import type { Oddity } from "../../volume/geometry";
import { FILES } from "./english_files";

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
  noLength: "Nothing can be measured here",
  series: "Series of this study",
  seriesHint: "Series of this study (T)",
  information: "Image information",
  informationHint: "Image information (D)",
  aboutGroups: { geometry: "Geometry found", patient: "Patient", study: "Study", series: "Series", scanner: "Scanner", exposure: "Exposure", image: "Image" },
  about: {
    PatientName: "Name",
    PatientID: "Patient ID",
    PatientBirthDate: "Born",
    PatientSex: "Sex",
    PatientAge: "Age",
    StudyDate: "Date",
    StudyTime: "Time",
    StudyDescription: "Description",
    AccessionNumber: "Accession number",
    ReferringPhysicianName: "Referred by",
    StudyID: "Study ID",
    StudyInstanceUID: "Study UID",
    Modality: "Modality",
    SeriesDescription: "Description",
    SeriesNumber: "Number",
    ProtocolName: "Protocol",
    BodyPartExamined: "Body part",
    Laterality: "Side",
    PatientPosition: "Patient position",
    SeriesInstanceUID: "Series UID",
    Manufacturer: "Maker",
    ManufacturerModelName: "Model",
    DeviceSerialNumber: "Serial number",
    SoftwareVersions: "Software",
    StationName: "Station",
    InstitutionName: "Institution",
    AcquisitionDate: "Taken on",
    AcquisitionTime: "Taken at",
    KVP: "Tube voltage",
    XRayTubeCurrent: "Tube current",
    ExposureTime: "Exposure time",
    Exposure: "Exposure",
    ImageAndFluoroscopyAreaDoseProduct: "Dose area product",
    CTDIvol: "CTDIvol",
    FilterType: "Filter",
    ConvolutionKernel: "Kernel",
    InstanceNumber: "Number",
    ImageType: "Kind",
    ImageLaterality: "Side",
    NumberOfFrames: "Frames",
    PixelSpacing: "Pixel spacing",
    ImagerPixelSpacing: "Spacing at the detector",
    SliceThickness: "Slice thickness, as written",
    ImagePositionPatient: "Position",
    ImageOrientationPatient: "Orientation",
    WindowCenter: "Window centre",
    WindowWidth: "Window width",
    RescaleIntercept: "Rescale intercept",
    RescaleSlope: "Rescale slope",
    LossyImageCompressionRatio: "Lossy compression",
    SOPInstanceUID: "Image UID",
  },
  aboutPicture: { size: "Size in pixels", depth: "Values", coding: "Transfer syntax" },
  aboutGeometry: { grid: "Voxels", voxel: "A voxel is", extent: "The volume is", measuring: "Measuring", odd: "What is odd" },
  measuringTrue: "true in every direction",
  measuringAcross: "within slices only",
  measuringNone: "not possible",
  nothingOdd: "nothing",
  list: "Measurements",
  listHint: "Measurements (M)",
  noMarks: "Nothing is measured yet. Choose length or angle.",
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
  close: "Close",
  slider: "Image",
  notForDiagnosis: "Not for diagnosis",
  loading: "Loading the series",
  padding: "no value here",
  coarse: (factor: number) => `Shown at 1/${String(factor)} resolution: this device's graphics memory is too small. Readings are exact.`,
  lost: "The graphics card was interrupted. The picture comes back by itself.",
  noGraphics: "This browser cannot draw the images: WebGL2 is missing or switched off. Another browser, or graphics acceleration in its settings, will help.",
  crashed: "The viewer stopped. Please load the page again.",
  broken: "The connection to the box was interrupted. What had arrived is shown; load the page again for the rest.",
  brokenIndex: "This series is not in a form that this viewer understands. Please load the page again.",
  empty: "This series holds no images.",
  nearest: (wanted: number) => `image ${String(wanted)} is loading`,
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

const KEYS: readonly (readonly [string, readonly (readonly [string, string])[]])[] = [
  [
    "Mouse",
    [
      ["Drag", "the chosen tool"],
      ["Right button, middle button", "zoom, move"],
      ["Wheel", "through the slices"],
      ["Ctrl + wheel", "zoom"],
      ["Double click", "one pane large or alone, and back"],
      ["Drag the end of a line", "turn the planes"],
    ],
  ],
  [
    "Fingers and pen",
    [
      ["One finger or the pen", "the chosen tool"],
      ["Two fingers apart or together", "zoom and move"],
      ["Two fingers side by side", "across for contrast, up and down for brightness"],
      ["Double tap", "one pane large or alone, and back"],
      ["Pen's eraser", "remove the last measurement"],
    ],
  ],
  [
    "Tools",
    [
      ["C", "crosshair"],
      ["W", "brightness"],
      ["P", "move"],
      ["Z", "zoom"],
      ["S", "scroll"],
      ["L, A", "length, angle"],
      ["Space", "with length or angle: a point where the crosshair is"],
      ["Delete", "remove the last measurement"],
      ["1 to 9", "brightness presets"],
      ["I", "invert"],
      ["R", "reset everything"],
    ],
  ],
  [
    "Panes",
    [
      ["Tab", "to the next pane; keys mean the pane with the bright frame"],
      ["Arrows, Page up, Page down", "through the slices, by one or by ten; round the body in 3D"],
      ["Home, End", "first and last slice"],
      ["Shift + arrows", "move the picture"],
      ["Ctrl + arrows", "move the crosshair by a voxel"],
      ["+ −", "zoom"],
      ["Q, E", "turn the planes by 1°; with Shift by 10°"],
      ["[ ]", "thinner or thicker slab"],
      ["K", "slab: average, maximum, minimum"],
      ["Enter", "this pane large or alone, and back"],
      ["X", "next layout"],
      ["V, B, G", "3D: next side, next look, reset"],
      ["T", "the study's series"],
      [", .", "series before, series after"],
      ["M", "the list of measurements"],
      ["D", "image information"],
      ["F", "full screen"],
      ["?", "this sheet"],
    ],
  ],
];

const PROBLEMS: Readonly<Record<ProblemCode, string>> = {
  "no-picture": "It holds no picture: a report, a document or a measurement. It is kept unchanged.",
  syntax: "It is coded in a way that this viewer cannot open. It is kept unchanged.",
  damaged: "It is damaged.",
  kind: "This viewer does not know this kind of picture. It is kept unchanged.",
  size: "It says it is larger than any picture this viewer can show.",
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
  irregular: ({ least, most }) => `The slices are ${millimetres(least)} to ${millimetres(most)} apart: lengths across slices are not measured.`,
  tilted: ({ degrees }) => `The scanner was tilted by ${degrees.toFixed(1)}°; the slices are put straight.`,
  "no-positions": ({ mm, said }) =>
    said
      ? `The images do not say where they lie; they are ${millimetres(mm)} apart, as the scanner says.`
      : "The images do not say how far apart they are: lengths across slices are not measured.",
  "no-orientation": () => "The images do not say how they lie: left and right are not known.",
  "no-spacing": () => "The images do not say how large a pixel is: nothing is measured.",
  anisotropic: ({ least, most }) => `Voxels are ${millimetres(least)} by ${millimetres(most)}: less is seen in one direction.`,
};

function millimetres(value: number): string {
  return `${value.toFixed(2)} mm`;
}

/** A language: its words, its keys and gestures under headings, and what it says of problems, refusals and oddities. */
export const ENGLISH = { words: WORDS, keys: KEYS, problems: PROBLEMS, refusal, oddities: ODDITIES, files: FILES };

export type Language = typeof ENGLISH;
