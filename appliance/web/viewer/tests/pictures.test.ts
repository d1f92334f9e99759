import * as dicomParser from "dicom-parser";
import { describe, expect, it } from "vitest";
import { dentalOf } from "../src/dicom/dental";
import type { Attributes } from "../src/dicom/dataset";
import { spacingOf } from "../src/dicom/spacing";
import { windowsOf } from "../src/dicom/voi";
import { FlatMarks, flatValue } from "../src/volume/flat";
import { brightness, draggedWindow } from "../src/volume/greys";
import { edgesSaid } from "../src/volume/orientation";
import { facts } from "./facts";

/** A dataset in Explicit VR Little Endian, from tags such as "0028,0030 DS"; an array of such is a sequence. */
interface Written {
  readonly [tag: string]: string | Uint16Array | readonly Written[];
}

function bytesFor(content: Written): number[] {
  return Object.entries(content).flatMap(([tag, value]) => {
    const [group, element] = tag.slice(0, 9).split(",").map((part) => parseInt(part, 16));
    const vr = tag.slice(10);
    const body = bodyOf(value);
    const head = [...short(group ?? 0), ...short(element ?? 0), ...letters(vr)];
    const isLong = ["SQ", "OW"].includes(vr);
    return [...head, ...(isLong ? [0, 0, ...short(body.length & 0xffff), ...short(body.length >> 16)] : short(body.length)), ...body];
  });
}

function bodyOf(value: string | Uint16Array | readonly Written[]): number[] {
  if (typeof value === "string") return letters(value.length % 2 === 0 ? value : `${value} `);
  if (value instanceof Uint16Array) return Array.from(value).flatMap(short);
  return value.flatMap((item) => {
    const body = bytesFor(item);
    return [...short(0xfffe), ...short(0xe000), ...short(body.length & 0xffff), ...short(body.length >> 16), ...body];
  });
}

const short = (value: number): number[] => [value & 255, (value >> 8) & 255];
const letters = (text: string): number[] => Array.from(text, (letter) => letter.charCodeAt(0));

function written(content: Written): Attributes {
  const head = [...new Array<number>(128).fill(0), ...letters("DICM"), ...bytesFor({ "0002,0010 UI": "1.2.840.10008.1.2.1\0" })];
  const tail = bytesFor({ "7fe0,0010 OW": Uint16Array.of(0) }); // dicom-parser wants more after the head than nothing
  return { dataSet: dicomParser.parseDicom(Uint8Array.from([...head, ...bytesFor(content), ...tail])), bigEndian: false };
}

const table = (descriptor: readonly number[], data: readonly number[], vr = "US"): Written => ({
  [`0028,3002 ${vr}`]: Uint16Array.from(descriptor),
  "0028,3003 LO": "Film",
  "0028,3006 OW": Uint16Array.from(data),
});

describe("a scanner's tables", () => {
  it("come before its windows, with the grey value that takes the first entry in the right place", () => {
    const found = windowsOf(written({ "0028,1050 DS": "100", "0028,1051 DS": "50", "0028,3010 SQ": [table([4, 65436, 8], [0, 51, 102, 255], "SS")] }), false);
    expect(found?.map(({ centre, width, name }) => ({ centre, width, name }))).toEqual([
      { centre: -98.5, width: 3, name: "Film" },
      { centre: 100, width: 50, name: "" },
    ]);
    expect(found?.[0]?.table?.entries.map((entry) => Math.round(entry * 255))).toEqual(Float32Array.of(0, 51, 102, 255));
  });

  it("give each grey value its entry, the ends beyond, and a line between", () => {
    const [window] = windowsOf(written({ "0028,3010 SQ": [table([3, 10, 8], [0, 255, 51])] }), false) ?? [];
    if (window === undefined) throw new Error("no table");
    const shades = [9, 10, 10.5, 11, 12, 99].map((grey) => Math.round(brightness(grey, window, "LINEAR") * 255));
    expect(shades).toEqual([0, 0, 128, 255, 51, 51]);
  });

  it("are kept and moved by a hand", () => {
    const [window] = windowsOf(written({ "0028,3010 SQ": [table([3, 10, 8], [0, 255, 51])] }), false) ?? [];
    if (window === undefined) throw new Error("no table");
    const moved = draggedWindow(window, 0, -100);
    expect(moved.centre).toBeGreaterThan(window.centre);
    expect(brightness(moved.centre, moved, "LINEAR")).toBe(1);
  });

  it("are left out when they are cut short", () => {
    expect(windowsOf(written({ "0028,3010 SQ": [table([400, 0, 12], [1, 2, 3])] }), false)).toBeNull();
    expect(windowsOf(written({ "0028,3010 SQ": [{}] }), false)).toBeNull();
  });
});

describe("what a spacing stands for", () => {
  const [SPACING, DETECTOR, SCANNED, TYPE] = ["0028,0030 DS", "0018,1164 DS", "0018,2010 DS", "0028,0A02 CS"] as const;
  const cases: readonly (readonly [Written, string, string | undefined])[] = [
    [{ [SPACING]: "0.1\\0.1" }, "CT", "patient"],
    [{ [SPACING]: "0.1\\0.1" }, "PX", "unsaid"],
    [{ [SPACING]: "0.1\\0.1", "0020,0037 DS": "1\\0\\0\\0\\1\\0" }, "OT", "patient"],
    [{ [DETECTOR]: "0.1\\0.1", [SPACING]: "0.1\\0.10000" }, "IO", "detector"],
    [{ [DETECTOR]: "0.1\\0.1", [SPACING]: "0.08\\0.08" }, "IO", "calibrated"],
    [{ [DETECTOR]: "0.1\\0.1", [SPACING]: "0.08\\0.08", [TYPE]: "GEOMETRY" }, "DX", "geometry"],
    [{ [SPACING]: "0.08\\0.08", [TYPE]: "FIDUCIAL" }, "DX", "fiducial"],
    [{ [DETECTOR]: "0.1\\0.1" }, "DX", "detector"],
    [{ [DETECTOR]: "0.1\\0.1" }, "CT", "detector"],
    [{ [DETECTOR]: "0.1\\0.1", [SPACING]: "0.1\\0.1" }, "CT", "patient"],
    [{ [SCANNED]: "0.1\\0.1" }, "OT", "scanned"],
    [{ [SCANNED]: "0.1\\0.1", [SPACING]: "0.1\\0.1" }, "OT", "scanned"],
    [{ [SPACING]: "0\\0" }, "CR", undefined],
    [{}, "XC", undefined],
  ];
  it("is told by calibration, by the detector, by the film, or by the kind of picture", () => {
    for (const [content, modality, from] of cases) expect(spacingOf(written(content), modality)?.from, JSON.stringify(content)).toBe(from);
  });
});

describe("teeth", () => {
  const code = (value: string, scheme: string): Written => ({ "0008,0100 SH": value, "0008,0102 SH": scheme });
  it("are found by ISO 3950, by SNOMED's new codes and by its old ones", () => {
    const teeth = [code("16", "ISO3950-2010"), code("865995000", "SCT"), code("T-54220", "SRT"), code("51943008", "SCT"), code("99", "ISO3950-2010"), code("x", "SCT")];
    expect(dentalOf(written({ "0008,2228 SQ": teeth })).teeth).toEqual([16, 17, 65]);
  });

  it("come with jaw, side and how the picture lies", () => {
    const content = { "0008,2218 SQ": [code("T-11180", "SRT")], "0020,0020 CS": "A\\F", "0020,0062 CS": "R" };
    expect(dentalOf(written(content))).toEqual({ teeth: [], jaw: "lower", regions: [], side: "right", lies: ["A", "F"] });
    expect(dentalOf(written({ "0020,0020 CS": "?\\F" })).lies).toBeNull();
    expect(edgesSaid(["L", "FA"])).toEqual({ right: "L", left: "R", bottom: "FA", top: "HP" });
  });
});

describe("marks on pictures", () => {
  const frame = facts({}).perFrame[0];
  if (frame === undefined) throw new Error("facts have a frame");
  const sized = facts({ perFrame: [{ ...frame, spacing: [0.4, 0.2], spacingFrom: "unsaid" }] });

  it("measure by the spacing of rows and of columns", () => {
    expect(flatValue({ kind: "length", points: [{ x: 0, y: 0 }, { x: 15, y: 10 }] }, sized, 0)).toBeCloseTo(5);
    expect(flatValue({ kind: "angle", points: [{ x: 10, y: 0 }, { x: 0, y: 0 }, { x: 10, y: 5 }] }, sized, 0)).toBeCloseTo(45);
  });

  it("refuse lengths where no size is known, and need only the aspect for angles", () => {
    const wide = facts({ pixelAspect: 2 });
    expect(flatValue({ kind: "length", points: [{ x: 0, y: 0 }, { x: 15, y: 10 }] }, wide, 0)).toBeNull();
    expect(flatValue({ kind: "angle", points: [{ x: 5, y: 0 }, { x: 0, y: 0 }, { x: 5, y: 10 }] }, wide, 0)).toBeCloseTo(45);
  });

  it("belong to their picture, and an angle goes on where it was begun", () => {
    const marks = new FlatMarks();
    expect(marks.begin(1, "angle", { x: 0, y: 0 })).toEqual({ index: 0, point: 1, isNew: true });
    expect(marks.begin(2, "angle", { x: 0, y: 0 })).toEqual({ index: 0, point: 1, isNew: true });
    expect(marks.begin(1, "angle", { x: 3, y: 3 })).toEqual({ index: 0, point: 2, isNew: false });
    marks.move(1, 0, 2, { x: 5, y: 5 });
    expect(marks.of(1)[0]?.points[2]).toEqual({ x: 5, y: 5 });
    marks.removeLast(1);
    expect([marks.of(1).length, marks.of(2).length, marks.all.length]).toEqual([0, 1, 1]);
  });
});
