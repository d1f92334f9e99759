/** What is being shown and how: the state behind the pane, changed by the actions, read by the overlay. */
import type { Renderer, Scene } from "../render/renderer";
import type { FrameFacts, ImageFacts, Window } from "../dicom/facts";
import type { Tool } from "../tools/actions";
import { automaticWindow, presetsFor, rangeOf, rescaled, spanning } from "../volume/greys";
import { landmarksOf, MATTERS, matterWindow } from "../volume/landmarks";
import { FlatMarks } from "../volume/flat";
import { frameFacts, pixelAspect, type Slot, type Stack } from "../volume/stack";
import { fitted, type Picture, type Point, type Size, type View } from "../volume/view";
import { WORDS } from "./words";

export interface Shown {
  readonly index: number;
  readonly slot: Slot;
  readonly facts: ImageFacts;
  readonly frame: FrameFacts;
}

/** Guards one pane's state. `window` null means each image's own. */
export class Showing {
  wanted = 0;
  tool: Tool = "window";
  inverted = false;
  hover: Point | null = null;
  view: View | null = null;
  pane: Size = { width: 1, height: 1 };
  isVolume = false;
  presets: readonly Window[] = [];
  first: Shown | null = null;
  /** Slots in the order in which hands go through them; null for that of the series. */
  order: readonly number[] | null = null;
  /** What is said of a slot beside its number. */
  caption: (slot: number) => string = () => "";
  private common: Window | null = null;
  private readonly chosen = new Map<number, Window>();
  private readonly own = new Map<number, Window>();

  constructor(
    readonly stack: Stack,
    readonly marks = new FlatMarks(),
  ) {}

  /** The window that hands chose: one for all of a volume, one for each of other pictures. */
  get window(): Window | null {
    return this.isVolume ? this.common : (this.chosen.get(this.wanted) ?? null);
  }

  set window(window: Window | null) {
    this.common = window;
    if (window === null) this.chosen.delete(this.wanted);
    else this.chosen.set(this.wanted, window);
  }

  /** Windows that hands chose for single pictures, by slot. */
  get windows(): Map<number, Window> {
    return this.chosen;
  }

  /** How many pictures there are to go through, and which of them is wanted. */
  get count(): number {
    return this.order?.length ?? this.stack.slots.length;
  }

  get position(): number {
    return this.order === null ? this.wanted : Math.max(0, this.order.indexOf(this.wanted));
  }

  /** The slot at a position, the nearest there is. */
  slotAt(position: number): number {
    const at = Math.min(Math.max(0, this.count - 1), Math.max(0, position));
    return this.order?.[at] ?? at;
  }

  /** Another pane on the same pictures and marks, at first like this one. */
  twin(): Showing {
    const { wanted, tool, inverted, isVolume, presets, first, order, caption } = this;
    const twin = Object.assign(new Showing(this.stack, this.marks), { wanted, tool, inverted, isVolume, presets, first, order, caption });
    for (const [slot, window] of this.chosen) twin.chosen.set(slot, window);
    return twin;
  }

  /** What is on the screen: the wanted image, or the nearest one that has come; null before any, or for one with a problem. */
  get shown(): Shown | null {
    return this.stack.slots[this.wanted]?.problem ? null : this.loaded(this.wanted);
  }

  private loaded(wanted: number): Shown | null {
    const index = this.stack.nearestLoaded(wanted);
    return index === null ? null : this.shownAt(index);
  }

  /** A slot with its facts, once they have come. */
  shownAt(index: number): Shown | null {
    const slot = this.stack.slots[index];
    return slot?.facts ? { index, slot, facts: slot.facts, frame: frameFacts(slot.facts, slot.frame) } : null;
  }

  /** Take the first picture's own window and presets, or those of what stands for the series until its images have come. */
  begin(stand: Slot | null = null): void {
    const shown = stand === null ? this.shown : standing(stand, this.wanted);
    if (shown === null || this.first !== null) return;
    this.first = shown;
    if (shown.slot.pixels?.kind !== "grey") return;
    const { stored } = shown.slot.pixels;
    const { facts, frame } = shown;
    const range = rangeOf(stored, frame, facts.padding) ?? { low: 0, high: 1 };
    this.presets = presetsFor(mattersOf([shown.slot], facts.modality), frame.windows, automaticWindow(stored, frame, facts.padding, facts.voiFunction), range);
  }

  /** The images are there: what stood for them is let go, and the window that was measured from it stays. */
  settle(): void {
    const { first } = this;
    if (first === null || this.stack.slots.includes(first.slot)) return;
    const window = this.ownWindowOf(first);
    this.first = this.loaded(first.index);
    if (this.first !== null) this.own.set(this.first.index, window);
  }

  /** All has come: the windows for bone, teeth and soft tissue are told from the whole volume. One that is in use stays what it is. */
  refinePresets(): void {
    const matters = this.first === null || !this.isVolume ? [] : mattersOf(this.stack.slots, this.first.facts.modality);
    const named = new Map(matters.map((one) => [one.name, one]));
    const chosen = this.presets.findIndex((one) => one === this.window);
    this.presets = this.presets.map((one) => named.get(one.name) ?? one);
    if (chosen >= 0) this.window = this.presets[chosen] ?? this.window;
  }

  /** The window in use: one chosen by hand, else the first picture's for a volume, else the image's own. */
  windowOf(shown: Shown): Window {
    return this.window ?? this.ownWindowOf(this.isVolume && this.first !== null ? this.first : shown);
  }

  /** The window that an image says itself, else one measured from it. */
  ownWindowOf(shown: Shown): Window {
    const known = shown.frame.windows[0] ?? this.own.get(shown.index);
    if (known !== undefined) return known;
    const window = measured(shown);
    this.own.set(shown.index, window);
    return window;
  }

  pictureOf(shown: Shown): Picture {
    return { width: shown.facts.columns, height: shown.facts.rows, aspect: pixelAspect(shown.facts, shown.slot.frame) };
  }

  viewOf(shown: Shown): View {
    return this.view ?? fitted(this.pictureOf(shown));
  }

  sceneOf(shown: Shown): Scene {
    return {
      slot: shown.index,
      view: this.viewOf(shown),
      pane: this.pane,
      picture: this.pictureOf(shown),
      window: this.windowOf(shown),
      voiFunction: shown.facts.voiFunction,
      inverted: this.inverted !== (shown.facts.photometric === "MONOCHROME1"),
    };
  }

  draw(renderer: Renderer): Shown | null {
    const shown = this.shown;
    if (shown === null) renderer.clear();
    else renderer.draw(this.sceneOf(shown));
    return shown;
  }
}

/** What stands for a whole series is shown where one of its images would be. */
function standing(slot: Slot, index: number): Shown | null {
  return slot.facts === null ? null : { index, slot, facts: slot.facts, frame: frameFacts(slot.facts, 0) };
}

function mattersOf(slots: readonly Slot[], modality: string): Window[] {
  const landmarks = modality === "CT" ? landmarksOf(slots) : null;
  return landmarks === null ? [] : MATTERS.map((matter) => matterWindow(matter, landmarks, WORDS.matters[matter]));
}

const EIGHT_BITS = { low: 0, high: 255 };

/** Eight-bit pictures are as their maker wanted them; others are measured. */
function measured(shown: Shown): Window {
  const { slot, facts, frame } = shown;
  if (slot.pixels?.kind === "kept") return { ...spanning(rescaled(slot.pixels.extent, frame) ?? EIGHT_BITS), name: "Everything" };
  if (slot.pixels?.kind !== "grey" || (facts.bitsStored <= 8 && !facts.signed && facts.bitsStored > 1)) {
    return { ...spanning(EIGHT_BITS), name: "Everything" };
  }
  return automaticWindow(slot.pixels.stored, frame, facts.padding, facts.voiFunction);
}
