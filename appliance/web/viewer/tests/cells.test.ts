/** Words beside a point of a measurement. */
import { describe, expect, it } from "vitest";
import { beside } from "../src/ui/cells";

describe("a measurement's value", () => {
  it("stands after its last point, and before it where the pane ends", () => {
    expect(beside({ x: 40, y: 30 }, "8.3 mm", 240)).toEqual({ kind: "words", at: { x: 50, y: 22 }, words: "8.3 mm", class: "words" });
    expect(beside({ x: 200, y: 30 }, "8.3 mm", 240)).toEqual({ kind: "words", at: { x: 190, y: 16 }, words: "8.3 mm", class: "words before" });
    expect(beside({ x: 40, y: 30 }, "8.3 mm at the detector", 240)).toMatchObject({ class: "words" });
    expect(beside({ x: 60, y: 30 }, "8.3 mm at the detector", 240)).toMatchObject({ class: "words before" });
  });
});
