/** Draws the linked planes and the body into their cells, each only when it changed, and writes what stands over them. */
import type { Part } from "../render/planes";
import type { Renderer } from "../render/renderer";
import { edgesKnown } from "../volume/orientation";
import { isTurned, PLANES, type PlaneName } from "../volume/planes";
import { rulerFor } from "../volume/ruler";
import type { Size } from "../volume/view";
import { drawShapes, type Cell, type CellName } from "./cells";
import { lookOf } from "./looks";
import { shapesOf } from "./plane_shapes";
import type { Around, Planes } from "./planes";
import { WORDS } from "./words";

const RULER_PIXELS = 120;
const REST_MS = 160;

/** Guards that what stands on the canvas is drawn anew when it is void, and not before. */
export class PlaneDrawing {
  private isResting = false;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private frame = "";
  /** What stands in each cell, and whether it is as fine as it gets. */
  private readonly painted = new Map<CellName, { readonly key: string; readonly isFine: boolean }>();
  /** All that is seen is drawn as finely as this device can. */
  isFine = false;

  constructor(
    private readonly planes: Planes,
    private readonly cells: Readonly<Record<CellName, Cell>>,
    private readonly around: Around,
  ) {}

  /** Draw every cell that is seen and has changed. The canvas lies under all of them and keeps what was drawn. */
  draw(renderer: Renderer): void {
    const ratio = renderer.canvas.width / Math.max(1, renderer.canvas.clientWidth);
    this.begin(renderer);
    const { isResting } = this;
    this.isResting = false;
    const seen = PLANES.filter((name) => !this.cells[name].element.hidden);
    const planes = seen.map((name) => this.drawPlane(name, renderer, ratio, isResting));
    const isBodyFine = this.cells.solid.element.hidden || this.drawSolid(renderer, ratio, isResting);
    this.isFine = isBodyFine && planes.every((isFine) => isFine);
    clearTimeout(this.timer);
    if (!this.isFine) this.timer = setTimeout(() => this.refine(), REST_MS);
  }

  /** Another layout, another size or a lost context: nothing that was drawn stands any more. */
  private begin(renderer: Renderer): void {
    const { width, height } = renderer.canvas;
    const { layout, large, layouts } = this.planes;
    const frame = JSON.stringify([width, height, layout, large, layouts]);
    if (frame === this.frame) return;
    this.frame = frame;
    this.painted.clear();
    renderer.clear();
  }

  private drawPlane(name: PlaneName, renderer: Renderer, ratio: number, isResting: boolean): boolean {
    const size = this.planes.sizeOf(name);
    const { slabMm, slab: slabKind } = this.planes.linked;
    const place = { plane: this.planes.linked.plane(name), view: this.planes.linked.view(name, size), part: this.partOf(name, renderer, ratio), ratio };
    const scene = { ...this.around.looks(), ...place, slabMm, slabKind };
    const key = JSON.stringify([scene, renderer.volumeState]);
    let painted = this.painted.get(name);
    if (painted?.key !== key || (isResting && !painted.isFine)) {
      const isFine = renderer.drawPlane({ ...scene, geometry: this.planes.geometry, isResting });
      painted = isFine === null ? undefined : { key, isFine };
      if (painted !== undefined) this.painted.set(name, painted);
    }
    this.write(name, size);
    return painted?.isFine ?? true; // what is not there yet asks for itself when it comes
  }

  private drawSolid(renderer: Renderer, ratio: number, isResting: boolean): boolean {
    const size = this.planes.sizeOf("solid");
    const scene = { geometry: this.planes.geometry, plane: this.planes.linked.solid, view: this.planes.linked.view("solid", size), part: this.partOf("solid", renderer, ratio), ratio };
    const isFine = renderer.drawSolid({ ...this.around.looks(), ...scene, ...lookOf(this.planes.look, this.around.looks()), isResting });
    this.writeEdges("solid");
    return isFine;
  }

  /** Nothing has moved for a moment: the next drawing may take its time. */
  rest(): void {
    this.isResting = true;
  }

  private refine(): void {
    this.rest();
    this.around.change();
  }

  private partOf(name: CellName, renderer: Renderer, ratio: number): Part {
    const box = this.cells[name].element.getBoundingClientRect();
    const canvas = renderer.canvas.getBoundingClientRect();
    const [x, width] = [Math.round((box.left - canvas.left) * ratio), Math.round(box.width * ratio)];
    const height = Math.round(box.height * ratio);
    return { x, y: renderer.canvas.height - Math.round((box.top - canvas.top) * ratio) - height, width, height };
  }

  private write(name: PlaneName, size: Size): void {
    const cell = this.cells[name];
    const turned = isTurned(this.planes.linked.crosshair, name);
    put(cell.label, turned ? `${WORDS.cells[name]}, ${WORDS.oblique}` : WORDS.cells[name]);
    put(cell.reading, this.planes.hover?.name === name ? this.planes.readingAt(this.planes.linked.under(name, size, this.planes.hover.at)) : "");
    drawShapes(cell.marks, shapesOf(this.planes.linked, name, size, this.around.tool === "cross"));
    this.writeEdges(name);
    const ruler = this.planes.linked.measures(name) ? rulerFor(this.planes.linked.view(name, size).pixelsPerMm, Math.min(RULER_PIXELS, 0.36 * size.width)) : null;
    cell.ruler.hidden = ruler === null;
    if (ruler === null) return;
    cell.ruler.style.width = `${String(Math.round(ruler.pixels))}px`;
    put(cell.ruler, `${String(ruler.mm)} mm`);
  }

  private writeEdges(name: CellName): void {
    const { right, down } = this.planes.linked.plane(name);
    const letters = edgesKnown(this.planes.geometry, right, down);
    for (const side of ["left", "right", "top", "bottom"] as const) put(this.cells[name].edges[side], letters[side]);
  }
}

function put(into: HTMLElement, words: string): void {
  if (into.textContent !== words) into.textContent = words;
}
