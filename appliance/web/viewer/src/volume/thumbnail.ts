/** A small picture of one frame: every pixel of it is the mean of those it stands for. */
import type { FrameFacts, FramePixels, ImageFacts } from "../dicom/facts";
import { automaticWindow, brightness } from "./greys";

export interface Thumbnail {
  readonly width: number;
  readonly height: number;
  /** Red, green, blue and 255 of each pixel, row after row. */
  readonly rgba: Uint8ClampedArray<ArrayBuffer>;
}

type Shade = (pixel: number) => readonly [number, number, number];

/** Draw a frame at most `most` pixels wide and high, as high and wide as it is in the patient.
 *
 * Grey goes through the scanner's own first window, or through one measured from the frame; MONOCHROME1 is turned round
 * (PS3.3 C.7.6.3.1.2).
 */
export function thumbnailOf(pixels: FramePixels, facts: ImageFacts, frame: FrameFacts, most: number): Thumbnail {
  const aspect = frame.spacing === null ? facts.pixelAspect : frame.spacing[1] / frame.spacing[0];
  const wide = facts.columns * aspect;
  const scale = Math.min(1, most / Math.max(wide, facts.rows));
  const width = Math.max(1, Math.round(wide * scale));
  const height = Math.max(1, Math.round(facts.rows * scale));
  const shade = pixels.kind === "grey" ? greyShade(pixels.stored, facts, frame) : colourShade(pixels.rgb);
  const rgba = new Uint8ClampedArray(width * height * 4);
  for (let y = 0; y < height; y++) {
    const rows = span(y, height, facts.rows);
    for (let x = 0; x < width; x++) rgba.set([...mean(shade, rows, span(x, width, facts.columns), facts.columns), 255], 4 * (y * width + x));
  }
  return { width, height, rgba };
}

function span(at: number, of: number, length: number): readonly [number, number] {
  const from = Math.min(length - 1, Math.floor((at * length) / of));
  return [from, Math.max(from + 1, Math.floor(((at + 1) * length) / of))];
}

function mean(shade: Shade, rows: readonly [number, number], columns: readonly [number, number], stride: number): number[] {
  const sum = [0, 0, 0];
  for (let row = rows[0]; row < rows[1]; row++) {
    for (let column = columns[0]; column < columns[1]; column++) {
      shade(row * stride + column).forEach((value, channel) => (sum[channel] = (sum[channel] ?? 0) + value));
    }
  }
  const count = (rows[1] - rows[0]) * (columns[1] - columns[0]);
  return sum.map((value) => value / count);
}

function greyShade(stored: Extract<FramePixels, { kind: "grey" }>["stored"], facts: ImageFacts, frame: FrameFacts): Shade {
  const window = frame.windows[0] ?? automaticWindow(stored, frame, facts.padding, facts.voiFunction);
  const turned = facts.photometric === "MONOCHROME1";
  return (pixel) => {
    const shown = brightness((stored[pixel] ?? 0) * frame.slope + frame.intercept, window, facts.voiFunction);
    const value = 255 * (turned ? 1 - shown : shown);
    return [value, value, value];
  };
}

function colourShade(rgb: Uint8Array): Shade {
  return (pixel) => [rgb[3 * pixel] ?? 0, rgb[3 * pixel + 1] ?? 0, rgb[3 * pixel + 2] ?? 0];
}
