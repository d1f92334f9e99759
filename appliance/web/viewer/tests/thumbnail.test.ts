import { describe, expect, it } from "vitest";
import type { FrameFacts } from "../src/dicom/facts";
import { thumbnailOf } from "../src/volume/thumbnail";
import { facts } from "./facts";

const FRAME: FrameFacts = { slope: 1, intercept: 0, windows: [{ centre: 128, width: 256, name: "" }], position: null, orientation: null, spacing: null, spacingFrom: null, between: null };
const greys = (rgba: Uint8ClampedArray): number[] => Array.from(rgba).filter((_, at) => at % 4 === 0);

describe("thumbnailOf", () => {
  it("leaves a picture that is small enough as it is", () => {
    const made = thumbnailOf({ kind: "grey", stored: Uint16Array.of(0, 64, 191, 255) }, facts({}), FRAME, 96);
    expect([made.width, made.height]).toEqual([2, 2]);
    expect(greys(made.rgba)).toEqual([0, 64, 191, 255]);
    expect(made.rgba[3]).toBe(255);
  });

  it("gives each pixel the mean of those it stands for", () => {
    const stored = Uint16Array.from({ length: 16 }, (_, at) => (at % 4 < 2 ? 0 : 200));
    const made = thumbnailOf({ kind: "grey", stored }, facts({ rows: 4, columns: 4 }), FRAME, 2);
    expect(greys(made.rgba)).toEqual([0, 200, 0, 200]);
  });

  it("turns MONOCHROME1 round", () => {
    const made = thumbnailOf({ kind: "grey", stored: Uint16Array.of(0, 255, 0, 255) }, facts({ photometric: "MONOCHROME1" }), FRAME, 2);
    expect(greys(made.rgba)).toEqual([255, 0, 255, 0]);
  });

  it("keeps colours, and pixels twice as wide as high", () => {
    const rgb = Uint8Array.of(255, 0, 0, 0, 255, 0, 0, 0, 255, 9, 9, 9);
    const made = thumbnailOf({ kind: "colour", rgb }, facts({ samples: 3, pixelAspect: 2 }), FRAME, 96);
    expect([made.width, made.height]).toEqual([4, 2]);
    expect(Array.from(made.rgba.subarray(0, 4))).toEqual([255, 0, 0, 255]);
    expect(Array.from(made.rgba.subarray(12, 16))).toEqual([0, 255, 0, 255]);
  });

  it("is as wide for its height as its pixels' spacing says", () => {
    const made = thumbnailOf({ kind: "grey", stored: Uint16Array.of(0, 255, 0, 255) }, facts({ pixelAspect: 1 }), { ...FRAME, spacing: [0.2, 0.6] }, 96);
    expect([made.width, made.height]).toEqual([6, 2]);
  });

  it("measures a window where the scanner says none", () => {
    const stored = Int16Array.from({ length: 100 }, (_, at) => at * 10 - 500);
    const made = thumbnailOf({ kind: "grey", stored }, facts({ rows: 10, columns: 10 }), { ...FRAME, windows: [] }, 96);
    expect(greys(made.rgba)[0]).toBeLessThan(4);
    expect(greys(made.rgba)[99]).toBeGreaterThan(251);
  });
});
