/** When planes may be called usable. */
import { describe, expect, it } from "vitest";
import { coarseOrder } from "../src/dicom/order";
import { Filling } from "../src/render/filling";

/** How many slices of a volume have come, coarse order first, when its planes are usable. */
function wanted(count: number): number {
  const filling = new Filling(Array.from({ length: count }, (_, slot) => slot));
  for (const [number, slice] of coarseOrder(count).entries()) {
    if (filling.isEven) return number;
    filling.fill(slice);
  }
  return count;
}

describe("planes are usable", () => {
  it("once one slice in sixteen is there, everywhere", () => {
    expect(wanted(400)).toBeGreaterThanOrEqual(25);
    expect(wanted(1000)).toBeGreaterThanOrEqual(63);
    expect(wanted(400)).toBeLessThanOrEqual(64);
    const oneSided = new Filling(Array.from({ length: 400 }, (_, slot) => slot));
    for (let slice = 0; slice < 380; slice++) oneSided.fill(slice);
    expect(oneSided.isEven).toBe(false);
  });

  it("never with one slice of a few", () => {
    for (const count of [8, 12, 16]) expect(wanted(count)).toBeGreaterThan(2);
  });
});
