/** Mouse, pen and fingers. One pointer uses the chosen tool; two move and zoom; the wheel scrolls, with Ctrl it zooms. */
import type { Point } from "../volume/view";
import { isPointTool, type Actions, type Phase, type Tool } from "./actions";

const PIXELS_PER_IMAGE = 8;
const PIXELS_PER_DOUBLING = 150;
const WHEEL_STEP = 30;
const NOTCH = 50; // a mouse wheel reports at least so much for one notch, a touchpad less
const BUTTON_TOOLS: Readonly<Record<number, Tool>> = { 1: "pan", 2: "zoom" };

interface Held {
  at: Point;
  start: Point;
  readonly tool: Tool | null;
}

const EVENTS = ["pointerdown", "pointermove", "pointerup", "pointercancel", "pointerleave", "wheel", "dblclick", "contextmenu"] as const;

/** Listen to a pane; what it took goes no further, to a pane that holds it. */
export function listenToPointers(pane: HTMLElement, actions: Actions): void {
  for (const name of EVENTS) pane.addEventListener(name, (event) => event.stopPropagation());
  const held = new Map<number, Held>();
  const carry = { images: 0, wheel: 0 };

  pane.addEventListener("pointerdown", (event) => {
    const at = pointIn(pane, event);
    pane.setPointerCapture(event.pointerId);
    held.set(event.pointerId, { at, start: at, tool: BUTTON_TOOLS[event.button] ?? null });
    carry.images = 0;
    actions.hover(at);
    const [first] = held.values();
    point(first, held.size === 1 ? "down" : "cancel", actions);
  });
  pane.addEventListener("pointermove", (event) => {
    const one = held.get(event.pointerId);
    const at = pointIn(pane, event);
    actions.hover(at);
    if (one === undefined) return;
    const from = one.at;
    one.at = at;
    const [other] = [...held].filter(([id]) => id !== event.pointerId).map(([, pointer]) => pointer);
    if (other === undefined) drag(one, from, actions, carry);
    else pinch(from, at, other.at, actions);
  });
  for (const end of ["pointerup", "pointercancel"] as const) {
    pane.addEventListener(end, (event) => {
      if (held.size === 1) point(held.get(event.pointerId), "up", actions);
      held.delete(event.pointerId);
    });
  }
  pane.addEventListener("pointerleave", () => actions.hover(null));
  pane.addEventListener("contextmenu", (event) => event.preventDefault());
  pane.addEventListener("dblclick", () => actions.enlarge());
  pane.addEventListener("wheel", (event) => wheel(pane, event, actions, carry), { passive: false });
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

function pinch(from: Point, at: Point, other: Point, actions: Actions): void {
  const before = Math.hypot(from.x - other.x, from.y - other.y);
  const after = Math.hypot(at.x - other.x, at.y - other.y);
  actions.pan((at.x - from.x) / 2, (at.y - from.y) / 2);
  if (before > 0 && after > 0) actions.zoom({ x: (at.x + other.x) / 2, y: (at.y + other.y) / 2 }, after / before);
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
