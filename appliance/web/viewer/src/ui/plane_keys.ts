/** What keys do to the linked planes: each acts on the pane that was touched last, as hands do. */
import type { MoreKeys } from "../tools/keys";
import { SIDES } from "../volume/sides";
import { plus } from "../volume/vectors";
import type { Slab } from "../volume/linked";
import { LOOKS } from "./looks";
import type { Planes } from "./planes";

const PAN = 40;
const TURN = Math.PI / 180;
const SLAB_STEP = 0.5;
const SLABS: readonly Slab[] = ["mean", "most", "least"];
const LAYOUTS = ["all", "main", "row"] as const;
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] } as const;

/** Keys for the planes that are shown, none for other pictures. `change` is told after each. */
export function planeKeys(shown: () => Planes | null, change: () => void): MoreKeys {
  const on = (deed: (planes: Planes) => unknown) => (): boolean => {
    const planes = shown();
    if (planes === null || deed(planes) === false) return false;
    change();
    return true;
  };
  const arrows = Object.entries(ARROWS).flatMap(([key, [x, y]]): (readonly [string, () => boolean])[] => [
    [key, on((planes) => turnBody(planes, x, y))],
    [`Shift+${key}`, on((planes) => planes.linked.pan(planes.active, planes.sizeOf(planes.active), x * PAN, y * PAN))],
    [`Ctrl+${key}`, on((planes) => moveCrosshair(planes, x, y))],
  ]);
  return {
    ...Object.fromEntries(arrows),
    "[": on(({ linked }) => (linked.slabMm = Math.max(0, linked.slabMm - SLAB_STEP))),
    "]": on(({ linked }) => (linked.slabMm = Math.min(linked.mostSlabMm, linked.slabMm + SLAB_STEP))),
    k: on(({ linked }) => (linked.slab = after(SLABS, linked.slab))),
    q: on((planes) => turn(planes, -TURN)),
    e: on((planes) => turn(planes, TURN)),
    Q: on((planes) => turn(planes, -10 * TURN)),
    E: on((planes) => turn(planes, 10 * TURN)),
    x: on((planes) => planes.choose(after(LAYOUTS, planes.layout))),
    Enter: on((planes) => planes.enlarge(planes.active)),
    " ": on((planes) => planes.dropPoint()),
    b: on((planes) => (planes.look = after(LOOKS, planes.look))),
    v: on((planes) => planes.lookFrom(after(SIDES, planes.side))),
    g: on((planes) => planes.resetBody()),
  };
}

function after<Of>(list: readonly Of[], one: unknown): Of {
  return list[(list.indexOf(one as Of) + 1) % list.length] as Of;
}

/** Arrows go round the body where it is what keys mean; elsewhere they have their usual meaning. */
function turnBody(planes: Planes, x: number, y: number): boolean {
  if (planes.active !== "solid") return false;
  planes.linked.turnSolid(-x * 15, -y * 15);
  return true;
}

function turn({ active, linked }: Planes, angle: number): boolean {
  if (active === "solid") return false;
  linked.turn(active, angle);
  return true;
}

/** One voxel to a side of the pane. */
function moveCrosshair({ active, linked }: Planes, x: number, y: number): boolean {
  if (active === "solid") return false;
  const { right, down } = linked.plane(active);
  const step = linked.leastStep;
  linked.moveTo(plus(plus(linked.crosshair.at, right, x * step), down, y * step));
  return true;
}
