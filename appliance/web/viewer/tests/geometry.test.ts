import { describe, expect, it } from "vitest";
import type { Orientation } from "../src/dicom/facts";
import { geometryOf, type Candidate, type Geometry } from "../src/volume/geometry";
import { angleAt, distance } from "../src/volume/measures";
import { Linked } from "../src/volume/linked";
import { edgesKnown } from "../src/volume/orientation";
import { crosshairOf, fittedPlane, intoOf, isTurned, overPane, planeOf, stepThrough, turnedIn, underPane, within, type PlaneName } from "../src/volume/planes";
import { inverse, length, minus, toMm, turned, type Vector } from "../src/volume/vectors";

const STANDING: Orientation = [1, 0, 0, 0, 1, 0];
type Change = Partial<Candidate["frame"]> & { readonly columns?: number; readonly between?: number | null };

function slice(slot: number, position: Vector | null, change: Change = {}): Candidate {
  const { columns = 4, between = null, ...frame } = change;
  return { slot, columns, rows: 6, frame: { position, orientation: STANDING, spacing: [0.25, 0.25], ...frame }, between };
}

function stackAt(heights: readonly number[], change: Change = {}): Candidate[] {
  return heights.map((height, slot) => slice(slot, [10, 20, height], change));
}

function found(candidates: readonly Candidate[]): Geometry {
  const geometry = geometryOf(candidates);
  if (geometry === null) throw new Error("no volume");
  return geometry;
}

function codes(geometry: Geometry): string[] {
  return geometry.oddities.map(({ code }) => code);
}

function near(point: Vector, to: Vector): void {
  expect(length(minus(point, to))).toBeLessThan(1e-9);
}

describe("geometry", () => {
  it("goes by positions whatever the order, and says nothing where nothing is odd", () => {
    const [straight, reversed, mixed] = [[0, 0.25, 0.5], [0.5, 0.25, 0], [0.25, 0.5, 0]].map((heights) => found(stackAt(heights)));
    expect([straight?.slices, reversed?.slices, mixed?.slices]).toEqual([[0, 1, 2], [2, 1, 0], [2, 0, 1]]);
    for (const geometry of [straight, reversed, mixed]) {
      expect(geometry?.affine).toEqual({ i: [0.25, 0, 0], j: [0, 0.25, 0], k: [0, 0, 0.25], origin: [10, 20, 0] });
      expect(geometry?.oddities).toEqual([]);
      expect([geometry?.isOriented, geometry?.measuresAcross, geometry?.measuresThrough]).toEqual([true, true, true]);
    }
  });

  it("puts slices of any orientation where they lie in the patient", () => {
    const sagittal: Orientation = [0, 1, 0, 0, 0, -1];
    const geometry = found([0, 1, 2].map((slot) => slice(slot, [5 - slot, 0, 30], { orientation: sagittal, spacing: [0.5, 1] })));
    near(toMm(geometry.affine, [2, 4, 0]), [5, 2, 28]);
    near(toMm(geometry.affine, [0, 0, 2]), [3, 0, 30]);
    expect(geometry.slices).toEqual([0, 1, 2]); // rows to the back, columns to the feet: the normal goes to the right
  });

  it("leaves a place for what is missing and says how much is", () => {
    const geometry = found(stackAt([0, 0.25, 1, 1.25]));
    expect(geometry.slices).toEqual([0, 1, null, null, 2, 3]);
    expect(geometry.oddities).toEqual([{ code: "missing", count: 2 }]);
    expect(geometry.measuresThrough).toBe(true);
  });

  it("takes no volume for one when most of its slices are missing", () => {
    expect(geometryOf(stackAt([0, 0.25, 0.5, 25, 50]))).toBeNull();
  });

  it("measures nothing through slices that stand on no grid", () => {
    const geometry = found(stackAt([0, 0.25, 0.61, 0.75]));
    expect(geometry.oddities).toEqual([{ code: "irregular", least: expect.closeTo(0.14, 6) as number, most: expect.closeTo(0.36, 6) as number }]);
    expect([geometry.measuresAcross, geometry.measuresThrough]).toEqual([true, false]);
  });

  it("bears the rounding of positions", () => {
    expect(codes(found(stackAt([0, 0.125, 0.25, 0.374, 0.5])))).toEqual([]);
  });

  it("shows the first of two in one place and says so", () => {
    const geometry = found(stackAt([0, 0.25, 0.25, 0.5]));
    expect(geometry.slices).toEqual([0, 1, 3]);
    expect(geometry.oddities).toEqual([{ code: "duplicates", count: 1 }]);
  });

  it("puts a tilted gantry's slices straight, exactly", () => {
    const geometry = found([0, 1, 2].map((slot) => slice(slot, [0, slot * 0.1, slot])));
    expect(geometry.oddities[0]).toEqual({ code: "tilted", degrees: expect.closeTo((Math.atan(0.1) * 180) / Math.PI, 6) as number });
    near(toMm(geometry.affine, [0, 0, 2]), [0, 0.2, 2]);
    expect(geometry.measuresThrough).toBe(true);
  });

  it("leaves out what is turned otherwise or of another size", () => {
    const odd = [slice(3, [0, 0, 9], { orientation: [0, 1, 0, 0, 0, -1] }), slice(4, [0, 0, 9.25], { columns: 9 })];
    const geometry = found([...stackAt([0, 0.25, 0.5]), ...odd]);
    expect(geometry.slices).toEqual([0, 1, 2]);
    expect(geometry.oddities).toEqual([{ code: "left-out", count: 2 }]);
  });

  it("takes the distance that is said where positions say none, negative ones too, and never measures what is not said", () => {
    const said = found([0, 1].map((slot) => slice(slot, null, { between: 0.4 })));
    expect([said.affine.k, said.measuresThrough, said.oddities]).toEqual([[0, 0, 0.4], true, [{ code: "no-positions", mm: 0.4, said: true }]]);
    const against = found([0, 1, 2].map((slot) => slice(slot, slot === 0 ? [1, 2, 3] : null, { between: -0.4 })));
    expect([against.slices, against.affine.origin, against.affine.k]).toEqual([[2, 1, 0], [1, 2, 3 - 0.8], [0, 0, 0.4]]);
    const unsaid = found([0, 1].map((slot) => slice(slot, [1, 2, 3])));
    expect([unsaid.affine.k, unsaid.measuresThrough, unsaid.oddities]).toEqual([[0, 0, 0.25], false, [{ code: "no-positions", mm: 0.25, said: false }]]);
  });

  it("names no end across slices whose order alone says how they follow each other", () => {
    const [right, back, feet]: Vector[] = [[1, 0, 0], [0, 1, 0], [0, 0, -1]];
    if (right === undefined || back === undefined || feet === undefined) throw new Error("three directions");
    const [placed, unplaced] = [found(stackAt([0, 1, 2])), found([0, 1].map((slot) => slice(slot, null, { between: 1 })))];
    const letters = (geometry: Geometry, across: Vector, down: Vector): string => Object.values(edgesKnown(geometry, across, down)).join("");
    expect([letters(placed, right, feet), letters(placed, right, back)]).toEqual(["RLHF", "RLAP"]);
    expect([letters(unplaced, right, feet), letters(unplaced, right, back), letters(unplaced, feet, back)]).toEqual(["RL", "RLAP", "AP"]);
    expect(letters(found(stackAt([0, 1, 2], { orientation: null })), right, back)).toBe("");
  });

  it("measures nothing through slices that lead aslant where no orientation says how they lie", () => {
    const aslant = (orientation: Orientation | null): Geometry => found([0, 1, 2].map((slot) => slice(slot, [0, slot, slot], { orientation, spacing: [1, 1] })));
    expect([aslant(null), aslant([0, 0, 0, 0, 0, 0]), aslant(STANDING)].map(({ measuresAcross, measuresThrough }) => [measuresAcross, measuresThrough])).toEqual([
      [true, false],
      [true, false],
      [true, true],
    ]);
  });

  it("knows no left and no size where none is said", () => {
    const geometry = found(stackAt([0, 1, 2], { orientation: null, spacing: null }));
    expect(codes(geometry)).toEqual(["no-orientation", "no-spacing"]);
    expect([geometry.isOriented, geometry.measuresAcross, geometry.measuresThrough]).toEqual([false, false, false]);
  });

  it("takes an orientation that cannot be for none, and says so", () => {
    const impossible: Orientation[] = [[0, 0, 0, 0, 0, 0], [1, 0, 0, 1, 0, 0], [1, 0, 0, 0, 0, 0], [2, 0, 0, 0, 1, 0], [1, 0, 0, 0.1, 0.995, 0], [NaN, 0, 0, 0, 1, 0]];
    for (const orientation of impossible) {
      const geometry = found(stackAt([0, 0.25, 0.5], { orientation }));
      expect([orientation, codes(geometry), geometry.isOriented]).toEqual([orientation, ["false-orientation"], false]);
    }
    expect(codes(found(stackAt([0, 0.25, 0.5], { orientation: [0.999, 0.003, 0, 0, 1, 0] })))).toEqual([]);
  });

  it("measures nothing through slices of which one stands aside, or that bow", () => {
    const aside = found([0, 1, 2, 3, 4].map((slot) => slice(slot, [slot === 2 ? 15 : 0, 0, slot], { spacing: [1, 1] })));
    const bowed = found(Array.from({ length: 21 }, (_, slot) => slice(slot, [20 * Math.sin((Math.PI * slot) / 20), 0, slot], { spacing: [1, 1] })));
    expect([aside.oddities, aside.measuresAcross, aside.measuresThrough]).toEqual([[{ code: "sideways", mm: 15 }], true, false]);
    expect([bowed.oddities, bowed.measuresThrough]).toEqual([[{ code: "sideways", mm: expect.closeTo(20, 6) as number }], false]);
    const rounded = found([0, 1, 2, 3].map((slot) => slice(slot, [slot % 2 === 0 ? 0.01 : 0, 0, slot], { spacing: [1, 1] })));
    expect([codes(rounded), rounded.measuresThrough]).toEqual([[], true]);
  });

  it("measures nothing by sizes that are not of the patient", () => {
    for (const at of ["detector", "scanned"] as const) {
      const geometry = found(stackAt([0, 0.25, 0.5], { spacingFrom: at }));
      expect([geometry.oddities, geometry.measuresAcross, geometry.measuresThrough]).toEqual([[{ code: "not-of-patient", at }], false, false]);
    }
    expect(found(stackAt([0, 0.25, 0.5], { spacingFrom: "patient" })).measuresThrough).toBe(true);
  });

  it("says when voxels are long", () => {
    expect(found(stackAt([0, 1, 2])).oddities).toEqual([{ code: "anisotropic", least: 0.25, most: 1 }]);
  });

  it("makes no volume of one picture or of none", () => {
    expect([geometryOf([]), geometryOf(stackAt([0]))]).toEqual([null, null]);
  });
});

describe("planes", () => {
  const geometry = found(stackAt(Array.from({ length: 41 }, (_, at) => at * 0.25)));
  const straight = crosshairOf(geometry);
  const pane = { width: 400, height: 300 };

  it("show the patient's right on the left, the face or the head at the top", () => {
    const shown = (name: PlaneName): number[] => [...planeOf(straight, name).right, ...planeOf(straight, name).down].map((part) => part + 0);
    expect([shown("axial"), shown("coronal"), shown("sagittal")]).toEqual([
      [1, 0, 0, 0, 1, 0],
      [1, 0, 0, 0, 0, -1],
      [0, 1, 0, 0, 0, -1],
    ]);
  });

  it("find the mm point under a pane point and back, turned by any angle", () => {
    for (const angle of [0, Math.PI / 6, 2]) {
      const crosshair = turnedIn(turnedIn(straight, "axial", angle), "coronal", angle / 2);
      for (const name of ["axial", "coronal", "sagittal"] as const) {
        const plane = planeOf(crosshair, name);
        const view = fittedPlane(geometry, plane, pane);
        const point = underPane(plane, view, pane, crosshair, { x: 37, y: 211 });
        const over = overPane(plane, view, pane, point);
        expect([over.x, over.y]).toEqual([expect.closeTo(37, 6), expect.closeTo(211, 6)]);
        const into = intoOf(plane);
        expect(minus(point, crosshair.at).reduce((sum, part, at) => sum + part * (into[at] ?? 0), 0)).toBeCloseTo(0, 9);
      }
    }
  });

  it("stay at right angles however often they are turned, and know that they are", () => {
    let crosshair = straight;
    for (let at = 0; at < 1000; at++) crosshair = turnedIn(crosshair, (["axial", "coronal", "sagittal"] as const)[at % 3] ?? "axial", 0.1);
    const { left, back, head } = crosshair;
    for (const axis of [left, back, head]) expect(length(axis)).toBeCloseTo(1, 9);
    expect(Math.max(...[[left, back], [back, head], [head, left]].map(([a, b]) => Math.abs((a ?? left).reduce((sum, part, at) => sum + part * (b?.[at] ?? 0), 0))))).toBeLessThan(1e-9);
    expect([isTurned(crosshair, "axial"), isTurned(straight, "axial")]).toEqual([true, false]);
  });

  it("turn clockwise as the pane shows it", () => {
    const { left } = turnedIn(straight, "axial", Math.PI / 2);
    near(left, [0, 1, 0]); // what pointed to the pane's right points down
  });

  it("keep the picture of the plane that is turned in upright, and turn the others", () => {
    const turned = turnedIn(straight, "axial", Math.PI / 6);
    near(planeOf(turned, "axial").right, [1, 0, 0]);
    near(intoOf(planeOf(turned, "coronal")), [-0.5, Math.cos(Math.PI / 6), 0]);
    near(planeOf(turned, "coronal").down, [0, 0, -1]);
    expect((["axial", "coronal", "sagittal"] as const).map((name) => isTurned(turned, name))).toEqual([false, true, true]);
  });

  it("fit a volume into its pane, whole", () => {
    const view = fittedPlane(geometry, planeOf(straight, "coronal"), pane);
    expect(view.pixelsPerMm).toBeCloseTo((0.94 * 300) / 10.25, 6);
  });

  it("scroll by voxels in their own direction", () => {
    expect(stepThrough(geometry, planeOf(straight, "axial"))).toBeCloseTo(0.25, 9);
  });

  it("never leave the volume", () => {
    near(within(geometry, inverse(geometry.affine), [999, 20, -999]), [10.75, 20, 0]);
  });
});

describe("a volume that lies otherwise than was thought", () => {
  const [thought, true_] = [found([0, 1, 2, 3].map((slot) => slice(slot, null, { between: 0.25 }))), found(stackAt([40, 40.25, 40.5, 40.75]))];

  it("is shown from its own middle where no hand has moved anything", () => {
    const linked = new Linked(thought);
    linked.slabMm = 0.5;
    const other = linked.onto(true_);
    near(other.crosshair.at, crosshairOf(true_).at);
    expect(other.slabMm).toBe(0.5);
  });

  it("keeps the place to which a hand had gone, as near as it has it", () => {
    const linked = new Linked(true_);
    linked.moveTo([10.25, 20.5, 40.25]);
    near(linked.onto(true_).crosshair.at, [10.25, 20.5, 40.25]);
  });
});

describe("measures", () => {
  it("are the patient's millimetres and degrees", () => {
    expect(distance([0, 0, 0], [3, 4, 12])).toBe(13);
    expect(angleAt([0, 0, 0], [2, 0, 0], [0, 0, 5])).toBeCloseTo(90, 9);
    expect(angleAt([0, 0, 0], [0, 0, 0], [1, 0, 0])).toBeNull();
  });

  it("survive a turn", () => {
    const [a, b] = [[1, 2, 3], [-4, 5, 0.5]] as const;
    expect(distance(turned(a, [0, 0, 1], 0.7), turned(b, [0, 0, 1], 0.7))).toBeCloseTo(distance(a, b), 9);
  });
});
