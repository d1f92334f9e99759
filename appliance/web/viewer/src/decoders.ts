/** Workers beside the one that reads: costly codings are shared out to them. */
import { Unshowable } from "./dicom/facts";
import { isCostly } from "./dicom/syntaxes";
import type { SeriesIndex } from "./dicomweb/stream";
import type { DecodeTask, FromDecoder } from "./messages";

/** The name under which the worker's own file runs as a decoder. */
export const DECODER = "enamel-decoder";
const MOST_DECODERS = 4;

/** What is told of an image or frame that cannot be shown. */
export function problem(instance: number, frame: number | null, error: unknown): FromDecoder {
  const known = error instanceof Unshowable ? error : new Unshowable("damaged");
  return { type: "problem", instance, frame, code: known.code, detail: known.detail };
}

/** Shares tasks out to workers, one at a time each; a worker that dies costs its own frame only. */
export class Decoders {
  private readonly idle: Worker[] = [];
  private readonly waiting: DecodeTask[] = [];
  private readonly running = new Map<Worker, DecodeTask>();
  private started = 0;
  private whenEmpty: (() => void) | null = null;

  constructor(
    private readonly most: number,
    private readonly tell: (message: FromDecoder) => void,
  ) {}

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
    const worker = new Worker(new URL("worker.js", import.meta.url), { type: "module", name: DECODER });
    this.started++;
    worker.addEventListener("message", (event: MessageEvent<FromDecoder>) => {
      this.tell(event.data);
      this.free(worker);
    });
    worker.addEventListener("error", () => this.lose(worker));
    this.idle.push(worker);
  }

  private lose(worker: Worker): void {
    const task = this.running.get(worker);
    worker.terminate();
    this.started--;
    if (task !== undefined) this.tell(problem(task.instance, task.frame, null));
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

/** As many decoders as a series' codings are worth and the machine has cores for. */
export function decodersFor(index: SeriesIndex, tell: (message: FromDecoder) => void): Decoders {
  const cores = navigator.hardwareConcurrency || 2;
  const costly = index.instances.filter((one) => isCostly(one.transfer_syntax)).reduce((sum, one) => sum + one.frames, 0);
  return new Decoders(Math.max(1, Math.min(MOST_DECODERS, cores - 1, costly)), tell);
}
