/** A date of a dataset, as the box's pages write it. */
import { describe, expect, it } from "vitest";
import { day } from "../src/ui/words/day";

describe("a date", () => {
  it("is written as on the pages, in each language", () => {
    expect(["en", "es", "pt"].map((language) => day("20260912", language))).toEqual(["12 Sep 2026", "12 sept 2026", "12 de set. de 2026"]);
    expect([day("1984-03-17", "en"), day("1984.03.17", "")]).toEqual(["17 Mar 1984", "17 Mar 1984"]);
  });

  it("stays as it is where it is none", () => {
    expect(["", "2026", "20260231", "20261301", "unknown"].map((date) => day(date, "en"))).toEqual(["", "2026", "20260231", "20261301", "unknown"]);
  });
});
