/** Writes the state into the room: corners, letters, counter, readings. It changes nothing but words. */
import { isSquare } from "../dicom/square";
import { edgesOf, edgesSaid } from "../volume/orientation";
import { rulerFor } from "../volume/ruler";
import { isGrey, readingAt, type Reading } from "../volume/stack";
import { pixelSize, toImage } from "../volume/view";
import { sizeUnit, spacingWords } from "./flat";
import type { PaneParts, Room } from "./room";
import type { Showing, Shown } from "./showing";
import { decimal, WORDS, windowWords } from "./words";

const RULER_PIXELS = 160;

/** Write what stands over one pane's picture. */
export function writePane(room: PaneParts, showing: Showing): void {
  const shown = showing.shown;
  room.pane.dataset["tool"] = showing.tool;
  writeReading(room, showing);
  writeCorners(room, showing, shown);
  writeEdges(room, shown);
  writeRuler(room, showing, shown);
}

function writeCounter(room: Room, { position, count }: Showing): void {
  room.slider.max = String(Math.max(1, count));
  room.slider.value = String(position + 1);
  if (room.slider.parentElement !== null) room.slider.parentElement.hidden = count < 2;
  put(room.counter, `${String(position + 1)} / ${String(count)}`);
}

/** Write what the controls say of the pane that hands mean. */
export function writeControls(room: Room, showing: Showing): void {
  writeCounter(room, showing);
  for (const [tool, made] of room.tools) made.setAttribute("aria-pressed", String(showing.tool === tool));
  room.invert.setAttribute("aria-pressed", String(showing.inverted));
  writePresets(room.presets, showing);
}

function writePresets(select: HTMLSelectElement, { presets, window }: Showing): void {
  if (select.options.length !== presets.length + 1) {
    const own = new Option(WORDS.ownWindow, "-1");
    own.hidden = true;
    select.replaceChildren(own, ...presets.map((preset, i) => new Option(windowWords(preset.name), String(i))));
  }
  select.hidden = presets.length === 0;
  const chosen = window === null ? 0 : presets.indexOf(window);
  select.value = String(chosen);
}

function writeCorners(room: PaneParts, showing: Showing, shown: Shown | null): void {
  const { series, image, window } = room.corners;
  if (shown === null) {
    for (const corner of [series, image, window]) put(corner, "");
    return;
  }
  const { facts, frame } = shown;
  const spacing = frame.spacing === null ? "" : `, ${millimetres(frame.spacing[0])} mm`;
  put(series, `${facts.modality}\n${String(facts.columns)} × ${String(facts.rows)}${spacing}\n${[spacingWords(shown, showing.tool), isSquare(frame.orientation) ? "" : WORDS.falseSides].join("\n").trim()}`.trim());
  const waiting = shown.index === showing.wanted ? "" : `\n${WORDS.nearest(showing.position + 1)}`;
  const position = showing.order?.indexOf(shown.index) ?? shown.index;
  put(image, `${WORDS.imageOf(position + 1, showing.count)}\n${showing.caption(shown.index)}`.trim() + waiting);
  const zoom = WORDS.zoomed(Math.round(showing.viewOf(shown).zoom * 100));
  const { centre, width } = showing.windowOf(shown);
  const grey = isGrey(shown.slot) ? `${WORDS.centreWidth(number(centre), number(width))}\n` : "";
  put(window, grey + zoom);
}

function writeEdges(room: PaneParts, shown: Shown | null): void {
  const lies = shown?.facts.dental.lies ?? null;
  const orientation = shown?.frame.orientation ?? null;
  const letters = orientation !== null && isSquare(orientation) ? edgesOf(orientation) : lies === null ? null : edgesSaid(lies);
  for (const side of ["left", "right", "top", "bottom"] as const) put(room.edges[side], letters?.[side] ?? "");
}

function writeRuler(room: PaneParts, showing: Showing, shown: Shown | null): void {
  const spacing = shown?.frame.spacing ?? null;
  const size = shown === null ? null : pixelSize(showing.viewOf(shown), showing.pane, showing.pictureOf(shown));
  const ruler = spacing === null || size === null ? null : rulerFor(size.x / spacing[1], RULER_PIXELS);
  room.ruler.hidden = ruler === null;
  if (ruler === null) return;
  room.ruler.style.width = `${String(Math.round(ruler.pixels))}px`;
  put(room.ruler, `${number(ruler.mm)} ${sizeUnit(shown?.frame.spacingFrom ?? null)}`);
}

function writeReading(room: PaneParts, showing: Showing): void {
  const { shown, hover } = showing;
  if (shown === null || hover === null) {
    put(room.corners.reading, "");
    return;
  }
  const at = toImage(showing.viewOf(shown), showing.pane, showing.pictureOf(shown), hover);
  const whole = showing.stack.whole(shown.index);
  const words = whole === null ? "" : readingWords(readingAt(whole, at.x, at.y)); // nothing rather than another slice's value
  put(room.corners.reading, words === "" ? "" : `${words}\n${WORDS.columnRow(Math.floor(at.x) + 1, Math.floor(at.y) + 1)}`);
}

/** Say what lies under the hand. */
export function readingWords(reading: Reading): string {
  if (reading === null) return "";
  if (reading.kind === "padding") return WORDS.padding;
  return reading.kind === "colour" ? WORDS.colour(reading.value.join(", ")) : WORDS.grey(number(reading.value));
}

function number(value: number): string {
  const digits = Number.isInteger(value) ? 0 : Math.abs(value) < 10 ? 3 : 1;
  return decimal(value, digits).replace(/^-/, "−");
}

function millimetres(value: number): string {
  return decimal(value, value < 0.1 ? 3 : 2);
}

function put(into: HTMLElement, words: string): void {
  if (into.textContent !== words) into.textContent = words;
}
