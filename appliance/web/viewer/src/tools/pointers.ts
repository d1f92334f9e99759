/**
 * Mouse, pen and fingers. One pointer uses the chosen tool; two fingers zoom, move or change brightness; the wheel scrolls,
 * with Ctrl it zooms. While a pen writes, the hand that rests beside it does nothing. A pen's eraser takes the last
 * measurement away.
 */
import type { Point } from "../volume/view";
import { isPointTool, type Actions, type Phase, type Tool } from "./actions";
import { TwoFingers } from "./two_fingers";

const PIXELS_PER_IMAGE = 8;
const PIXELS_PER_DOUBLING = 150;
const WHEEL_STEP = 30;
const NOTCH = 50; // a mouse wheel reports at least so much for one notch, a touchpad less
const BUTTON_TOOLS: Readonly<Record<number, Tool>> = { 1: "pan", 2: "zoom" };
const ERASER = 5; // Pointer Events 4.1.1.2: the eraser end of a pen

interface Held {
  at: Point;
  start: Point;
  readonly tool: Tool | null;
  readonly isPen: boolean;
}

const EVENTS = ["pointerdown", "pointermove", "pointerup", "pointercancel", "pointerleave", "wheel", "dblclick", "contextmenu"] as const;

/** Listen to a pane; what it took goes no further, to a pane that holds it. */
export function listenToPointers(pane: HTMLElement, actions: Actions): void {
  for (const name of EVENTS) pane.addEventListener(name, (event) => event.stopPropagation());
  const held = new Map<number, Held>();
  const carry = { images: 0, wheel: 0 };

  let fingers: TwoFingers | null = null;

  pane.addEventListener("pointerdown", (event) => {
    if (!mayBegin(event, held, actions)) return;
    const at = pointIn(pane, event);
    pane.setPointerCapture(event.pointerId);
    held.set(event.pointerId, { at, start: at, tool: BUTTON_TOOLS[event.button] ?? null, isPen: event.pointerType === "pen" });
    carry.images = 0;
    actions.hover(at);
    const [first, second] = held.values();
    point(first, held.size === 1 ? "down" : "cancel", actions);
    fingers = first && second && held.size === 2 ? new TwoFingers([first.at, second.at]) : null;
  });
  pane.addEventListener("pointermove", (event) => {
    const one = held.get(event.pointerId);
    const at = pointIn(pane, event);
    if (one !== undefined || held.size === 0) actions.hover(at);
    const from = one?.at;
    if (one === undefined || from === undefined) return;
    one.at = at;
    const [first, second] = held.values();
    if (first && second) fingers?.move(first.at, second.at, actions);
    else drag(one, from, actions, carry);
  });
  for (const end of ["pointerup", "pointercancel"] as const) {
    pane.addEventListener(end, (event) => {
      if (held.size === 1) point(held.get(event.pointerId), "up", actions);
      if (held.delete(event.pointerId)) fingers = null;
    });
  }
  pane.addEventListener("pointerleave", () => actions.hover(null));
  pane.addEventListener("contextmenu", (event) => event.preventDefault());
  pane.addEventListener("dblclick", () => isMeasuring(actions.tool) || actions.enlarge()); // two quick clicks are two points
  pane.addEventListener("wheel", (event) => wheel(pane, event, actions, carry), { passive: false });
}

function isMeasuring(tool: Tool): boolean {
  return tool === "length" || tool === "angle";
}

/** A pen goes before fingers: what one of them or the ball of the hand had begun is undone, and while it writes none begins. */
function mayBegin({ pointerType, button }: PointerEvent, held: Map<number, Held>, actions: Actions): boolean {
  if (pointerType !== "pen") return ![...held.values()].some((one) => one.isPen);
  if (button === ERASER) actions.remove();
  const [first] = held.values();
  point(first, "cancel", actions);
  held.clear();
  return button !== ERASER;
}

function pointIn(pane: HTMLElement, event: MouseEvent): Point {
  const box = pane.getBoundingClientRect();
  return { x: event.clientX - box.left, y: event.clientY - box.top };
}

function point(one: Held | undefined, phase: Phase, actions: Actions): void {
  const tool = one?.tool ?? actions.tool;
  if (one !== undefined && isPointTool(tool)) actions.point(tool, phase, one.at);
}

function drag(one: Held, from: Point, actions: Actions, carry: { images: number }): void {
  const [dx, dy] = [one.at.x - from.x, one.at.y - from.y];
  const tool = one.tool ?? actions.tool;
  if (tool === "window") actions.window(dx, dy);
  else if (tool === "pan") actions.pan(dx, dy);
  else if (tool === "zoom") actions.zoom(one.start, 2 ** (-dy / PIXELS_PER_DOUBLING));
  else if (isPointTool(tool)) actions.point(tool, "move", one.at);
  else if (!actions.turn(dx, dy)) scrollByDrag(dy, actions, carry);
}

function scrollByDrag(dy: number, actions: Actions, carry: { images: number }): void {
  carry.images += dy / PIXELS_PER_IMAGE;
  const whole = Math.trunc(carry.images);
  carry.images -= whole;
  if (whole !== 0) actions.scroll(whole);
}

function wheel(pane: HTMLElement, event: WheelEvent, actions: Actions, carry: { wheel: number }): void {
  event.preventDefault();
  const lines = event.deltaMode === WheelEvent.DOM_DELTA_PIXEL ? event.deltaY : event.deltaY * NOTCH;
  if (event.ctrlKey || event.metaKey || actions.images === 1) {
    actions.zoom(pointIn(pane, event), 2 ** (-Math.max(-120, Math.min(120, lines)) / 200));
    return;
  }
  if (Math.abs(lines) >= NOTCH) return actions.scroll(Math.sign(lines));
  carry.wheel += lines;
  const whole = Math.trunc(carry.wheel / WHEEL_STEP);
  carry.wheel -= whole * WHEEL_STEP;
  if (whole !== 0) actions.scroll(whole);
}
