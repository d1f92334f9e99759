/** Takes what the worker sends: an index, images, frames, problems and the end, and opens the volume they make. */
import type { Stored } from "../dicom/facts";
import type { FromReader } from "../messages";
import { NoGraphics, Renderer, type VolumeShape } from "../render/renderer";
import type { Geometry } from "../volume/geometry";
import { sampleOf } from "../volume/landmarks";
import { asSlot, standsFor } from "../volume/preview";
import { Stack, type Slot } from "../volume/stack";
import { Showing, type Shown } from "./showing";
import type { Stage } from "./stage";
import { goTogether, volumeOf } from "./volumes";
import { problemWords, refusalWords, WORDS } from "./words";

const QUICK_MS = 60; // three planes within it: a body from the small volume costs this device little
const LOOK_AGAIN_MS = 2000; // by then it is known whether the rest takes long

/** Guards the order in which a series opens: the first picture alone, then room for all, at the end a second look at how they lie. */
export class Receiving {
  private own = 0;
  /** The first picture is being drawn; what comes after it has not been made ready yet. */
  private isOpening = false;
  private isOver = false;
  /** Why it ended before all had come. */
  private cutOff: string | null = null;
  /** @param mostBytes graphics memory that one series may take. */
  constructor(
    private readonly stage: Stage,
    private readonly mostBytes: number,
  ) {}

  /** Take one message of the worker. */
  receive(message: FromReader): void {
    if (message.type === "index") this.open(message);
    else if (message.type === "image") this.describe(message);
    else if (message.type === "frame") this.fill(message);
    else if (message.type === "problem") this.mark(message);
    else if (message.type === "preview") this.preview(message);
    else if (message.type === "progress") this.stage.arrival.came(message.bytes, message.all);
    else if (message.type === "cut") this.stage.arrival.cut(message.seconds);
    else if (message.type === "refused") this.stop(refusalWords(message.status), "refused");
    else if (message.type === "broken" || message.type === "changed") this.interrupted(message.type === "broken" ? WORDS.broken : WORDS.coming.changed);
    else this.finish();
  }

  /** Say something in place of the picture, for good. */
  stop(words: string, state: string): void {
    const { room, mount } = this.stage;
    room.message.hidden = false;
    room.message.textContent = words;
    this.stage.arrival.end();
    mount.dataset["ready"] = state;
  }

  /** Take one message about a series that joins this one; its images stand behind those that are there.
   *
   * @param first number of its first image; what its index answered.
   */
  join(message: FromReader, first: number): number {
    const { stage } = this;
    if (message.type === "index") return this.append(message);
    if (message.type === "image" || message.type === "frame" || message.type === "problem") this.receive({ ...message, instance: message.instance + first });
    if (isEnd(message)) for (const slot of stage.showing.stack.slots) if (slot.instance >= first && slot.pixels === null) slot.problem ??= WORDS.broken;
    return first;
  }

  private append({ index }: Extract<FromReader, { type: "index" }>): number {
    const { stage } = this;
    if (stage.index !== null) stage.index = { ...stage.index, instances: [...stage.index.instances, ...index.instances] };
    return stage.showing.stack.append(index.instances.map((one) => one.frames));
  }

  private open({ index }: Extract<FromReader, { type: "index" }>): void {
    const { stage } = this;
    stage.index = index;
    this.own = index.instances.length;
    stage.arrival.begin(index.instances.reduce((sum, one) => sum + one.bytes, 0));
    stage.showing = new Showing(new Stack(index.instances.map((one) => one.frames)));
    const { stack } = stage.showing;
    stack.kept.ask = (slot) => stage.ask({ type: "again", instance: stack.slots[slot]?.instance ?? -1 });
    if (stack.slots.length === 0) return this.stop(WORDS.empty, "empty");
    const middle = index.order[0] ?? 0;
    stage.showing.wanted = stack.find(middle, Math.floor((index.instances[middle]?.frames ?? 1) / 2)) ?? 0;
    try {
      stage.renderer = new Renderer(stage.room.canvas, stack, this.mostBytes, () => {
        stage.tell("");
        stage.change();
      });
      stage.redraw();
    } catch (error) {
      this.stop(error instanceof NoGraphics ? WORDS.noGraphics : WORDS.crashed, "failed");
    }
  }

  private describe({ instance, facts, about }: Extract<FromReader, { type: "image" }>): void {
    this.stage.abouts.set(instance, about);
    for (const slot of this.stage.showing.stack.of(instance)) slot.facts = facts;
    this.stage.takeUpImage(instance);
  }

  private fill({ instance, frame, pixels }: Extract<FromReader, { type: "frame" }>): void {
    const { stack } = this.stage.showing;
    const at = stack.find(instance, frame);
    const slot = at === null ? undefined : stack.slots[at];
    if (at === null || slot === undefined) return;
    if (slot.pixels?.kind === "kept" && pixels.kind === "grey" && this.stage.renderer?.holds(at) === true) return this.read(at, pixels.stored);
    slot.pixels = pixels;
    this.stage.renderer?.add(at);
    this.release(at);
    if (this.stage.mount.dataset["ready"] === undefined) this.begin();
    this.stage.changeSoon();
  }

  /** Let go of a picture that the card has and that can be had again: its memory goes back to be used for the next. */
  private release(at: number): void {
    const { showing: { stack }, renderer } = this.stage;
    const slot = stack.slots[at];
    if (slot?.pixels?.kind !== "grey" || slot.pixels.isKept !== true || renderer?.holds(at) !== true) return;
    const { stored, extent = null } = slot.pixels;
    slot.pixels = { kind: "kept", extent, sample: sampleOf(slot, stack.slots.length) };
    stack.kept.miss(at); // whoever asked for it for the card has it
    this.giveBack(stored);
  }

  /** The card has it: a hand wants to know what is in it. */
  private read(at: number, stored: Stored): void {
    const oldest = this.stage.showing.stack.kept.take(at, stored);
    if (oldest !== null) this.giveBack(oldest);
    this.stage.change();
  }

  private giveBack({ buffer }: Stored): void {
    const memory = buffer as ArrayBuffer;
    this.stage.ask({ type: "back", memory }, [memory]);
  }

  private reserve(geometry: VolumeShape): boolean {
    const { renderer, showing } = this.stage;
    if (renderer?.openVolume(geometry) !== true) return false;
    for (const at of showing.stack.slots.keys()) this.release(at);
    return true;
  }

  private reopen(geometry: Geometry): boolean {
    this.stage.renderer?.forgetPreview();
    return this.reserve(geometry);
  }

  /** Draw the first picture alone and at once; only then reserve room for the others. */
  private begin(): void {
    const { stage } = this;
    stage.showing.begin();
    stage.takeUp();
    const shown = stage.showing.shown;
    if (shown === null || stage.renderer === null) return;
    this.first(() => this.openVolume(shown) || stage.openPictures());
  }

  /** Draw planes from the whole series in small; only then reserve room for its slices. */
  private preview({ facts, volume: small }: Extract<FromReader, { type: "preview" }>): void {
    const { stage } = this;
    const { showing, index, renderer, volume, keeping, mount } = stage;
    const geometry = index === null || mount.dataset["ready"] !== undefined ? null : volumeOf(index, showing.stack, facts);
    const stands = geometry === null ? null : standsFor(small, facts, geometry);
    if (geometry === null || renderer === null || stands === null) return;
    renderer.showPreview(small, stands === "backwards");
    showing.isVolume = true;
    showing.begin(asSlot(small, facts, index?.order[0] ?? 0));
    stage.takeUp();
    volume.show(geometry, keeping.find()?.planes);
    this.first((tookMs) => {
      renderer.isBodyEarly = tookMs < QUICK_MS;
      stage.began(tookMs);
      const has = this.reserve(geometry);
      if (!has) {
        volume.leave();
        stage.ask({ type: "forget" });
      }
      if (!has || renderer.isBodyEarly) stage.change(); // else it looks as it did
      setTimeout(() => stage.changeSoon(), LOOK_AGAIN_MS); // also when nothing comes
    });
  }

  /** Something is there to be seen: draw it before anything else is done, and tell how long it took. */
  private first(then: (tookMs: number) => unknown): void {
    const { stage } = this;
    const begin = performance.now();
    stage.redraw();
    stage.mount.dataset["ready"] = "first";
    performance.mark("enamel-first-picture");
    stage.later.prepare();
    this.isOpening = true;
    requestAnimationFrame(() =>
      setTimeout(() => {
        then(performance.now() - begin);
        this.isOpening = false;
        if (this.isOver) this.finish();
      }),
    );
  }

  /** Say whether the pictures are a volume. */
  private openVolume({ facts, slot }: Shown): boolean {
    const { showing, index, volume, keeping } = this.stage;
    const { stack } = showing;
    if (slot.pixels?.kind !== "grey" || stack.slots.length < 2) return false;
    const geometry = index === null ? null : volumeOf(index, stack, facts);
    if (geometry === null && !goTogether(index, facts)) return false;
    showing.isVolume = true;
    const all = { columns: facts.columns, rows: facts.rows, slices: stack.slots.map((_, at) => at) };
    const has = this.reserve(geometry ?? all);
    if (!has) this.stage.ask({ type: "forget" });
    if (has) volume.show(geometry, keeping.find()?.planes);
    this.stage.change();
    return true;
  }

  /** Every picture's own facts are known now: look once more how they lie. */
  private closeVolume(): void {
    const { showing, index, renderer, volume } = this.stage;
    const { shown } = showing;
    const { geometry } = volume;
    const found = index === null || shown === null || !showing.isVolume ? null : volumeOf(index, showing.stack, shown.facts);
    if (found !== null && JSON.stringify(found) !== JSON.stringify(geometry) && this.reopen(found)) volume.show(found);
    renderer?.closeVolume();
  }

  private mark({ instance, frame, code, detail }: Extract<FromReader, { type: "problem" }>): void {
    const { showing: { stack }, renderer } = this.stage;
    const slots = stack.of(instance).filter((slot) => frame === null || slot.frame === frame);
    for (const slot of slots) {
      const at = stack.find(instance, slot.frame) ?? -1;
      stack.kept.miss(at);
      if (slot.pixels?.kind === "kept" && renderer?.holds(at) === true) return; // it is shown: only a value is not to be had
      slot.problem = problemWords(code, detail);
      renderer?.miss(at);
    }
    this.stage.change();
  }

  /** Those of this series, without others that join it. */
  private ownSlots(): Slot[] {
    return this.stage.showing.stack.slots.filter((slot) => slot.instance < this.own);
  }

  private interrupted(words: string): void {
    const { stack } = this.stage.showing;
    if (stack.slots.length === 0) return this.stop(WORDS.brokenIndex, "failed");
    for (const slot of this.ownSlots()) if (slot.pixels === null) slot.problem ??= words;
    this.cutOff = words;
    this.finish();
  }

  private finish(): void {
    if (!this.isOver) performance.mark("enamel-every-slice");
    this.isOver = true;
    if (this.isOpening) return; // a small series ends before there was time for its volume
    const { stage } = this;
    const { stack } = stage.showing;
    for (const slot of this.ownSlots()) if (slot.pixels === null) slot.problem ??= problemWords("damaged", "");
    stage.arrival.end();
    stage.showing.settle();
    this.closeVolume();
    if (this.cutOff !== null || stack.problems > 0) stage.tell(this.cutOff ?? WORDS.missing(stack.problems));
    stage.mount.dataset["ready"] = "all";
    stage.volume.planes?.rest();
    stage.change();
    setTimeout(() => stage.drawn());
  }
}

/** Say whether nothing more comes of a series. */
export function isEnd({ type }: FromReader): boolean {
  return type === "done" || type === "broken" || type === "changed" || type === "refused";
}
