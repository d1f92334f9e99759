/** The four cells of the linked planes: their elements, with no meaning of their own. */
import type { Edges } from "../volume/orientation";
import type { Point } from "../volume/view";
import { element } from "./elements";
import { WORDS } from "./words";

export const CELLS = ["axial", "coronal", "sagittal", "solid"] as const;
export type CellName = (typeof CELLS)[number];
/** Four alike, one large with the others beside it, the three planes side by side, or one alone. */
export type Layout = "all" | "main" | "row" | CellName;

/** Say whether a layout shows one cell alone. */
export function isAlone(layout: string): layout is CellName {
  return (CELLS as readonly string[]).includes(layout);
}

const SVG = "http://www.w3.org/2000/svg";

export interface Cell {
  readonly element: HTMLElement;
  readonly marks: SVGSVGElement;
  readonly label: HTMLElement;
  readonly reading: HTMLElement;
  readonly ruler: HTMLElement;
  readonly edges: Readonly<Record<keyof Edges, HTMLElement>>;
}

/** Make the cells; they are hidden until there is a volume. */
export function furnishCells(pane: HTMLElement): { readonly grid: HTMLElement; readonly cells: Readonly<Record<CellName, Cell>> } {
  const made = { axial: cell("axial"), coronal: cell("coronal"), sagittal: cell("sagittal"), solid: cell("solid") };
  const grid = element("div", { class: "cells", hidden: "" }, ...CELLS.map((name) => made[name].element));
  pane.append(grid);
  return { grid, cells: made };
}

function cell(name: CellName): Cell {
  const label = element("div", { class: "label" }, WORDS.cells[name]);
  const reading = element("div", { class: "value" });
  const ruler = element("div", { class: "ruler", hidden: "" });
  const edge = (side: string): HTMLElement => element("div", { class: `edge ${side}` });
  const edges = { left: edge("left"), right: edge("right"), top: edge("top"), bottom: edge("bottom") };
  const marks = document.createElementNS(SVG, "svg");
  marks.setAttribute("class", "marks");
  marks.setAttribute("aria-hidden", "true");
  const body = element("section", { class: `cell ${name}`, tabindex: "0", "aria-label": WORDS.cells[name], "data-cell": name });
  const warning = element("div", { class: "warning", "aria-hidden": "true" }, WORDS.notForDiagnosis); // the pane says it once, for all
  body.append(marks, label, reading, ruler, warning, ...Object.values(edges));
  return { element: body, marks, label, reading, ruler, edges };
}

export type Shape =
  | { readonly kind: "line"; readonly from: Point; readonly to: Point; readonly class: string }
  | { readonly kind: "dot"; readonly at: Point; readonly radius: number; readonly class: string }
  | { readonly kind: "words"; readonly at: Point; readonly words: string; readonly class: string };

/** Words beside a point, or before it where what is `width` wide ends too soon for them. */
export function beside({ x, y }: Point, words: string, width: number): Shape {
  const isBefore = x + 10 + 8.5 * words.length > width;
  return { kind: "words", at: isBefore ? { x: x - 10, y: y - 14 } : { x: x + 10, y: y - 8 }, words, class: isBefore ? "words before" : "words" };
}

/** Draw shapes over a cell, in CSS pixels from its top left. */
export function drawShapes(marks: SVGSVGElement, shapes: readonly Shape[]): void {
  marks.replaceChildren(...shapes.map(made));
}

function made(shape: Shape): SVGElement {
  if (shape.kind === "line") {
    const { from, to } = shape;
    return drawn("line", { x1: from.x, y1: from.y, x2: to.x, y2: to.y }, shape.class);
  }
  if (shape.kind === "dot") return drawn("circle", { cx: shape.at.x, cy: shape.at.y, r: shape.radius }, shape.class);
  const text = drawn("text", { x: shape.at.x, y: shape.at.y }, shape.class);
  text.textContent = shape.words;
  return text;
}

function drawn(name: string, numbers: Readonly<Record<string, number>>, className: string): SVGElement {
  const shape = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(numbers)) shape.setAttribute(key, value.toFixed(1));
  shape.setAttribute("class", className);
  return shape;
}
