/**
 * How single pictures are laid out: one, two side by side, or, for intra-oral ones, all in a mount. Fetched when a series
 * is no volume, so that volumes do not wait for it.
 */
import type { FromReader } from "../../messages";
import type { Hands } from "../hands";
import { button, element } from "../elements";
import type { Half, Layouts, Stage } from "../stage";
import type { Companion } from "../viewing";
import { MOUNT } from "../words/mount";
import { Beside } from "./beside";
import { MountRoom } from "./mount_room";

export type PictureLayout = "mount" | "one" | "two";

const INTRA_ORAL = ["1.2.840.10008.5.1.4.1.1.1.3", "1.2.840.10008.5.1.4.1.1.1.3.1"]; // PS3.4 B.5, for presentation and for processing

/** What the viewer lends. */
export interface Lent {
  readonly companions: readonly Companion[];
  /** Take a message about a series that joins; answers the number of its first image. */
  join(message: FromReader, first: number): number;
  /** Say whether nothing more comes of that series. */
  isEnd(message: FromReader): boolean;
  readonly hands: Hands;
  readonly closing: AbortSignal;
}

/** Guards that one layout is shown at a time, and that hands mean the pane that was touched last. */
export class Pictures implements Layouts {
  private layout: PictureLayout = "one";
  private readonly choice: HTMLSelectElement;
  private readonly back = button("mount", MOUNT.back, () => this.choose("mount"), MOUNT.layouts.mount);
  private readonly mounted: MountRoom | null;
  private side: Beside | null = null;
  private isShort = false;

  constructor(
    private readonly stage: Stage,
    private readonly lent: Lent,
  ) {
    this.mounted = this.isIntraOral() ? new MountRoom(stage, { open: (slot) => this.open(slot), compare: (a, b) => this.compare(a, b) }, lent.closing) : null;
    const layouts = Object.entries(MOUNT.layouts).filter(([name]) => name !== "mount" || this.mounted !== null);
    this.choice = element("select", { class: "layouts", "aria-label": MOUNT.layout, title: MOUNT.layout }, ...layouts.map(([value, words]) => new Option(words, value)));
    this.choice.addEventListener("change", () => this.choose(this.choice.value as PictureLayout));
    stage.room.presets.classList.add("presets");
    stage.room.presets.after(this.choice);
    stage.room.presets.before(this.back);
    document.addEventListener("keydown", (event) => this.key(event), { signal: lent.closing });
    this.begin();
    if (this.mounted !== null) this.gather();
  }

  /** The layout that was kept, else a mount where there is one. */
  private begin(): void {
    const kept = this.stage.keeping.find()?.pictures;
    const layout = kept?.layout ?? (this.mounted === null ? "one" : "mount");
    if (layout === "two" && kept) this.compare(this.stage.showing.wanted, Math.min(kept.beside, this.stage.showing.stack.slots.length - 1));
    else this.choose(layout === "mount" && this.mounted !== null ? "mount" : "one");
  }

  private isIntraOral(): boolean {
    const facts = this.stage.showing.first?.facts;
    return facts !== undefined && (facts.modality === "IO" || INTRA_ORAL.includes(facts.sopClass));
  }

  /** Read the study's other intra-oral series, one after the other. */
  private gather(): void {
    const [...waiting] = this.lent.companions;
    const next = (): void => {
      const companion = waiting.shift();
      if (companion === undefined || this.lent.closing.aborted) return;
      let first = 0;
      companion((message) => {
        if (this.lent.closing.aborted) return;
        first = message.type === "refused" ? first : this.lent.join(message, first);
        if (message.type === "index") this.mounted?.join();
        if (this.lent.isEnd(message)) {
          this.isShort ||= message.type !== "done";
          next();
        }
        if (this.isShort) this.stage.tell(MOUNT.missing);
        this.stage.change();
      });
    };
    next();
  }

  get beside(): Half | null {
    return this.layout === "two" ? (this.side?.half ?? null) : null;
  }

  get kept(): { readonly layout: string; readonly beside: number } {
    return { layout: this.layout, beside: this.beside?.showing.wanted ?? 0 };
  }

  get state(): unknown {
    const { beside } = this;
    return { layout: this.layout, active: this.stage.active === this.stage ? 0 : 1, beside: beside?.showing.shown?.index ?? null, mount: this.mounted?.state ?? null };
  }

  placeOf(slot: number): string | null {
    return this.mounted?.placedByHand(slot) ?? null;
  }

  goTo(position: number): void {
    if (this.layout === "mount") this.open(this.stage.showing.slotAt(position));
    else this.lent.hands.goTo(position);
  }

  choose(layout: PictureLayout): void {
    if (layout === "two") return this.compare(this.stage.showing.wanted, this.stage.showing.slotAt(this.stage.showing.position + 1));
    this.layout = layout;
    this.touch(this.stage);
    this.lay();
  }

  /** Show one picture large. */
  private open(slot: number): void {
    this.show(this.stage, slot);
    this.choose("one");
    this.stage.room.pane.focus();
  }

  private compare(slot: number, other: number): void {
    this.show(this.stage, slot);
    this.side ??= new Beside(this.stage, this.lent.hands, (half) => this.touch(half));
    this.layout = "two";
    this.show(this.side.half, other);
    this.lay();
    this.touch(this.stage);
  }

  private show({ showing }: Half, slot: number): void {
    if (slot !== showing.wanted) showing.view = null;
    showing.wanted = slot;
  }

  private lay(): void {
    const { stage, layout } = this;
    stage.mount.dataset["layout"] = layout;
    this.choice.value = layout;
    this.back.hidden = this.mounted === null || layout === "mount";
    if (this.mounted !== null) this.mounted.element.hidden = layout !== "mount";
    if (this.side !== null) this.side.half.room.pane.hidden = layout !== "two";
    stage.room.pane.inert = layout === "mount";
    stage.redraw();
  }

  /** Hands and keys mean this pane from now on. */
  private touch(half: Half): void {
    if (half !== this.stage && this.layout !== "two") return;
    this.stage.active = half;
    const isTwo = this.layout === "two";
    this.stage.room.pane.classList.toggle("active", isTwo && half === this.stage);
    this.side?.half.room.pane.classList.toggle("active", isTwo && half !== this.stage);
    this.stage.change();
  }

  private key(event: KeyboardEvent): void {
    if (event.key !== "Escape" || event.defaultPrevented || this.mounted === null || this.layout === "mount" || document.querySelector("dialog[open]") !== null) return;
    event.preventDefault();
    this.choose("mount");
    this.mounted.focus(this.stage.showing.wanted);
  }

  draw(): void {
    if (this.layout === "two") this.side?.draw();
    if (this.mounted === null) return;
    this.mounted.arrange();
    if (this.layout === "mount") this.mounted.draw();
  }
}
