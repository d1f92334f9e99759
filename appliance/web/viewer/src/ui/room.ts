/** The viewing room: every element of the page, made once, with no meaning of its own. */
import { TOOLS, type Actions, type Tool } from "../tools/actions";
import { SIDES } from "../volume/sides";
import { furnishCells, type Cell, type CellName } from "./cells";
import { button, element, icon } from "./elements";
import { LOOKS } from "./looks";
import { WORDS } from "./words";

export interface Room {
  readonly bar: HTMLElement;
  readonly information: HTMLButtonElement;
  readonly pane: HTMLElement;
  readonly canvas: HTMLCanvasElement;
  readonly tools: ReadonlyMap<Tool, HTMLButtonElement>;
  readonly invert: HTMLButtonElement;
  readonly presets: HTMLSelectElement;
  /** Hidden until there is a volume. */
  readonly layouts: HTMLSelectElement;
  readonly looks: HTMLSelectElement;
  readonly slab: HTMLInputElement;
  readonly slabKind: HTMLSelectElement;
  readonly slabPresets: HTMLSelectElement;
  readonly slabText: HTMLOutputElement;
  readonly clear: HTMLButtonElement;
  readonly list: HTMLButtonElement;
  /** From where the body is seen, in its own cell. */
  readonly sides: HTMLSelectElement;
  readonly resetBody: HTMLButtonElement;
  readonly grid: HTMLElement;
  readonly cells: Readonly<Record<CellName, Cell>>;
  readonly slider: HTMLInputElement;
  readonly counter: HTMLElement;
  readonly progress: HTMLProgressElement;
  /** What is still to come, and that the connection was cut. */
  readonly coming: HTMLElement;
  readonly cut: HTMLElement;
  readonly message: HTMLElement;
  /** What was said last, and what holds as long as these pictures are shown. */
  readonly notice: HTMLElement;
  readonly lasting: HTMLElement;
  readonly ruler: HTMLElement;
  readonly corners: Readonly<Record<"series" | "image" | "window" | "reading", HTMLElement>>;
  readonly edges: Readonly<Record<"left" | "right" | "top" | "bottom", HTMLElement>>;
}

/** Furnish the mount. */
export function furnish(mount: HTMLElement, title: string, back: string | null, actions: Actions): Room {
  const tools = new Map(TOOLS.map((tool) => [tool, toolButton(tool, actions)]));
  const invert = button("invert", WORDS.invert, () => actions.invert());
  const presets = element("select", { "aria-label": WORDS.presets, title: WORDS.presets });
  const information = button("information", WORDS.informationHint, () => undefined);
  const parts = { ...paneParts(), ...footParts(actions), ...volumeParts(actions) };
  const cells = furnishCells(parts.pane);
  cells.cells.solid.element.append(bodyControls(parts));
  const bar = element("header", { class: "bar" });
  if (back !== null) bar.append(element("a", { class: "back", href: back, "aria-label": WORDS.back, title: WORDS.back }, icon("back")));
  bar.append(
    element("h1", title === "" ? { class: "none" } : {}, title),
    element("div", { class: "tools", role: "toolbar" }, ...tools.values()),
    presets,
    parts.layouts,
    element(
      "div",
      { class: "acts" },
      parts.list,
      parts.clear,
      invert,
      button("reset", WORDS.reset, () => actions.reset()),
      button("fullScreen", WORDS.fullScreen, () => actions.fullScreen()),
      information,
      button("help", WORDS.help, () => actions.help()),
    ),
  );
  parts.foot.append(parts.thickness);
  mount.replaceChildren(bar, parts.pane, parts.foot);
  return { ...parts, ...cells, bar, information, tools, invert, presets };
}

type VolumeParts = Pick<Room, "layouts" | "looks" | "slab" | "slabKind" | "slabPresets" | "slabText" | "clear" | "list" | "sides" | "resetBody"> & { thickness: HTMLElement };

/** What only a volume has: layouts, 3D, slabs, measurements. */
function volumeParts(actions: Actions): VolumeParts {
  const layouts = choice(WORDS.layout, Object.entries(WORDS.layouts));
  const looks = choice(WORDS.look, LOOKS.map((name) => [name, WORDS.looks[name]]));
  const slabKind = choice(WORDS.slabKind, Object.entries(WORDS.slabs));
  const slabPresets = choice(WORDS.slabPreset, Object.entries(WORDS.slabPresets));
  for (const own of slabPresets.options) own.hidden = own.value === "";
  const slab = element("input", { type: "range", min: "0", max: "30", step: "0.5", value: "0", "aria-label": WORDS.slab, title: WORDS.slab });
  const slabText = element("output", { class: "counter" });
  const clear = button("clear", WORDS.clear, () => actions.remove());
  const name = element("span", { class: "name", "aria-hidden": "true" }, WORDS.slab);
  const thickness = element("div", { class: "thickness", hidden: "" }, name, slabPresets, slab, slabText, slabKind);
  const list = button("list", WORDS.listHint, () => undefined);
  const sides = choice(WORDS.side, SIDES.map((side) => [side, WORDS.sides[side]]));
  const resetBody = button("reset", WORDS.resetBody, () => undefined);
  for (const part of [layouts, looks, clear]) part.hidden = true;
  return { layouts, looks, slab, slabKind, slabPresets, slabText, clear, list, sides, resetBody, thickness };
}

/** Over the body, and not for the hands that turn it. */
function bodyControls({ looks, sides, resetBody }: Pick<Room, "looks" | "sides" | "resetBody">): HTMLElement {
  const controls = element("div", { class: "body" }, looks, sides, resetBody);
  for (const name of ["pointerdown", "dblclick", "wheel"]) controls.addEventListener(name, (event) => event.stopPropagation());
  return controls;
}

function choice(label: string, options: readonly (readonly [string, string])[]): HTMLSelectElement {
  return element("select", { "aria-label": label, title: label }, ...options.map(([value, words]) => new Option(words, value)));
}

function toolButton(tool: Tool, actions: Actions): HTMLButtonElement {
  return button(tool, WORDS.toolHints[tool], () => actions.choose(tool), WORDS.tools[tool]);
}

/** What one pane is made of. */
export type PaneParts = Pick<Room, "pane" | "canvas" | "corners" | "edges" | "message" | "notice" | "lasting" | "ruler" | "progress" | "coming" | "cut">;

/** Make a pane. */
export function paneParts(): PaneParts {
  const canvas = element("canvas", { "aria-label": WORDS.slider, role: "img" });
  const corner = (name: string): HTMLElement => element("div", { class: `corner ${name}` });
  const edge = (name: string): HTMLElement => element("div", { class: `edge ${name}` });
  const corners = { series: corner("series"), image: corner("image"), window: corner("window"), reading: corner("reading") };
  const edges = { left: edge("left"), right: edge("right"), top: edge("top"), bottom: edge("bottom") };
  const message = element("div", { class: "message", role: "alert", hidden: "" });
  const notice = element("div", { class: "notice", role: "status", hidden: "" });
  const lasting = element("div", { class: "lasting", role: "status", hidden: "" });
  const ruler = element("div", { class: "ruler", hidden: "" });
  const progress = element("progress", { "aria-label": WORDS.loading });
  const coming = element("div", { class: "coming", hidden: "" });
  const cut = element("div", { class: "cut-off", role: "status", hidden: "" });
  const warning = element("div", { class: "warning" }, WORDS.notForDiagnosis);
  const pane = element("section", { class: "pane", tabindex: "0" }, canvas, ...Object.values(corners), ...Object.values(edges));
  pane.append(ruler, warning, element("div", { class: "course" }, cut, coming), element("div", { class: "told" }, lasting, notice), message, progress);
  return { pane, canvas, corners, edges, message, notice, lasting, ruler, progress, coming, cut };
}

function footParts(actions: Actions): Pick<Room, "slider" | "counter"> & { foot: HTMLElement } {
  const slider = element("input", { type: "range", min: "1", max: "1", value: "1", "aria-label": WORDS.slider });
  const counter = element("output", { class: "counter" });
  slider.addEventListener("input", () => actions.goTo(Number(slider.value) - 1));
  const foot = element(
    "footer",
    { class: "foot" },
    button("previous", WORDS.previous, () => actions.scroll(-1)),
    slider,
    button("next", WORDS.next, () => actions.scroll(1)),
    counter,
  );
  return { slider, counter, foot };
}
