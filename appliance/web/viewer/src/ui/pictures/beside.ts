/** A second pane on the same pictures, with a view, a window and a place in the series of its own; marks belong to pictures and are the same. */
import { Renderer } from "../../render/renderer";
import { listenToPointers } from "../../tools/pointers";
import { fit, writeProblem } from "../drawing";
import { FlatRoom } from "../flat";
import type { Hands } from "../hands";
import { writePane } from "../overlay";
import { paneParts } from "../room";
import type { Half, Stage } from "../stage";
import { WORDS } from "../words";

const MOST_BYTES = 512 * 2 ** 20; // one picture at a time

/** Guards that the second pane is made once and draws only while it is seen. */
export class Beside {
  private readonly added = new Set<number>();
  readonly half: Half & { readonly renderer: Renderer };

  constructor(
    private readonly stage: Stage,
    hands: Hands,
    touch: (half: Half) => void,
  ) {
    const room = { ...stage.room, ...paneParts() };
    const showing = stage.showing.twin();
    room.pane.classList.add("second");
    room.progress.hidden = true;
    stage.room.pane.after(room.pane);
    const renderer = new Renderer(room.canvas, showing.stack, MOST_BYTES, () => stage.change());
    const flat = new FlatRoom(room, { showing: () => showing, change: () => stage.change(), tell: (words) => stage.tell(words) });
    this.half = { room, showing, renderer, flat };
    this.listen(room.pane, () => touch(this.half));
    this.listen(stage.room.pane, () => touch(stage));
    room.canvas.addEventListener("webglcontextlost", () => stage.tell(WORDS.lost));
    listenToPointers(room.pane, hands);
  }

  /** A pane is meant once a hand touches it, a mouse comes over it, or the keyboard is in it. */
  private listen(pane: HTMLElement, touch: () => void): void {
    for (const name of ["pointerdown", "focusin"] as const) pane.addEventListener(name, touch, { capture: true });
    pane.addEventListener("pointerenter", (event) => event.pointerType === "mouse" && event.buttons === 0 && touch());
  }

  draw(): void {
    const { room, showing, renderer, flat } = this.half;
    const { order, caption, tool } = this.stage.showing;
    Object.assign(showing, { order, caption, tool });
    const at = showing.shown?.index;
    if (at !== undefined && !this.added.has(at)) renderer.add(at);
    if (at !== undefined) this.added.add(at);
    fit(room, showing);
    showing.draw(renderer);
    writeProblem(room, showing);
    flat.draw(true);
    writePane(room, showing);
  }
}
