/** The series stream, as the box writes it and as somebody who means harm might. */
import { describe, expect, it } from "vitest";
import { parseIndex, StreamBroken, type SeriesIndex } from "../src/dicomweb/series_index";
import { PREVIEW, readSeries, type SeriesRecord } from "../src/dicomweb/stream";

const IMAGE = { sop: "1.2", number: null, transfer_syntax: "1.2.840.10008.1.2.1", rows: 2, columns: 2, frames: 1, bits_allocated: 16, samples: 1, bytes: 5, position: null, orientation: null };
const SHAPE = { columns: 2, rows: 1, slices: 1, factor: [2, 1, 1] as const, slope: 1, intercept: 0 };
const INDEX = { series: "1", instances: [IMAGE, { ...IMAGE, sop: "1.3" }], order: [1, 0] };
const NO_IMAGE = 0xffffffff;

type Written = readonly [number: number, coding: number, bytes: readonly number[], condition: number];
const RECORDS: readonly Written[] = [
  [1, 0, [1, 2, 3, 4, 5], 0],
  [0, 0, [], 1],
];
const BAD = [{ columns: 0 }, { rows: 1000 }, { slices: 1.5 }, { factor: [1, 1] }, { factor: [0, 1, 1] }, { factor: 2 }, { factor: [1, 1, 1000] }, { slope: 0 }, { slope: "1" }, { intercept: null }];

function numbers(...values: readonly number[]): number[] {
  return Array.from(new Uint8Array(Uint32Array.from(values).buffer));
}

function written(index: unknown, records: readonly Written[]): Uint8Array<ArrayBuffer> {
  const text = Array.from(new TextEncoder().encode(JSON.stringify(index)));
  while (text.length % 8 > 0) text.push(32);
  const body = records.flatMap(([number, coding, bytes, condition]) => [...numbers(number, coding, bytes.length, 0), ...bytes, ...numbers(condition)]);
  return Uint8Array.from([...new TextEncoder().encode("ENSTREAM"), ...numbers(4, text.length), ...text, ...body]);
}

async function read(bytes: Uint8Array, piece = 64): Promise<{ indexes: SeriesIndex[]; records: SeriesRecord[] }> {
  const found = { indexes: [] as SeriesIndex[], records: [] as SeriesRecord[] };
  let at = 0;
  const more = (): Promise<Uint8Array | null> => Promise.resolve(at >= bytes.length ? null : bytes.subarray(at, (at += piece)));
  await readSeries(more, (one) => void found.indexes.push(one), (one) => void found.records.push(one));
  return found;
}

describe("the series stream", () => {
  it("is read however it is cut", async () => {
    for (const piece of [1, 7, 16, 1000]) {
      const { indexes, records } = await read(written(INDEX, RECORDS), piece);
      expect(indexes).toEqual([INDEX]);
      expect(records.map(({ instance, fault, bytes }) => [instance, fault, Array.from(bytes)])).toEqual([
        [1, null, [1, 2, 3, 4, 5]],
        [0, "damaged", []],
      ]);
    }
  });

  it("that ends early, at any byte, or is something else, is told", async () => {
    const whole = written(INDEX, RECORDS);
    for (let length = 0; length < whole.length; length++) await expect(read(whole.subarray(0, length))).rejects.toThrow(StreamBroken);
    await expect(read(new Uint8Array(100))).rejects.toThrow(StreamBroken);
  });

  it("tells what the box's disk refused from what is damaged", async () => {
    const { records } = await read(written(INDEX, [[1, 0, [0], 2], [0, 0, [0], 3]]));
    expect(records.map(({ fault }) => fault)).toEqual(["unreadable", "damaged"]);
  });

  it("shows the images though its preview cannot be", async () => {
    for (const changes of BAD) {
      const { indexes, records } = await read(written({ ...INDEX, preview: { ...SHAPE, ...changes } }, [[NO_IMAGE, PREVIEW, [9], 0], ...RECORDS]));
      expect(indexes[0]?.preview, JSON.stringify(changes)).toBeUndefined();
      expect(records.map(({ instance }) => instance)).toEqual([1, 0]);
    }
  });

  it("brings a preview first where the index has one", async () => {
    const { indexes, records } = await read(written({ ...INDEX, preview: SHAPE }, [[NO_IMAGE, PREVIEW, [9], 0], ...RECORDS]));
    expect(indexes[0]?.preview).toEqual(SHAPE);
    expect(records.map(({ instance, coding }) => [instance, coding])).toEqual([[NO_IMAGE, PREVIEW], [1, 0], [0, 0]]);
  });

  it("with records that cannot be is refused before memory is taken for them", async () => {
    const wrong: [unknown, readonly Written[]][] = [
      [INDEX, [[2, 0, [1], 0]]],
      [INDEX, [[1, 0, Array<number>(22).fill(0), 0]]], // longer than the index says, and than packing adds
      [INDEX, [[1, PREVIEW, [1], 0]]],
      [INDEX, [[NO_IMAGE, PREVIEW, [1], 0]]],
      [{ ...INDEX, preview: SHAPE }, RECORDS],
      [{ ...INDEX, preview: SHAPE }, [[NO_IMAGE, 0, [1], 0], ...RECORDS]],
    ];
    for (const [index, records] of wrong) await expect(read(written(index, records))).rejects.toThrow(StreamBroken);
  });
});

describe("the index", () => {
  const parse = (changes: object, image: object = {}): SeriesIndex => parseIndex(JSON.stringify({ ...INDEX, instances: [{ ...IMAGE, ...image }, IMAGE], ...changes }));

  it("that says what cannot be is refused", () => {
    const indexes = [{ instances: 3 }, { instances: [null] }, { order: [0, 0] }, { order: [2] }, { order: [-1] }, { order: ["0"] }, { order: null }];
    for (const changes of indexes) expect(() => parse(changes), JSON.stringify(changes)).toThrow(StreamBroken);
    const images = [{ frames: 1e9 }, { frames: 0.5 }, { rows: -1 }, { columns: 70000 }, { bytes: 1e12 }, { bytes: "5" }, { sop: 5 }, { position: [1, 2] }, { orientation: [1, 0, 0, 0, 1, null] }];
    for (const image of images) expect(() => parse({}, image), JSON.stringify(image)).toThrow(StreamBroken);
    for (const text of ["", "null", "[]", "7", "{"]) expect(() => parseIndex(text)).toThrow(StreamBroken);
  });

  it("may have a preview that can be, and no other", () => {
    expect(parse({ preview: SHAPE }).preview).toEqual(SHAPE);
    expect(parse({ preview: null }).preview).toBeUndefined();
    for (const changes of BAD) expect(parse({ preview: { ...SHAPE, ...changes } }).preview, JSON.stringify(changes)).toBeUndefined();
  });

  it("gives one place to a file that claims more frames than it can hold, and every other its own", () => {
    const [jpeg, deflated] = ["1.2.840.10008.1.2.4.70", "1.2.840.10008.1.2.1.99"];
    const cases: [object, boolean][] = [
      [{ frames: 600_000, bytes: 500_000, rows: 100, columns: 100 }, true],
      [{ frames: 600_000, bytes: 500_000, rows: 100, columns: 100, transfer_syntax: jpeg }, true],
      [{ frames: 600_000, bytes: 500_000, rows: 100, columns: 100, transfer_syntax: deflated }, true],
      [{ frames: 100, bytes: 2_000_400, rows: 100, columns: 100 }, false],
      [{ frames: 100, bytes: 1_500_400, rows: 100, columns: 100, bits_allocated: 8, samples: 3 }, false], // 4:2:0
      [{ frames: 100, bytes: 20_000, rows: 100, columns: 100, transfer_syntax: jpeg }, false],
      [{ frames: 100, bytes: 2_000, rows: 100, columns: 100, transfer_syntax: deflated }, false],
      [{ frames: 1, bytes: 0, rows: 100, columns: 100 }, false], // one place in any case
    ];
    for (const [image, isOverfull] of cases) {
      const { instances } = parse({}, image);
      const { frames } = { frames: 1, ...image };
      expect(instances.map((one) => [one.frames, one.isOverfull === true]), JSON.stringify(image)).toEqual([[isOverfull ? 1 : frames, isOverfull], [1, false]]);
    }
    const liar = { ...IMAGE, frames: 600_000, bytes: 8e6, transfer_syntax: jpeg };
    const { instances } = parse({ instances: [IMAGE, liar, { ...liar, frames: 1 << 20 }, IMAGE] });
    expect(instances.map(({ frames, isOverfull }) => [frames, isOverfull === true])).toEqual([[1, false], [600_000, false], [1, true], [1, false]]);
  });
});
