/**
 * The worker behind the page: reads the series stream, opens each object and decodes its frames. Costly codings are shared
 * out to helpers, which run this same file under another name.
 */
import { makeCodecs } from "./dicom/codecs/codecs";
import { decodeFrame } from "./dicom/decode";
import { Unshowable, type ImageFacts } from "./dicom/facts";
import type { FrameBytes } from "./dicom/frames";
import { openInstance } from "./dicom/instance";
import { coarseOrder } from "./dicom/order";
import { isCostly } from "./dicom/syntaxes";
import { inflateRaw, openStream, StreamRefused } from "./dicomweb/fetching";
import { readSeries, type SeriesIndex, type SeriesRecord } from "./dicomweb/stream";
import { transferables, type DecodeTask, type FromDecoder, type FromReader, type FromScanner } from "./messages";

interface Scope {
  readonly name: string;
  postMessage(message: FromReader | FromScanner, transfer: Transferable[]): void;
  addEventListener(type: "message", listener: (event: MessageEvent<unknown>) => void): void;
}

export const scope = globalThis as unknown as Scope;
const codecs = makeCodecs((file) => new URL(file, import.meta.url).href, inflateRaw);
const MOST_HELPERS = 4;
const HELPER = "enamel-decoder";

export function post(message: FromReader, transfer: Transferable[] = []): void {
  scope.postMessage(message, transfer);
}

export function problem(instance: number, frame: number | null, error: unknown): FromDecoder {
  const known = error instanceof Unshowable ? error : new Unshowable("damaged");
  return { type: "problem", instance, frame, code: known.code, detail: known.detail };
}

async function decode(task: DecodeTask): Promise<void> {
  const { instance, frame } = task;
  try {
    const pixels = await decodeFrame(codecs, task.facts, task.bytes, task.skipBits);
    post({ type: "frame", instance, frame, pixels }, transferables(pixels));
  } catch (error) {
    post(problem(instance, frame, error));
  }
}

/** Shares tasks out to helpers, one at a time each; a helper that dies costs its own frame only. */
class Helpers {
  private readonly idle: Worker[] = [];
  private readonly waiting: DecodeTask[] = [];
  private readonly running = new Map<Worker, DecodeTask>();
  private started = 0;
  private whenEmpty: (() => void) | null = null;

  constructor(private readonly most: number) {}

  give(task: DecodeTask): void {
    this.waiting.push(task);
    if (this.idle.length === 0 && this.started < this.most) this.start();
    this.share();
  }

  /** Resolves when all that was given is done. */
  async finished(): Promise<void> {
    if (this.waiting.length + this.running.size === 0) return;
    await new Promise<void>((resolve) => (this.whenEmpty = resolve));
  }

  private start(): void {
    const worker = new Worker(new URL("worker.js", import.meta.url), { type: "module", name: HELPER });
    this.started++;
    worker.addEventListener("message", (event: MessageEvent<FromDecoder>) => {
      const message = event.data;
      post(message, message.type === "frame" ? transferables(message.pixels) : []);
      this.free(worker);
    });
    worker.addEventListener("error", () => this.lose(worker));
    this.idle.push(worker);
  }

  private lose(worker: Worker): void {
    const task = this.running.get(worker);
    worker.terminate();
    this.started--;
    if (task !== undefined) post(problem(task.instance, task.frame, null));
    this.running.delete(worker);
    if (this.waiting.length > 0 && this.started < this.most) this.start();
    this.share();
  }

  private free(worker: Worker): void {
    this.running.delete(worker);
    this.idle.push(worker);
    this.share();
  }

  private share(): void {
    while (this.idle.length > 0 && this.waiting.length > 0) {
      const [worker, task] = [this.idle.pop(), this.waiting.shift()];
      if (worker === undefined || task === undefined) return;
      this.running.set(worker, task);
      worker.postMessage(task);
    }
    if (this.waiting.length + this.running.size === 0) this.whenEmpty?.();
  }
}

export function helpersFor(index: SeriesIndex): Helpers {
  const cores = navigator.hardwareConcurrency || 2;
  const costly = index.instances.filter((one) => isCostly(one.transfer_syntax)).reduce((sum, one) => sum + one.frames, 0);
  return new Helpers(Math.max(1, Math.min(MOST_HELPERS, cores - 1, costly)));
}

export async function openRecord(record: SeriesRecord, helpers: Helpers): Promise<void> {
  const { instance, bytes } = record;
  try {
    if (record.flags !== 0) throw new Unshowable("kind", "a newer kind of record");
    if (!record.sound) throw new Unshowable("damaged", "its file on the box is not what was stored");
    if (bytes.length === 0) throw new Unshowable("damaged", "not delivered");
    const opened = await openInstance(bytes, inflateRaw);
    post({ type: "image", instance, facts: opened.facts, about: opened.about });
    const facts: ImageFacts = { ...opened.facts, perFrame: [] };
    for (const frame of coarseOrder(facts.frames)) await openFrame(instance, frame, facts, opened.frame, helpers);
  } catch (error) {
    post(problem(instance, null, error));
  }
}

async function openFrame(
  instance: number,
  frame: number,
  facts: ImageFacts,
  cut: (index: number) => FrameBytes,
  helpers: Helpers,
): Promise<void> {
  try {
    const task = { instance, frame, facts, ...cut(frame) };
    if (isCostly(facts.transferSyntax)) helpers.give(task);
    else await decode(task);
  } catch (error) {
    post(problem(instance, frame, error));
  }
}

async function readAll(url: string): Promise<void> {
  let helpers: Helpers | null = null;
  try {
    const more = await openStream(url, (bytes) => post({ type: "progress", bytes }));
    await readSeries(
      more,
      (index) => {
        post({ type: "index", index });
        helpers = helpersFor(index);
      },
      async (record) => (helpers === null ? undefined : openRecord(record, helpers)),
    );
    await (helpers as Helpers | null)?.finished();
    post({ type: "done" });
  } catch (error) {
    post(error instanceof StreamRefused ? { type: "refused", status: error.status } : { type: "broken" });
  }
}

scope.addEventListener("message", ({ data }) => {
  if (scope.name === HELPER) void decode(data as DecodeTask);
  else if (typeof data === "string") void readAll(data);
});
