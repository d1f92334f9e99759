import { describe, expect, it } from "vitest";
import { geometryOf, type Candidate, type Geometry } from "../src/volume/geometry";
import { Linked, type Mark } from "../src/volume/linked";
import { begun, withPoint } from "../src/volume/marking";
import type { PlaneName } from "../src/volume/planes";
import { plus, type Vector } from "../src/volume/vectors";

const RIGHT: Vector = [2, 0, 0];
const FEET: Vector = [0, 0, -1];

/** Twenty slices of 20 x 20 pixels, 1 mm apart. */
function volume(change: Partial<Candidate["frame"]> = {}): Geometry {
  const slices = Array.from({ length: 20 }, (_, slot): Candidate => {
    const frame = { position: [0, 0, slot] as Vector, orientation: [1, 0, 0, 0, 1, 0] as const, spacing: [1, 1] as const, ...change };
    return { slot, columns: 20, rows: 20, frame, between: null };
  });
  const geometry = geometryOf(slices);
  if (geometry === null) throw new Error("no volume");
  return geometry;
}

function first(linked: Linked, name: PlaneName, kind: Mark["kind"] = "length"): Mark {
  const mark = begun(linked, kind, name, linked.crosshair.at);
  if (typeof mark === "string") throw new Error(mark);
  return mark;
}

/** What comes of a point that lies so far from the crosshair. */
function next(linked: Linked, name: PlaneName, mark: Mark, by: Vector, at = mark.points.length): Mark | string {
  return withPoint(linked, name, mark, at, plus(linked.crosshair.at, by));
}

describe("a point of a measurement", () => {
  const sound = volume();
  const assumed = volume({ position: null }); // as far apart as rows, because nothing is said
  const unsized = volume({ spacing: null });

  it("is not put where another one lies on another slice, whatever is known of the distance", () => {
    for (const geometry of [sound, assumed]) {
      const linked = new Linked(geometry);
      const mark = first(linked, "axial");
      linked.scroll("axial", 5);
      expect([next(linked, "axial", mark, [0, 0, 0]), next(linked, "axial", mark, RIGHT)]).toEqual(["apart", "apart"]);
      linked.scroll("axial", -5);
      expect(next(linked, "axial", mark, RIGHT)).toMatchObject({ points: [linked.crosshair.at, plus(linked.crosshair.at, RIGHT)] });
    }
  });

  it("is never put across slices whose distance is assumed, for lengths and for angles", () => {
    for (const kind of ["length", "angle"] as const) {
      const linked = new Linked(assumed);
      expect([begun(linked, kind, "coronal", linked.crosshair.at), begun(linked, kind, "sagittal", linked.crosshair.at)]).toEqual(["unmeasured", "unmeasured"]);
      const mark = first(linked, "axial", kind);
      expect(next(linked, "coronal", mark, RIGHT)).toMatchObject({ kind, plane: "coronal" });
      expect(next(linked, "coronal", mark, FEET)).toBe("unmeasured");
    }
  });

  it("is not dragged out of its slice either, by the plane that crosses it", () => {
    const [linked, trusted] = [new Linked(assumed), new Linked(sound)];
    const drawn = next(linked, "axial", first(linked, "axial"), RIGHT);
    if (typeof drawn === "string") throw new Error(drawn);
    expect(next(linked, "coronal", drawn, FEET, 1)).toBe("unmeasured");
    expect(next(trusted, "coronal", drawn, FEET, 1)).toMatchObject({ plane: "coronal" });
  });

  it("is put as deep as the others, where a plane stands part of a voxel off them", () => {
    const linked = new Linked(assumed);
    const mark = first(linked, "axial");
    linked.moveTo(plus(linked.crosshair.at, [0, 0, 0.3]));
    const drawn = next(linked, "axial", mark, RIGHT);
    expect(drawn).toMatchObject({ points: [mark.points[0], plus(mark.points[0] ?? RIGHT, RIGHT)] });
  });

  it("is put nowhere where no size is known", () => {
    const linked = new Linked(unsized);
    for (const name of ["axial", "coronal", "sagittal"] as const) {
      for (const kind of ["length", "angle"] as const) expect(begun(linked, kind, name, linked.crosshair.at)).toBe("unmeasured");
    }
  });

  it("is forgotten where the volume turns out not to be measured there, and kept by a reset", () => {
    const linked = new Linked(sound);
    const drawn = [next(linked, "axial", first(linked, "axial"), RIGHT), next(linked, "coronal", first(linked, "coronal"), FEET)];
    linked.marks.push(...drawn.flatMap((mark) => (typeof mark === "string" ? [] : [mark])));
    linked.reset();
    expect(linked.marks).toEqual(drawn);
    expect(linked.onto(assumed).marks).toEqual(drawn.slice(0, 1));
  });
});
