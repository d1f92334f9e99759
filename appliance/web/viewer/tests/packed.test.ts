/** Packed words come back, whatever they are and however long a row is; what cannot be is refused. */
import { describe, expect, it } from "vitest";
import { Unpacker } from "../src/dicomweb/packed";
import { StreamBroken } from "../src/dicomweb/stream";
import { openWide, type Wide } from "../src/wide";
import { numbers } from "./numbers";
import { packed } from "./packing";

const LENGTHS = [1, 2, 7, 8, 9, 63, 64, 65, 200, 1003];
const STRIDES = [1, 3, 7, 8, 9, 16, 17, 40, 1003];
const laid = LENGTHS.flatMap((length) => STRIDES.filter((stride) => stride <= length).map((stride) => [length, stride] as const));

/** Words that take so many bits above a level; some lie around 0, or around 32768. */
function words(length: number, bits: number, seed: number): Uint16Array {
  const next = numbers(seed);
  const level = [next(65536), -(2 ** bits) / 2, 32768 - 2 ** bits / 2][next(3)] as number;
  return Uint16Array.from({ length }, () => level + next(2 ** bits));
}

const bytesOf = (some: Uint16Array): number[] => Array.from(new Uint8Array(some.buffer));

describe.each([["wide registers", openWide()], ["none", null]])("packed words, with %s", (_, wide: Wide | null) => {
  const unpacker = new Unpacker(wide); // one for all, as a series has

  it.each(laid)("come back, %i in rows of %i", (length, stride) => {
    for (let bits = 0; bits <= 16; bits++) {
      const expected = words(length, bits, length + 31 * stride + bits);
      const { values } = unpacker.preview(packed(expected, stride), length);
      expect(new Uint16Array(values.buffer), `${String(bits)} bits`).toEqual(expected);
    }
  });

  it("come back with blocks of every width side by side", () => {
    const expected = Uint16Array.from(Array.from({ length: 17 }, (__, bits) => Array.from(words(64, bits, bits))).flat());
    expect(new Uint16Array(unpacker.preview(packed(expected, 8), expected.length).values.buffer)).toEqual(expected);
    const across = Uint16Array.from({ length: 17 * 64 }, (__, at) => expected[64 * ((at >> 3) % 17) + 8 * Math.floor(at / 136) + (at % 8)] as number);
    expect(new Uint16Array(unpacker.preview(packed(across, 136), across.length).values.buffer)).toEqual(across);
  });

  it("may be more than are looked at in one go", () => {
    const stride = 257;
    const strips = Array.from({ length: 525 }, (__, strip) => words(8 * stride, (7 * strip) % 17, strip % 34));
    const kinds = strips.slice(0, 34).map((strip) => packed(strip, stride));
    const count = Math.ceil(stride / 8);
    const parts = strips.map((__, strip) => kinds[strip % 34] as Uint8Array);
    const data = parts.map((record) => record.subarray(16 + 3 * count));
    const bytes = [...parts.map((record) => record.subarray(16, 16 + 2 * count)), ...parts.map((record) => record.subarray(16 + 2 * count, 16 + 3 * count)), ...data];
    const bounds = Uint32Array.of(0, 8 * stride * strips.length, stride, data.reduce((all, one) => all + one.length, 0));
    const joined = new Uint8Array(16 + bytes.reduce((all, one) => all + one.length, 0));
    let at = 0;
    for (const piece of [new Uint8Array(bounds.buffer), ...bytes]) {
      joined.set(piece, at);
      at += piece.length;
    }
    const found = new Uint16Array(unpacker.preview(joined, 8 * stride * strips.length).values.buffer);
    const wrong = strips.flatMap((strip, one) => (strip.every((word, place) => found[8 * stride * one + place] === word) ? [] : [one]));
    expect(wrong).toEqual([]);
  });

  it("are a file between a head of any length and what lies behind", () => {
    const some = words(1003, 11, 3);
    for (const [head, tail] of [[[], []], [[1, 2, 3], [9]], [[1, 2], [7, 8, 9]], [[1], []]] as const) {
      const file = unpacker.file(packed(some, 100, { head, tail }), head.length + 2006 + tail.length);
      expect(Array.from(file)).toEqual([...head, ...bytesOf(some), ...tail]);
      expect((file.byteOffset + head.length) % 4).toBe(0);
    }
  });

  it("that cannot be are refused", () => {
    const some = words(100, 5, 1);
    const sound = packed(some, 10);
    const changed = (at: number, to: number): Uint8Array => Uint8Array.from(sound, (byte, place) => (place === at ? to : byte));
    const wrong: [string, Uint8Array, number][] = [
      ["another length", sound, 201],
      ["more words than there are blocks", packed(some, 10, { says: { words: 400 } }), 800],
      ["fewer words than there are blocks", packed(some, 10, { says: { words: 70 } }), 140],
      ["no words", packed(some, 10, { says: { words: 0 } }), 0],
      ["rows of none", packed(some, 10, { says: { stride: 0 } }), 200],
      ["rows longer than all", packed(some, 10, { says: { stride: 101 } }), 200],
      ["rows longer than any", packed(new Uint16Array(65536), 65536), 131072],
      ["data that reach over the end", packed(some, 10, { says: { length: 4000 } }), 200],
      ["data of another length", packed(some, 10, { says: { length: 8 } }), 200],
      ["a block of seventeen bits", changed(16 + 2 * 4, 17), 200],
      ["a block of more bits than there are", changed(16 + 2 * 4, 16), 200],
      ["a head that reaches over the end", changed(3, 0xff), 200],
      ["no bounds", Uint8Array.of(1, 2), 2],
    ];
    for (const [name, bytes, length] of wrong) expect(() => unpacker.file(bytes, length), name).toThrow(StreamBroken);
  });

  it("make up a preview of exactly its size", () => {
    const some = words(120, 16, 9);
    const { head, values } = unpacker.preview(packed(some, 10, { head: [5, 6, 7] }), 120);
    expect([Array.from(head), Array.from(values)]).toEqual([[5, 6, 7], Array.from(new Int16Array(some.buffer))]);
    expect(() => unpacker.preview(packed(some, 10), 121)).toThrow(StreamBroken);
    expect(() => unpacker.preview(packed(some, 10, { tail: [1] }), 120)).toThrow(StreamBroken);
  });
});
