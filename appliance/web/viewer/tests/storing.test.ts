/** What is sent of opened files: small requests, and an answer that is read as the box means it. */
import { describe, expect, it } from "vitest";
import { readAnswer } from "../src/dicomweb/storing";
import { batchesOf } from "../src/local/handing";
import { plainFile, type LocalFile } from "../src/local/source";

const sized = (bytes: number): { file: LocalFile } => ({ file: { ...plainFile("a", new Blob([])), bytes } });

describe("requests", () => {
  it("have at most 100 files and 64 MB, but for a file that is larger alone", () => {
    expect(batchesOf(Array.from({ length: 250 }, () => sized(1))).map(({ length }) => length)).toEqual([100, 100, 50]);
    const large = 2 ** 26;
    expect(batchesOf([sized(large), sized(1), sized(large - 1), sized(1), sized(3 * large), sized(1)]).map(({ length }) => length)).toEqual([1, 2, 1, 1, 1]);
    expect(batchesOf([])).toEqual([]);
  });
});

describe("answers", () => {
  const item = (uid: string | null, reason: number | null) => ({
    ...(uid === null ? {} : { "00081155": { vr: "UI", Value: [uid] } }),
    ...(reason === null ? {} : { "00081197": { vr: "US", Value: [reason] } }),
  });

  it("say what is stored, what is not and why", () => {
    const answer = { "00081199": { Value: [item("1.2", null)] }, "00081198": { Value: [item("1.3", 0xa700)] }, "0008119A": { Value: [item(null, 0xc000)] } };
    const read = readAnswer(JSON.stringify(answer));
    expect(read).toEqual({ stored: new Set(["1.2"]), failed: new Map([["1.3", 0xa700]]), unnamed: 0xc000 });
  });

  it("are nothing when they are none", () => {
    expect(readAnswer("<html>")).toBeNull();
    expect(readAnswer("{}")).toEqual({ stored: new Set(), failed: new Map(), unnamed: 0x0110 });
  });
});
