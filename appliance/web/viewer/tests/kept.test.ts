/** Pictures that the page lets go of: asked for once, the last few at hand, and read as if they had stayed. */
import { describe, expect, it } from "vitest";
import { Unpacker } from "../src/dicomweb/packed";
import { Kept } from "../src/volume/kept";
import { sampleOf } from "../src/volume/landmarks";
import { isGrey, readingAt, Stack } from "../src/volume/stack";
import { facts } from "./facts";
import { packed } from "./packing";

describe("a kept picture", () => {
  it("is asked for once, until it comes or is given up", () => {
    const asked: number[] = [];
    const kept = new Kept();
    kept.ask = (slot) => asked.push(slot);
    expect([kept.stored(7), kept.stored(7)]).toEqual([null, null]);
    kept.want(7);
    expect(asked).toEqual([7]);
    expect(kept.take(7, Int16Array.of(1))).toBeNull();
    expect(kept.stored(7)).toEqual(Int16Array.of(1));
    kept.want(8);
    kept.miss(8);
    kept.want(8);
    expect(asked).toEqual([7, 8, 8]);
  });

  it("stays at hand until sixteen others have come since; the one let go is answered, so that its memory can be used", () => {
    const kept = new Kept();
    const letGo = Array.from({ length: 18 }, (_, slot) => kept.take(slot, Int16Array.of(slot)));
    expect(letGo.map((one) => one?.[0] ?? null)).toEqual([...Array<null>(16).fill(null), 0, 1]);
    expect(kept.take(5, Int16Array.of(50))).toBeNull(); // the same once more takes no other's place
    expect(kept.stored(5)?.[0]).toBe(50);
  });

  it("is grey, has a sample, and is read as soon as it is there again", () => {
    const stack = new Stack([1]);
    const [slot] = stack.slots;
    if (slot === undefined) throw new Error("one slot");
    slot.facts = facts({ rows: 1, columns: 3, perFrame: facts({}).perFrame.map((frame) => ({ ...frame, slope: 2, intercept: -1 })) });
    slot.pixels = { kind: "kept", extent: { low: 0, high: 9 }, sample: Float32Array.of(4, 5) };
    expect(isGrey(slot)).toBe(true);
    expect(Array.from(sampleOf(slot, 1))).toEqual([4, 5]);
    expect([stack.whole(0), readingAt(slot, 1, 0)]).toEqual([null, null]);
    stack.kept.take(0, Int16Array.of(7, 8, 9));
    const whole = stack.whole(0);
    expect(whole && readingAt(whole, 1, 0)).toEqual({ kind: "grey", value: 15 });
  });
});

describe("memory that comes back", () => {
  it("is used for the next file of the same size, and what lay in it is gone", () => {
    const unpacker = new Unpacker();
    const first = unpacker.file(packed([901, 902, 903, 904], 2), 8);
    unpacker.takeBack(first.buffer);
    const second = unpacker.file(packed([5, 6, 7, 8], 2), 8);
    expect(second.buffer).toBe(first.buffer);
    expect(Array.from(second)).toEqual([5, 0, 6, 0, 7, 0, 8, 0]);
    expect(unpacker.file(packed([5, 6, 7, 8], 2), 8).buffer).not.toBe(second.buffer); // it is in use
  });
});
