/** Every word that the viewer shows. */
import type { ProblemCode } from "../messages";

export const WORDS = {
  back: "Back to the study",
  tools: { window: "Brightness", pan: "Move", zoom: "Zoom", scroll: "Scroll" },
  toolHints: {
    window: "Drag across for contrast, up and down for brightness (W)",
    pan: "Drag to move the picture (P)",
    zoom: "Drag up to enlarge, down to reduce (Z)",
    scroll: "Drag through the images (S)",
  },
  presets: "Brightness preset",
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
} as const;

export const KEYS: readonly (readonly [string, string])[] = [
  ["Wheel, arrows", "through the images; Page up and down by ten"],
  ["Drag", "the chosen tool: W brightness, P move, Z zoom, S scroll"],
  ["Right or middle button", "zoom or move"],
  ["Two fingers, Ctrl + wheel, + −", "zoom"],
  ["1 to 9", "brightness presets"],
  ["I, R, F", "invert, reset, full screen"],
];

const PROBLEMS: Readonly<Record<ProblemCode, string>> = {
  "no-picture": "It holds no picture: a report, a document or a measurement. It is kept unchanged.",
  syntax: "It is coded in a way that this viewer cannot open. It is kept unchanged.",
  damaged: "It is damaged.",
  kind: "This viewer does not know this kind of picture. It is kept unchanged.",
  size: "It says it is larger than any picture this viewer can show.",
};

/** Say why one image cannot be shown. */
export function problemWords(code: ProblemCode, detail: string): string {
  return detail === "" ? PROBLEMS[code] : `${PROBLEMS[code]} (${detail})`;
}

/** Say why the box did not hand out the series. */
export function refusalWords(status: number): string {
  if (status === 401) return "You are not signed in any more. Sign in, then open the series again.";
  if (status === 403) return "You may not see this series. Ask an administrator of your clinic.";
  if (status === 404 || status === 410) return "This series is not on the box any more.";
  if (status === 423 || status === 503) return "The box is locked. It still receives scans; unlock it to look at them.";
  if (status === 429) return "The box is busy. Please try again in a moment.";
  return `The box could not hand out this series (status ${String(status)}).`;
}
