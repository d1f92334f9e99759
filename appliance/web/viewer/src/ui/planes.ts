/** The linked planes on the screen: hands on a cell change the state, and the state is drawn into every cell. */
import type { Looks } from "../render/planes";
import type { Renderer } from "../render/renderer";
import type { Actions, Phase, PointTool, Tool } from "../tools/actions";
import { listenToPointers } from "../tools/pointers";
import type { Geometry } from "../volume/geometry";
import { Linked, valueOf, type Mark } from "../volume/linked";
import type { PlaneName } from "../volume/planes";
import { begun, withPoint, type Refusal } from "../volume/marking";
import { readingAt, type Stack } from "../volume/stack";
import type { Side } from "../volume/sides";
import type { Point, Size } from "../volume/view";
import type { Vector } from "../volume/vectors";
import { CELLS, isAlone, type Cell, type CellName, type Layout } from "./cells";
import type { LookName } from "./looks";
import { PlaneDrawing } from "./plane_drawing";
import { handlesOf } from "./plane_shapes";
import { readingWords } from "./overlay";
import { WORDS } from "./words";

const HANDLE_REACH = 24;
const MARK_REACH = 22;

/** What the planes ask of the page around them. */
export interface Around {
  readonly tool: Tool;
  readonly stack: Stack;
  looks(): Looks;
  window(dx: number, dy: number): void;
  change(): void;
  tell(words: string): void;
}

interface Grip {
  readonly kind: "cross" | "turn" | "mark";
  readonly mark?: number;
  readonly point?: number;
  readonly angle?: number;
  readonly isNew?: boolean;
}

/** Guards the cells of one volume. */
export class Planes {
  linked: Linked;
  layout: Layout = "all";
  look: LookName = "bone";
  /** The cell that was touched last: keys mean it. */
  active: CellName = "axial";
  /** The one that the layout "main" shows large. */
  large: CellName = "axial";
  /** From where the body was last told to be seen. */
  side: Side = "front";
  private before: Layout = "all";
  private keyed: Mark | null = null;
  /** Where a pointer rests. */
  hover: { readonly name: PlaneName; readonly at: Point } | null = null;
  private grip: Grip | null = null;
  /** Counts what makes all that was drawn void. */
  layouts = 0;
  private readonly drawing: PlaneDrawing;

  constructor(
    geometry: Geometry,
    private readonly grid: HTMLElement,
    private readonly cells: Readonly<Record<CellName, Cell>>,
    private readonly around: Around,
  ) {
    this.linked = new Linked(geometry);
    this.drawing = new PlaneDrawing(this, cells, around);
    for (const name of CELLS) {
      listenToPointers(cells[name].element, this.actionsFor(name));
      cells[name].element.addEventListener("focus", () => this.touch(name));
    }
  }

  get geometry(): Geometry {
    return this.linked.geometry;
  }

  /** The volume lies otherwise than was thought. */
  replace(geometry: Geometry): void {
    this.linked = this.linked.onto(geometry);
    this.layouts++;
  }

  /** What keys do, in the cell that was touched last. */
  get actions(): Pick<Actions, "scroll" | "goTo" | "zoom" | "pan"> {
    return this.actionsFor(this.active);
  }

  choose(layout: Layout): void {
    if (layout !== this.layout && !isAlone(this.layout)) this.before = this.layout;
    this.layout = layout;
    this.layouts++;
    this.grid.dataset["layout"] = layout;
    for (const name of CELLS) {
      const { element } = this.cells[name];
      element.hidden = isAlone(layout) ? layout !== name : layout === "row" && name === "solid";
      element.classList.toggle("large", layout === "main" && this.large === name);
    }
    if (this.cells[this.active].element.hidden) this.touch(isAlone(layout) ? layout : "axial");
    this.around.change();
  }

  /** One pane large, then alone, then all again as they were. */
  enlarge(name: CellName): void {
    if (isAlone(this.layout)) return this.choose(this.before);
    if (this.layout !== "main" || this.large === name) return this.choose(name);
    this.large = name;
    this.choose("main");
  }

  /** Show a mark in its own plane. */
  goTo(mark: Mark): void {
    this.linked.goTo(mark);
    this.touch(mark.plane);
    if (isAlone(this.layout) && this.layout !== mark.plane) this.choose(mark.plane);
  }

  lookFrom(side: Side): void {
    this.side = side;
    this.linked.lookFrom(side);
  }

  /** The body as at the beginning; planes and measurements stay. */
  resetBody(): void {
    this.look = "bone";
    this.lookFrom("front");
  }

  /** Measure without a pointer: each call takes the crosshair's place as the next point. */
  dropPoint(): boolean {
    const { tool } = this.around;
    const { active: plane, linked } = this;
    if (plane === "solid" || (tool !== "length" && tool !== "angle")) return false;
    const { at } = linked.crosshair;
    const before = this.goesOn(plane, this.begunByKeys(plane, tool));
    const mark = before === null ? begun(linked, tool, plane, at) : withPoint(linked, plane, before, before.points.length, at);
    if (this.isRefused(mark)) return true;
    if (before !== null) linked.marks.pop();
    linked.marks.push(mark);
    this.keyed = isBegun(mark) ? mark : null;
    return true;
  }

  private begunByKeys(plane: PlaneName, kind: Mark["kind"]): Mark | null {
    const { keyed } = this;
    return keyed !== null && keyed === this.linked.marks.at(-1) && keyed.kind === kind && keyed.plane === plane ? keyed : null;
  }

  /** What was begun, where its plane still holds it; else it is dropped, and said to be. */
  private goesOn(name: PlaneName, mark: Mark | null): Mark | null {
    if (mark === null || this.linked.holds(name, mark.points)) return mark;
    this.linked.marks.splice(this.linked.marks.indexOf(mark), 1);
    this.around.tell(WORDS.planeMoved);
    return null;
  }

  private isRefused(mark: Mark | Refusal): mark is Refusal {
    if (typeof mark !== "string") return false;
    this.around.tell(mark === "apart" ? WORDS.planeMoved : WORDS.noLength);
    return true;
  }

  /** What hands do next is meant for this cell. */
  touch(name: CellName): void {
    this.active = name;
    for (const one of CELLS) this.cells[one].element.classList.toggle("active", one === name);
  }

  /** Where on the page a point in mm is shown, for hands and tests. */
  placeOf(name: PlaneName, point: Vector): Point {
    const at = this.linked.over(name, this.sizeOf(name), point);
    const box = this.cells[name].element.getBoundingClientRect();
    return { x: box.left + at.x, y: box.top + at.y };
  }

  remove(): void {
    this.linked.marks.pop();
    this.around.change();
  }

  sizeOf(name: CellName): Size {
    const { clientWidth: width, clientHeight: height } = this.cells[name].element;
    return { width: Math.max(1, width), height: Math.max(1, height) };
  }

  private actionsFor(name: CellName): Actions {
    const done = (deed: () => void) => (): void => {
      this.touch(name);
      deed();
      this.around.change();
    };
    const { around } = this;
    return {
      get tool(): Tool {
        return name === "solid" && around.tool !== "window" && around.tool !== "pan" && around.tool !== "zoom" ? "scroll" : around.tool;
      },
      images: 2,
      choose: () => undefined,
      remove: () => this.remove(),
      point: (tool: PointTool, phase: Phase, at: Point) => done(() => name !== "solid" && this.point(name, tool, phase, at))(),
      window: (dx, dy) => around.window(dx, dy),
      pan: (dx, dy) => done(() => this.linked.pan(name, this.sizeOf(name), dx, dy))(),
      zoom: (at, factor) => done(() => this.zoom(name, at, factor))(),
      scroll: (steps) => done(() => name !== "solid" && this.linked.scroll(name, steps))(),
      turn: (dx, dy) => {
        if (name !== "solid") return false;
        done(() => this.linked.turnSolid(dx, dy))();
        return true;
      },
      goTo: (image) => done(() => name !== "solid" && this.linked.scroll(name, image === 0 ? -1e5 : 1e5))(),
      hover: (at) => this.hoverAt(name, at),
      preset: () => undefined,
      invert: () => undefined,
      reset: () => undefined,
      enlarge: () => this.enlarge(name),
      fullScreen: () => undefined,
      help: () => undefined,
    };
  }

  private zoom(name: CellName, at: Point | null, factor: number): void {
    const size = this.sizeOf(name);
    this.linked.zoom(name, size, at ?? { x: size.width / 2, y: size.height / 2 }, factor);
  }

  private hoverAt(name: CellName, at: Point | null): void {
    this.hover = at === null || name === "solid" ? null : { name, at };
    if (this.linked.marks.at(-1)?.kind !== this.around.tool) this.dropPointAlone();
    this.around.change();
  }

  private point(name: PlaneName, tool: PointTool, phase: Phase, at: Point): void {
    if (phase === "down") this.grip = this.gripAt(name, tool, at);
    const { grip } = this;
    if (grip === null) return;
    if (phase === "cancel") return this.letGo(grip);
    if (grip.kind === "turn") this.turnTo(name, grip, at);
    else if (grip.kind === "cross") this.linked.moveTo(this.linked.under(name, this.sizeOf(name), at));
    else this.drawMark(name, grip, phase, at);
    if (phase === "up" && this.grip?.kind !== "mark") this.grip = null;
  }

  /** A second finger came: what the first one had begun is undone. */
  private letGo(grip: Grip): void {
    if (grip.isNew === true) this.linked.marks.splice(grip.mark ?? -1, 1);
    this.grip = null;
  }

  private gripAt(name: PlaneName, tool: PointTool, at: Point): Grip | null {
    const old = this.markAt(name, at);
    if (old !== null) return old;
    if (tool === "cross") return this.isOnHandle(name, at) ? { kind: "turn", angle: this.angleTo(name, at) } : { kind: "cross" };
    return this.startMark(name, tool, at);
  }

  /** The point of a mark that lies under a hand. */
  private markAt(name: PlaneName, at: Point): Grip | null {
    for (const mark of this.linked.marksIn(name)) {
      const point = mark.points.findIndex((one) => away(this.linked.over(name, this.sizeOf(name), one), at) < MARK_REACH / 2);
      if (point >= 0 && valueOf(mark) !== null) return { kind: "mark", mark: this.linked.marks.indexOf(mark), point };
    }
    return null;
  }

  private startMark(name: PlaneName, kind: Mark["kind"], at: Point): Grip | null {
    const { marks } = this.linked;
    const here = this.linked.under(name, this.sizeOf(name), at);
    const last = marks.at(-1);
    const before = this.goesOn(name, last !== undefined && isBegun(last) && last.kind === kind && last.plane === name ? last : null);
    const mark = before === null ? begun(this.linked, kind, name, here) : withPoint(this.linked, name, before, before.points.length, here);
    if (this.isRefused(mark)) return null;
    if (before !== null) {
      marks[marks.length - 1] = mark;
      return { kind: "mark", mark: marks.length - 1, point: before.points.length };
    }
    this.dropPointAlone();
    marks.push({ ...mark, points: [here, here] });
    return { kind: "mark", mark: marks.length - 1, point: 1, isNew: true };
  }

  private drawMark(name: PlaneName, grip: Grip, phase: Phase, at: Point): void {
    const { marks } = this.linked;
    const index = grip.mark ?? -1;
    const mark = marks[index];
    if (mark === undefined || grip.point === undefined) return;
    const here = this.linked.under(name, this.sizeOf(name), at);
    const moved = phase === "down" ? mark : withPoint(this.linked, name, mark, grip.point, here);
    if (!this.isRefused(moved)) marks[index] = moved;
    if (phase !== "up") return;
    this.grip = null;
    const value = valueOf({ kind: "length", plane: name, points: marks[index]?.points ?? [] });
    if (mark.points.length !== 2 || value !== 0) return;
    if (grip.isNew === true) marks[index] = { ...mark, points: [here] }; // a click: the next one goes on from here
    else marks.splice(index, 1);
  }

  /** A click that nothing followed. */
  private dropPointAlone(): void {
    if (this.linked.marks.at(-1)?.points.length === 1) this.linked.marks.pop();
  }

  private turnTo(name: PlaneName, grip: Grip, at: Point): void {
    const angle = this.angleTo(name, at);
    this.linked.turn(name, angle - (grip.angle ?? angle));
    this.grip = { kind: "turn", angle };
  }

  private angleTo(name: PlaneName, at: Point): number {
    const middle = this.linked.over(name, this.sizeOf(name), this.linked.crosshair.at);
    return Math.atan2(at.y - middle.y, at.x - middle.x);
  }

  private isOnHandle(name: PlaneName, at: Point): boolean {
    return handlesOf(this.linked, name, this.sizeOf(name)).some((handle) => away(handle.at, at) < HANDLE_REACH);
  }

  /** Draw every cell that is seen and has changed. */
  draw(renderer: Renderer): void {
    this.drawing.draw(renderer);
  }

  /** All has come, and no hand is at it: the next drawing may take its time. */
  rest(): void {
    this.drawing.rest();
  }

  /** The body is drawn as finely as this device can, or is not seen. */
  get isFine(): boolean {
    return this.drawing.isFine;
  }

  /** The stored value of the voxel at a mm point, in words; none while it is being fetched. */
  readingAt(point: Vector): string {
    const voxel = this.linked.voxelAt(point);
    const slot = voxel === null ? null : this.geometry.slices[voxel[2]];
    const found = slot === null || slot === undefined ? undefined : this.around.stack.slots[slot];
    if (found?.pixels === null && found.problem === null) return WORDS.coming.noValue;
    if (voxel === null || slot === null || slot === undefined) return "";
    const whole = this.around.stack.whole(slot);
    return whole === null ? "" : readingWords(readingAt(whole, voxel[0], voxel[1]));
  }
}

/** One click of a length, or up to two of an angle: the next one goes on. */
function isBegun({ kind, points }: Mark): boolean {
  return points.length < (kind === "length" ? 2 : 3);
}

function away(a: Point, b: Point): number {
  return Math.hypot(a.x - b.x, a.y - b.y);
}
