/**
 * Hands a study's files to the box, some at a time, so that a request stays small, a stop loses little, and going on begins
 * where it ended. Called only once a person has said so.
 */
import { storeFiles, StoreRefused, type StoreDoor, type Stored } from "../dicomweb/storing";
import type { LocalStudy } from "./scanning";
import { blobOf, faultOf, type FileFault, type LocalFile } from "./source";

const MOST_BYTES = 2 ** 26;
const MOST_FILES = 100;

/** Why a file is not stored: it cannot be read here, or the box gave a reason (PS3.4 table B.2-1). */
export type WhyNot = FileFault | number;

interface Waiting {
  readonly file: LocalFile;
  readonly sop: string;
}

/** How a run ended: all was tried, a person stopped it, or the box refused with a status. */
export type Ended = "tried" | "stopped" | StoreRefused;

/** Guards what of one study is stored, what failed, and what is still to be sent. */
export class Handing {
  readonly all: number;
  readonly bytes: number;
  private waiting: readonly Waiting[];
  private readonly refused = new Map<Waiting, WhyNot>();

  constructor(study: LocalStudy, private readonly door: StoreDoor) {
    this.waiting = study.series.flatMap(({ files, sops }) => files.map((file, at) => ({ file, sop: sops[at] ?? "" })));
    this.all = this.waiting.length;
    this.bytes = bytesOf(this.waiting);
  }

  get stored(): number {
    return this.all - this.waiting.length;
  }

  /** Bytes of the files that are stored. */
  get storedBytes(): number {
    return this.bytes - bytesOf(this.waiting);
  }

  /** What failed when it was tried last. */
  get failures(): readonly { readonly path: string; readonly why: WhyNot }[] {
    return this.waiting.flatMap((one) => {
      const why = this.refused.get(one);
      return why === undefined ? [] : [{ path: one.file.path, why }];
    });
  }

  /** Send what is not stored yet.
   *
   * @param onProgress told how many files are stored, and how many bytes of all have left.
   */
  async run(onProgress: (files: number, bytes: number) => void, signal: AbortSignal): Promise<Ended> {
    this.refused.clear();
    try {
      for (const batch of batchesOf(this.waiting)) {
        const before = this.storedBytes;
        await this.send(batch, (bytes) => onProgress(this.stored, Math.min(this.bytes, before + bytes)), signal);
        onProgress(this.stored, this.storedBytes);
      }
    } catch (error) {
      if (error instanceof StoreRefused) return error;
      if (error instanceof DOMException && error.name === "AbortError") return "stopped";
      throw error;
    }
    return "tried";
  }

  private async send(batch: readonly Waiting[], onBytes: (bytes: number) => void, signal: AbortSignal): Promise<void> {
    const [ready, blobs]: [Waiting[], Blob[]] = [[], []];
    for (const one of batch) {
      signal.throwIfAborted();
      try {
        blobs.push(await blobOf(one.file));
        ready.push(one);
      } catch (error) {
        this.refused.set(one, faultOf(error));
      }
    }
    if (ready.length > 0) this.settle(ready, await storeFiles(this.door, blobs, onBytes, signal));
  }

  private settle(batch: readonly Waiting[], { stored, failed, unnamed }: Stored): void {
    const done = new Set(batch.filter(({ sop }) => stored.has(sop)));
    for (const one of batch) if (!done.has(one)) this.refused.set(one, failed.get(one.sop) ?? unnamed);
    this.waiting = this.waiting.filter((one) => !done.has(one));
  }
}

/** Split files so that a request has few and is small, but for a single file that is large. */
export function batchesOf<Item extends { readonly file: LocalFile }>(files: readonly Item[]): Item[][] {
  const batches: Item[][] = [];
  let bytes = Infinity;
  for (const one of files) {
    const last = batches.at(-1);
    if (last === undefined || last.length >= MOST_FILES || bytes + one.file.bytes > MOST_BYTES) {
      batches.push([one]);
      bytes = one.file.bytes;
    } else {
      last.push(one);
      bytes += one.file.bytes;
    }
  }
  return batches;
}

function bytesOf(files: readonly Waiting[]): number {
  return files.reduce((sum, { file }) => sum + file.bytes, 0);
}
