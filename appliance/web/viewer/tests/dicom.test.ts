import { describe, expect, it } from "vitest";
import { buildHuffman, BitReader } from "../src/dicom/codecs/huffman";
import { jpegFrame, withoutColourTransform } from "../src/dicom/codecs/jpeg-header";
import { applyPalette, spreadChrominance, toRgb } from "../src/dicom/colour";
import { decodeFrame, type Codecs } from "../src/dicom/decode";
import { Unshowable } from "../src/dicom/facts";
import { readMeta } from "../src/dicom/instance";
import { interleave, keepStoredBits, unpackSamples } from "../src/dicom/native";
import { coarseOrder } from "../src/dicom/order";
import { decodeRle } from "../src/dicom/rle";
import { expandSegments } from "../src/dicom/segments";
import { facts } from "./facts";

const none = (): never => {
  throw new Error("no codec is needed");
};
const CODECS: Codecs = { jpeg: none, jpegLs: none, jpeg2000: none, htj2k: none, inflate: (bytes) => Promise.resolve(bytes) };

describe("native samples", () => {
  it("come in either byte order, signed or not", () => {
    const bytes = Uint8Array.of(0xff, 0xfe, 0x00, 0x01);
    expect(Array.from(unpackSamples(facts({}), bytes, 2, false))).toEqual([-257, 256]);
    expect(Array.from(unpackSamples(facts({}), bytes, 2, true))).toEqual([-2, 1]);
    expect(Array.from(unpackSamples(facts({ signed: false }), bytes, 2, true))).toEqual([65534, 1]);
  });

  it("lose what is not stored and keep their sign", () => {
    const twelve = facts({ bitsStored: 12, highBit: 11 });
    expect(Array.from(keepStoredBits(twelve, Int16Array.of(0x7fff, 0x0800, 0x1001)))).toEqual([-1, -2048, 1]);
    const high = facts({ bitsStored: 12, highBit: 15, signed: false });
    expect(Array.from(keepStoredBits(high, Uint16Array.of(0xfff7, 0x0010)))).toEqual([4095, 1]);
    const whole = facts({ bitsAllocated: 32, bitsStored: 32, highBit: 31, signed: false });
    expect(Array.from(unpackSamples(whole, Uint8Array.of(255, 255, 255, 255), 1, false))).toEqual([4294967295]);
  });

  it("of one bit begin in the lowest, also in the middle of a byte", () => {
    const bits = facts({ bitsAllocated: 1, bitsStored: 1, highBit: 0, signed: false });
    expect(Array.from(unpackSamples(bits, Uint8Array.of(0b10010110), 5, false, 3))).toEqual([0, 1, 0, 0, 1]);
  });

  it("that are too few are damage", () => {
    expect(() => unpackSamples(facts({}), new Uint8Array(3), 2, false)).toThrow(Unshowable);
  });

  it("leaves samples where they lie when nobody else looks at them, and they begin at an even place", () => {
    const file = Uint8Array.of(9, 9, 1, 0, 2, 0, 3, 0);
    const [even, odd] = [file.subarray(2), file.subarray(1)];
    const unpacked = (bytes: Uint8Array, isOwn: boolean): ArrayBufferLike => unpackSamples(facts({ bitsStored: 16, highBit: 15 }), bytes, 3, false, 0, isOwn).buffer;
    expect(unpacked(even, true)).toBe(file.buffer);
    expect(unpacked(even, false)).not.toBe(file.buffer);
    expect(unpacked(odd, true)).not.toBe(file.buffer);
    expect(Array.from(unpackSamples(facts({}), even, 3, false, 0, true))).toEqual([1, 2, 3]);
    const among = new Uint8Array(64); // a large file is not kept for a small picture
    expect(unpacked(among.subarray(2, 8), true)).not.toBe(among.buffer);
  });

  it("go from planes to pixels", () => {
    expect(Array.from(interleave(Uint8Array.of(1, 2, 3, 4, 5, 6), 3))).toEqual([1, 3, 5, 2, 4, 6]);
  });
});

describe("RLE", () => {
  it("undoes runs, literals and the empty code, high byte first", () => {
    const header = new Uint8Array(64);
    const view = new DataView(header.buffer);
    view.setUint32(0, 2, true);
    view.setUint32(4, 64, true);
    view.setUint32(8, 68, true);
    const coded = Uint8Array.of(...header, 0xfe, 1, 0x80, 0, 2, 7, 8, 9);
    expect(Array.from(decodeRle(coded, 3, 1, 2))).toEqual([7, 1, 8, 1, 9, 1]);
  });

  it("refuses headers that point outside", () => {
    const coded = new Uint8Array(70);
    new DataView(coded.buffer).setUint32(0, 1, true);
    new DataView(coded.buffer).setUint32(4, 999, true);
    expect(() => decodeRle(coded, 4, 1, 1)).toThrow(Unshowable);
    expect(() => decodeRle(new Uint8Array(10), 4, 1, 1)).toThrow(Unshowable);
  });
});

describe("colour", () => {
  it("turns YBR into RGB as PS3.3 says", () => {
    const three = facts({ samples: 3, bitsAllocated: 8, bitsStored: 8, highBit: 7, signed: false });
    expect(Array.from(toRgb(three, Uint8Array.of(76, 85, 255), "YBR_FULL", false))).toEqual([254, 0, 0]);
    expect(Array.from(toRgb(three, Uint8Array.of(9, 8, 7), "RGB", false))).toEqual([9, 8, 7]);
    expect(Array.from(toRgb({ ...three, bitsStored: 16 }, Uint16Array.of(0xff00, 256, 255), "RGB", false))).toEqual([255, 1, 0]);
  });

  it("spreads 4:2:2 and clamps palettes", () => {
    expect(Array.from(spreadChrominance(Uint8Array.of(10, 20, 1, 2), 2))).toEqual([10, 1, 2, 20, 1, 2]);
    const palette = { first: 10, red: Uint8Array.of(1, 2), green: Uint8Array.of(3, 4), blue: Uint8Array.of(5, 6) };
    expect(Array.from(applyPalette(palette, Uint8Array.of(0, 11, 200)))).toEqual([1, 3, 5, 2, 4, 6, 2, 4, 6]);
  });

  it("expands segmented tables without turning in circles", () => {
    expect(expandSegments([0, 2, 10, 20, 1, 2, 40], 99)).toEqual([10, 20, 30, 40]);
    expect(expandSegments([0, 1, 7, 2, 1, 0, 0], 99)).toEqual([7, 7]);
    expect(expandSegments([2, 9, 0, 0], 99)).toEqual([]);
  });
});

describe("a frame", () => {
  it("of an unknown syntax is refused by its name", async () => {
    await expect(decodeFrame(CODECS, facts({ transferSyntax: "1.2.3" }), { bytes: new Uint8Array(8), skipBits: 0, isOwn: false })).rejects.toThrow("syntax 1.2.3");
  });

  it("goes through the modality table, whose ends hold for what lies outside", async () => {
    const table = { first: 1, entries: Float32Array.of(100, 200) };
    const pixels = await decodeFrame(CODECS, facts({ rows: 1, columns: 3, modalityTable: table }), { bytes: Uint8Array.of(0, 0, 2, 0, 9, 0), skipBits: 0, isOwn: false });
    expect(pixels.kind === "grey" && Array.from(pixels.stored)).toEqual([100, 200, 200]);
  });

  it("is ordered coarse to fine, each once, the middle first", () => {
    for (const count of [1, 2, 3, 7, 64, 401]) {
      const order = coarseOrder(count);
      expect(order[0]).toBe(Math.floor(count / 2));
      expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, i) => i));
    }
  });
});

describe("JPEG", () => {
  it("tells process and precision, behind fill bytes and other markers", () => {
    expect(jpegFrame(Uint8Array.of(0xff, 0xd8, 0xff, 0xdb, 0, 3, 9, 0xff, 0xff, 0xc1, 0, 11, 12, 0, 1))).toEqual({ process: 1, precision: 12 });
    expect(() => jpegFrame(Uint8Array.of(0xff, 0xd8, 0xff, 0xd9))).toThrow(Unshowable);
  });

  it("is told that it is RGB once", () => {
    const said = withoutColourTransform(Uint8Array.of(0xff, 0xd8, 0xff, 0xc0, 0, 0));
    expect(said.length).toBe(22);
    expect(withoutColourTransform(said)).toBe(said);
  });

  it("reads Huffman codes and signed numbers, over stuffed bytes, and zeros past the end", () => {
    const table = buildHuffman(Uint8Array.of(1, 1, ...new Uint8Array(14)), Uint8Array.of(5, 6));
    const reader = new BitReader(Uint8Array.of(0b01001110, 0xff, 0x00));
    expect([reader.symbol(table), reader.symbol(table), reader.signed(2), reader.signed(3)]).toEqual([5, 6, -2, 6]);
    expect([reader.signed(8), reader.signed(4)]).toEqual([255, -15]);
  });
});

describe("the file meta group", () => {
  it("gives the transfer syntax, and where the dataset begins", () => {
    const uid = "1.2.840.10008.1.2.1\0";
    const bytes = new Uint8Array(132 + 8 + uid.length + 4);
    bytes.set([0x44, 0x49, 0x43, 0x4d], 128);
    bytes.set([2, 0, 0x10, 0, 0x55, 0x49, uid.length, 0, ...Array.from(uid, (c) => c.charCodeAt(0))], 132);
    expect(readMeta(bytes)).toEqual({ transferSyntax: "1.2.840.10008.1.2.1", datasetOffset: 132 + 8 + uid.length });
    expect(() => readMeta(bytes.subarray(0, 150))).toThrow(Unshowable);
    expect(() => readMeta(new Uint8Array(200))).toThrow(Unshowable);
  });
});
