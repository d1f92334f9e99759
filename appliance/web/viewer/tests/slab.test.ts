import { describe, expect, it } from "vitest";
import { slabSteps } from "../src/volume/slab";
import { unit, type Vector } from "../src/volume/vectors";

const fine = { affine: { i: [0.08, 0, 0], j: [0, 0.08, 0], k: [0, 0, 0.08], origin: [0, 0, 0] } } as const;
const DIRECTIONS: readonly Vector[] = [[1, 0, 0], [0, 0, 1], [1, 1, 0], [1, 1, 1], [0.3, -0.8, 0.1]];

describe("a slab at rest", () => {
  it("is looked at at least once a voxel, whichever way it lies and however thick it is", () => {
    for (const direction of DIRECTIONS) {
      for (const thick of [0.5, 3, 10, 30]) {
        const { mm, isFine } = slabSteps(fine, unit(direction) ?? direction, thick, true);
        expect([direction, thick, mm <= 0.08 + 1e-9, isFine]).toEqual([direction, thick, true, true]);
      }
    }
  });

  it("is as thick as is said, and a thin one is one sample", () => {
    const { samples, mm } = slabSteps(fine, [0, 0, 1], 30, true);
    expect([samples, samples * mm]).toEqual([375, 30]);
    expect(slabSteps(fine, [0, 0, 1], 0, true)).toEqual({ samples: 1, mm: 0, isFine: true });
  });
});

describe("a slab that a hand moves", () => {
  it("is looked at more coarsely where it is thick, and knows that", () => {
    expect(slabSteps(fine, [0, 0, 1], 30, false)).toEqual({ samples: 128, mm: 30 / 128, isFine: false });
    expect(slabSteps(fine, [0, 0, 1], 5, false).isFine).toBe(true);
  });
});
