/** Where intra-oral pictures belong, by what their codes say, and what hands do to that. */
import { describe, expect, it } from "vitest";
import type { Dental } from "../src/dicom/facts";
import { inOrder, liesOtherwise, mountFilms, mountOrder, moveFilm, PLACES, placeOf, toothName, TRAY, type Film } from "../src/volume/mount";
import { smallPicture } from "../src/volume/small";
import { MOUNT_LANGUAGES } from "../src/ui/words/mount";
import { facts as imageFacts } from "./facts";

const NOTHING: Dental = { teeth: [], jaw: null, regions: [], side: null, lies: null };
const said = (more: Partial<Dental>): Dental => ({ ...NOTHING, ...more });
const place = (more: Partial<Dental>): string | undefined => placeOf(said(more))?.id;
const film = (slot: number, ...teeth: number[]): Film => ({ slot, dental: said({ teeth }) });

describe("a picture's place", () => {
  it("follows its teeth", () => {
    const found = [[18, 17, 16], [15, 14], [13, 12], [12, 11], [12, 11, 21, 22], [21, 22], [23], [24, 25, 26], [27, 28]].map((teeth) => place({ teeth }));
    expect(found).toEqual(["right molar", "right premolar", "right canine", "right lateral", "middle central", "left lateral", "left canine", "left premolar", "left molar"].map((one) => `upper ${one}`));
    expect([[46, 47], [41, 31], [33], [75, 74], [54, 55]].map((teeth) => place({ teeth }))).toEqual(["lower right molar", "lower middle central", "lower left canine", "lower left premolar", "upper right premolar"]);
  });

  it("is among the bitewings where teeth of both jaws are named", () => {
    expect([[16, 17, 46, 47], [24, 25, 34, 35], [11, 21, 31, 41]].map((teeth) => place({ teeth }))).toEqual(["bite right molar", "bite left premolar", "bite middle central"]);
  });

  it("is the occlusal one where a whole jaw is named, and none for a picture of all teeth", () => {
    expect(place({ teeth: [14, 13, 12, 11, 21, 22, 23, 24] })).toBe("upper middle occlusal");
    expect(place({ teeth: [14, 13, 12, 11, 21, 22, 23, 24, 34, 44] })).toBeUndefined();
  });

  it("follows jaw, side and region together, and is not guessed from less", () => {
    expect(place({ jaw: "upper", side: "right", regions: [6, 7] })).toBe("upper right molar");
    expect(place({ jaw: "lower", side: "left", regions: [3] })).toBe("lower left canine");
    expect(place({ jaw: "upper", side: "front" })).toBe("upper middle central");
    expect([place({ jaw: "upper", side: "right" }), place({ side: "left", regions: [6] }), place({})]).toEqual([undefined, undefined, undefined]);
  });

  it("is doubted where the picture says it lies otherwise", () => {
    const [right, left, front] = [[16], [26], [11, 21]].map((teeth) => placeOf(said({ teeth })));
    const odd = (one: typeof right, across: string, down = "F"): boolean => one != null && liesOtherwise(one, said({ lies: [across, down] }));
    expect([odd(right, "A"), odd(left, "P"), odd(front, "L")]).toEqual([false, false, false]);
    expect([odd(right, "P"), odd(left, "A"), odd(front, "R"), odd(right, "A", "H")]).toEqual([true, true, true, true]);
  });
});

describe("teeth", () => {
  const permanent = [1, 2, 3, 4].flatMap((quadrant) => [1, 2, 3, 4, 5, 6, 7, 8].map((tooth) => 10 * quadrant + tooth));
  const milk = [5, 6, 7, 8].flatMap((quadrant) => [1, 2, 3, 4, 5].map((tooth) => 10 * quadrant + tooth));

  it("have one Universal number each: 1 to 32 round the mouth from the upper right, A to T for milk teeth", () => {
    expect(permanent.map((tooth) => Number(toothName(tooth, "universal"))).sort((a, b) => a - b)).toEqual(Array.from({ length: 32 }, (_, i) => i + 1));
    expect([18, 11, 21, 28, 38, 31, 41, 48].map((tooth) => toothName(tooth, "universal"))).toEqual(["1", "8", "9", "16", "17", "24", "25", "32"]);
    expect(milk.map((tooth) => toothName(tooth, "universal")).sort().join("")).toBe("ABCDEFGHIJKLMNOPQRST");
    expect([55, 65, 75, 85].map((tooth) => toothName(tooth, "universal")).join("")).toBe("AJKT");
    expect(toothName(36, "fdi")).toBe("36");
  });

  it("are named from the patient's right to the left, upper ones first", () => {
    expect(inOrder([21, 46, 11, 12, 36, 22])).toEqual([12, 11, 21, 22, 46, 36]);
  });
});

describe("a mount", () => {
  const films = [film(0, 16, 17), film(1, 11, 21), film(2), film(3, 16, 17), film(4, 36)];

  it("leaves no picture out and lays none over another", () => {
    const mounted = mountFilms(films, new Map());
    expect([...mounted.places]).toEqual([["upper right molar", 0], ["upper middle central", 1], ["lower left molar", 4]]);
    expect(mounted.tray).toEqual([{ slot: 2, reason: "unsaid" }, { slot: 3, reason: "taken" }]);
    expect(mountOrder(mounted)).toEqual([0, 1, 4, 2, 3]);
  });

  it("has eighteen places that are always there", () => {
    expect(PLACES.filter((one) => !one.isExtra)).toHaveLength(18);
    expect(new Set(PLACES.map((one) => one.id)).size).toBe(PLACES.length);
  });

  it("changes two pictures' places when one is laid on the other, and takes one out into the tray", () => {
    const first = mountFilms(films, new Map());
    const swapped = mountFilms(films, moveFilm(first, new Map(), 3, "upper right molar"));
    expect(swapped.places.get("upper right molar")).toBe(3);
    expect(swapped.tray).toEqual([{ slot: 0, reason: "laid" }, { slot: 2, reason: "unsaid" }]);
    const moved = moveFilm(first, new Map(), 0, "upper middle central");
    expect([...mountFilms(films, moved).places].slice(0, 2)).toEqual([["upper middle central", 0], ["upper right molar", 1]]);
    expect(mountFilms(films, moveFilm(first, new Map(), 4, TRAY)).tray).toContainEqual({ slot: 4, reason: "laid" });
  });
});

describe("a small picture", () => {
  it("is shaded by the window it is given, white for black where it is turned", () => {
    const facts = imageFacts({ columns: 8, rows: 4 });
    const stored = Int16Array.from({ length: 32 }, (_, i) => (i % 8 < 4 ? 0 : 2000));
    const look = { window: { centre: 1000, width: 2001, name: "" }, isTurned: false, slope: 1, intercept: 0 };
    const small = smallPicture({ kind: "grey", stored }, facts, 1, look, 4);
    expect([small.width, small.height]).toEqual([4, 2]);
    expect([...small.rgba.slice(0, 16)]).toEqual([0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255, 255]);
    expect(smallPicture({ kind: "grey", stored }, facts, 1, { ...look, isTurned: true }, 4).rgba[0]).toBe(255);
  });
});

describe("the mount's words", () => {
  it("are said in each language, and none in English twice", () => {
    const texts = (part: unknown): string[] => (typeof part === "string" ? [part] : typeof part === "function" ? [(part as (...given: number[]) => string)(2, 2)] : Object.values(part as object).flatMap(texts));
    const { en, es, pt } = MOUNT_LANGUAGES;
    const shared = new Set(["", "R", "L"]);
    for (const other of [es, pt]) {
      expect(texts(other)).toHaveLength(texts(en).length);
      expect(texts(other).filter((words, at) => words === texts(en)[at] && !shared.has(words))).toEqual([]);
    }
  });
});
