/**
 * A read-only handle, `window.enamelViewer`, for tests and for support: what is shown, stored values, brightness on the screen.
 * It gives nothing that a script of this page could not ask the box for itself, and changes nothing.
 */
import type { Renderer } from "../render/renderer";
import { toPane } from "../volume/view";
import { flatValue, type FlatMark } from "../volume/flat";
import { valueOf } from "../volume/linked";
import type { PlaneName } from "../volume/planes";
import type { Vector } from "../volume/vectors";
import type { Planes } from "./planes";
import type { Showing } from "./showing";
import type { Layouts } from "./stage";
import type { VolumeRoom } from "./volume_room";

interface Behind {
  readonly showing: Showing;
  readonly renderer: Renderer | null;
  readonly volume: VolumeRoom;
  readonly layouts: Layouts | null;
}

const [MOST_LOOKS, LOOK_AGAIN_MS] = [1000, 5];

/** Put the handle on the page. */
export function expose(behind: () => Behind): void {
  const handle = Object.freeze({
    state: () => stateOf(behind()),
    stored: (slot: number) => storedOf(behind().showing, slot),
    brightness: (column: number, row: number) => brightnessOf(behind(), column, row),
    paneAt: (column: number, row: number) => paneOf(behind().showing, column, row),
    cellAt: (name: PlaneName, point: Vector) => behind().volume.planes?.placeOf(name, point) ?? null,
    cellBrightness: (name: PlaneName, points: readonly Vector[]) => cellBrightness(behind(), name, points),
  });
  Object.defineProperty(window, "enamelViewer", { value: handle, configurable: true });
}

function stateOf({ showing, renderer, volume, layouts }: Behind): Record<string, unknown> {
  const { stack, shown } = showing;
  return {
    images: stack.slots.length,
    loaded: stack.slots.filter((slot) => slot.pixels !== null).length,
    kept: stack.slots.filter((slot) => slot.pixels?.kind === "kept").length,
    problems: stack.slots.map((slot) => slot.problem),
    wanted: showing.wanted,
    shown: shown?.index ?? null,
    window: shown === null ? null : showing.windowOf(shown),
    view: shown === null ? null : showing.viewOf(shown),
    isVolume: showing.isVolume,
    bodyScale: renderer?.bodyScale ?? null,
    factor: renderer?.factor ?? 1,
    marks: showing.marks.all.map(({ slot, mark }) => ({ slot, kind: mark.kind, value: markValue(showing, slot, mark) })),
    pictures: layouts?.state ?? null,
    planes: volume.planes === null ? null : planesOf(volume.planes),
  };
}

function markValue({ stack }: Showing, slot: number, mark: FlatMark): number | null {
  const { facts, frame } = stack.slots[slot] ?? { facts: null, frame: 0 };
  return facts === null ? null : flatValue(mark, facts, frame);
}

function planesOf({ linked, layout }: Planes): Record<string, unknown> {
  return {
    layout,
    crosshair: linked.crosshair,
    slabMm: linked.slabMm,
    slab: linked.slab,
    slices: linked.geometry.slices,
    affine: linked.geometry.affine,
    oddities: linked.geometry.oddities,
    marks: linked.marks.map((mark) => ({ kind: mark.kind, plane: mark.plane, value: valueOf(mark) })),
  };
}

/** Brightness 0..255 that a cell shows over points in mm. */
function cellBrightness({ renderer, volume }: Behind, name: PlaneName, points: readonly Vector[]): (number | undefined)[] | null {
  const { planes } = volume;
  if (planes === null || renderer === null) return null;
  volume.draw(renderer);
  const canvas = renderer.canvas.getBoundingClientRect();
  const ratio = renderer.canvas.width / canvas.width;
  return points.map((point) => {
    const at = planes.placeOf(name, point);
    return renderer.readAt(Math.floor((at.x - canvas.left) * ratio), Math.floor((at.y - canvas.top) * ratio))[0];
  });
}

/** A copy of an image's stored values, or of its red, green, blue bytes; those that are kept packed come a little later. */
async function storedOf({ stack }: Showing, slot: number): Promise<number[] | null> {
  for (let look = 0; look < MOST_LOOKS; look++) {
    const pixels = stack.whole(slot)?.pixels;
    if (pixels === null || (pixels === undefined && stack.slots[slot] === undefined)) return null;
    if (pixels !== undefined && pixels.kind !== "kept") return Array.from(pixels.kind === "grey" ? pixels.stored : pixels.rgb);
    await new Promise((done) => setTimeout(done, LOOK_AGAIN_MS));
  }
  return null;
}

/** Pane point, in CSS pixels, of the middle of an image pixel. */
function paneOf(showing: Showing, column: number, row: number): { x: number; y: number } | null {
  const { shown, pane } = showing;
  if (shown === null) return null;
  return toPane(showing.viewOf(shown), pane, showing.pictureOf(shown), { x: column + 0.5, y: row + 0.5 });
}

function brightnessOf({ showing, renderer }: Behind, column: number, row: number): number[] | null {
  const { shown } = showing;
  const at = paneOf(showing, column, row);
  if (shown === null || at === null || renderer === null) return null;
  const ratio = renderer.canvas.width / showing.pane.width;
  return renderer.brightnessAt(showing.sceneOf(shown), Math.floor(at.x * ratio), Math.floor(at.y * ratio));
}
