/** What grey values a frame holds, and a window that shows them well. */
import { extentOf, type Extent } from "../dicom/extent";
import type { FrameFacts, FramePixels, Padding, Stored, VoiFunction, Window } from "../dicom/facts";
import type { Range } from "./encoding";

type GreyPixels = Extract<FramePixels, { kind: "grey" }>;

/** Say whether a stored value is padding. */
export function isPadding(padding: Padding | null, stored: number): boolean {
  return padding !== null && stored >= padding.low && stored <= padding.high;
}

/** Grey values of a frame after the rescale, padding left out; null when nothing is left.
 *
 * Source: DICOM PS3.3 C.7.5.1.1.2 (padding) and C.11.1.1.2 (rescale).
 */
export function rangeOf(stored: Stored, frame: Pick<FrameFacts, "slope" | "intercept">, padding: Padding | null): Range | null {
  return rescaled(extentOf(stored, padding), frame);
}

/** The same for a decoded frame: whoever decoded it has mostly looked already. */
export function rangeOfFrame(pixels: GreyPixels, frame: Pick<FrameFacts, "slope" | "intercept">, padding: Padding | null): Range | null {
  return rescaled(pixels.extent === undefined ? extentOf(pixels.stored, padding) : pixels.extent, frame);
}

/** A frame's ends as grey values. */
export function rescaled(extent: Extent | null, { slope, intercept }: Pick<FrameFacts, "slope" | "intercept">): Range | null {
  if (extent === null) return null;
  const ends = [extent.low * slope + intercept, extent.high * slope + intercept];
  return { low: Math.min(...ends), high: Math.max(...ends) };
}

/** A window over all but the darkest and brightest hundredth. */
export function automaticWindow(
  stored: Stored,
  frame: Pick<FrameFacts, "slope" | "intercept">,
  padding: Padding | null,
  kind: VoiFunction = "LINEAR",
): Window {
  const range = rangeOf(stored, frame, padding) ?? { low: 0, high: 1 };
  const sample: number[] = [];
  const step = Math.max(1, Math.floor(stored.length / 65536));
  for (let i = 0; i < stored.length; i += step) {
    const value = stored[i] ?? 0;
    if (padding === null || value < padding.low || value > padding.high) sample.push(value * frame.slope + frame.intercept);
  }
  sample.sort((a, b) => a - b);
  const low = sample[Math.floor(sample.length * 0.01)] ?? range.low;
  const high = sample[Math.ceil(sample.length * 0.99) - 1] ?? range.high;
  return { ...spanning(high > low ? { low, high } : range, kind), name: "Automatic" };
}

/** The window whose dark end is `low` and bright end `high`, by the linear function, or the exact one for fractions. */
export function spanning({ low, high }: Range, kind: VoiFunction = "LINEAR"): { centre: number; width: number } {
  const width = kind === "LINEAR" ? Math.max(1, high - low + 1) : high - low || 1;
  return { centre: low + width / 2, width };
}

/** Brightness from 0 to 1 of a grey value; the shader does the same sum.
 *
 * Source: DICOM PS3.3 C.11.2.1.2.1 (linear), C.11.2.1.3.1 (sigmoid), C.11.2.1.3.2 (linear exact).
 */
export function brightness(grey: number, window: Pick<Window, "centre" | "width" | "table">, kind: VoiFunction): number {
  const { centre, width, table } = window;
  if (table !== undefined) return tabled((grey - centre) / width + 0.5, table.entries);
  if (kind === "SIGMOID") return 1 / (1 + Math.exp((-4 * (grey - centre)) / width));
  const exact = kind === "LINEAR_EXACT";
  const span = exact ? width : Math.max(width - 1, 1e-6);
  const middle = exact ? centre : centre - 0.5;
  return Math.min(1, Math.max(0, (grey - middle) / span + 0.5));
}

/** A scanner's table at a share of its length: 0 is its first entry, 1 its last; between entries a line, beyond them its ends. */
function tabled(share: number, entries: Float32Array): number {
  const last = entries.length - 1;
  const at = Math.min(last, Math.max(0, share * last));
  const low = entries[Math.floor(at)] ?? 0;
  return low + ((entries[Math.min(last, Math.floor(at) + 1)] ?? 0) - low) * (at - Math.floor(at));
}

/** The window that a drag of (dx, dy) CSS pixels makes: right widens, down brightens, in proportion to the width. */
export function draggedWindow(window: Window, dx: number, dy: number, kind: VoiFunction = "LINEAR"): Window {
  const whole = kind === "LINEAR";
  const step = (whole ? Math.max(window.width, 16) : window.width) / 400;
  return { ...window, centre: window.centre - dy * step, width: Math.max(whole ? 1 : window.width / 2, window.width + dx * step), name: "" };
}

/** The windows to offer: the scanner's own, then one measured from the picture, the whole range, and those for kinds of matter. */
export function presetsFor(matters: readonly Window[], own: readonly Window[], measured: Window, range: Range): Window[] {
  const scanners = own.map((window, i) => ({ ...window, name: window.name || (own.length > 1 ? `Scanner's own ${String(i + 1)}` : "Scanner's own") }));
  const whole = { ...spanning(range), name: "Everything" };
  return [...scanners.slice(0, 9 - 2 - matters.length), measured, whole, ...matters];
}
