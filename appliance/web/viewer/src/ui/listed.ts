/** What the list of measurements shows of planes, and of single pictures. */
import { valueOf, type Linked, type Mark } from "../volume/linked";
import { flatValue, type FlatMark } from "../volume/flat";
import { lengthWords } from "./flat";
import type { Behind, Listed } from "./measure_list";
import type { Showing } from "./showing";
import { decimal, WORDS } from "./words";

/** Marks in planes: `goTo` shows one in its own plane. */
export function planesListed(linked: () => Linked | null, goTo: (mark: Mark) => void): Behind {
  const marks = (): Mark[] => linked()?.marks ?? [];
  return {
    listed: () => marks().map((mark) => ({ kind: mark.kind, name: mark.name ?? "", words: planeWords(mark) })),
    goTo: (at) => marks().slice(at, at + 1).forEach(goTo),
    rename: (at, name) => marks().splice(at, 1, ...marks().slice(at, at + 1).map((mark) => ({ ...mark, name }))),
    remove: (at) => marks().splice(at, 1),
  };
}

/** Marks on all pictures of a series, in the order in which hands go through them; `goTo` shows a picture. */
export function picturesListed(showing: () => Showing, goTo: (position: number) => void): Behind {
  const marks = (): { slot: number; index: number; mark: FlatMark; position: number }[] => {
    const { order, marks: made } = showing();
    const all = made.slots.flatMap((slot) => made.of(slot).map((mark, index) => ({ slot, index, mark, position: order === null ? slot : order.indexOf(slot) })));
    return all.sort((a, b) => a.position - b.position || a.index - b.index);
  };
  return {
    listed: () => marks().map(({ slot, mark, position }) => ({ kind: mark.kind, name: mark.name ?? "", words: pictureWords(showing(), slot, mark, position) })),
    goTo: (at) => marks().slice(at, at + 1).forEach(({ position }) => goTo(position)),
    rename: (at, name) => marks().slice(at, at + 1).forEach(({ slot, index }) => showing().marks.rename(slot, index, name)),
    remove: (at) => marks().slice(at, at + 1).forEach(({ slot, index }) => showing().marks.remove(slot, index)),
  };
}

function planeWords(mark: Mark): Listed["words"] {
  const value = valueOf(mark);
  const unit = mark.kind === "length" ? " mm" : "°";
  return value === null ? "" : `${decimal(value, 1)}${unit} · ${WORDS.cells[mark.plane]}`;
}

function pictureWords(showing: Showing, slot: number, mark: FlatMark, position: number): Listed["words"] {
  const shown = showing.shownAt(slot);
  const value = shown === null ? null : flatValue(mark, shown.facts, shown.slot.frame);
  const words = value === null || shown === null ? "" : mark.kind === "length" ? lengthWords(value, shown.frame.spacingFrom) : `${decimal(value, 1)}°`;
  return [words, WORDS.imageOf(position + 1, showing.count)].filter((one) => one !== "").join(" · ");
}
