/** What the page has for a volume: its layouts, its controls, and its planes while they are shown. */
import type { Looks } from "../render/planes";
import type { Renderer } from "../render/renderer";
import type { Tool } from "../tools/actions";
import type { Geometry } from "../volume/geometry";
import type { Mark, Slab } from "../volume/linked";
import type { Side } from "../volume/sides";
import type { Stack } from "../volume/stack";
import { CELLS, type CellName, type Layout } from "./cells";
import type { KeptPlanes } from "./keeping";
import type { LookName } from "./looks";
import { planesListed } from "./listed";
import { MeasureList, type Behind } from "./measure_list";
import { Planes } from "./planes";
import type { Room } from "./room";
import { decimal, WORDS } from "./words";

interface Around {
  tool(): Tool;
  stack(): Stack;
  looks(): Looks;
  window(dx: number, dy: number): void;
  change(): void;
  tell(words: string): void;
  /** What is measured on single pictures. */
  readonly pictures: Behind;
}

/** Guards that planes are shown only where there is a volume, and what belongs to them with them. */
export class VolumeRoom {
  private made: Planes | null = null;
  private layout: Layout | "images" = "images";
  private readonly list: MeasureList;

  constructor(
    private readonly mount: HTMLElement,
    private readonly room: Room,
    private readonly around: Around,
  ) {
    const goTo = (mark: Mark): void => this.set((planes) => planes.goTo(mark));
    const listed = planesListed(() => this.planes?.linked ?? null, goTo);
    this.list = new MeasureList(() => (this.planes === null ? around.pictures : listed), () => around.change());
    mount.append(this.list.element);
    room.list.addEventListener("click", () => this.toggleList());
    room.sides.addEventListener("change", () => this.set((planes) => planes.lookFrom(room.sides.value as Side)));
    room.resetBody.addEventListener("click", () => this.set((planes) => planes.resetBody()));
    room.layouts.addEventListener("change", () => this.choose(room.layouts.value as Layout | "images"));
    room.looks.addEventListener("change", () => this.set((planes) => (planes.look = room.looks.value as LookName)));
    room.slab.addEventListener("input", () => this.set((planes) => (planes.linked.slabMm = Number(room.slab.value))));
    room.slabPresets.addEventListener("change", () => this.set((planes) => presetSlab(planes, room.slabPresets.value)));
    room.slabKind.addEventListener("change", () => this.set((planes) => (planes.linked.slab = room.slabKind.value as Slab)));
  }

  /** Show the list of measurements, or put it away. */
  toggleList(): boolean {
    this.room.list.setAttribute("aria-pressed", String(this.list.toggle()));
    return true;
  }

  /** The planes, while they are what is shown. */
  get planes(): Planes | null {
    return this.layout === "images" ? null : this.made;
  }

  get geometry(): Geometry | null {
    return this.made?.geometry ?? null;
  }

  /** The image that the crosshair lies in; null where planes are not shown. */
  get crossedSlot(): number | null {
    const voxel = this.planes === null ? null : this.planes.linked.voxelAt(this.planes.linked.crosshair.at);
    return voxel === null ? null : (this.geometry?.slices[voxel[2]] ?? null);
  }

  /** There is a volume from now on, or it lies otherwise than was thought. */
  show(geometry: Geometry | null, kept: KeptPlanes | null = null): void {
    if (geometry === null) return;
    const isFirst = this.made === null;
    this.made?.replace(geometry);
    this.made ??= this.make(geometry);
    this.choose(isFirst ? this.first() : this.layout);
    if (kept !== null) this.take(kept);
  }

  /** There is no room on the card for a volume after all. */
  leave(): void {
    this.made = null;
    this.choose("images");
  }

  /** A small upright screen has one large pane with the others under it. */
  private first(): Layout {
    return matchMedia("(max-width: 900px) and (orientation: portrait)").matches ? "main" : "all";
  }

  /** What hands have done to the planes; null before there are any. */
  get kept(): KeptPlanes | null {
    if (this.made === null) return null;
    const { linked, look, large, active } = this.made;
    return { linked: linked.state, layout: this.layout, look, large, active };
  }

  /** Take up what was kept of the same series. */
  private take({ linked, layout, look, large, active }: KeptPlanes): void {
    const { made } = this;
    if (made === null) return;
    made.linked.take(linked);
    made.look = look as LookName;
    made.large = cellOf(large);
    made.touch(cellOf(active));
    this.choose(layout as Layout | "images");
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
    this.room.looks.hidden = layout === "images";
    if (this.room.slab.parentElement !== null) this.room.slab.parentElement.hidden = layout === "images";
    if (layout !== "images") this.made?.choose(layout);
    this.around.change();
  }

  reset(): void {
    this.set((planes) => {
      planes.linked.reset();
      planes.resetBody();
    });
  }

  draw(renderer: Renderer): void {
    const { planes } = this;
    this.list.write();
    if (planes === null) return;
    if (planes.layout !== this.layout) this.layout = this.room.layouts.value = planes.layout; // a double click changed it
    this.write(planes);
    planes.draw(renderer);
  }

  /** Keys and presets change what the controls show. */
  private write(planes: Planes): void {
    const { room } = this;
    const { slabMm, slab, marks } = planes.linked;
    room.clear.hidden = marks.length === 0;
    room.looks.value = planes.look;
    room.sides.value = planes.side;
    room.slab.value = String(slabMm);
    room.slabKind.value = slab;
    room.slabKind.disabled = slabMm === 0;
    room.slabPresets.value = Array.from(room.slabPresets.options, ({ value }) => value).find((value) => value === slabPreset(slab, slabMm)) ?? "";
    const { measuresThrough } = planes.geometry; // else nobody knows how thick a slab is
    room.slabPresets.hidden = !measuresThrough;
    room.slabText.textContent = slabMm === 0 ? WORDS.thin : `${decimal(slabMm, 1)} ${measuresThrough ? "mm" : `(${WORDS.noScale})`}`;
  }

  private set(change: (planes: Planes) => unknown): void {
    if (this.made !== null) change(this.made);
    this.around.change();
  }
}

function cellOf(name: string): CellName {
  return CELLS.find((one) => one === name) ?? "axial";
}

function slabPreset(slab: Slab, mm: number): string {
  return mm === 0 ? "mean 0" : `${slab} ${String(mm)}`;
}

function presetSlab({ linked }: Planes, preset: string): void {
  const [slab, mm] = preset.split(" ");
  linked.slab = slab as Slab;
  linked.slabMm = Math.min(Number(mm), linked.mostSlabMm);
}
