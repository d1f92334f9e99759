import { describe, expect, it } from "vitest";
import { halfBits } from "../src/volume/encoding";
import { BLOCK, openTops } from "../src/halves";

type Size = readonly [number, number, number];

/** Grey values that are the same in every run. */
function valuesOf(size: Size, seed: number): Int16Array {
  let state = seed;
  const next = (): number => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0);
  return Int16Array.from({ length: size[0] * size[1] * size[2] }, () => (next() % 40 === 0 ? (next() % 4096) - 2048 : (next() % 9) - 1000));
}

/** The greatest of a block and of the voxels around it, one after the other; eight columns are looked at even where fewer are left. */
function topOf(values: Int16Array, [columns, rows, slices]: Size, block: Size): number {
  const spans = [columns, rows, slices].map((all, axis) => {
    const from = BLOCK * (block[axis] as number) - 1;
    const least = axis === 0 ? Math.min(from, columns - BLOCK) : from;
    return Array.from({ length: from + BLOCK + 2 - least }, (_, at) => least + at).filter((at) => at >= 0 && at < all);
  });
  let top = -Infinity;
  for (const z of spans[2] ?? []) for (const y of spans[1] ?? []) for (const x of spans[0] ?? []) top = Math.max(top, values[(z * rows + y) * columns + x] as number);
  return top;
}

describe("the greatest values of a volume's blocks", () => {
  it.each([[8, 8, 8], [16, 24, 9], [17, 9, 20], [33, 31, 8], [64, 40, 41]] as const)("are those of every voxel that a sample in them may touch, %i x %i x %i", (...size) => {
    const [columns, rows, slices] = size;
    const tops = openTops(columns, rows, slices);
    if (tops === null) throw new Error("no wide registers");
    const values = valuesOf(size, columns);
    for (let slice = slices - 1; slice >= 0; slice--) {
      const stored = values.subarray(slice * columns * rows, (slice + 1) * columns * rows);
      tops.add(slice, Uint16Array.from(stored, halfBits));
    }
    const { across, down, through, halves } = tops;
    expect([across, down, through]).toEqual(size.map((side) => Math.ceil(side / BLOCK)));
    const found = Array.from(halves, (_, at) => topOf(values, size, [at % across, Math.floor(at / across) % down, Math.floor(at / across / down)]));
    expect(Array.from(halves)).toEqual(found.map(halfBits));
  });

  it("are below all others where no slice has come", () => {
    expect(Array.from(openTops(8, 8, 8)?.halves ?? [])).toEqual([0xfc00]);
  });

  it("are not looked for in what is thinner than a block", () => {
    expect(openTops(7, 512, 512)).toBeNull();
    expect(openTops(512, 512, 7)).toBeNull();
  });
});
