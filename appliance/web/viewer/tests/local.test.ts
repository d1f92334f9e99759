/** Reading of a person's own files: archives, checksums, names, directories. Blobs of Node are those of browsers. */
import { describe, expect, it } from "vitest";
import { checksum } from "../src/local/checksum";
import { readDirectory } from "../src/local/directory";
import { readHeader } from "../src/local/header";
import { scan } from "../src/local/scanning";
import { plainFile, readStart, readWhole, Unreadable } from "../src/local/source";
import { listZip, looksLikeZip, ZipRefused } from "../src/local/zip";

type Bytes = Uint8Array<ArrayBuffer>;

interface Entry {
  readonly name: string;
  readonly bytes: Bytes;
  readonly deflated?: boolean;
  /** What the directory says instead of the truth, by its place in the entry (APPNOTE 4.3.12). */
  readonly lies?: Readonly<Record<number, number>>;
}

function joined(...parts: readonly Uint8Array[]): Bytes {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function fields(length: number, set: (view: DataView) => void): Bytes {
  const bytes = new Uint8Array(length);
  set(new DataView(bytes.buffer));
  return bytes;
}

function latin(text: string): Bytes {
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}

async function deflate(bytes: Bytes): Promise<Bytes> {
  return new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(new CompressionStream("deflate-raw"))).arrayBuffer());
}

/** Write an archive by hand, so that every field can be wrong. */
async function zipOf(entries: readonly Entry[], comment = ""): Promise<Blob> {
  const bodies: Bytes[] = [];
  const directory: Bytes[] = [];
  let at = 0;
  for (const { name, bytes, deflated = false, lies = {} } of entries) {
    const packed = deflated ? await deflate(bytes) : bytes;
    const local = fields(30, (view) => {
      view.setUint32(0, 0x04034b50, true);
      view.setUint16(26, name.length, true);
    });
    bodies.push(local, latin(name), packed);
    const head = fields(46, (view) => {
      view.setUint32(0, 0x02014b50, true);
      view.setUint16(10, deflated ? 8 : 0, true);
      view.setUint32(16, checksum(bytes), true);
      view.setUint32(20, packed.length, true);
      view.setUint32(24, bytes.length, true);
      view.setUint16(28, name.length, true);
      view.setUint32(42, at, true);
      for (const [place, value] of Object.entries(lies)) view.setUint16(Number(place), value, true);
    });
    directory.push(head, latin(name));
    at += local.length + name.length + packed.length;
  }
  const length = directory.reduce((sum, part) => sum + part.length, 0);
  const end = fields(22, (view) => {
    view.setUint32(0, 0x06054b50, true);
    view.setUint16(10, entries.length, true);
    view.setUint32(12, length, true);
    view.setUint32(16, at, true);
    view.setUint16(20, comment.length, true);
  });
  return new Blob([...bodies, ...directory, end, latin(comment)]);
}

const refusal = async (blob: Blob): Promise<string> => {
  try {
    await listZip(blob, "a.zip");
  } catch (error) {
    return error instanceof ZipRefused ? error.code : String(error);
  }
  return "opened";
};

function random(length: number, seed: number): Bytes {
  let state = seed;
  return Uint8Array.from({ length }, () => (state = (Math.imul(state, 1103515245) + 12345) >>> 0) >>> 24);
}

describe("checksums", () => {
  it("are those that are published for CRC-32", () => {
    expect(checksum(latin("123456789"))).toBe(0xcbf43926);
    expect(checksum(latin(""))).toBe(0);
    expect(checksum(new Uint8Array(32))).toBe(0x190a55ad);
    expect(checksum(new Uint8Array(32).fill(0xff))).toBe(0xff6cab0b);
  });
});

describe("archives", () => {
  const content = random(200_000, 7);

  it("give back what was put in, stored or deflated, whole or only its beginning", async () => {
    const archive = await zipOf([{ name: "one", bytes: content }, { name: "in/two", bytes: content, deflated: true }], "a comment");
    expect(await looksLikeZip(archive)).toBe(true);
    const files = await listZip(archive, "a.zip");
    expect(files.map((file) => file.path)).toEqual(["a.zip/one", "a.zip/in/two"]);
    for (const file of files) {
      expect(await readWhole(file)).toEqual(content);
      expect(await readStart(file, 1000)).toEqual(content.subarray(0, 1000));
    }
  });

  it("may be empty, hold empty files, and folders are no files", async () => {
    expect(await listZip(await zipOf([]), "a")).toEqual([]);
    const [empty, ...none] = await listZip(await zipOf([{ name: "folder/", bytes: latin("") }, { name: "folder/empty", bytes: latin(""), deflated: true }]), "a");
    expect(none).toEqual([]);
    expect(empty === undefined ? null : await readWhole(empty)).toEqual(latin(""));
  });

  it("are refused when locked, split, swollen, overlapping or damaged", async () => {
    const one = { name: "one", bytes: content };
    expect(await refusal(await zipOf([{ ...one, lies: { 8: 1 } }]))).toBe("encrypted");
    expect(await refusal(await zipOf([{ ...one, deflated: true, lies: { 26: 0xf000 } }]))).toBe("bomb");
    expect(await refusal(await zipOf([one, { ...one, lies: { 42: 0, 44: 0 } }]))).toBe("bomb");
    expect(await refusal(await zipOf([{ ...one, lies: { 28: 9000 } }]))).toBe("damaged");
    const whole = await zipOf([one]);
    for (const length of [0, 4, 100, whole.size - 23, whole.size - 1]) expect(await refusal(whole.slice(0, length))).toBe("damaged");
  });

  it("that lie about one file cost that file only", async () => {
    const lying = [{ 16: 1 }, { 24: 5 }, { 10: 9 }, { 10: 8 }].map((lies, i) => ({ name: String(i), bytes: content, lies }));
    for (const file of await listZip(await zipOf(lying), "a")) await expect(readWhole(file)).rejects.toBeInstanceOf(Unreadable);
  });

  it("never do anything but open or refuse, whatever byte is changed", async () => {
    const bytes = new Uint8Array(await (await zipOf([{ name: "one", bytes: content.subarray(0, 40) }, { name: "two", bytes: content.subarray(0, 90), deflated: true }])).arrayBuffer());
    for (let at = 0; at < bytes.length; at++) {
      const changed = Uint8Array.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 0xff;
      try {
        for (const file of await listZip(new Blob([changed]), "a")) await readWhole(file);
      } catch (error) {
        expect(error instanceof ZipRefused || error instanceof Unreadable).toBe(true);
      }
    }
  });
});

/** An element of Explicit VR Little Endian (PS3.5 7.1.2). */
function element(group: number, number: number, vr: string, value: Uint8Array): Bytes {
  const long = ["SQ", "OB"].includes(vr);
  const padded = value.length % 2 ? joined(value, latin(vr === "UI" ? "\0" : " ")) : value;
  const head = fields(long ? 12 : 8, (view) => {
    view.setUint16(0, group, true);
    view.setUint16(2, number, true);
    view.setUint8(4, vr.charCodeAt(0));
    view.setUint8(5, vr.charCodeAt(1));
    if (long) view.setUint32(8, padded.length, true);
    else view.setUint16(6, padded.length, true);
  });
  return joined(head, padded);
}

function part10(...elements: readonly Bytes[]): Bytes {
  return joined(new Uint8Array(128), latin("DICM"), element(2, 0x10, "UI", latin("1.2.840.10008.1.2.1")), ...elements);
}

function image(name: Uint8Array, sets: string, series = "2.25.3"): Bytes {
  return part10(
    element(8, 0x05, "CS", latin(sets)),
    element(8, 0x18, "UI", latin("2.25.9")),
    element(0x10, 0x10, "PN", name),
    element(0x20, 0x0d, "UI", latin("2.25.2")),
    element(0x20, 0x0e, "UI", latin(series)),
  );
}

describe("headers", () => {
  it("name patients in their own scripts, as the study list does", async () => {
    const names: readonly (readonly [Uint8Array, string, string])[] = [
      [latin("Buc^J\xe9r\xf4me"), "ISO_IR 100", "Buc, Jérôme"],
      [latin("\xbb\xee\xda\xe1\xd5\xdc\xd1\xe3\xe0\xd3"), "ISO_IR 144", "Люксембург"],
      [latin("Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B"), "\\ISO 2022 IR 87", "山田 太郎 (Yamada, Tarou)"],
      [latin("=\x1b$)C\xd1\xce^\x1b$)C\xd1\xce"), "\\ISO 2022 IR 149", "吉 吉"],
      [new TextEncoder().encode("Wang^XiaoDong=王^小东"), "ISO_IR 192", "王 小东 (Wang, XiaoDong)"],
      [new TextEncoder().encode("=王^小东"), "ISO_IR 192", "王 小东"],
    ];
    for (const [bytes, sets, name] of names) {
      const header = await readHeader(plainFile("a", new Blob([image(bytes, sets)])));
      expect(header?.patientName).toBe(name);
    }
  });

  it("are null for what is no DICOM, and an error for what is damaged", async () => {
    expect(await readHeader(plainFile("a", new Blob([random(5000, 3)])))).toBeNull();
    expect(await readHeader(plainFile("a", new Blob([])))).toBeNull();
    await expect(readHeader(plainFile("a", new Blob([image(latin("A"), "").subarray(0, 170)])))).rejects.toBeInstanceOf(Unreadable);
  });

  it("are null, read or an error, wherever a file is cut", async () => {
    const whole = image(latin("A^B"), "ISO_IR 100");
    for (let length = 0; length < whole.length; length++) {
      const read = readHeader(plainFile("a", new Blob([whole.subarray(0, length)])));
      await read.catch((error: unknown) => expect(error).toBeInstanceOf(Unreadable));
    }
  });
});

describe("directories", () => {
  const item = (bytes: Bytes): Bytes => joined(fields(8, (view) => {
    view.setUint32(0, 0xe000fffe, true);
    view.setUint32(4, bytes.length, true);
  }), bytes);
  const record = (next: number, lower: number, type: string, ...more: readonly Bytes[]): Bytes => {
    const long = (value: number): Bytes => fields(4, (view) => view.setUint32(0, value, true));
    const inUse = fields(2, (view) => view.setUint16(0, 0xffff, true));
    return item(joined(element(4, 0x1400, "UL", long(next)), element(4, 0x1410, "US", inUse), element(4, 0x1420, "UL", long(lower)), element(4, 0x1430, "CS", latin(type)), ...more));
  };

  /** Patient, study, series, image; `next` of the image may lead back. */
  function directory(lastNext: (at: number) => number): Bytes {
    const kinds: readonly (readonly [string, readonly Bytes[]])[] = [
      ["PATIENT", [element(0x10, 0x10, "PN", latin("Lab^Ann")), element(0x10, 0x20, "LO", latin("7"))]],
      ["STUDY", [element(0x20, 0x0d, "UI", latin("2.25.2"))]],
      ["SERIES", [element(8, 0x60, "CS", latin("CT")), element(0x20, 0x0e, "UI", latin("2.25.3"))]],
      ["IMAGE", [element(4, 0x1500, "CS", latin("DIR\\IM1")), element(4, 0x1511, "UI", latin("2.25.9"))]],
    ];
    const start = part10(element(4, 0x1200, "UL", new Uint8Array(4))).length + 12;
    const lengths = kinds.map(([type, more]) => record(0, 0, type, ...more).length);
    const places = lengths.map((_, i) => start + lengths.slice(0, i).reduce((sum, length) => sum + length, 0));
    const records = kinds.map(([type, more], i) => record(i === 3 ? lastNext(places[0] ?? 0) : 0, places[i + 1] ?? 0, type, ...more));
    const root = element(4, 0x1200, "UL", fields(4, (view) => view.setUint32(0, places[0] ?? 0, true)));
    return part10(root, element(4, 0x1220, "SQ", joined(...records)));
  }

  it("name each file with its patient, study and series, and no circle is walked twice", () => {
    for (const next of [(): number => 0, (first: number): number => first, (): number => 12_345]) {
      const listed = readDirectory(directory(next));
      expect(listed.map(({ path }) => path)).toEqual(["DIR/IM1"]);
      expect(listed[0]?.subject).toMatchObject({ patientName: "Lab, Ann", patientId: "7", study: "2.25.2", series: "2.25.3", modality: "CT", sop: "2.25.9" });
    }
  });

  it("do not hide whom a file itself names", async () => {
    const chosenOf = (name: string) => [{ path: "DICOMDIR", bytes: directory(() => 0) }, { path: "DIR/IM1", bytes: image(latin(name), "") }].map(({ path, bytes }) => ({ path, file: new Blob([bytes]) }));
    const other = await scan(chosenOf("Mul^Bob"), () => undefined);
    expect(other.studies.map(({ subject, otherwise }) => [subject.patientName, otherwise])).toEqual([["Mul, Bob", ["Lab, Ann · 7"]]]);
    const same = await scan(chosenOf("LAB^ANN"), () => undefined);
    expect(same.studies.map(({ otherwise }) => otherwise)).toEqual([[]]);
  });

  it("find their files in either case, with a version or without, in a folder or an archive", async () => {
    for (const name of ["DIR/IM1", "dir/im1", "DIR/IM1.;1", "DIR/IM1;1"]) {
      const files = [{ name: "DICOMDIR", bytes: directory(() => 0) }, { name, bytes: image(latin("Lab^Ann"), "") }];
      const chosen = files.map((one) => ({ path: `disc/${one.name}`, file: new Blob([one.bytes]) }));
      const found = await scan(chosen, () => undefined);
      expect(found).toMatchObject({ missing: 0, others: 0, broken: [] });
      expect(found.studies.map(({ series }) => series.map((one) => one.files.length))).toEqual([[1]]);
      const zipped = await scan([{ path: "disc.zip", file: await zipOf(files) }], () => undefined);
      expect(zipped.studies).toHaveLength(1);
    }
  });
});
