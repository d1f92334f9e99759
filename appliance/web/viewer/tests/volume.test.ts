import { describe, expect, it } from "vitest";
import { chooseEncoding, halfBits, holds, makeEncoder, shrink, USUAL } from "../src/volume/encoding";
import { automaticWindow, brightness, draggedWindow, presetsFor, rangeOf, rangeOfFrame, spanning } from "../src/volume/greys";
import { edgesOf } from "../src/volume/orientation";
import { rulerFor } from "../src/volume/ruler";
import { readingAt, Stack } from "../src/volume/stack";
import { fitted, panned, toImage, toPane, zoomedAt } from "../src/volume/view";
import { facts } from "./facts";

const PLAIN = { slope: 1, intercept: 0 };

function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
}

describe("half floats", () => {
  it("keep every whole grey value from -1000 to 3096 exactly", () => {
    const encode = makeEncoder(USUAL, PLAIN, null, 0);
    const stored = Int16Array.from({ length: 4097 }, (_, i) => i - 1000);
    const back = Array.from(encode(stored), (bits) => fromHalf(bits) / USUAL.scale + USUAL.offset);
    expect(back).toEqual(Array.from(stored));
  });

  it("keep another 12-bit range exactly with an offset of its own", () => {
    const encoding = chooseEncoding({ low: 30000, high: 34095 }, true);
    const encode = makeEncoder(encoding, PLAIN, null, 0);
    const stored = Uint16Array.from({ length: 4096 }, (_, i) => i + 30000);
    expect(Array.from(encode(stored), (bits) => fromHalf(bits) / encoding.scale + encoding.offset)).toEqual(Array.from(stored));
  });

  it("hold wider ranges to one part in 2048 of half their width", () => {
    const encoding = chooseEncoding({ low: -32768, high: 32767 }, true);
    const encode = makeEncoder(encoding, PLAIN, null, 0);
    const stored = Int16Array.from({ length: 65536 }, (_, i) => i - 32768);
    const worst = Math.max(...Array.from(encode(stored), (bits, i) => Math.abs(fromHalf(bits) / encoding.scale + encoding.offset - (stored[i] ?? 0))).slice(0, 60000));
    expect(worst).toBeLessThanOrEqual(65536 / 2 / 2048);
    expect(holds(encoding, { low: -32768, high: 32767 })).toBe(true);
  });

  it("round to the nearest, ties to even, and know the ends", () => {
    expect([0, 1, -2, 65504, 2049, 2051, 2 ** -24, Infinity].map(halfBits)).toEqual([0, 0x3c00, 0xc000, 0x7bff, 0x6800, 0x6802, 1, 0x7c00]);
    expect(halfBits(NaN)).toBe(0x7e00);
  });

  it("stretch fractions over the whole range", () => {
    const encoding = chooseEncoding({ low: 0, high: 1 }, false);
    expect(encoding.scale).toBeGreaterThan(1000);
  });

  it("give padding the dark end", () => {
    const encode = makeEncoder(USUAL, PLAIN, { low: -2000, high: -2000 }, 7);
    expect(Array.from(encode(Int16Array.of(-2000, 7)))).toEqual([halfBits(7 - 1048), halfBits(7 - 1048)]);
  });

  it("average squares, and what is left of them at the edges", () => {
    expect(Array.from(shrink(Int16Array.of(1, 3, 10, 1, 3, 20), { columns: 3, rows: 2, samples: 1 }, 2))).toEqual([2, 15]);
    expect(Array.from(shrink(Uint8Array.of(1, 9, 3, 11), { columns: 2, rows: 1, samples: 2 }, 2))).toEqual([2, 10]);
  });
});

describe("windows", () => {
  it("follow the example of PS3.3 C.11.2.1.2.1: centre 2048, width 4096 over 12 bits", () => {
    expect(brightness(0, { centre: 2048, width: 4096 }, "LINEAR")).toBe(0);
    expect(brightness(4095, { centre: 2048, width: 4096 }, "LINEAR")).toBe(1);
    expect(brightness(2047.5, { centre: 2048, width: 4096 }, "LINEAR")).toBe(0.5);
  });

  it("of width 1 are a threshold", () => {
    expect([99, 100].map((grey) => brightness(grey, { centre: 100, width: 1 }, "LINEAR"))).toEqual([0, 1]);
  });

  it("know the exact and the sigmoid functions", () => {
    expect(brightness(100, { centre: 100, width: 50 }, "LINEAR_EXACT")).toBe(0.5);
    expect(brightness(100, { centre: 100, width: 50 }, "SIGMOID")).toBe(0.5);
    expect(brightness(150, { centre: 100, width: 50 }, "SIGMOID")).toBeCloseTo(0.982, 3);
  });

  it("span a range from black to white", () => {
    const window = spanning({ low: 10, high: 20 });
    expect([brightness(10, window, "LINEAR"), brightness(20, window, "LINEAR")]).toEqual([0, 1]);
  });

  it("of fractions span them exactly and can be narrowed without end", () => {
    const window = automaticWindow(Float32Array.of(0, 0.25, 0.5), PLAIN, null, "LINEAR_EXACT");
    expect([window.centre, window.width]).toEqual([0.25, 0.5]);
    expect(draggedWindow(window, -100, 0, "LINEAR_EXACT").width).toBeCloseTo(0.375);
  });

  it("leave padding out of what they measure", () => {
    const stored = Int16Array.from([...Array<number>(500).fill(-2000), ...Array.from({ length: 500 }, (_, i) => i)]);
    const padding = { low: -2000, high: -2000 };
    expect(rangeOf(stored, PLAIN, padding)).toEqual({ low: 0, high: 499 });
    expect(automaticWindow(stored, PLAIN, padding).centre).toBeCloseTo(250, -1);
    expect(rangeOf(Int16Array.of(-2000), PLAIN, padding)).toBeNull();
  });

  it("turn with a negative slope", () => {
    expect(rangeOf(Uint8Array.of(0, 10), { slope: -2, intercept: 5 }, null)).toEqual({ low: -15, high: 5 });
  });

  it("takes the worker's word for a frame's ends, and looks where nobody has", () => {
    const stored = Int16Array.of(-5, 7, 900);
    expect(rangeOfFrame({ kind: "grey", stored, extent: { low: -5, high: 7 } }, PLAIN, null)).toEqual(rangeOf(Int16Array.of(-5, 7), PLAIN, null));
    expect(rangeOfFrame({ kind: "grey", stored, extent: null }, PLAIN, null)).toBeNull();
    expect(rangeOfFrame({ kind: "grey", stored }, PLAIN, { low: 900, high: 900 })).toEqual(rangeOf(Int16Array.of(-5, 7), PLAIN, null));
    expect(rangeOf(Float32Array.of(Number.NaN, 2, Infinity), PLAIN, null)).toBeNull();
  });

  it("widen to the right, brighten downwards, never close", () => {
    const window = { centre: 100, width: 400, name: "" };
    expect(draggedWindow(window, 10, 10)).toEqual({ centre: 90, width: 410, name: "" });
    expect(draggedWindow(window, -9999, 0).width).toBe(1);
  });

  it("are offered scanner's first and at most nine", () => {
    const own = [{ centre: 1, width: 2, name: "" }, { centre: 3, width: 4, name: "BONE" }];
    const offered = presetsFor([{ centre: 1, width: 1, name: "Bone" }], own, { centre: 0, width: 1, name: "Automatic" }, { low: 0, high: 9 });
    expect(offered.slice(0, 4).map(({ name }) => name)).toEqual(["Scanner's own 1", "BONE", "Automatic", "Everything"]);
    expect(offered.length).toBeLessThanOrEqual(9);
  });
});

describe("orientation", () => {
  it("names the edges of an axial, a coronal and a tilted picture", () => {
    expect(edgesOf([1, 0, 0, 0, 1, 0])).toEqual({ left: "R", right: "L", top: "A", bottom: "P" });
    expect(edgesOf([1, 0, 0, 0, 0, -1])).toEqual({ left: "R", right: "L", top: "H", bottom: "F" });
    expect(edgesOf([0.8, 0.6, 0, 0, 0, -1]).right).toBe("LP");
  });
});

describe("the view", () => {
  const pane = { width: 800, height: 600 };
  const picture = { width: 100, height: 200, aspect: 2 };

  it("fits, and takes points there and back", () => {
    const view = fitted(picture);
    expect(toPane(view, pane, picture, { x: 50, y: 0 })).toEqual({ x: 400, y: 12 });
    const at = toPane(view, pane, picture, { x: 12, y: 34 });
    expect(toImage(view, pane, picture, at).x).toBeCloseTo(12);
    expect(toImage(view, pane, picture, at).y).toBeCloseTo(34);
  });

  it("keeps the point under the pointer when zooming", () => {
    const at = { x: 300, y: 250 };
    const before = toImage(fitted(picture), pane, picture, at);
    const after = toImage(zoomedAt(fitted(picture), pane, picture, at, 3), pane, picture, at);
    expect(after.x).toBeCloseTo(before.x);
    expect(after.y).toBeCloseTo(before.y);
  });

  it("never loses the picture", () => {
    const away = panned(fitted(picture), pane, picture, { x: 1e6, y: -1e6 });
    expect(away.centre).toEqual({ x: 0, y: 200 });
    expect(zoomedAt(fitted(picture), pane, picture, { x: 0, y: 0 }, 1e9).zoom).toBe(40);
  });

  it("draws a ruler of a round length that fits", () => {
    expect(rulerFor(4, 160)).toEqual({ mm: 20, pixels: 80 });
    expect(rulerFor(1000, 160)).toBeNull();
  });
});

describe("a stack", () => {
  it("finds frames, and the nearest that has come", () => {
    const stack = new Stack([1, 3, 0]);
    expect(stack.slots.length).toBe(5);
    expect(stack.find(1, 2)).toBe(3);
    expect(stack.find(1, 3)).toBeNull();
    expect(stack.nearestLoaded(0)).toBeNull();
    const last = stack.slots[4];
    if (last) last.pixels = { kind: "grey", stored: new Int16Array(1) };
    expect(stack.nearestLoaded(0)).toBe(4);
  });

  it("reads rescaled values, colours, padding, and nothing outside", () => {
    const [slot] = new Stack([1]).slots;
    if (!slot) throw new Error("a stack of one has a slot");
    slot.facts = facts({ rows: 1, columns: 2, padding: { low: -9, high: -9 }, perFrame: facts({}).perFrame.map((frame) => ({ ...frame, slope: 2, intercept: 1 })) });
    slot.pixels = { kind: "grey", stored: Int16Array.of(5, -9) };
    expect(readingAt(slot, 0.9, 0.9)).toEqual({ kind: "grey", value: 11 });
    expect(readingAt(slot, 1.5, 0)).toEqual({ kind: "padding" });
    expect(readingAt(slot, 2, 0)).toBeNull();
    expect(readingAt(slot, -0.1, 0)).toBeNull();
    slot.pixels = { kind: "colour", rgb: Uint8Array.of(1, 2, 3, 4, 5, 6) };
    expect(readingAt(slot, 1, 0)).toEqual({ kind: "colour", value: [4, 5, 6] });
  });
});
