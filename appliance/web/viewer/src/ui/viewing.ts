/** Joins worker, stack, renderer and room: takes what arrives, does what hands ask, and draws when something changed. */
import type { FromReader } from "../messages";
import type { About } from "../dicom/about";
import { NoGraphics, Renderer } from "../render/renderer";
import type { Looks } from "../render/planes";
import { listenToKeys, type MoreKeys } from "../tools/keys";
import type { Actions, Phase, PointTool, Tool } from "../tools/actions";
import { listenToPointers } from "../tools/pointers";
import { draggedWindow } from "../volume/greys";
import { Stack } from "../volume/stack";
import { panned, zoomedAt, type Point } from "../volume/view";
import type { SeriesIndex } from "../dicomweb/stream";
import { expose } from "./handle";
import { FlatRoom } from "./flat";
import { writeOverlay } from "./overlay";
import { showInformation } from "./information";
import { Keeping } from "./keeping";
import { planeKeys } from "./plane_keys";
import { furnish, type Room } from "./room";
import { Showing, type Shown } from "./showing";
import { goTogether, volumeOf } from "./volumes";
import { VolumeRoom } from "./volume_room";
import { problemWords, refusalWords, WORDS } from "./words";

const LOADING_DRAW_MS = 250;

/** What a page adds to the viewer: buttons before the tools, keys, and a deed for when all has come. */
export interface Extras {
  readonly buttons: readonly HTMLElement[];
  readonly keys: MoreKeys;
  readonly done: () => void;
}

/** Guards one page: at most one drawing a screen refresh, and only after a change. */
export class Viewing implements Actions {
  private readonly room: Room;
  private showing = new Showing(new Stack([]));
  private renderer: Renderer | null = null;
  private drawingAsked = false;
  private isDrawnSoon = false;
  private totalBytes = 0;
  private index: SeriesIndex | null = null;
  private readonly abouts = new Map<number, About>();
  private readonly volume: VolumeRoom;
  private readonly keeping: Keeping;
  private readonly closing = new AbortController();
  private readonly flat: FlatRoom;

  /** @param mostBytes graphics memory that one series may take. */
  constructor(
    private readonly mount: HTMLElement,
    title: string,
    back: string | null,
    private readonly mostBytes: number,
    private readonly extras: Extras = { buttons: [], keys: {}, done: () => undefined },
  ) {
    this.room = furnish(mount, title, back, this);
    const around = { tool: () => this.tool, stack: () => this.showing.stack, looks: () => this.looks(), window: this.window.bind(this) };
    this.volume = new VolumeRoom(mount, this.room, { ...around, change: () => this.change(), tell: (words) => this.tell(words) });
    this.flat = new FlatRoom(this.room, { showing: () => this.showing, change: () => this.change(), tell: (words) => this.tell(words) });
    listenToPointers(this.room.pane, this);
    const { signal } = this.closing;
    this.room.bar.prepend(...extras.buttons);
    const keys = { d: () => this.inform(), m: () => this.volume.toggleList(), ...extras.keys, ...planeKeys(() => this.volume.planes, () => this.change()) };
    listenToKeys(document, this, keys, signal);
    this.room.information.addEventListener("click", () => this.inform());
    this.keeping = new Keeping(mount.dataset["stream"] ?? "", document.body.dataset["formToken"] ?? "");
    addEventListener("pagehide", () => this.keep(), { signal });
    this.room.presets.addEventListener("change", () => this.preset(Number(this.room.presets.value)));
    this.room.canvas.addEventListener("webglcontextlost", () => this.tell(WORDS.lost));
    const sizes = new ResizeObserver(() => this.resize());
    sizes.observe(this.room.pane);
    signal.addEventListener("abort", () => sizes.disconnect());
    expose(() => ({ showing: this.showing, renderer: this.renderer, volume: this.volume }));
  }

  /** Leave the page to another series: what was done to this one is kept, its graphics memory is given back. */
  close(): void {
    this.keep();
    this.closing.abort();
    this.renderer?.close();
  }

  private keep(): void {
    if (this.mount.dataset["ready"] !== "first" && this.mount.dataset["ready"] !== "all") return;
    const { tool, window, inverted, wanted, view } = this.showing;
    this.keeping.keep({ tool, window, inverted, wanted, view, planes: this.volume.kept });
  }

  /** What hands had done before the screen was locked. */
  private takeUp(): void {
    const kept = this.keeping.find();
    if (kept === null) return;
    const { tool, window, inverted, wanted, view } = kept;
    const preset = this.showing.presets.find((one) => one.name !== "" && one.name === window?.name);
    Object.assign(this.showing, { tool, window: preset ?? window, inverted, wanted, view });
  }

  /** Take one message of the worker. */
  receive(message: FromReader): void {
    if (message.type === "index") this.open(message);
    else if (message.type === "image") this.describe(message);
    else if (message.type === "frame") this.fill(message);
    else if (message.type === "problem") this.mark(message);
    else if (message.type === "progress") this.room.progress.value = message.bytes / Math.max(1, this.totalBytes);
    else if (message.type === "refused") this.stop(refusalWords(message.status), "refused");
    else if (message.type === "broken") this.interrupted();
    else this.finish();
  }

  /** Say something in place of the picture, for good. */
  stop(words: string, state: string): void {
    this.room.message.hidden = false;
    this.room.message.textContent = words;
    this.room.progress.hidden = true;
    this.mount.dataset["ready"] = state;
  }

  private open({ index }: Extract<FromReader, { type: "index" }>): void {
    this.index = index;
    this.totalBytes = index.instances.reduce((sum, one) => sum + one.bytes, 0);
    this.showing = new Showing(new Stack(index.instances.map((one) => one.frames)));
    const { stack } = this.showing;
    if (stack.slots.length === 0) return this.stop(WORDS.empty, "empty");
    const middle = index.order[0] ?? 0;
    this.showing.wanted = stack.find(middle, Math.floor((index.instances[middle]?.frames ?? 1) / 2)) ?? 0;
    try {
      this.renderer = new Renderer(this.room.canvas, stack, this.mostBytes, () => {
        this.tell("");
        this.change();
      });
      this.resize();
    } catch (error) {
      this.stop(error instanceof NoGraphics ? WORDS.noGraphics : WORDS.crashed, "failed");
    }
  }

  private describe({ instance, facts, about }: Extract<FromReader, { type: "image" }>): void {
    this.abouts.set(instance, about);
    for (const slot of this.showing.stack.of(instance)) slot.facts = facts;
  }

  private fill({ instance, frame, pixels }: Extract<FromReader, { type: "frame" }>): void {
    const { stack } = this.showing;
    const at = stack.find(instance, frame);
    const slot = at === null ? undefined : stack.slots[at];
    if (at === null || slot === undefined) return;
    slot.pixels = pixels;
    this.renderer?.add(at);
    if (this.mount.dataset["ready"] === undefined) this.begin();
    this.changeSoon();
  }

  /** Draw the first picture alone and at once; only then reserve room for the others. */
  private begin(): void {
    this.showing.begin();
    this.takeUp();
    const shown = this.showing.shown;
    if (shown === null || this.renderer === null) return;
    this.redraw();
    this.mount.dataset["ready"] = "first";
    performance.mark("enamel-first-picture");
    requestAnimationFrame(() => setTimeout(() => this.openVolume(shown)));
  }

  private openVolume({ facts, slot }: Shown): void {
    const { stack } = this.showing;
    if (slot.pixels?.kind !== "grey" || stack.slots.length < 2) return;
    const geometry = this.index === null ? null : volumeOf(this.index, stack, facts);
    if (geometry === null && !goTogether(this.index, facts)) return;
    this.showing.isVolume = true;
    const all = { columns: facts.columns, rows: facts.rows, slices: stack.slots.map((_, at) => at) };
    const has = this.renderer?.openVolume(geometry ?? all) ?? false;
    if (has) this.volume.show(geometry, this.keeping.find()?.planes);
    this.change();
  }

  /** Every picture's own facts are known now: look once more how they lie. */
  private closeVolume(): void {
    const { shown } = this.showing;
    const { geometry } = this.volume;
    const found = this.index === null || shown === null || !this.showing.isVolume ? null : volumeOf(this.index, this.showing.stack, shown.facts);
    if (found !== null && JSON.stringify(found) !== JSON.stringify(geometry) && this.renderer?.openVolume(found)) this.volume.show(found);
    this.renderer?.closeVolume();
  }

  private mark({ instance, frame, code, detail }: Extract<FromReader, { type: "problem" }>): void {
    const slots = this.showing.stack.of(instance).filter((slot) => frame === null || slot.frame === frame);
    for (const slot of slots) slot.problem = problemWords(code, detail);
    this.change();
  }

  private interrupted(): void {
    const { stack } = this.showing;
    if (stack.slots.length === 0) return this.stop(WORDS.brokenIndex, "failed");
    for (const slot of stack.slots) if (slot.pixels === null) slot.problem ??= WORDS.broken;
    this.finish();
    this.tell(WORDS.broken);
  }

  private finish(): void {
    const { stack } = this.showing;
    for (const slot of stack.slots) if (slot.pixels === null) slot.problem ??= problemWords("damaged", "");
    this.room.progress.hidden = true;
    this.closeVolume();
    this.showing.refinePresets();
    if (stack.problems > 0) this.tell(WORDS.missing(stack.problems));
    this.mount.dataset["ready"] = "all";
    performance.mark("enamel-every-slice");
    this.change();
    setTimeout(() => this.markDrawn());
  }

  /** Note when all that can be seen was drawn at its best, for whoever measures. */
  private markDrawn(): void {
    if (this.drawingAsked || this.volume.planes?.isFine === false) setTimeout(() => this.markDrawn(), 20);
    else this.drawn();
  }

  private drawn(): void {
    performance.mark("enamel-drawn");
    this.extras.done();
  }

  /** What is known of the image that is shown, or, for planes, of the one at the crosshair. */
  private inform(): boolean {
    const slot = this.showing.stack.slots[this.volume.crossedSlot ?? this.showing.wanted];
    const about = slot === undefined ? null : (this.abouts.get(slot.instance) ?? null);
    showInformation(this.mount, { about, facts: slot?.facts ?? null, geometry: this.volume.geometry });
    return true;
  }

  private tell(words: string): void {
    this.room.notice.textContent = words;
    this.room.notice.hidden = words === "";
  }

  private resize(): void {
    const { clientWidth: width, clientHeight: height } = this.room.pane;
    const ratio = window.devicePixelRatio || 1;
    this.showing.pane = { width: Math.max(1, width), height: Math.max(1, height) };
    this.room.canvas.width = Math.max(1, Math.round(width * ratio));
    this.room.canvas.height = Math.max(1, Math.round(height * ratio));
    this.redraw();
  }

  /** Slices come faster than planes are worth drawing: now and then is enough, for hands never wait for this. */
  private changeSoon(): void {
    if (this.volume.planes === null) return this.change();
    if (this.isDrawnSoon) return;
    this.isDrawnSoon = true;
    setTimeout(() => {
      this.isDrawnSoon = false;
      this.change();
    }, LOADING_DRAW_MS);
  }

  private change(): void {
    if (this.drawingAsked) return;
    this.drawingAsked = true;
    requestAnimationFrame(() => this.redraw());
  }

  private redraw(): void {
    this.drawingAsked = false;
    if (this.renderer !== null && this.volume.planes === null) this.showing.draw(this.renderer);
    if (this.renderer !== null) this.volume.draw(this.renderer);
    if (this.renderer !== null) this.writeProblem();
    this.flat.draw(this.volume.planes === null);
    this.tellOfCoarseness();
    writeOverlay(this.room, this.showing);
  }

  private tellOfCoarseness(): void {
    const factor = this.renderer?.factor ?? 1;
    if (factor > 1 && this.room.notice.hidden) this.tell(WORDS.coarse(factor));
  }

  private writeProblem(): void {
    const { stack, wanted } = this.showing;
    const problem = this.volume.planes === null ? (stack.slots[wanted]?.problem ?? null) : null;
    this.room.message.hidden = problem === null;
    if (problem !== null) this.room.message.textContent = `${WORDS.cannotShow(wanted + 1)}. ${problem}`;
  }

  get tool(): Tool {
    return this.showing.tool;
  }

  get images(): number {
    return this.showing.stack.slots.length;
  }

  choose(tool: Tool): void {
    this.showing.tool = tool;
    this.change();
  }

  window(dx: number, dy: number): void {
    const shown = this.volume.planes === null ? this.showing.shown : this.showing.first;
    if (shown?.slot.pixels?.kind !== "grey") return;
    this.showing.window = draggedWindow(this.showing.windowOf(shown), dx, dy, shown.facts.voiFunction);
    this.change();
  }

  /** How the planes are to be shown: the same window for all. */
  private looks(): Looks {
    const shown = this.showing.first;
    const photometric = shown?.facts.photometric;
    const window = shown === null ? { centre: 0, width: 1, name: "" } : this.showing.windowOf(shown);
    return { window, voiFunction: shown?.facts.voiFunction ?? "LINEAR", inverted: this.showing.inverted !== (photometric === "MONOCHROME1") };
  }

  pan(dx: number, dy: number): void {
    if (this.volume.planes !== null) return this.volume.planes.actions.pan(dx, dy);
    const shown = this.showing.shown;
    if (shown === null) return;
    this.showing.view = panned(this.showing.viewOf(shown), this.showing.pane, this.showing.pictureOf(shown), { x: dx, y: dy });
    this.change();
  }

  zoom(at: Point | null, factor: number): void {
    if (this.volume.planes !== null) return this.volume.planes.actions.zoom(at, factor);
    const { shown, pane } = this.showing;
    if (shown === null) return;
    const middle = at ?? { x: pane.width / 2, y: pane.height / 2 };
    this.showing.view = zoomedAt(this.showing.viewOf(shown), pane, this.showing.pictureOf(shown), middle, factor);
    this.change();
  }

  scroll(images: number): void {
    if (this.volume.planes !== null) return this.volume.planes.actions.scroll(images);
    this.goTo(this.showing.wanted + images);
  }

  /** Another image keeps the view where it is of the same size, and is fitted anew where it is not. */
  goTo(image: number): void {
    if (this.volume.planes !== null) return this.volume.planes.actions.goTo(image);
    const before = this.showing.shown;
    this.showing.wanted = Math.min(Math.max(0, this.images - 1), Math.max(0, image));
    const after = this.showing.shown;
    if (before?.facts.columns !== after?.facts.columns || before?.facts.rows !== after?.facts.rows) this.showing.view = null;
    this.change();
  }

  hover(at: Point | null): void {
    this.showing.hover = at;
    this.change();
  }

  /** The first preset is each picture's own where they are no volume. */
  preset(index: number): void {
    this.showing.window = index === 0 && !this.showing.isVolume ? null : (this.showing.presets[index] ?? this.showing.window);
    this.change();
  }

  invert(): void {
    this.showing.inverted = !this.showing.inverted;
    this.change();
  }

  point(tool: PointTool, phase: Phase, at: Point): void {
    this.flat.point(tool, phase, at);
  }

  turn(): boolean {
    return false;
  }

  remove(): void {
    if (this.volume.planes === null) this.flat.remove();
    else this.volume.planes.remove();
  }

  enlarge(): void {
    this.reset();
  }

  reset(): void {
    this.volume.reset();
    this.showing.view = null;
    this.showing.window = null;
    this.showing.inverted = false;
    this.change();
  }

  /** The whole page: whose picture it is stays in sight. */
  fullScreen(): void {
    const done = document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen();
    done.catch(() => this.tell(""));
  }

  help(): void {
    if (!this.room.help.open) this.room.help.showModal();
  }
}
