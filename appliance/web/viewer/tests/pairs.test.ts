import { describe, expect, it } from "vitest";
import { extentOf } from "../src/dicom/extent";
import { wideExtentOf } from "../src/dicom/wide_extent";
import type { ImageFacts } from "../src/dicom/facts";
import { keepStoredBits } from "../src/dicom/native";
import { chooseEncoding, makeEncoder } from "../src/volume/encoding";
import { openHalves, type Halves } from "../src/halves";
import { openWide, type Wide } from "../src/wide";
import { numbers } from "./numbers";

const EDGES = [0, 1, 2, 255, 256, 2047, 2048, 4095, 4096, 0x3fff, 0x4000, 0x4001, 0x7ffe, 0x7fff, 0x8000, 0x8001, 0xbfff, 0xc000, 0xfffe, 0xffff];

/** Words near a level, some of them edges: most lie between the ends that were found before. */
function words(seed: number, length: number): Uint16Array {
  const next = numbers(seed);
  const level = EDGES[next(EDGES.length)] as number;
  const spread = [1, 2, 100, 5000, 70000][next(5)] as number;
  return Uint16Array.from({ length }, () => (next(50) === 0 ? (EDGES[next(EDGES.length)] as number) : level + next(spread)));
}

const each = Array.from({ length: 400 }, (_, seed) => [seed, [1, 2, 3, 4, 5, 6, 64, 257, 1000][seed % 9] as number] as const);

describe("words, many at a time", () => {
  it.each(each)("have the ends that they have one by one, %i of %i", (seed, length) => {
    const unsigned = words(seed, length);
    for (const stored of [unsigned, new Int16Array(unsigned.buffer), unsigned.subarray(1), new Int16Array(unsigned.buffer).subarray(1)]) {
      const found = stored.length === 0 ? null : { low: Math.min(...stored), high: Math.max(...stored) };
      expect(extentOf(stored, null)).toEqual(found);
      expect(wideExtentOf(stored, null)).toEqual(found);
    }
  });

  it.each(each.slice(0, 40))("become the same half floats, %i of %i", (seed, length) => {
    const stored = words(seed, length);
    const encoder = (quick: Halves | null): ReturnType<typeof makeEncoder> =>
      makeEncoder(chooseEncoding({ low: -1000, high: 70000 }, true), { slope: 1, intercept: -1000 }, null, 0, quick);
    const one = encoder(null);
    const expected = Array.from(stored, (value) => one(Uint16Array.of(value))[0]);
    for (const quick of [openHalves(), null]) expect([...encoder(quick)(stored)]).toEqual(expected);
  });

  it.each(each.slice(0, 120))("keep their stored bits, %i of %i", (seed, length) => {
    const bitsStored = [16, 15, 12, 10][seed % 4] as number;
    for (const signed of [false, true]) {
      const mask = 2 ** bitsStored - 1;
      const fits = words(seed, length).map((value) => (signed ? ((value & mask) << (32 - bitsStored)) >> (32 - bitsStored) : value & mask));
      for (const raw of [fits, words(seed + 1, length)]) {
        const values = signed ? new Int16Array(raw.buffer.slice(0)) : raw.slice();
        const left = 32 - bitsStored;
        const expected = Array.from(values, (value) => (signed ? (value << left) >> left : value & mask));
        expect([...keepStoredBits({ bitsStored, highBit: bitsStored - 1, signed } as ImageFacts, values)]).toEqual(expected);
      }
    }
  });
});

/** Node has them, as every browser of today has. */
function there<T>(found: T | null): T {
  if (found === null) throw new Error("no wide registers");
  return found;
}

describe("words by wide registers", () => {
  const wide: Wide = there(openWide());
  const halves: Halves = there(openHalves());

  it.each(each)("have the ends of those that are no padding, %i of %i", (seed, length) => {
    const unsigned = words(seed, length);
    const next = numbers(seed + 7);
    for (const stored of [unsigned, new Int16Array(unsigned.buffer), unsigned.subarray(1)]) {
      const [low, high] = [stored[next(stored.length)] ?? 0, EDGES[next(EDGES.length)] ?? 0];
      for (const padding of [{ low, high: low }, { low, high }, { low: -70000, high: low + 0.5 }, { low: low - 0.5, high: 1e9 }]) {
        if (stored.length > 0 && low <= high) expect(wideExtentOf(stored, padding)).toEqual(extentOf(stored, padding));
      }
    }
  });

  it("are looked up in the table that is given", () => {
    const tables = [3, 5].map((factor) => Uint16Array.from({ length: 65536 }, (_, at) => at * factor));
    for (const [seed, length] of each.slice(0, 40)) {
      const stored = words(seed, length);
      const table = tables[seed % 2] as Uint16Array;
      expect(halves.through(table, stored)).toEqual(stored.map((value) => table[value] as number));
      expect(halves.through(table, new Int16Array(stored.buffer))).toEqual(stored.map((value) => table[value] as number));
    }
  });

  it("may be more than are looked at in one go", () => {
    const many = new Int16Array(2 ** 21 + 3);
    many.set([-7, 9], 2 ** 20 + 1);
    many[many.length - 1] = 11;
    expect(wide.ends(many, null)).toEqual({ low: -7, high: 11 });
    expect(wide.ends(many, { low: 9, high: 20 })).toEqual({ low: -7, high: 0 });
  });

  it("are too many for their memory where nobody would hold so many", () => {
    expect(halves.through(new Uint16Array(65536), new Uint16Array(2 ** 24 + 1))).toBeNull();
  });
});
