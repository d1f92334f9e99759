/** What the page has for a volume: its layouts, its controls, and its planes while they are shown. */
import type { Looks } from "../render/planes";
import type { Renderer } from "../render/renderer";
import type { Tool } from "../tools/actions";
import type { Geometry } from "../volume/geometry";
import type { Slab } from "../volume/linked";
import type { Stack } from "../volume/stack";
import type { Layout } from "./cells";
import type { LookName } from "./looks";
import { Planes } from "./planes";
import type { Room } from "./room";
import { oddityWords, WORDS } from "./words";

interface Around {
  tool(): Tool;
  stack(): Stack;
  looks(): Looks;
  window(dx: number, dy: number): void;
  change(): void;
  tell(words: string): void;
}

/** Guards that planes are shown only where there is a volume, and what belongs to them with them. */
export class VolumeRoom {
  private made: Planes | null = null;
  private layout: Layout | "images" = "images";

  constructor(
    private readonly mount: HTMLElement,
    private readonly room: Room,
    private readonly around: Around,
  ) {
    room.layouts.addEventListener("change", () => this.choose(room.layouts.value as Layout | "images"));
    room.looks.addEventListener("change", () => this.set((planes) => (planes.look = room.looks.value as LookName)));
    room.slab.addEventListener("input", () => this.set((planes) => (planes.linked.slabMm = Number(room.slab.value))));
    room.slabKind.addEventListener("change", () => this.set((planes) => (planes.linked.slab = room.slabKind.value as Slab)));
  }

  /** The planes, while they are what is shown. */
  get planes(): Planes | null {
    return this.layout === "images" ? null : this.made;
  }

  get geometry(): Geometry | null {
    return this.made?.geometry ?? null;
  }

  /** There is a volume from now on, or it lies otherwise than was thought. */
  show(geometry: Geometry | null): void {
    if (geometry === null) return;
    const isFirst = this.made === null;
    this.made?.replace(geometry);
    this.made ??= this.make(geometry);
    this.around.tell(geometry.oddities.map(oddityWords).join(" "));
    this.choose(isFirst ? "all" : this.layout);
  }

  private make(geometry: Geometry): Planes {
    const { around } = this;
    return new Planes(geometry, this.room.grid, this.room.cells, {
      get tool() {
        return around.tool();
      },
      get stack() {
        return around.stack();
      },
      looks: () => around.looks(),
      window: (dx, dy) => around.window(dx, dy),
      change: () => around.change(),
      tell: (words) => around.tell(words),
    });
  }

  choose(layout: Layout | "images"): void {
    this.layout = layout;
    const has = this.made !== null;
    this.room.layouts.value = layout;
    this.room.layouts.hidden = !has;
    this.room.grid.hidden = layout === "images";
    this.mount.dataset["mode"] = layout === "images" ? "images" : "planes";
    for (const part of [this.room.looks, this.room.clear]) part.hidden = layout === "images";
    if (this.room.slab.parentElement !== null) this.room.slab.parentElement.hidden = layout === "images";
    if (layout !== "images") this.made?.choose(layout);
    this.around.change();
  }

  reset(): void {
    this.room.slab.value = "0";
    this.set((planes) => planes.linked.reset());
  }

  draw(renderer: Renderer): void {
    const { planes } = this;
    if (planes === null) return;
    if (planes.layout !== this.layout) this.layout = this.room.layouts.value = planes.layout; // a double click changed it
    this.room.slabText.textContent = planes.linked.slabMm === 0 ? WORDS.thin : `${planes.linked.slabMm.toFixed(1)} mm`;
    planes.draw(renderer);
  }

  private set(change: (planes: Planes) => unknown): void {
    if (this.made !== null) change(this.made);
    this.around.change();
  }
}
