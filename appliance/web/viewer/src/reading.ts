/** Opens what any source brings of a series (the box's stream, files of this computer): each image once, its frames decoded. */
import { decodersFor, problem, type Decoders } from "./decoders";
import type { Codecs } from "./dicom/decode";
import { decodeFrame } from "./dicom/decode";
import { Unshowable, type ImageFacts } from "./dicom/facts";
import type { FrameBytes } from "./dicom/frames";
import { openHead, openInstance } from "./dicom/instance";
import { coarseOrder } from "./dicom/order";
import { isCostly } from "./dicom/syntaxes";
import { inflateRaw } from "./dicomweb/inflating";
import { Unpacker } from "./dicomweb/packed";
import { PACKED, PLAIN, PREVIEW, type SeriesIndex, type SeriesRecord } from "./dicomweb/stream";
import { transferables, type DecodeTask, type FromReader } from "./messages";

/** A stream that began anew brings another series than before. */
export class SeriesChanged extends Error {}

export type Tell = (message: FromReader, transfer?: Transferable[]) => void;

/** Decode one frame and tell of it, or why it cannot be shown. */
export async function decode(codecs: Codecs, task: DecodeTask, tell: Tell): Promise<void> {
  const { instance, frame, isKept } = task;
  try {
    const decoded = await decodeFrame(codecs, task.facts, task);
    const pixels = decoded.kind === "grey" && isKept ? { ...decoded, isKept } : decoded;
    tell({ type: "frame", instance, frame, pixels }, transferables(pixels));
  } catch (error) {
    tell(problem(instance, frame, error));
  }
}

/** Guards that each image of a series is opened once, however often a stream brings it. */
export class Reading {
  private index: SeriesIndex | null = null;
  private decoders: Decoders | null = null;
  private readonly had = new Set<number>();
  private readonly unpacker = new Unpacker();
  /** Packed images of a volume that the page need not keep. */
  private readonly kept = new Map<number, SeriesRecord>();
  private keepsNone = false;
  private turn: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly codecs: Codecs,
    private readonly tell: Tell,
  ) {}

  /** Take the index; another time it has to be of the same images.
   *
   * @throws SeriesChanged when it is not.
   */
  begin(index: SeriesIndex): void {
    if (this.index === null) this.tell({ type: "index", index });
    else if (imagesOf(this.index) !== imagesOf(index)) throw new SeriesChanged();
    this.index = index;
    this.decoders ??= decodersFor(index, (message) => this.tell(message, message.type === "frame" ? transferables(message.pixels) : []));
  }

  /** How many records have been taken. */
  get count(): number {
    return this.had.size;
  }

  /** Resolves when every frame is decoded. */
  async finished(): Promise<void> {
    await this.decoders?.finished();
  }

  /** Take a record, once those before it are done with. */
  async take(record: SeriesRecord): Promise<void> {
    if (this.had.has(record.instance)) return;
    this.had.add(record.instance);
    if (this.mayKeep(record)) this.kept.set(record.instance, record);
    await this.inTurn(() => this.tellOf(record, true));
  }

  /** Give an image's frame again. */
  async again(instance: number): Promise<void> {
    const record = this.kept.get(instance);
    if (record !== undefined) await this.inTurn(() => this.tellOf(record, false));
  }

  /** Keep none: the page keeps them all. */
  forget(): void {
    this.kept.clear();
    this.keepsNone = true;
  }

  /** Take memory of an image that the page is done with. */
  takeBack(memory: ArrayBuffer): void {
    this.unpacker.takeBack(memory);
  }

  private async inTurn(deed: () => Promise<void>): Promise<void> {
    this.turn = this.turn.then(deed);
    await this.turn;
  }

  /** A volume's images take half the room packed. What stands for it says that it is one. */
  private mayKeep({ instance, coding, fault }: SeriesRecord): boolean {
    return !this.keepsNone && coding === PACKED && fault === null && this.index?.preview !== undefined && this.index.instances[instance]?.frames === 1;
  }

  private async tellOf(record: SeriesRecord, isFirst: boolean): Promise<void> {
    const { instance, coding } = record;
    try {
      if (record.fault === "unreadable") throw new Unshowable("unreadable");
      if (record.fault !== null) throw new Unshowable("damaged", "its file on the box is not what was stored");
      if (this.index?.instances[instance]?.isOverfull === true) throw new Unshowable("frames");
      if (coding === PREVIEW) this.openPreview(record.bytes);
      else await this.open(instance, this.fileOf(record), isFirst);
    } catch (error) {
      if (coding !== PREVIEW) this.miss(instance, error); // without a preview the images are there all the same
    }
  }

  /** Tell that an image cannot be had. */
  miss(instance: number, why: unknown): void {
    this.tell(problem(instance, null, why));
  }

  private fileOf({ instance, coding, bytes }: SeriesRecord): Uint8Array {
    if (bytes.length === 0) throw new Unshowable("damaged", "not delivered");
    if (coding === PACKED) return this.unpacker.file(bytes, this.index?.instances[instance]?.bytes ?? 0);
    if (coding !== PLAIN) throw new Unshowable("kind", "a newer kind of record");
    return bytes;
  }

  private async open(instance: number, bytes: Uint8Array, isFirst: boolean): Promise<void> {
    const opened = await openInstance(bytes, inflateRaw);
    if (isFirst) this.tell({ type: "image", instance, facts: opened.facts, about: opened.about });
    const facts: ImageFacts = { ...opened.facts, perFrame: [] };
    for (const frame of coarseOrder(facts.frames)) await this.openFrame(instance, frame, facts, opened.frame);
  }

  private async openFrame(instance: number, frame: number, facts: ImageFacts, cut: (index: number) => FrameBytes): Promise<void> {
    try {
      const task = { instance, frame, facts, ...cut(frame), isOwn: facts.frames === 1, isKept: this.kept.has(instance) };
      if (isCostly(facts.transferSyntax)) this.decoders?.give(task);
      else await decode(this.codecs, task, this.tell);
    } catch (error) {
      this.tell(problem(instance, frame, error));
    }
  }

  private openPreview(bytes: Uint8Array): void {
    const shape = this.index?.preview;
    const instance = this.index?.order[0];
    if (shape === undefined || instance === undefined) return;
    const { head, values } = this.unpacker.preview(bytes, shape.columns * shape.rows * shape.slices);
    if (head.length === 0) return;
    const { facts, about } = openHead(head);
    this.tell({ type: "image", instance, facts, about });
    this.tell({ type: "preview", facts, volume: { ...shape, values } }, [values.buffer]);
  }
}

function imagesOf({ instances }: SeriesIndex): string {
  return JSON.stringify(instances.map(({ sop, frames }) => [sop, frames]));
}
