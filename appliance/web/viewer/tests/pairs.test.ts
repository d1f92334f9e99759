import { describe, expect, it } from "vitest";
import { extentOf } from "../src/dicom/extent";
import type { ImageFacts } from "../src/dicom/facts";
import { keepStoredBits } from "../src/dicom/native";
import { chooseEncoding, makeEncoder } from "../src/volume/encoding";

const EDGES = [0, 1, 2, 255, 256, 2047, 2048, 4095, 4096, 0x3fff, 0x4000, 0x4001, 0x7ffe, 0x7fff, 0x8000, 0x8001, 0xbfff, 0xc000, 0xfffe, 0xffff];

/** Numbers that are the same in every run. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Words near a level, some of them edges: most lie between the ends that were found before. */
function words(seed: number, length: number): Uint16Array {
  const next = numbers(seed);
  const level = EDGES[next(EDGES.length)] as number;
  const spread = [1, 2, 100, 5000, 70000][next(5)] as number;
  return Uint16Array.from({ length }, () => (next(50) === 0 ? (EDGES[next(EDGES.length)] as number) : level + next(spread)));
}

const each = Array.from({ length: 400 }, (_, seed) => [seed, [1, 2, 3, 4, 5, 6, 64, 257, 1000][seed % 9] as number] as const);

describe("words two at a time", () => {
  it.each(each)("have the ends that one at a time have, %i of %i", (seed, length) => {
    const unsigned = words(seed, length);
    for (const stored of [unsigned, new Int16Array(unsigned.buffer), unsigned.subarray(1), new Int16Array(unsigned.buffer).subarray(1)]) {
      const found = stored.length === 0 ? null : { low: Math.min(...stored), high: Math.max(...stored) };
      expect(extentOf(stored, null)).toEqual(found);
    }
  });

  it.each(each.slice(0, 40))("become the same half floats, %i of %i", (seed, length) => {
    const stored = words(seed, length);
    const encoder = (): ReturnType<typeof makeEncoder> => makeEncoder(chooseEncoding({ low: -1000, high: 70000 }, true), { slope: 1, intercept: -1000 }, null, 0);
    const one = encoder();
    expect([...encoder()(stored)]).toEqual(Array.from(stored, (value) => one(Uint16Array.of(value))[0]));
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
