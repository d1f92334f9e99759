/** Does what hands and keys ask of the picture that is shown; what planes do with it is theirs. */
import type { Actions, Phase, PointTool, Tool } from "../tools/actions";
import { draggedWindow } from "../volume/greys";
import { isGrey } from "../volume/stack";
import { panned, zoomedAt, type Point } from "../volume/view";
import type { Stage } from "./stage";

export class Hands implements Actions {
  constructor(private readonly stage: Stage) {}

  get tool(): Tool {
    return this.stage.showing.tool;
  }

  get images(): number {
    return this.stage.active.showing.count;
  }

  choose(tool: Tool): void {
    for (const half of [this.stage.active, this.stage.layouts?.beside]) if (half) half.showing.tool = tool;
    this.stage.showing.tool = tool;
    this.stage.change();
  }

  window(dx: number, dy: number): void {
    const { volume, active: { showing } } = this.stage;
    const shown = volume.planes === null ? showing.shown : showing.first;
    if (shown === null || !isGrey(shown.slot)) return;
    showing.window = draggedWindow(showing.windowOf(shown), dx, dy, shown.facts.voiFunction);
    this.stage.change();
  }

  pan(dx: number, dy: number): void {
    const { volume, active: { showing } } = this.stage;
    if (volume.planes !== null) return volume.planes.actions.pan(dx, dy);
    const { shown } = showing;
    if (shown === null) return;
    showing.view = panned(showing.viewOf(shown), showing.pane, showing.pictureOf(shown), { x: dx, y: dy });
    this.stage.change();
  }

  zoom(at: Point | null, factor: number): void {
    const { volume, active: { showing } } = this.stage;
    if (volume.planes !== null) return volume.planes.actions.zoom(at, factor);
    const { shown, pane } = showing;
    if (shown === null) return;
    const middle = at ?? { x: pane.width / 2, y: pane.height / 2 };
    showing.view = zoomedAt(showing.viewOf(shown), pane, showing.pictureOf(shown), middle, factor);
    this.stage.change();
  }

  scroll(images: number): void {
    const { volume, active: { showing } } = this.stage;
    if (volume.planes !== null) return volume.planes.actions.scroll(images);
    this.goTo(showing.position + images);
  }

  /** Go to the image at a position of the order that hands go by. Another image keeps the view where it is of the same size, and is fitted anew where it is not. */
  goTo(image: number): void {
    const { volume, active: { showing } } = this.stage;
    if (volume.planes !== null) return volume.planes.actions.goTo(image);
    const before = showing.shown;
    showing.wanted = showing.slotAt(image);
    const after = showing.shown;
    if (before?.facts.columns !== after?.facts.columns || before?.facts.rows !== after?.facts.rows) showing.view = null;
    this.stage.change();
  }

  hover(at: Point | null): void {
    this.stage.active.showing.hover = at;
    this.stage.change();
  }

  /** The first preset is each picture's own where they are no volume. */
  preset(index: number): void {
    const { showing } = this.stage.active;
    showing.window = index === 0 && !showing.isVolume ? null : (showing.presets[index] ?? showing.window);
    this.stage.change();
  }

  invert(): void {
    const { showing } = this.stage.active;
    showing.inverted = !showing.inverted;
    this.stage.change();
  }

  point(tool: PointTool, phase: Phase, at: Point): void {
    this.stage.active.flat.point(tool, phase, at);
  }

  turn(): boolean {
    return false;
  }

  remove(): void {
    const { volume, active: { flat } } = this.stage;
    if (volume.planes === null) flat.remove();
    else volume.planes.remove();
  }

  /** The picture as it fits; brightness and measurements stay. Planes have a pane each for it. */
  enlarge(): void {
    const { volume, active: { showing } } = this.stage;
    if (volume.planes !== null) return;
    showing.view = null;
    this.stage.change();
  }

  reset(): void {
    const { volume, active: { showing } } = this.stage;
    volume.reset();
    showing.view = null;
    showing.window = null;
    showing.inverted = false;
    this.stage.change();
  }

  /** The whole page: whose picture it is stays in sight. */
  fullScreen(): void {
    const done = document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen();
    done.catch(() => this.stage.tell(""));
  }

  help(): void {
    this.stage.later.keys();
  }
}
