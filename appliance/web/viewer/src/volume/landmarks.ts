/**
 * Windows for bone, teeth, root canals and soft tissue of a volume whose grey values are not calibrated. They rest on what
 * the volume itself holds: its air, its soft tissue, and what is hardest in it.
 */
import { frameFacts, isGrey, type Slot } from "./stack";
import type { Window } from "../dicom/facts";

/** Grey values that stand for kinds of matter in one volume. */
export interface Landmarks {
  readonly air: number;
  readonly soft: number;
  readonly hard: number;
}

const SAMPLES = 50_000;
const BINS = 256;
const LEAST_SOFT = 0.12; // soft tissue lies at least so far up from air to what is hardest
const MOST_SOFT = 0.6;

/** Find them from voxels all over the pictures that have come; null where there is too little to tell. */
export function landmarksOf(slots: readonly Slot[]): Landmarks | null {
  const values = sampled(slots);
  if (values.length < 1000) return null;
  values.sort();
  const at = (share: number): number => values[Math.min(values.length - 1, Math.floor(share * values.length))] ?? 0;
  const [air, hard] = [at(0.02), at(0.997)];
  if (hard - air < 16) return null;
  return { air, soft: commonest(values, air + LEAST_SOFT * (hard - air), air + MOST_SOFT * (hard - air)), hard };
}

function sampled(slots: readonly Slot[]): Float32Array {
  const loaded = slots.filter((slot) => slot.facts !== null && slot.pixels !== null && isGrey(slot));
  const parts = loaded.map((slot) => sampleOf(slot, loaded.length));
  const all = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Grey values from all over a picture, its share of those of so many pictures. */
export function sampleOf({ facts, pixels, frame }: Slot, pictures: number): Float32Array {
  if (pixels?.kind === "kept") return pixels.sample;
  if (facts === null || pixels?.kind !== "grey") return new Float32Array(0);
  const count = Math.max(1, Math.floor(SAMPLES / Math.max(1, pictures)));
  const { slope, intercept } = frameFacts(facts, frame);
  const { stored } = pixels;
  const step = Math.max(1, Math.floor(stored.length / count) | 1); // odd, so that it does not walk along one column
  const found = new Float32Array(Math.ceil(stored.length / step));
  const [low, high] = facts.padding === null ? [Infinity, -Infinity] : [facts.padding.low, facts.padding.high];
  let filled = 0;
  for (let i = 0; i < stored.length; i += step) {
    const value = stored[i] as number;
    if (value < low || value > high) found[filled++] = value * slope + intercept;
  }
  return found.subarray(0, filled);
}

/** The value between `low` and `high` round which most of them lie. */
function commonest(sorted: Float32Array, low: number, high: number): number {
  const counts = new Array<number>(BINS).fill(0);
  const wide = (high - low) / BINS;
  for (const value of sorted) {
    if (value >= low && value < high) counts[Math.floor((value - low) / wide)] = (counts[Math.floor((value - low) / wide)] ?? 0) + 1;
  }
  const smooth = counts.map((_, i) => counts.slice(Math.max(0, i - 4), i + 5).reduce((sum, one) => sum + one, 0));
  return low + (smooth.indexOf(Math.max(...smooth)) + 0.5) * wide;
}

export const MATTERS = ["bone", "teeth", "endo", "soft"] as const;
export type Matter = (typeof MATTERS)[number];

/** The window that shows a kind of matter well. */
export function matterWindow(matter: Matter, { air, soft, hard }: Landmarks, name: string): Window {
  const above = (share: number): number => soft + share * (hard - soft);
  const [low, high] = {
    bone: [soft - 0.55 * (soft - air), above(1.05)],
    teeth: [above(0.15), above(1.5)],
    endo: [above(0.3), above(1.1)],
    soft: [soft - 0.5 * (soft - air), above(0.3)],
  }[matter] as [number, number];
  return { name, centre: Math.round((low + high) / 2), width: Math.max(1, Math.round(high - low)) };
}
