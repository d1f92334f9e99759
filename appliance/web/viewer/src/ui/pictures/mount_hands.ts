/** Mouse, fingers and keys in the mount: press a tile, drag a picture to another place, go about with arrows. */

const DRAG_FROM = 8; // CSS pixels that a pointer goes before a press is a drag

/** What hands ask of the mount; places are those of `data-place`. */
export interface MountHands {
  /** @param isMore whether Shift or Ctrl was held: the picture is to be compared. */
  press(place: string, isMore: boolean): void;
  pick(place: string): void;
  drop(place: string): void;
  leave(): void;
  isCarrying(): boolean;
}

interface Drag {
  readonly place: string;
  readonly x: number;
  readonly y: number;
  ghost: HTMLElement | null;
}

/** Listen to the mount; what it took goes no further. */
export function listenInMount(mount: HTMLElement, hands: MountHands, closing: AbortSignal): void {
  let wasDragged = false;
  mount.addEventListener("click", (event) => {
    const place = placeAt(event.target);
    if (place !== null && !wasDragged) hands.press(place, event.shiftKey || event.ctrlKey);
    wasDragged = false;
  });
  mount.addEventListener("pointerdown", () => (wasDragged = false), { capture: true });
  listenToDrags(mount, hands, closing, () => (wasDragged = true));
  mount.addEventListener("keydown", (event) => {
    if (key(mount, event, hands)) {
      event.preventDefault();
      event.stopPropagation();
    }
  });
}

function listenToDrags(mount: HTMLElement, hands: MountHands, closing: AbortSignal, dragged: () => void): void {
  let drag: Drag | null = null;
  mount.addEventListener("pointerdown", (event) => {
    const tile = event.target instanceof Element ? event.target.closest<HTMLElement>(".tile.full") : null;
    const place = tile?.dataset["place"];
    drag = place === undefined || event.button !== 0 || hands.isCarrying() ? null : { place, x: event.clientX, y: event.clientY, ghost: null };
  });
  document.addEventListener("pointermove", (event) => {
    if (drag === null) return;
    if (drag.ghost === null && Math.hypot(event.clientX - drag.x, event.clientY - drag.y) < DRAG_FROM) return;
    if (drag.ghost === null) {
      drag.ghost = ghostOf(mount, drag.place);
      hands.pick(drag.place);
    }
    drag.ghost.style.transform = `translate(${String(event.clientX)}px, ${String(event.clientY)}px)`;
    mark(mount, placeUnder(event));
  }, { signal: closing });
  const end = (event: PointerEvent): void => {
    const done = drag;
    drag = null;
    if (done?.ghost == null) return;
    done.ghost.remove();
    dragged();
    mark(mount, null);
    const place = event.type === "pointerup" ? placeUnder(event) : null;
    if (place === null) hands.leave();
    else hands.drop(place);
  };
  for (const name of ["pointerup", "pointercancel"] as const) document.addEventListener(name, end, { signal: closing });
}

/** A copy of the picture that goes with the hand. */
function ghostOf(mount: HTMLElement, place: string): HTMLElement {
  const ghost = document.createElement("div");
  ghost.className = "ghost";
  const canvas = mount.querySelector<HTMLCanvasElement>(`.tile[data-place="${place}"] canvas`);
  if (canvas !== null) {
    const copy = document.createElement("canvas");
    [copy.width, copy.height] = [canvas.width, canvas.height];
    copy.getContext("2d")?.drawImage(canvas, 0, 0);
    ghost.append(copy);
  }
  mount.append(ghost);
  return ghost;
}

function placeUnder(event: PointerEvent): string | null {
  return placeAt(document.elementFromPoint(event.clientX, event.clientY));
}

function placeAt(target: EventTarget | null): string | null {
  return (target instanceof Element ? target.closest<HTMLElement>("[data-place]")?.dataset["place"] : null) ?? null;
}

function mark(mount: HTMLElement, place: string | null): void {
  for (const one of mount.querySelectorAll<HTMLElement>("[data-place]")) one.classList.toggle("under", one.dataset["place"] === place);
}

function key(mount: HTMLElement, event: KeyboardEvent, hands: MountHands): boolean {
  const tile = event.target instanceof HTMLElement && event.target.classList.contains("tile") ? event.target : null;
  if (event.key === "Escape" && hands.isCarrying()) hands.leave();
  else if (tile === null) return false;
  else if (event.key in ARROWS) goFrom(mount, tile, event.key as keyof typeof ARROWS);
  else if (event.key === " ") carry(tile.dataset["place"] ?? "", hands);
  else return false;
  return true;
}

function carry(place: string, hands: MountHands): void {
  if (hands.isCarrying()) hands.drop(place);
  else hands.pick(place);
}

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] } as const;

/** To the nearest tile that way. */
function goFrom(mount: HTMLElement, from: HTMLElement, arrow: keyof typeof ARROWS): void {
  const [x, y] = ARROWS[arrow];
  const start = middleOf(from);
  const found = [...mount.querySelectorAll<HTMLElement>(".tile:not([hidden])")].flatMap((tile) => {
    const at = middleOf(tile);
    const along = (at.x - start.x) * x + (at.y - start.y) * y;
    const across = Math.abs((at.x - start.x) * y) + Math.abs((at.y - start.y) * x);
    return along > 4 ? [{ tile, far: along + 2.5 * across }] : [];
  });
  const [nearest] = found.sort((a, b) => a.far - b.far);
  if (nearest === undefined) return;
  from.tabIndex = -1;
  nearest.tile.tabIndex = 0;
  nearest.tile.focus();
}

function middleOf(tile: HTMLElement): { x: number; y: number } {
  const { left, top, width, height } = tile.getBoundingClientRect();
  return { x: left + width / 2, y: top + height / 2 };
}
