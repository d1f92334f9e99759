/** What is told of slices that are still to come, and where a preview may stand for them. */
import { describe, expect, it } from "vitest";
import type { ImageFacts } from "../src/dicom/facts";
import { isWorthWaiting, Pace, roughly } from "../src/volume/arrival";
import { geometryOf } from "../src/volume/geometry";
import { asSlot, middleOf, standsFor, type PreviewVolume } from "../src/volume/preview";
import { facts } from "./facts";

describe("the pace", () => {
  it("tells how long the rest takes, from the last few seconds alone", () => {
    const pace = new Pace();
    expect(pace.secondsTo(1000, 0)).toBeNull();
    for (let second = 0; second <= 10; second++) pace.count(10 * second, 1000 * second);
    expect(pace.secondsTo(1000, 10_000)).toBeCloseTo(90);
    for (let second = 11; second <= 17; second++) pace.count(100 + 100 * (second - 10), 1000 * second);
    expect(pace.secondsTo(1800, 17_000)).toBeCloseTo(10);
  });

  it("waits before it tells, knows a standstill, and forgets what came before a pause or a beginning anew", () => {
    const pace = new Pace();
    pace.count(10, 0);
    expect(pace.secondsTo(1000, 500)).toBeNull();
    expect(pace.secondsTo(1000, 2000)).toBe(Infinity);
    pace.count(500, 1000);
    pace.pause();
    expect(pace.secondsTo(1000, 1000)).toBeNull();
    pace.count(500, 1000);
    pace.count(5, 2000);
    expect(pace.secondsTo(1000, 2500)).toBeNull();
  });

  it("is said in round numbers", () => {
    expect([2.2, 7.4, 12, 58, 61, 95, 500].map(roughly)).toEqual([2, 7, 10, 60, 60, 120, 480]);
  });
});

describe("planes of the small volume", () => {
  it("do until all is there where the rest comes soon, or before that is known", () => {
    expect(isWorthWaiting(1.9, 1000)).toBe(true);
    expect(isWorthWaiting(null, 100)).toBe(true);
    expect(isWorthWaiting(0, 4900)).toBe(true);
  });

  it("do not where the rest takes longer, where there are none, and not for ever", () => {
    expect(isWorthWaiting(2, 1000)).toBe(false);
    expect(isWorthWaiting(Infinity, 1000)).toBe(false);
    expect(isWorthWaiting(0, -Infinity)).toBe(false);
    expect(isWorthWaiting(0, 5000)).toBe(false);
  });
});

describe("a preview", () => {
  const frame = { slope: 1, intercept: 0, windows: [], position: null, orientation: [1, 0, 0, 0, 1, 0] as const, spacing: [0.5, 0.5] as const, spacingFrom: null, between: null };
  const stack = (order: readonly number[]): NonNullable<ReturnType<typeof geometryOf>> => {
    const found = geometryOf(order.map((slot, place) => ({ slot, columns: 6, rows: 5, between: null, frame: { ...frame, position: [0, 0, place] } })));
    if (found === null) throw new Error("no volume");
    return found;
  };
  const image: ImageFacts = facts({ rows: 5, columns: 6, perFrame: [frame] });
  const preview: PreviewVolume = { columns: 3, rows: 3, slices: 4, factor: [2, 2, 2], slope: 2, intercept: -5, values: Int16Array.from({ length: 36 }, (_, at) => at) };

  it("stands for a volume that it covers box for box, in the order of the series or against it", () => {
    const volume = stack([0, 1, 2, 3, 4, 5, 6]);
    expect(standsFor(preview, image, volume)).toBe("forwards");
    expect(standsFor(preview, image, stack([6, 5, 4, 3, 2, 1, 0]))).toBe("backwards");
    expect(standsFor(preview, image, stack([0, 2, 1, 3, 4, 5, 6]))).toBeNull();
    expect(standsFor(preview, image, stack([0, 1, 2, 3, 4, 5]))).toBeNull();
    expect(standsFor({ ...preview, factor: [2, 2, 3] }, image, volume)).toBeNull();
    expect(standsFor(preview, { ...image, samples: 3 }, volume)).toBeNull();
    expect(standsFor(preview, { ...image, modalityTable: { first: 0, entries: new Float32Array(1) } }, volume)).toBeNull();
  });

  it("is measured as one picture of the whole volume, and pictured by its middle slice", () => {
    const slot = asSlot(preview, image, 3);
    expect([slot.facts?.columns, slot.facts?.rows, slot.facts?.perFrame[0]?.slope, slot.facts?.padding]).toEqual([3, 12, 2, null]);
    const middle = middleOf({ ...preview, factor: [2, 1, 2] }, image);
    expect(middle.pixels.kind === "grey" && Array.from(middle.pixels.stored)).toEqual([18, 19, 20, 21, 22, 23, 24, 25, 26]);
    expect([middle.facts.pixelAspect, middle.frame.intercept]).toEqual([2, -5]);
  });
});
