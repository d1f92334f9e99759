/** Makes the viewer of one series and joins its parts: the room, hands, the worker's messages, and drawing. */
import type { Again, FromReader } from "../messages";
import type { About } from "../dicom/about";
import type { Window } from "../dicom/facts";
import type { SeriesIndex } from "../dicomweb/stream";
import type { Renderer } from "../render/renderer";
import { listenToKeys, type MoreKeys } from "../tools/keys";
import { listenToPointers } from "../tools/pointers";
import { Stack } from "../volume/stack";
import { Arrival } from "./arrival";
import { Drawing, looksOf } from "./drawing";
import { FlatRoom } from "./flat";
import { Hands } from "./hands";
import { expose } from "./handle";
import { ImageKeeping } from "./image_keeping";
import { Keeping } from "./keeping";
import { picturesListed } from "./listed";
import { Later } from "./later";
import { planeKeys } from "./plane_keys";
import { isEnd, Receiving } from "./receiving";
import { furnish, type Room } from "./room";
import { Showing } from "./showing";
import type { Half, Layouts, Stage } from "./stage";
import { VolumeRoom } from "./volume_room";
import { decimal, oddityWords, WORDS } from "./words";

/** What a page adds to the viewer: buttons before the tools, keys, and a deed for when all has come. */
export interface Extras {
  readonly buttons: readonly HTMLElement[];
  readonly keys: MoreKeys;
  readonly done: () => void;
  /** Tells whoever reads the series; without it all is kept here. */
  readonly ask?: (message: Again, transfer: Transferable[]) => void;
  /** Series of the same study whose pictures may join these: each is read when it is asked for. */
  readonly companions?: readonly Companion[];
}

/** Reads another series and tells what comes; the last message is one that `isEnd` knows. */
export type Companion = (tell: (message: FromReader) => void) => void;

const NO_EXTRAS: Extras = { buttons: [], keys: {}, done: () => undefined };

/** Guards that one viewer has a mount to itself, and lets go of it wholly when it is closed. */
export class Viewing implements Stage {
  readonly room: Room;
  readonly volume: VolumeRoom;
  readonly flat: FlatRoom;
  readonly keeping: Keeping;
  readonly later: Later;
  readonly arrival: Arrival = new Arrival(this);
  readonly abouts = new Map<number, About>();
  showing = new Showing(new Stack([]));
  renderer: Renderer | null = null;
  index: SeriesIndex | null = null;
  layouts: Layouts | null = null;
  active: Half = this;
  readonly images: ImageKeeping;
  private readonly drawing = new Drawing(this);
  private readonly hands = new Hands(this);
  private readonly receiving: Receiving;
  private readonly closing = new AbortController();

  /** @param mostBytes graphics memory that one series may take. */
  constructor(
    readonly mount: HTMLElement,
    title: string,
    back: string | null,
    mostBytes: number,
    private readonly extras: Extras = NO_EXTRAS,
  ) {
    this.receiving = new Receiving(this, mostBytes);
    this.later = new Later(mount, (words) => this.tell(words));
    this.room = furnish(mount, title, back, this.hands);
    const around = { change: () => this.change(), tell: (words: string) => this.tell(words) };
    const shared = { tool: () => this.showing.tool, stack: () => this.showing.stack, looks: () => looksOf(this.showing), pictures: picturesListed(() => this.active.showing, (position) => this.goTo(position)) };
    this.volume = new VolumeRoom(mount, this.room, { ...around, ...shared, window: (dx, dy) => this.hands.window(dx, dy) });
    this.flat = new FlatRoom(this.room, { ...around, showing: () => this.showing });
    const from = [mount.dataset["stream"] ?? "", document.body.dataset["formToken"] ?? ""] as const;
    this.keeping = new Keeping(...from);
    this.images = new ImageKeeping(...from);
    this.listen();
    expose(() => ({ showing: this.showing, renderer: this.renderer, volume: this.volume, layouts: this.layouts }));
  }

  private listen(): void {
    const { room, hands, extras } = this;
    const { signal } = this.closing;
    listenToPointers(room.pane, hands);
    room.bar.prepend(...extras.buttons);
    const keys = { d: () => this.inform(), m: () => this.volume.toggleList(), ...extras.keys, ...planeKeys(() => this.volume.planes, () => this.change()) };
    listenToKeys(document, hands, keys, signal);
    room.information.addEventListener("click", () => this.inform());
    addEventListener("pagehide", () => this.keep(), { signal });
    room.presets.addEventListener("change", () => hands.preset(Number(room.presets.value)));
    room.canvas.addEventListener("webglcontextlost", () => this.tell(WORDS.lost));
    const sizes = new ResizeObserver(() => this.redraw());
    sizes.observe(room.pane);
    signal.addEventListener("abort", () => sizes.disconnect());
  }

  /** Take one message of the worker. */
  receive(message: FromReader): void {
    this.receiving.receive(message);
  }

  /** Say something in place of the picture, for good. */
  stop(words: string, state: string): void {
    this.receiving.stop(words, state);
  }

  /** Leave the page to another series: what was done to this one is kept, its graphics memory is given back. */
  close(): void {
    this.keep();
    this.closing.abort();
    this.drawing.close();
    this.renderer?.close();
    this.layouts?.beside?.renderer?.close();
  }

  private keep(): void {
    if (this.mount.dataset["ready"] !== "first" && this.mount.dataset["ready"] !== "all") return;
    const { tool, window, inverted, wanted, view } = this.showing;
    this.keeping.keep({ tool, window, inverted, wanted, view, planes: this.volume.kept, pictures: this.layouts?.kept ?? null });
    for (const instance of this.abouts.keys()) this.keepImage(instance);
  }

  private keepImage(instance: number): void {
    const { stack, marks, windows, isVolume } = this.showing;
    const sop = this.index?.instances[instance]?.sop;
    if (sop === undefined) return;
    const slots = stack.of(instance).map(({ frame }) => ({ frame: String(frame), at: stack.find(instance, frame) ?? -1 }));
    const made = slots.flatMap(({ frame, at }) => (marks.of(at).length > 0 ? [[frame, marks.of(at)] as const] : []));
    const chosen = slots.flatMap(({ frame, at }) => (isVolume ? [] : withoutTable(windows.get(at)).map((window) => [frame, window] as const)));
    const place = this.layouts?.placeOf(slots[0]?.at ?? -1) ?? null;
    this.images.keep(sop, { marks: Object.fromEntries(made), windows: Object.fromEntries(chosen), place });
  }

  private goTo(position: number): void {
    if (this.layouts === null) this.hands.goTo(position);
    else this.layouts.goTo(position);
  }

  takeUpImage(instance: number): void {
    const sop = this.index?.instances[instance]?.sop;
    const kept = sop === undefined ? null : this.images.find(sop);
    if (kept === null) return;
    const { stack, marks, windows } = this.showing;
    for (const [frame, made] of Object.entries(kept.marks)) marks.put(stack.find(instance, Number(frame)) ?? -1, made);
    for (const [frame, window] of Object.entries(kept.windows)) windows.set(stack.find(instance, Number(frame)) ?? -1, window);
  }

  openPictures(): void {
    const companions = this.extras.companions ?? [];
    const isOne = this.showing.stack.slots.length < 2 && companions.length === 0;
    if (isOne || this.closing.signal.aborted) return;
    const join = (message: FromReader, first: number): number => this.receiving.join(message, first);
    import("./pictures/pictures").then(
      ({ Pictures }) => {
        if (!this.closing.signal.aborted) this.layouts = new Pictures(this, { companions, join, isEnd, hands: this.hands, closing: this.closing.signal });
      },
      () => undefined, // locked or cut off meanwhile: pictures are shown one by one
    );
  }

  takeUp(): void {
    const kept = this.keeping.find();
    if (kept === null) return;
    const { tool, window, inverted, view } = kept;
    const wanted = kept.wanted < this.showing.stack.slots.length ? kept.wanted : this.showing.wanted; // it may be of a series that joins later
    const preset = this.showing.presets.find((one) => one.name !== "" && one.name === window?.name);
    Object.assign(this.showing, { tool, window: preset ?? window, inverted, wanted, view });
  }

  /** What is known of the image that is shown, or, for planes, of the one at the crosshair. */
  private inform(): boolean {
    const slot = this.showing.stack.slots[this.volume.crossedSlot ?? this.active.showing.wanted];
    const about = slot === undefined ? null : (this.abouts.get(slot.instance) ?? null);
    const { geometry } = this.volume;
    this.later.information({ about, facts: slot?.facts ?? null, geometry, odd: (geometry?.oddities ?? []).map(oddityWords), decimal });
    return true;
  }

  change(): void {
    this.drawing.change();
  }

  began(tookMs: number): void {
    this.drawing.began(tookMs);
  }

  changeSoon(): void {
    this.drawing.changeSoon();
  }

  redraw(): void {
    this.drawing.redraw();
  }

  drawn(): void {
    this.drawing.whenDrawn(() => {
      performance.mark("enamel-drawn");
      this.showing.refinePresets(); // takes a moment, and nobody has waited for it
      this.change();
      this.extras.done();
    });
  }

  ask(message: Again, transfer: Transferable[] = []): void {
    this.extras.ask?.(message, transfer);
  }

  tell(words: string): void {
    this.room.notice.textContent = words;
    this.room.notice.hidden = words === "";
  }
}

/** A window that can be kept as words: a table would have to be taken from its image again. */
function withoutTable(window: Window | undefined): Window[] {
  return window === undefined || window.table !== undefined ? [] : [window];
}
