/** A picture of a given size, quickly: each of its pixels is the mean of up to sixteen that lie under it, shaded once. */
import type { FramePixels, ImageFacts, Window } from "../dicom/facts";
import { brightness } from "./greys";
import type { Thumbnail } from "./thumbnail";

const MOST_SAMPLES = 4; // a side

/** How a picture is to be shown. */
export interface Look {
  readonly window: Window;
  /** Black for white. */
  readonly isTurned: boolean;
  readonly slope: number;
  readonly intercept: number;
}

/** Draw a frame at most `most` pixels wide and high, as high and wide as it is in the patient. */
export function smallPicture(pixels: FramePixels, facts: ImageFacts, aspect: number, look: Look, most: number): Thumbnail {
  const scale = Math.min(1, most / Math.max(facts.columns * aspect, facts.rows));
  const width = Math.max(1, Math.round(facts.columns * aspect * scale));
  const height = Math.max(1, Math.round(facts.rows * scale));
  const channels = pixels.kind === "colour" ? 3 : 1;
  const source = pixels.kind === "colour" ? pixels.rgb : pixels.stored;
  const columns = Array.from({ length: width }, (_, x) => samples(x, width, facts.columns));
  const rgba = new Uint8ClampedArray(width * height * 4).fill(255);
  for (let y = 0; y < height; y++) {
    const rows = samples(y, height, facts.rows);
    for (let x = 0; x < width; x++) {
      const at = 4 * (y * width + x);
      for (let channel = 0; channel < 3; channel++) {
        if (channels === 1 && channel > 0) rgba[at + channel] = rgba[at] ?? 0;
        else rgba[at + channel] = shade(mean(source, rows, columns[x] ?? [], facts.columns, channels, channel), pixels.kind, facts, look);
      }
    }
  }
  return { width, height, rgba };
}

/** Up to MOST_SAMPLES places evenly over the stretch that one small pixel stands for. */
function samples(at: number, of: number, length: number): number[] {
  const [from, to] = [(at * length) / of, ((at + 1) * length) / of];
  const count = Math.max(1, Math.min(MOST_SAMPLES, Math.floor(to) - Math.floor(from)));
  return Array.from({ length: count }, (_, i) => Math.min(length - 1, Math.floor(from + ((i + 0.5) * (to - from)) / count)));
}

function mean(source: ArrayLike<number>, rows: readonly number[], columns: readonly number[], stride: number, channels: number, channel: number): number {
  let sum = 0;
  for (const row of rows) for (const column of columns) sum += source[(row * stride + column) * channels + channel] ?? 0;
  return sum / (rows.length * columns.length);
}

function shade(value: number, kind: FramePixels["kind"], facts: ImageFacts, { window, isTurned, slope, intercept }: Look): number {
  if (kind === "colour") return value;
  const shown = brightness(value * slope + intercept, window, facts.voiFunction);
  return 255 * (isTurned ? 1 - shown : shown);
}
